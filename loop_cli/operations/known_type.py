"""The type of a new entity, by the word that was given for it."""

from __future__ import annotations

from loop_cli.core.query import Query
from loop_cli.core.schema.field_rules import no_such_type
from loop_cli.core.schema.type_words import meant_type
from loop_cli.errors import Action, InvalidChange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.store import Store

AT_THE_TOP = "Note"
"""The type of files in no folder, where types are folders."""


def known_type(given: str, store: Store) -> str:
    """Return the schema's spelling of a type. Raises `InvalidChange` with the nearest one."""
    rules = store.rules
    schema = rules.schema
    spelled = rules.spelling(given)
    if schema.knows_type(spelled) or _may_be_new(spelled, store):
        return spelled
    if rules.names.type_is_folder and meant_type(given, (AT_THE_TOP,)):
        return AT_THE_TOP
    found = no_such_type(given, rules)
    hint = Action("make_vault") if schema.shipped else None
    raise InvalidChange(found.message, hint=hint, entity_id=None, problems=[found.as_dict()])


def _may_be_new(kind: str, store: Store) -> bool:
    """Whether a type that the schema does not know is one by its folder, or by its files."""
    schema, names = store.rules.schema, store.rules.names
    if not names.type_is_folder and not names.id_is_stem:
        return False
    return schema.shipped or not schema.types or _has_entities(kind, store)


def _has_entities(kind: str, store: Store) -> bool:
    return next(store.scan(Query(types=(kind,), limit=1)), None) is not None
