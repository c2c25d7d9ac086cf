"""Lines under an idempotency key: each is applied once, however often all are sent.

A line's own key is that of the call and its number. Its record has it, so a line that landed before
is answered from the log, and the others are applied.
"""

from __future__ import annotations

from loop_cli.core.commits import CommitResult
from loop_cli.core.entity import Entity, Revision
from loop_cli.errors import LoopError, UsageError
from loop_cli.failures import AlreadyDone
from loop_cli.lean.basics import sha256_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.store import Store

    Done = CommitResult | LoopError


def origin_of(origin: Origin, number: int, text: str) -> Origin:
    """The origin of one line of a call with a key."""
    asked = f"{origin.request}\0{text}".encode("utf-8", "surrogatepass")
    return origin.replace(key=f"{origin.key}#{number}", request=sha256_hex(asked))


def known(store: Store, origin: Origin | None) -> Done | None:
    """What the line with this origin did when it was sent before; None if it left no record."""
    if origin is None or origin.key is None:
        return None
    record = next(iter(store.records_with_key(origin.key)), None)
    return None if record is None else _told(record, origin)


def more_of(op: str, store: Store, origin: Origin) -> dict[str, Any]:
    """What an outcome says besides, of a line that was carried out before."""
    records = [*store.records_with_key(origin.key or "")]
    if op == "delete":
        archived = records[0].data.get("action") == "move"
        return {"removed": [removed(one, archived=archived) for one in records]}
    if op in ("move", "rename"):
        moved = [one for one in records if one.data.get("action") == "move"]
        others = [one.metadata.get("path") for one in records if one not in moved]
        before = moved[0].metadata.get("path_before") if moved else None
        return {"path_before": before, "relinked": others}
    return {}


def removed(record: AuditRecord, *, archived: bool) -> dict[str, Any]:
    """What a record tells of an entity that it deleted or archived, as `delete.Removed` has it."""
    metadata = record.metadata
    kept = metadata.get("kept")
    name = kept.get("sha256") if isinstance(kept, dict) else None
    return {
        "entity_id": record.entity_id,
        "entity_type": record.data.get("entity_type"),
        "path": metadata.get("path_before") if archived else metadata.get("path"),
        "etag": record.etag_before,
        "to": metadata.get("path") if archived else None,
        "kept": None if name is None else f".loop/kept/{name}",
    }


def answered(outcome: Done, origin: Origin) -> Done:
    """The outcome of a line; of one that another call has just made, what that one did."""
    return _told(outcome.record, origin) if isinstance(outcome, AlreadyDone) else outcome


def _told(record: AuditRecord, origin: Origin) -> Done:
    """What a record tells of its line; an error where that was another one."""
    if record.metadata.get("request") != origin.request:
        return UsageError(
            f"the idempotency key {origin.key!r} was used for another line",
            hint="give every call its own key",
        )
    metadata = record.metadata
    after = Entity(
        id=str(record.data.get("entity_id")),
        type=str(record.data.get("entity_type")),
        name=None,
        path=str(metadata.get("path")),
        fields={},
        body="",
        raw=b"",
        revision=Revision(
            updated_at=str(metadata.get("updated_after")), etag=record.etag_after or ""
        ),
    )
    return CommitResult(before=after, after=after, diff=record.diff, changed=True, record=record)
