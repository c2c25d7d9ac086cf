"""An earlier state of an entity, rebuilt from its records: what they tell, and no more."""

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
    # The value that a record holds only the hash of, by its diff's name; MISSING if it is lost.
    Reveal = Callable[[AuditRecord, str, Mapping[str, Any], str], Any]


class State:
    """Fields and body at one moment, and what of them is known.

    Either all is known but `unknown`, or, where `known` is a set, nothing but that.
    """

    def __init__(self, fields: Mapping[str, Any], body: Any, reveal: Reveal) -> None:
        self.fields: dict[str, Any] = copy.deepcopy(dict(fields))
        self.body = body
        self.body_known = True
        self.known: set[Path] | None = None
        self.unknown: set[Path] = set()
        self._reveal = reveal

    def value(self, name: str) -> tuple[Any, bool]:
        """The value under a name of diffs, and whether it is known."""
        if name == BODY:
            return self.body, self.body_known
        path = split_dotted(name)
        return value_at(self.fields, path), self._knows(path)

    def forget(self) -> None:
        """From here on nothing is known but what is put in."""
        self.fields, self.known, self.unknown = {}, set(), set()
        self.body_known = False

    def tell(self, newest_first: Sequence[AuditRecord]) -> None:
        """To what some changes tell of the state after the newest, as far as they follow upon one
        another, and no more."""
        self.forget()
        for record in reversed(_unbroken(newest_first)):
            self.forth(record)

    def back(self, record: AuditRecord) -> None:
        """To the state before a record."""
        if not record.tells_all:
            self.forget()
        for name, entry in record.diff.items():
            self._put(record, name, entry, "old", absent=bool(entry.get("added")))

    def forth(self, record: AuditRecord) -> None:
        """To the state after a record."""
        if not record.tells_all:
            self.forget()
        created = record.etag_before is None and record.data.get("action") == "create"
        if created and record.diff:  # what came back is as it was, and its record has no diff
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
    """The state at a moment of the story, and whether the entity was edited outside since.

    `changes` are the entity's, newest first. Beyond an outside edit only that is known which
    records from before it tell.
    """
    state = State(entity.fields, entity.body, reveal)
    expected: str | None = entity.revision.etag
    outside = False
    back: str | None = None  # the etag that came back with the record after this one
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
    """What of an entity differs from an earlier state, and the names whose earlier value is
    not known. `ignored` are the fields that are no matter."""
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
    """The changes, where the newest of them left that etag; none where it did not."""
    return changes if changes and changes[0].etag_after == etag else ()


def _unbroken(changes: Sequence[AuditRecord]) -> list[AuditRecord]:
    """The newest changes that follow upon one another without an outside edit between."""
    return list(_following(changes))


def _following(changes: Sequence[AuditRecord]) -> Iterator[AuditRecord]:
    expected = changes[0].etag_after if changes else None
    for record in changes:
        if record.etag_after != expected:
            return
        yield record
        expected = record.etag_before
