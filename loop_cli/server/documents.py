"""The shapes of entities and records that clients of the older API know, with what is ours."""

from __future__ import annotations

from loop_cli.core.schema.type_words import plural_of
from loop_cli.lean import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.entity import Entity
    from loop_cli.core.listed import Listed
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.schema.schema import Schema


def singular(entity_type: str) -> str:
    """The key under which one entity of a type is: `task`."""
    return entity_type.casefold()


def type_named(plural: str, schema: Schema) -> str | None:
    """The type of the schema that a path has this word for."""
    if schema.types != _plurals[0]:
        _plurals[:] = [schema.types, {plural_of(name): name for name in schema.types}]
    found: str | None = _plurals[1].get(plural)
    return found


_plurals: list[Any] = [(), {}]  # of the types that were asked for last


def of_entity(entity: Entity) -> dict[str, Any]:
    """One entity: its fields, with `updated` as a writer gives it back, and its body."""
    own = (entity.id, entity.type, entity.path, entity.revision.updated_at, entity.revision.etag)
    return {**_flat(entity.fields, *own), "_body": entity.body}


def of_listed(listed: Listed) -> dict[str, Any]:
    """One entity of a list: the same without its body."""
    own = (listed.id, listed.type, listed.path, listed.revision.updated_at, listed.etag)
    return _flat(jsontext.loads(listed.fields), *own)


def _flat(
    fields: dict[str, Any], entity_id: str, entity_type: str, path: str, updated: str, etag: str
) -> dict[str, Any]:
    return {
        "entity_id": entity_id,
        "entity_type": entity_type,
        **fields,
        "updated": updated,
        "_path": path,
        "_etag": etag,
    }


def of_record(record: AuditRecord) -> dict[str, Any]:
    """A record as the log has it, with what older clients read: `user`, `details`."""
    names = record.modified_fields or tuple(record.diff)
    user = record.data.get("actor")
    return {**record.data, "user": user, "details": {"changed_fields": list(names)}}
