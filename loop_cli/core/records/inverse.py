"""Compute how to take records back on one entity, value by value.

If a field still has the value that the records wrote, it gets its old value back. If it was changed
since, it stays, and the result says so. A value that the log does not have is a problem; nothing is
guessed.
"""

from __future__ import annotations

from loop_cli.core import diff
from loop_cli.core.changes import BodyChange, Change, Edits
from loop_cli.core.commits import Delete, EntityChange, Move, PutBack, Restore
from loop_cli.core.conflict import Conflict, ConflictField
from loop_cli.core.diff import MISSING, diff_body, diff_fields, value_at
from loop_cli.core.entity import Precondition
from loop_cli.core.names import BODY, join_dotted, overlap, split_dotted
from loop_cli.core.records import record as audit
from loop_cli.core.records import story
from loop_cli.core.records.hashed import as_logged, is_hash_of
from loop_cli.lean.plain import copied, key_in, key_text, read_like, same
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from loop_cli.core.commits import Earlier
    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.past import Reveal
    from loop_cli.core.records.record import AuditRecord

_MOST_ITEMS = 50  # of a list whose texts are looked at one by one
_NOT_RECORDED = "the record does not hold what was there before"
_NOT_KEPT = "only the hash of what was there before is left; what was kept of it is gone"
_REDACTED = "the old value was redacted"
_NOT_EXACT = "the record, which is JSON, does not tell here what was a number and what a text"
_TAKEN = "there is a file with that id again"


class EntityUndo(Struct):
    """What an undo does to one entity.

    `records` are taken back, newest first; `diff` is what changes. `left` are fields that were
    changed since and stay; `later` are the records since. `written` is the spelling of values that
    JSON can't tell, by name. The file goes back `to` its old place, or is `gone`, or comes back:
    `restores` is the record of its deletion, and `earlier` the file before that, if other changes
    are taken back with it. With `replaces`, that takes the place of the whole file, which is of
    another entity with the same id.
    """

    entity: Entity
    records: tuple[AuditRecord, ...]
    diff: Diff
    left: tuple[ConflictField, ...]
    later: tuple[AuditRecord, ...]
    by_path: bool
    to: str | None = None
    gone: bool = False
    restores: AuditRecord | None = None
    earlier: Earlier | None = None
    replaces: Earlier | None = None
    written: tuple[tuple[str, dict[str, str]], ...] = ()

    @property
    def action(self) -> str | None:
        """The kind of change: `update`, `move`, `delete`, `restore`; None for no change."""
        if self.restores is not None:
            return "restore"
        if self.gone:
            return "delete"
        return "move" if self.to is not None else "update" if self.diff else None

    def as_change(self, run_id: str) -> EntityChange | Delete | Restore:
        """Return the change for the store, with the revision of the plan."""
        undoes: dict[str, Any] = {
            "run_id": run_id,
            "lines": [record.digest for record in self.records],
        }
        if self.left:
            undoes["partial"] = True
        if self.restores is not None:
            return Restore(record=self.restores, earlier=self.earlier, undoes=undoes)
        seen = Precondition(if_match=self.entity.revision.etag, own_reading=True)
        path = self.entity.path if self.by_path else None
        if self.gone:
            return Delete(entity_id=self.entity.id, path=path, precondition=seen, undoes=undoes)
        if self.replaces is not None:
            return PutBack(
                entity_id=self.entity.id,
                path=path,
                edits=Edits(),
                precondition=seen,
                undoes=undoes,
                to=self.replaces.path,
                data=self.replaces.data,
            )
        body = self.diff.get(BODY)
        change = EntityChange(
            entity_id=self.entity.id,
            path=path,
            edits=Edits(
                changes=tuple(_restoring(self.diff, dict(self.written))),
                body=None if body is None else BodyChange(text=body["new"], exact=True),
            ),
            precondition=seen,
            undoes=undoes,
            note=self.records[0].is_note,
        )
        return change if self.to is None else Move(**change.__dict__, to=self.to)

    def as_conflict(self) -> Conflict:
        """Return the conflict about fields that were changed since."""
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
    updated: str,
) -> tuple[EntityUndo, list[dict[str, Any]]]:
    """Compute how to take `records` back, and the problems.

    `history` are all records of the entity; both lists are newest first. `updated` is a field that
    a create sets; it is ignored.
    """
    since: list[AuditRecord] = []
    later: list[AuditRecord] = []
    redacted: set[str] = set()
    waiting = {record.digest for record in records}
    for record in history:
        if not waiting:
            break
        since.append(record)
        if len(waiting) == len(records) and record.digest not in waiting:
            later.append(record)
        redacted.update(record.redacted)
        waiting.discard(record.digest)
    undoing = _Undoing(entity, reveal, redacted, updated)
    for record in records:
        if _is_of_another(record, since):
            undoing.leave_all(record)
        else:
            undoing.take_back(record)
    found = EntityUndo(
        entity=entity,
        records=tuple(records),
        diff={} if undoing.gone else undoing.diff,
        left=tuple(undoing.left.values()),
        later=tuple(audit.without_undone(later)),
        by_path=by_path,
        to=undoing.path if undoing.path != entity.path and not undoing.gone else None,
        gone=undoing.gone,
        written=tuple(undoing.written.items()),
    )
    return found, [{"entity_id": entity.id, **one} for one in undoing.problems]


