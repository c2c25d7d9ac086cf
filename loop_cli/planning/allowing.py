"""Allow another field for a type: change the schema file, and make the record."""

from __future__ import annotations

from loop_cli.core.diff import value_at
from loop_cli.core.entity import Entity, Revision
from loop_cli.core.fields import KINDS_OF_FIELDS
from loop_cli.core.names import is_field_name, join_dotted, nearest
from loop_cli.core.records import record as audit
from loop_cli.core.schema import open_fields
from loop_cli.core.timestamps import render
from loop_cli.errors import UsageError
from loop_cli.planning.plan import Plan
from loop_cli.planning.snapshot import etag_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.diff import Diff
    from loop_cli.core.records.record import Origin
    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.upkeep import AllowedField

ID = "schema"
TYPE = "Schema"
"""The name of the schema in records."""


def refuse_unknown(schema: Schema, field: AllowedField) -> None:
    """Raise `UsageError` for a type that takes no fields, for an unknown kind, and for a name that
    can't be a field."""
    if not open_fields.takes_fields(schema, field.entity_type):
        close = nearest(field.entity_type, open_fields.known_types(schema), count=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise UsageError(f"{field.entity_type!r} is not a type of the schema{meant}")
    if not field.entity_type.strip() or not field.entity_type.isprintable():
        raise UsageError(f"{field.entity_type!r} can't name a type")
    if not is_field_name(field.name):
        raise UsageError(f"{field.name!r} can't name a field")
    if field.kind is not None and field.kind not in KINDS_OF_FIELDS:
        raise UsageError(
            f"{field.kind!r} is not a type of a field", hint=f"one of {', '.join(KINDS_OF_FIELDS)}"
        )


def changes(schema: Schema, field: AllowedField) -> dict[tuple[str, ...], Any]:
    """Return the values to set in the schema, of which a new type is one; none if the field is
    allowed already."""
    found: dict[tuple[str, ...], Any] = {}
    entity_type, name = field.entity_type, field.name
    if not schema.knows_type(entity_type):
        found["entity_types",] = [*schema.types, entity_type]
    if name not in schema.known_fields(entity_type):
        found["known_fields", entity_type] = [*schema.known.get(entity_type, ()), name]
    writable = schema.writable.get(entity_type)
    if writable is not None and name not in writable:
        found["write_targets", "writable_fields", entity_type] = [*writable, name]
    if field.kind is not None and schema.kinds.get(name) != field.kind:
        found["field_types", name] = field.kind
    return found


def diff_of(schema: Schema, values: dict[tuple[str, ...], Any]) -> Diff:
    """Return the diff of the schema."""
    found: Diff = {}
    for path, value in values.items():
        old = value_at(schema.sections, path)
        is_there = isinstance(old, list | str | bool)
        entry: dict[str, Any] = {"old": old if is_there else None, "new": value}
        found[join_dotted(path)] = entry if is_there else {**entry, "added": True}
    return found


def plan(path: str, before: bytes, after: bytes, diff: Diff, *, origin: Origin, now: int) -> Plan:
    """Plan the change of the file at `path`.

    The schema file is not an entity, but is changed and recorded like one.
    """
    old, new = (
        Entity(
            id=ID,
            type=TYPE,
            name=None,
            path=path,
            fields={},
            body="",
            raw=data,
            revision=Revision(updated_at=render(now), etag=etag_of(data)),
        )
        for data in (before, after)
    )
    metadata = {
        "etag_before": old.revision.etag,
        "etag_after": new.revision.etag,
        "updated_before": None,
        "updated_after": None,
        "precondition": "etag",
        "previous": None,
        "schema": True,
    }
    return Plan(
        before=old,
        after=new,
        source=path,
        target=path,
        data=after,
        diff=diff,
        wanted={},
        record=audit.compose(
            action="update", before=old, diff=diff, origin=origin, timestamp=now, metadata=metadata
        ),
        kept={},
        warnings=(),
    )
