"""A conflict is data; a resolver decides what to do about it (SPEC §5)."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.changes import BodyChange, Change, Edits
from loop_cli.core.diff import (
    MISSING,
    diff_body,
    diff_fields,
    undo,
    value_at,
)
from loop_cli.core.names import (
    BODY,
    join_dotted,
    overlap,
    paths_overlap,
    split_dotted,
)
from loop_cli.core.records import record as audit
from loop_cli.lean.plain import copied, may_be_vague, same
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Literal

    from loop_cli.core.entity import Entity, Precondition
    from loop_cli.core.records.record import AuditRecord

    Reason = Literal[
        "updated_changed", "etag_changed", "edited_outside", "deleted", "condition_unmet"
    ]
    Resolver = Callable[["Conflict"], "Resolution"]


class ConflictField(Struct):
    """One field in three states: when the caller read it, now, and as the caller wants it."""

    field: str
    base: Any
    base_known: bool
    current: Any
    requested: Any
    wanted: bool
    overlap: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form; an absent field becomes null."""
        values = ("base", "current", "requested")
        return {
            key: None if key in values and value is MISSING else value
            for key, value in self.__dict__.items()
        }


class Conflict(Struct):
    """A precondition that no longer holds, with all data that a decision needs.

    `fields` are those wanted and those changed in between; `changes` the records since the
    expected revision, oldest first. `entity` is its state now. `kept_moving` tells that
    nothing stood in the way but the edits of others at that very moment: it is no question
    for a resolver. `undo` tells that the change wanted is to take another back: then a field's
    base is what that one left, and the request what it found. `conditions` are those not met.
    """

    entity_id: str
    path: str
    reason: Reason
    current_updated_at: str | None
    expected_updated_at: str | None
    current_etag: str | None
    expected_etag: str | None
    fields: tuple[ConflictField, ...]
    changes: tuple[AuditRecord, ...]
    entity: Entity
    kept_moving: bool = False
    undo: bool = False
    conditions: tuple[dict[str, Any], ...] = ()

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing that a resolver could decide."""
        return self.kept_moving or bool(self.conditions)

    @property
    def is_outside(self) -> bool:
        """Whether it is certain that the last change has no record."""
        if self.reason == "edited_outside":
            return True
        if self.conditions:
            return any(one.get("edited_outside") is True for one in self.conditions)
        if self.changes:
            return self.changes[-1].etag_after not in (None, self.current_etag)
        return any(field.base_known for field in self.fields)

    @property
    def overlaps(self) -> bool:
        """Whether a field that is wanted was changed in between."""
        whole = self.reason in ("deleted", "condition_unmet")
        return whole or any(field.overlap for field in self.fields)

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, all but the keys that every error has."""
        inner = ("path", "entity", "kept_moving", "undo", "conditions")
        data = {key: value for key, value in self.__dict__.items() if key not in inner}
        data["fields"] = [field.as_dict() for field in self.fields]
        data["changes"] = [record.as_change() for record in self.changes]
        if self.conditions:
            data["conditions"] = [*self.conditions]
        return {**data, "path": self.path}


class Resolution(Struct):
    """The decision of a resolver: leave the entity as it is, or change the current state.

    With `apply` alone, the requested change is applied on top. `theirs` are wanted fields that keep
    their current value. `values` are other values for fields or the body, by name (`MISSING`
    removes). `edits`, if given, replace all of that. `asked` means: a person has seen the conflict.
    """

    apply: bool
    theirs: tuple[str, ...] = ()
    values: Mapping[str, Any] = {}
    edits: Edits | None = None
    asked: bool = False

    def applied_to(self, edits: Edits) -> Edits:
        """Return the change to apply to the current state, if `edits` were given."""
        if self.edits is not None:
            return self.edits
        settled = {*self.theirs, *self.values}
        changes = [change for change in edits.changes if change.name not in settled]
        changes += [
            Change.to(split_dotted(name), value)
            for name, value in self.values.items()
            if name != BODY
        ]
        body = edits.body
        if BODY in settled:
            body = BodyChange(text=self.values[BODY]) if BODY in self.values else None
        return edits.replace(changes=tuple(changes), body=body)


def fail(_conflict: Conflict) -> Resolution:
    """The resolver of `--on-conflict=fail`."""
    return Resolution(apply=False)


def rebase(conflict: Conflict) -> Resolution:
    """The resolver of `--on-conflict=rebase`: apply on top, unless a wanted field was changed."""
    return Resolution(apply=not conflict.overlaps)


POLICIES: dict[str, Resolver] = {"fail": fail, "rebase": rebase}
"""The values of the setting `on_conflict`."""


