"""The story of an entity: which records count, which were undone, where outside edits were made.

Records are always given newest first. A *change* is a record that led from one state of the file to
another; undo records, redactions and migrated lines are not changes.
"""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.names import nfc
from loop_cli.core.records import record as audit
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from loop_cli.core.records.record import AuditRecord


class Event(Struct):
    """One record in the story.

    `number` counts the changes; the newest is 1. It is None for a record that is not a change, or
    was taken back at once. `undone_by` is the record that undid it, if that one was not undone
    itself. `outside_after` means: the file was changed without a record after this one.
    """

    record: AuditRecord
    number: int | None = None
    taken_back: bool = False
    undone_by: AuditRecord | None = None
    outside_after: bool = False


class Moment(Struct):
    """A state in the story: before the `count` newest changes.

    If `crosses` is set, it is also before the outside edit right before those. `reached` is false
    if the log does not go back so far.
    """

    count: int
    crosses: bool = False
    reached: bool = True


def events(newest_first: Iterable[AuditRecord], *, current_etag: str | None) -> Iterator[Event]:
    """Return the story, newest first. `current_etag` is the file's; None if there is no file."""
    expected = current_etag
    count = 0
    for record, undoer, taken_back in _with_fate(newest_first):
        if taken_back or not is_change(record):
            yield Event(record=record, taken_back=taken_back)
            continue
        count += 1
        yield Event(
            record=record,
            number=count,
            undone_by=undoer,
            outside_after=record.etag_after != expected,
        )
        expected = record.etag_before


def standing(newest_first: Iterable[AuditRecord]) -> Iterator[tuple[AuditRecord, bool]]:
    """Return the records that were not taken back, each with whether it still stands.

    A record stands if it was not undone, or if its undo was undone.
    """
    for record, undoer, taken_back in _with_fate(newest_first):
        if not taken_back:
            yield record, undoer is None


def changes(newest_first: Iterable[AuditRecord]) -> list[AuditRecord]:
    """Return the changes, newest first, without those that were taken back at once."""
    return [record for record in audit.without_undone(newest_first) if is_change(record)]


def is_change(record: AuditRecord) -> bool:
    """Whether the record led from one state to another; lines of other programs may not say it."""
    etags = (record.etag_before, record.etag_after)
    return record.undoes is None and not record.is_aside and etags != (None, None)


def reverses(record: AuditRecord) -> tuple[str, ...]:
    """Return the digests of the lines that a record takes back, as `loop undo` does."""
    lines = undo_of(record).get("lines")
    return tuple(map(str, lines)) if isinstance(lines, list) else ()


def by_file(newest_first: Iterable[AuditRecord]) -> list[list[AuditRecord]]:
    """Group records by the file that they are about: a move leads from one place to another, and
    what was made or deleted is another file than the one before or after it."""
    files: list[list[AuditRecord]] = []
    open_at: dict[tuple[str, object], list[AuditRecord]] = {}  # by the place before their oldest
    for record in newest_first:
        action, metadata = record.data.get("action"), record.metadata
        place = (nfc(record.entity_id), metadata.get("path"))
        own = None if action == "delete" else open_at.pop(place, None)
        if own is None:
            own = []
            files.append(own)
        own.append(record)
        if action != "create":
            before = metadata.get("path_before", place[1])
            open_at[place[0], before] = own
    return files


def lasting(newest_first: Sequence[AuditRecord]) -> list[AuditRecord]:
    """Return the records without those of files that they made and deleted again: of these, nothing
    is left to take back."""
    passed = {
        record.digest
        for file in by_file(newest_first)
        if is_deletion(file[0]) and file[-1].data.get("action") == "create"
        for record in file
    }
    return [record for record in newest_first if record.digest not in passed]


def is_deletion(record: AuditRecord) -> bool:
    """Whether the record says that a file was deleted."""
    return record.data.get("action") == "delete"


def undo_of(record: AuditRecord) -> Mapping[str, Any]:
    """Return what a record says of the changes that it takes back: `run_id`, `lines`, `partial`."""
    value = record.metadata.get("undoes")
    return value if isinstance(value, dict) and record.undoes is None else {}


def moment_at(
    found: Sequence[AuditRecord], *, current_etag: str, current_updated_at: int | None, at: int
) -> Moment:
    """Find the state at an instant; `found` are the entity's changes, newest first.

    The time of an outside edit is known only from the file's time in the next record.
    """
    expected: str | None = current_etag
    began = current_updated_at
    for count, record in enumerate(found):
        left = instant_of(record)
        outside = record.etag_after != expected
        start = began if outside else left
        if start is not None and at >= start:
            return Moment(count=count)
        if outside and left is not None and at >= left:
            return Moment(count=count, crosses=True)
        expected, began = record.etag_before, _instant(record, "updated_before")
    reached = began is not None and at >= began
    return Moment(count=len(found), reached=reached)


def instant_of(record: AuditRecord) -> int | None:
    """Return the time of the record's change, from the entity's `updated`, so it is in order."""
    own = record.updated_after if record.is_own else None
    return own if own is not None else timestamps.parse(str(record.data.get("timestamp")))


def _with_fate(
    newest_first: Iterable[AuditRecord],
) -> Iterator[tuple[AuditRecord, AuditRecord | None, bool]]:
    """Return each record, the one that undid it, and whether it was taken back at once.

    Records name the old text of a line; a redaction may have rewritten it since.
    """
    undoers: dict[str, AuditRecord] = {}
    taken_back: set[str] = set()
    earlier: dict[str, str] = {}
    for record in newest_first:
        earlier.update(record.redacted)
        names = audit.digests_of(record.digest, earlier)
        gone = not taken_back.isdisjoint(names)
        undoer = next((undoers[name] for name in names if name in undoers), None)
        if record.undoes is not None:
            taken_back.add(record.undoes)
        if undoer is None and not gone:
            for name in reverses(record):
                undoers.setdefault(name, record)
        yield record, undoer, gone


def _instant(record: AuditRecord, key: str) -> int | None:
    value = record.metadata.get(key)
    return timestamps.parse(value) if isinstance(value, str) else None
