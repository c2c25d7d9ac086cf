"""The vault's schema and the one set of rules (SPEC §2, §4).

`paths` says where entities are, `schema` is what the schema file says as data, `read` makes it
from the parsed file. `rules` judges an entity: create, update, check, init and schema all ask it.
`references` are the rules that need other entities, `repairs` the one right value for a wrong one.
"""
