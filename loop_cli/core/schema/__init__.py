"""The vault's schema and the one set of rules (SPEC §2, §4).

`paths` says where entities are, `schema` is the schema file as data, and `rules` are its demands on
an entity. `field_rules` checks one entity; create, update, check, init and schema all use it.
`references` has the rules that need other entities, `names` the rule for names, `repairs` the right
values for wrong ones, and `problem` the form of a result.
"""
