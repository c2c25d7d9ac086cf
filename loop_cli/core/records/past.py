"""Rebuild an earlier state of an entity from its records, as far as they tell it."""

from __future__ import annotations

import copy

from loop_cli.core.diff import (
    MISSING,
    diff_body,
    diff_fields,
    undo,
    value_at,
)
from loop_cli.core.names import BODY, join_dotted, paths_overlap, split_dotted
from loop_cli.core.records import record as audit
from loop_cli.lean.plain import read_like

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from typing import Any

    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.records.story import Moment

    Path = tuple[str, ...]
    # Return the value of a hash in a record, by the diff's name; MISSING if it is lost.
    Reveal = Callable[[AuditRecord, str, Mapping[str, Any], str], Any]


class State:
    """The fields and the body at one moment, and which of them are known.

    If `known` is a set, only these are known. Otherwise everything is known but `unknown`.
    """

    def __init__(self, fields: Mapping[str, Any], body: Any, reveal: Reveal) -> None:
        self.fields: dict[str, Any] = copy.deepcopy(dict(fields))
        self.body = body
        self.body_known = True
        self.known: set[Path] | None = None
        self.unknown: set[Path] = set()
        self._reveal = reveal

    def value(self, name: str) -> tuple[Any, bool]:
        """Return the value under a name of diffs, and whether it is known."""
        if name == BODY:
            return self.body, self.body_known
        path = split_dotted(name)
        return value_at(self.fields, path), self._knows(path)

    def forget(self) -> None:
        """Mark everything as unknown, until values are added."""
        self.fields, self.known, self.unknown = {}, set(), set()
        self.body_known = False

    def tell(self, newest_first: Sequence[AuditRecord]) -> None:
        """Go to the state that some changes tell, as far as they form an unbroken chain."""
        self.forget()
        for record in reversed(_unbroken(newest_first)):
            self.forth(record)

    def back(self, record: AuditRecord) -> None:
        """Go to the state before a record."""
        if not record.tells_all:
            self.forget()
        for name, entry in record.diff.items():
            self._put(record, name, entry, "old", absent=bool(entry.get("added")))

    def forth(self, record: AuditRecord) -> None:
        """Go to the state after a record."""
        if not record.tells_all:
            self.forget()
        created = record.etag_before is None and record.data.get("action") == "create"
        if created and record.diff:  # a restored entity is as before, and its record has no diff
            self.fields, self.known, self.unknown = {}, None, set()
            self.body, self.body_known = "", True
        for name, entry in record.diff.items():
            self._put(record, name, entry, "new", absent=bool(entry.get("removed")))

    def _put(
        self, record: AuditRecord, name: str, entry: Mapping[str, Any], side: str, *, absent: bool
    ) -> None:
        value = entry.get(side, MISSING)
        if audit.is_digest(value):
            value = self._reveal(record, name, value, side)
        if name == BODY:
            self.body, self.body_known = value or "", value is not MISSING
            return
        path = split_dotted(name)
        if (side == "old" and name in record.inexact) or type(value) is dict:
            value, _vague = read_like(value, value_at(self.fields, path))
        self.unknown = {other for other in self.unknown if other[: len(path)] != path}
        if value is MISSING:
            self.unknown.add(path)
        elif self.known is not None:
            self.known.add(path)
        undo(self.fields, name, {"old": value, "added": absent})

    def _knows(self, path: Path) -> bool:
        if any(paths_overlap(other, path) for other in self.unknown):
            return False
        return self.known is None or any(one == path[: len(one)] for one in self.known)


def rebuild(
    entity: Entity, changes: Sequence[AuditRecord], moment: Moment, *, reveal: Reveal
) -> tuple[State, bool]:
    """Rebuild the state at a moment of the story; also say whether there was an outside edit since.

    `changes` are those of the entity, newest first. Before an outside edit, only values in earlier
    records are known.
    """
    state = State(entity.fields, entity.body, reveal)
    expected: str | None = entity.revision.etag
    outside = False
    back: str | None = None  # the etag that the next record restored
    for index in range(moment.count + moment.crosses):
        record = changes[index]
        if record.etag_after != expected:
            outside = True
            state.tell(changes[index:])
        if index < moment.count:
            state.back(record)
            expected = record.etag_before
            if record.data.get("action") == "delete" and (back is None or back != expected):
                state.tell(_leading_to(expected, changes[index + 1 :]))
            back = record.etag_after if "restores" in record.metadata else None
    return state, outside


def compare(before: State, entity: Entity, *, ignored: Collection[str]) -> tuple[Diff, list[str]]:
    """Compare an entity with an earlier state; also return the names with an unknown earlier value.

    `ignored` are fields that do not count.
    """
    diff: Diff = {}
    unknown: list[str] = []
    for name, entry in diff_fields(before.fields, entity.fields).items():
        if split_dotted(name)[0] in ignored:
            continue
        if before.value(name)[1]:
            diff[name] = entry
        else:
            unknown.append(name)
    if before.known is None:
        unknown += [join_dotted(path) for path in before.unknown]
    if not before.body_known:
        unknown.append(BODY)
    else:
        diff |= diff_body(before.body, entity.body)
    return diff, list(dict.fromkeys(unknown))


def _leading_to(etag: str | None, changes: Sequence[AuditRecord]) -> Sequence[AuditRecord]:
    """Return the changes, if the newest one wrote that etag; otherwise none."""
    return changes if changes and changes[0].etag_after == etag else ()


def _unbroken(changes: Sequence[AuditRecord]) -> list[AuditRecord]:
    """Return the newest changes that follow each other without an outside edit in between."""
    return list(_following(changes))


def _following(changes: Sequence[AuditRecord]) -> Iterator[AuditRecord]:
    expected = changes[0].etag_after if changes else None
    for record in changes:
        if record.etag_after != expected:
            return
        yield record
        expected = record.etag_before