def build(
    entity: Entity,
    *,
    reason: Reason,
    precondition: Precondition,
    wanted: Mapping[str, Any],
    history: Iterable[AuditRecord],
    seen: Entity | None = None,
    updated: str | None = None,
) -> Conflict:
    """Build the conflict between the expected revision and the current entity.

    `wanted` maps the names of diffs to values (`MISSING`: remove). `history` are the entity's
    records, newest first. `seen` is the state that the caller read, if it is at hand; then every
    base is known. `updated` is the timestamp field, whose changes are ignored. If the entity was
    deleted or created in between, every wanted field counts as changed, because it is another
    entity now.
    """
    expected = precondition.expected_updated_at
    records, whole = audit.since(
        history,
        current_etag=entity.revision.etag,
        updated_at=None if expected is None else timestamps.parse(expected),
        etag=precondition.if_match,
    )
    changed = {
        name for record in records for name in (*record.diff, *(record.modified_fields or ()))
    }
    replaced = audit.is_replaced(records)
    before = _Before(entity, records if whole and not replaced else None)
    if seen is not None:
        before = _Before(seen, [])
        changed = {*diff_fields(seen.fields, entity.fields), *diff_body(seen.body, entity.body)}
        changed -= {join_dotted((updated,))} if updated is not None else set()
    others = [name for name in sorted(changed) if not any(overlap(name, one) for one in wanted)]
    return Conflict(
        entity_id=entity.id,
        path=entity.path,
        reason=reason,
        current_updated_at=entity.revision.updated_at,
        expected_updated_at=expected,
        current_etag=entity.revision.etag,
        expected_etag=precondition.if_match,
        fields=tuple(
            _field(name, entity, before, wanted, replaced=replaced) for name in (*wanted, *others)
        ),
        changes=tuple(reversed(records)),
        entity=entity,
    )


def deleted(entity: Entity, *, precondition: Precondition) -> Conflict:
    """Build the conflict with an entity that was just deleted."""
    return Conflict(
        entity_id=entity.id,
        path=entity.path,
        reason="deleted",
        current_updated_at=None,
        expected_updated_at=precondition.expected_updated_at,
        current_etag=None,
        expected_etag=precondition.if_match,
        fields=(),
        changes=(),
        entity=entity,
    )


class _Before:
    """The entity before some records, newest first; unknown if the records do not tell it."""

    def __init__(self, entity: Entity, records: list[AuditRecord] | None) -> None:
        self._told = records is not None
        self._fields, self._body, self._unknown = rebuild(entity.fields, entity.body, records or ())

    def value(self, name: str) -> tuple[Any, bool]:
        """Return the value of a field or of the body, and whether it is known."""
        if name == BODY:
            return self._body, self._told and type(self._body) is str
        value, known = value_before(self._fields, self._unknown, split_dotted(name))
        return value, self._told and known


def _field(
    name: str, entity: Entity, before: _Before, wanted: Mapping[str, Any], *, replaced: bool
) -> ConflictField:
    base, known = before.value(name)
    current = entity.body if name == BODY else value_at(entity.fields, split_dotted(name))
    return ConflictField(
        field=name,
        base=base if known else None,
        base_known=known,
        current=current,
        requested=wanted.get(name, MISSING),
        wanted=name in wanted,
        overlap=name in wanted and (replaced or not (known and same(base, current))),
    )


def rebuild(
    fields: Mapping[str, Any], body: str, newest_first: Iterable[AuditRecord]
) -> tuple[dict[str, Any], Any, set[tuple[str, ...]]]:
    """Rebuild the fields and the body before the records, and list the paths that stay unknown.

    An unknown body is its hash, or None. If one record has only a hash, an older record may have
    the value. An exception are values that JSON can't express: their keys may be wrong.
    """
    state = copied(dict(fields))
    text: Any = body
    unknown: set[tuple[str, ...]] = set()
    vague: set[tuple[str, ...]] = set()
    for record in newest_first:
        for name, entry in record.diff.items():
            if name == BODY:
                text = entry.get("old") if record.is_own or entry.get("new") == text else None
                continue
            path = split_dotted(name)
            (unknown.add if audit.is_digest(entry.get("old")) else unknown.discard)(path)
            if name in record.inexact or not _fits(record, entry, value_at(state, path)):
                vague.add(path)
            undo(state, name, entry)
    return state, text, unknown | vague


def _fits(record: AuditRecord, entry: Mapping[str, Any], current: Any) -> bool:
    """Whether an entry fits the value after its record, and gives the exact value before it.

    Other programs may read or write values differently than loop.
    """
    if record.is_own:
        return True
    left = MISSING if entry.get("removed") else entry.get("new", MISSING)
    return same(left, current) and not may_be_vague(entry.get("old"))


def value_before(
    state: Mapping[str, Any], unknown: set[tuple[str, ...]], path: tuple[str, ...]
) -> tuple[Any, bool]:
    """Return the value at `path` in a rebuilt state, and whether it is known."""
    if any(paths_overlap(other, path) for other in unknown):
        return MISSING, False
    return value_at(state, path), True