def _is_of_another(record: AuditRecord, since: Sequence[AuditRecord]) -> bool:
    """Whether another entity has the id now, because the old one was deleted.

    `since` are the records from the newest to the oldest one to take back.
    """
    if record.data.get("action") == "delete":
        return False
    place = next((at for at, one in enumerate(since) if one.digest == record.digest), len(since))
    count = [
        one
        for one, stands in story.standing(since[:place])
        if stands and not story.reverses(one) and story.is_change(one)
    ]
    return audit.is_replaced(count)


class _Undoing:
    """Takes records back on a copy of an entity, and notes what can't be taken back."""

    def __init__(
        self, entity: Entity, reveal: Reveal, redacted: Collection[str], updated: str
    ) -> None:
        self._entity = entity
        self._updated = updated
        self.path = entity.path
        self.gone = False
        self.fields = copied(entity.fields)
        self.body = entity.body
        self.left: dict[str, ConflictField] = {}
        self.written: dict[str, dict[str, str]] = {}
        self.problems: list[dict[str, Any]] = []
        self._reveal = reveal
        self._redacted = redacted

    @property
    def diff(self) -> Diff:
        """The changes so far."""
        old = self._entity
        found = diff_fields(old.fields, self.fields)
        for name in self.written.keys() - found.keys():  # the same number with other digits
            value = value_at(self.fields, split_dotted(name))
            if value is not MISSING and same(value, value_at(old.fields, split_dotted(name))):
                found[name] = {"old": value, "new": value}
        return {**found, **diff_body(old.body, self.body)}

    def take_back(self, record: AuditRecord) -> None:
        action = str(record.data.get("action"))
        if action == "delete":
            self._problem(action, "taken", _TAKEN)
            return
        if action == "create":
            self._remove(record)
            return
        if action == "move":
            self._move_back(record)
        if not record.tells_all:
            self._problem(action, "not_recorded", _NOT_RECORDED)
            return
        for name, entry in record.diff.items():
            if not any(overlap(name, other) for other in self.left):
                self._put_back(record, name, entry)

    def leave_all(self, record: AuditRecord) -> None:
        """Leave the entity as it is: the record belongs to an earlier entity with the same id."""
        etag = self._entity.revision.etag
        if not record.diff:
            self._leave("etag", record.etag_after, etag, None)
        for name, entry in record.diff.items():
            new = MISSING if entry.get("removed") else entry.get("new", MISSING)
            old = MISSING if entry.get("added") else entry.get("old", MISSING)
            current = self.body if name == BODY else value_at(self.fields, split_dotted(name))
            left, found = (self._shown(record, name, *one) for one in ((new, "new"), (old, "old")))
            known = left is not MISSING or new is MISSING
            self._leave(name, left if known else None, current, found, known=known)

    def _move_back(self, record: AuditRecord) -> None:
        before, after = record.metadata.get("path_before"), record.metadata.get("path")
        if not isinstance(before, str):
            self._problem("path", "not_recorded", _NOT_RECORDED)
        elif self.path == after:
            self.path = before
        elif self.path != before:
            self._leave("path", after, self.path, before)

    def _remove(self, record: AuditRecord) -> None:
        """Remove the file, if everything in it comes from the record."""
        if not record.diff:  # it came back with its old content
            etag = self._entity.revision.etag
            if record.etag_after != etag:
                self._leave("etag", record.etag_after, etag, None)
        for name, entry in record.diff.items():
            current = self.body if name == BODY else value_at(self.fields, split_dotted(name))
            if not _is(current, entry.get("new")):
                self._leave(name, self._shown(record, name, entry.get("new"), "new"), current, None)
        made = {split_dotted(name)[0] for name in record.diff if name != BODY}
        for key in self.fields if record.diff else ():
            name = key_text(key)
            if name not in made and name != self._updated:
                self._leave(join_dotted((name,)), MISSING, self.fields[key], None)
        if record.diff and self.body and BODY not in record.diff:
            self._leave(BODY, "", self.body, None)
        self.gone = not self.left

    def _leave(
        self, name: str, base: Any, current: Any, requested: Any, *, known: bool = True
    ) -> None:
        self.left[name] = ConflictField(
            field=name,
            base=base,
            base_known=known,
            current=current,
            requested=requested,
            wanted=True,
            overlap=True,
        )

    def _put_back(self, record: AuditRecord, name: str, entry: Mapping[str, Any]) -> None:
        old = MISSING if entry.get("added") else entry.get("old")
        new = MISSING if entry.get("removed") else entry.get("new", MISSING)
        current = self.body if name == BODY else value_at(self.fields, split_dotted(name))
        before, lost, vague = self._before(record, name, old, current)
        if not lost and not vague and same(current, before):
            if name in record.written and same(old, new):  # it was spelled with other digits
                self.written[name] = record.written[name]
            return
        told = record.is_own and not audit.is_digest(old)  # the record has the exact value
        if not told and _is(current, old):
            return
        if not _is(current, new):
            left = self._shown(record, name, new, "new")
            known = left is not MISSING or new is MISSING
            self._leave(name, left if known else None, current, before, known=known)
        elif vague:
            self._problem(name, "not_exact", _NOT_EXACT)
        elif lost:
            self._problem(name, *self._why_lost(record))
        elif name == BODY:
            self.body = before
        else:
            self.written.pop(name, None)
            if name in record.written:
                self.written[name] = record.written[name]
            diff.undo(self.fields, name, {"old": before, "added": before is MISSING})

    def _before(
        self, record: AuditRecord, name: str, old: Any, current: Any
    ) -> tuple[Any, bool, bool]:
        """Return the value before a record, whether it is lost, and whether it is vague."""
        before = self._shown(record, name, old, "old")
        if before is MISSING:
            return before, old is not MISSING, False
        if name in record.inexact:
            before, vague = read_like(before, current)
            return before, False, vague
        if not record.is_own and type(before) in (dict, list):
            return read_like(before, current)[0], False, False
        return before, False, False

    def _shown(self, record: AuditRecord, name: str, value: Any, side: str) -> Any:
        return self._reveal(record, name, value, side) if audit.is_digest(value) else value

    def _why_lost(self, record: AuditRecord) -> tuple[str, str]:
        if record.digest in self._redacted:
            return "redacted", _REDACTED
        return "not_kept", _NOT_KEPT

    def _problem(self, field: str, problem: str, message: str) -> None:
        self.problems.append({"field": field, "problem": problem, "message": message})


