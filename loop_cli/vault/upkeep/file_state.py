"""The states of a file for `loop watch`: as it is, or as a record left it; and what differs."""

from __future__ import annotations

from loop_cli.core.names import BODY, split_dotted
from loop_cli.core.records.record import is_digest
from loop_cli.errors import LoopError
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.jsontext import as_json
from loop_cli.lean.records import Struct
from loop_cli.planning.snapshot import etag_of, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.core.records.record import AuditRecord


class State(Struct):
    """The state of a file, as it is or as the log says. `fields` has a digest of each field; None
    for one that is unknown, or instead of all."""

    etag: str
    entity_id: str | None = None
    entity_type: str | None = None
    fields: dict[str, str | None] | None = None


def state_of(data: bytes, path: str, names: FieldNames) -> State:
    """Return the state of a file with these bytes."""
    try:
        parsed = parse(data, path, names)
    except LoopError:
        return State(etag=etag_of(data))
    fields = {**parsed.fields, BODY: parsed.document.body}
    return State(
        etag=etag_of(data),
        entity_id=parsed.id,
        entity_type=parsed.type,
        fields={name: _digest(value) for name, value in fields.items()},
    )


def after(record: AuditRecord, old: State | None, names: FieldNames) -> State:
    """Return the state that a record left, as far as the record and the state before tell it."""
    kind = record.data.get("entity_type")
    fields: dict[str, str | None] | None = None
    if old is not None and record.undoes is None and record.tells_all and old.fields is not None:
        fields = {**old.fields, names.updated: None}
        for name, entry in record.diff.items():
            field, *inner = split_dotted(name) if name != BODY else (BODY,)
            if inner or "new" not in entry or is_digest(entry["new"]):
                fields[field] = None
            elif entry.get("removed"):
                fields.pop(field, None)
            else:
                fields[field] = _digest(entry["new"])
    return State(
        etag=record.etag_after or "",
        entity_id=str(record.data.get("entity_id")),
        entity_type=kind if isinstance(kind, str) else None,
        fields=fields,
    )


def changed(old: State | None, new: State | None) -> tuple[str, ...] | None:
    """Return the names of the changed fields; None if they are unknown for one state."""
    if old is None or new is None or old.fields is None or new.fields is None:
        return None
    before, now = old.fields, new.fields
    unknown = {name for name in before if before[name] is None}
    names = dict.fromkeys((*before, *now))
    found = tuple(
        name for name in names if name not in unknown and before.get(name) != now.get(name)
    )
    return None if unknown and not found else found


def _digest(value: Any) -> str:
    try:
        return sha256_hex(as_json(value).encode("utf-8", "surrogatepass"))[:16]
    except (TypeError, ValueError):  # JSON has no such key
        return sha256_hex(repr(value).encode("utf-8", "surrogatepass"))[:16]
