"""The vault's schema and the one set of rules (SPEC §2, §4).

`paths` says where entities are, `schema` is what the schema file says as data, `rules` what it
demands of an entity. `field_rules` judges one, with a function a rule: create, update, check, init
and schema all ask it. `references` has those that need other entities, `names` the one for names,
`repairs` the one right value for a wrong one, `problem` the form of an answer.
"""
