"""What takes records back on one entity, compared value by value.

A field that still has what the records left gets what they found. One that has been changed
since is left, and told; what the log does not hold is a problem, never a guess.
"""

from __future__ import annotations

import copy

from loop_cli.core import audit, diff, story
from loop_cli.core.changes import BodyChange, Change, Edits
from loop_cli.core.conflict import Conflict, ConflictField
from loop_cli.core.diff import MISSING, diff_body, diff_fields, same, value_at
from loop_cli.core.entity import Precondition
from loop_cli.core.names import BODY, split_dotted
from loop_cli.store.base import EntityChange
from loop_cli.store.hashed import digest_of, value_bytes
from loop_cli.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Any

    from loop_cli.core.audit import AuditRecord
    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import Entity
    from loop_cli.core.past import Reveal

_NOT_RECORDED = "the record does not hold what was there before"
_NOT_KEPT = "only the hash of what was there before is left; what was kept of it is gone"
_REDACTED = "what was there before was redacted"
_OTHER_ACTION = "this kind of change can't be undone by loop"


class EntityUndo(Struct):
    """What an undo does to one entity.

    `records` are those that it takes back, newest first; `diff` is what changes; `left` are
    the fields that were changed since, and so are left as they are; `later` the records since.
    """

    entity: Entity
    records: tuple[AuditRecord, ...]
    diff: Diff
    left: tuple[ConflictField, ...]
    later: tuple[AuditRecord, ...]
    by_path: bool

    def as_change(self, run_id: str) -> EntityChange:
        """The change for the store, with the revision that the plan has seen."""
        undoes: dict[str, Any] = {
            "run_id": run_id,
            "lines": [record.digest for record in self.records],
        }
        if self.left:
            undoes["partial"] = True
        body = self.diff.get(BODY)
        return EntityChange(
            entity_id=self.entity.id,
            path=self.entity.path if self.by_path else None,
            edits=Edits(
                changes=tuple(_restored(*item) for item in self.diff.items() if item[0] != BODY),
                body=None if body is None else BodyChange(text=body["new"]),
            ),
            precondition=Precondition(if_match=self.entity.revision.etag),
            undoes=undoes,
        )

    def as_conflict(self) -> Conflict:
        """That some fields were changed since."""
        revision, undone = self.entity.revision, self.records[0]
        newest = next((one for one in self.later if story.is_change(one)), undone)
        outside = newest.etag_after not in (None, revision.etag)
        expected = undone.metadata.get("updated_after")
        return Conflict(
            entity_id=self.entity.id,
            path=self.entity.path,
            reason="edited_outside" if outside else "etag_changed",
            current_updated_at=revision.updated_at,
            expected_updated_at=expected if isinstance(expected, str) else None,
            current_etag=revision.etag,
            expected_etag=undone.etag_after,
            fields=self.left,
            changes=tuple(reversed(self.later)),
            entity=self.entity,
            undo=True,
        )


def invert(
    entity: Entity,
    records: Sequence[AuditRecord],
    *,
    history: Iterable[AuditRecord],
    reveal: Reveal,
    by_path: bool,
) -> tuple[EntityUndo, list[dict[str, Any]]]:
    """What takes `records` of the entity back, and the problems with that.

    `history` are all records of the entity; these and `records` are newest first.
    """
    later: list[AuditRecord] = []
    redacted: set[str] = set()
    waiting = {record.digest for record in records}
    for record in history:
        if not waiting:
            break
        if len(waiting) == len(records) and record.digest not in waiting:
            later.append(record)
        redacted.update(record.redacted)
        waiting.discard(record.digest)
    undoing = _Undoing(entity, reveal, redacted)
    for record in records:
        undoing.take_back(record)
    found = EntityUndo(
        entity=entity,
        records=tuple(records),
        diff={**diff_fields(entity.fields, undoing.fields), **diff_body(entity.body, undoing.body)},
        left=tuple(undoing.left.values()),
        later=tuple(audit.without_undone(later)),
        by_path=by_path,
    )
    return found, [{"entity_id": entity.id, **one} for one in undoing.problems]


class _Undoing:
    """Takes records back on a copy of an entity; what can't be taken back is noted."""

    def __init__(self, entity: Entity, reveal: Reveal, redacted: Collection[str]) -> None:
        self.fields = copy.deepcopy(entity.fields)
        self.body = entity.body
        self.left: dict[str, ConflictField] = {}
        self.problems: list[dict[str, Any]] = []
        self._reveal = reveal
        self._redacted = redacted

    def take_back(self, record: AuditRecord) -> None:
        action = str(record.data.get("action"))
        if action in ("create", "delete", "move"):
            self._problem(action, "not_recorded", _OTHER_ACTION)
            return
        if not record.tells_all:
            self._problem(action, "not_recorded", _NOT_RECORDED)
            return
        for name, entry in record.diff.items():
            if not any(_touch(name, other) for other in self.left):
                self._put_back(record, name, entry)

    def _put_back(self, record: AuditRecord, name: str, entry: Mapping[str, Any]) -> None:
        old = MISSING if entry.get("added") else entry.get("old")
        new = MISSING if entry.get("removed") else entry.get("new", MISSING)
        current = self.body if name == BODY else value_at(self.fields, split_dotted(name))
        if _is(current, old):
            return
        before = self._shown(record, name, old)
        lost = before is MISSING and old is not MISSING
        if not _is(current, new):
            left = self._shown(record, name, new)
            known = left is not MISSING or new is MISSING
            self.left[name] = ConflictField(
                field=name,
                base=left if known else None,
                base_known=known,
                current=current,
                requested=before,
                wanted=True,
                overlap=True,
            )
        elif lost:
            self._problem(name, *self._why_lost(record))
        elif name == BODY:
            self.body = before
        else:
            diff.undo(self.fields, name, {"old": before, "added": before is MISSING})

    def _shown(self, record: AuditRecord, name: str, value: Any) -> Any:
        return self._reveal(record, name, value) if audit.is_digest(value) else value

    def _why_lost(self, record: AuditRecord) -> tuple[str, str]:
        if record.digest in self._redacted:
            return "redacted", _REDACTED
        return "not_kept", _NOT_KEPT

    def _problem(self, field: str, problem: str, message: str) -> None:
        self.problems.append({"field": field, "problem": problem, "message": message})


def _restored(name: str, entry: Mapping[str, Any]) -> Change:
    path = split_dotted(name)
    if entry.get("removed"):
        return Change(path=path, operation="unset", restored=True)
    return Change(path=path, operation="set", value=entry["new"], typed=True, restored=True)


def _is(value: Any, recorded: Any) -> bool:
    """Whether a value is the one that a diff holds, or holds the hash of."""
    if value is MISSING or not audit.is_digest(recorded) or audit.is_digest(value):
        return same(value, recorded)
    return bool(digest_of(value_bytes(value)) == recorded)


def _touch(one: str, other: str) -> bool:
    if BODY in (one, other):
        return one == other
    paths = split_dotted(one), split_dotted(other)
    shorter = min(map(len, paths))
    return paths[0][:shorter] == paths[1][:shorter]
