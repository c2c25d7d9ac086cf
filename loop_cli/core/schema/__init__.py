"""The vault's schema and the one set of rules (SPEC §2, §4).

`paths` says where entities are, `schema` is what the schema file says as data. `rules` judges an
entity: create, update, check, init and schema all ask it. `field_rules` has a function a rule,
`references` those that need other entities, `names` the one for names, `repairs` the one right
value for a wrong one.
"""
