"""Lines under an idempotency key: each is applied once, however often all are sent.

A line's own key is that of the call and its number. Its record has it, so a line that landed before
is answered from the log, and the others are applied.
"""

from __future__ import annotations

from loop_cli.core.entity import Entity, Revision
from loop_cli.core.store import CommitResult
from loop_cli.errors import AlreadyDone, LoopError, UsageError
from loop_cli.lean.basics import sha256_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.store import Store

    Done = CommitResult | LoopError


def origin_of(origin: Origin, number: int, text: str) -> Origin:
    """The origin of one line of a call with a key."""
    asked = f"{origin.request}\0{text}".encode("utf-8", "surrogatepass")
    return origin.replace(key=f"{origin.key}#{number}", request=sha256_hex(asked))


def done_before(store: Store, origin: Origin) -> Done | None:
    """What the line with this origin did when it was sent before; None if it left no record."""
    record = next(iter(store.records_with_key(origin.key or "")), None)
    return None if record is None else _told(record, origin)


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
