"""`entity_name` in a vault that has the names of its entities in another field, such as `title`."""

from __future__ import annotations

from loop_cli.core.names import NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.entity import FieldNames
    from loop_cli.core.query import Condition, Query
    from loop_cli.core.schema.schema import Schema


def in_query(query: Query, names: FieldNames, schema: Schema) -> Query:
    """The query, with the field that has the names instead of `entity_name`."""
    field = _field(names, schema)
    if field is None:
        return query
    sort = tuple(key.replace(path=(field,)) if key.path == (NAME,) else key for key in query.sort)
    return query.replace(conditions=_meant(query.conditions, field), sort=sort)


def in_conditions(
    conditions: tuple[Condition, ...], names: FieldNames, schema: Schema
) -> tuple[Condition, ...]:
    """The conditions, in the same way."""
    field = _field(names, schema)
    return conditions if field is None else _meant(conditions, field)


def _meant(conditions: tuple[Condition, ...], field: str) -> tuple[Condition, ...]:
    return tuple(one.replace(path=(field,)) if one.path == (NAME,) else one for one in conditions)


def _field(names: FieldNames, schema: Schema) -> str | None:
    """The field that has the names; None where `entity_name` is a field of the vault itself."""
    if names.name == NAME:
        return None
    known = () if schema.shipped else (schema.known_fields(one) for one in schema.types)
    return None if any(NAME in fields for fields in known) else names.name