def _restoring(diff: Diff, written: Mapping[str, Mapping[str, str]]) -> Iterator[Change]:
    for name, entry in diff.items():
        if name == BODY:
            continue
        old = MISSING if entry.get("added") else entry["old"]
        new = MISSING if entry.get("removed") else entry["new"]
        whole = split_dotted(name)
        if same(old, new):  # it was spelled with other digits
            paths: Iterable[tuple[tuple[str, ...], Any]] = [(whole, new)]
        else:
            paths = _leading(whole, old, new)
        for path, value in paths:
            places = written.get(name, {}) if path == whole and value is not MISSING else {}
            places = {**_usual(value), **places}
            told = tuple((_place(at, value), text) for at, text in places.items())
            yield Change.to(path, value, restored=True).replace(written=told)


def _usual(value: Any) -> dict[str, str]:
    """That texts are written as loop writes them by themselves, and not as what is there now: the
    record would tell it otherwise."""
    if isinstance(value, str):
        return {"": ""}
    items = value if isinstance(value, list) and len(value) <= _MOST_ITEMS else []
    return {str(at): "" for at, item in enumerate(items) if isinstance(item, str)}


def _place(name: str, value: Any) -> tuple[str | int, ...]:
    """Return the path of a place within a value from its name; items of lists are numbers."""
    place: list[str | int] = []
    for part in split_dotted(name) if name else ():
        is_item = isinstance(value, list) and part.isdigit() and int(part) < len(value)
        place.append(int(part) if is_item else part)
        if is_item:
            value = value[int(part)]
        else:
            value = value.get(key_in(value, part)) if isinstance(value, dict) else None
    return tuple(place)


def _leading(path: tuple[str, ...], old: Any, new: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield paths and their new values.

    A mapping with keys that are not texts is changed key by key: such a key only comes back if it
    is there now.
    """
    if type(old) is not dict or type(new) is not dict or all(type(key) is str for key in new):
        yield path, new
        return
    for key in {**old, **new}:
        before, after = old.get(key, MISSING), new.get(key, MISSING)
        if not same(before, after):
            yield from _leading((*path, key_text(key)), before, after)


def _is(value: Any, recorded: Any) -> bool:
    """Whether a value equals the one in a diff, or fits its hash."""
    if value is MISSING:
        return same(value, recorded)
    if audit.is_digest(recorded) and not audit.is_digest(value):
        return is_hash_of(value, recorded)
    return same(value, recorded) or same(as_logged(value), recorded)
