"""Undo: a new change with a record, which restores the values before a run.

Values are compared, not revisions. A field that still has the run's value gets its old value back.
A field that was changed since is a conflict. So an undo can be undone like any other change.
"""

from __future__ import annotations

import re
from contextlib import suppress

from loop_cli.core.commits import Restore
from loop_cli.core.conflict import Conflict
from loop_cli.core.entity import Entity, Precondition, Revision, agreed
from loop_cli.core.names import nfc
from loop_cli.core.records import record as audit
from loop_cli.core.records import story
from loop_cli.core.records.inverse import EntityUndo, invert
from loop_cli.core.records.record import RUN_ID
from loop_cli.errors import Action, ConflictError, EntityNotFound, InvalidChange, UsageError
from loop_cli.failures import AmbiguousId, ConfirmationRefused, NoSuchChange
from loop_cli.lean.records import Struct
from loop_cli.operations import undo_deleted
from loop_cli.operations.history import records_of, revealer
from loop_cli.planning import life

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from loop_cli.core.commits import CommitResult, Delete, EntityChange
    from loop_cli.core.conflict import ConflictField
    from loop_cli.core.diff import Diff
    from loop_cli.core.records.past import Reveal
    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.store import Store

_TRIES = 5


class Target(Struct):
    """What to undo: a run, the actor's last run (`last`), or an entity's last change.

    `given` is the text of a person: an entity's id, a run's id, or the beginning of one. `seen` is
    the revision that the caller has read, where one entity changes; `etags` those of several, by
    id. One that no longer holds is a conflict.
    """

    run_id: str | None = None
    last: bool = False
    entity_id: str | None = None
    path: str | None = None
    given: str | None = None
    seen: Precondition | None = None
    etags: Mapping[str, str] = {}


class UndoPlan(Struct):
    """The undo of a run, or of one record, entity by entity, newest first."""

    run_id: str
    entities: tuple[EntityUndo, ...]

    @property
    def to_change(self) -> tuple[EntityUndo, ...]:
        """The entities in which something changes."""
        return tuple(one for one in self.entities if one.action)

    def refuse(self, *, on_conflict: str) -> None:
        """Raise `ConflictError` if fields were changed since, or if nothing is left to undo.

        Changed fields are accepted if they may be left as they are.
        """
        found = [one.as_conflict() for one in self.entities if one.left]
        if not found or (on_conflict == "rebase" and self.to_change):
            return
        first = found[0].entity_id
        hint = Action("show_history", entity_id=first)
        if self.to_change:
            hint = Action("undo_the_rest", run_id=self.run_id)
        raise ConflictError(found[0], others=tuple(found[1:]), hint=hint)


class Undone(Struct):
    """The undo of one entity: `entity` is its state after it, or before, if it is gone.

    `action` is as in `EntityUndo`.
    """

    entity: Entity
    action: str | None
    diff: Diff
    left: tuple[ConflictField, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        document = self.entity.as_dict()
        keys = ("entity_id", "entity_type", "path", "updated_at", "etag")
        return {
            **{key: document[key] for key in keys},
            "action": self.action,
            "modified_fields": list(self.diff),
            "diff": self.diff,
            "left": [field.as_dict() for field in self.left],
        }


class UndoResult(Struct):
    """The result of an undo, entity by entity."""

    run_id: str
    undone: str
    entities: tuple[Undone, ...]
    dry_run: bool
    warnings: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything was restored."""
        return any(one.action for one in self.entities)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop undo`."""
        data = {
            "changed": self.changed,
            "run_id": self.run_id,
            "undoes": self.undone,
            "entities": [one.as_dict() for one in self.entities],
        }
        return {**data, "dry_run": True} if self.dry_run else data


def undo(
    store: Store,
    target: Target,
    *,
    origin: Origin,
    on_conflict: str = "fail",
    confirm: Callable[[UndoPlan], bool] | None = None,
    dry_run: bool = False,
) -> UndoResult:
    """Undo a run or a change, all of it in one step, or nothing.

    `confirm` is called with the plan. `on_conflict` is `fail`, or `rebase`: leave the fields that
    were changed since. Raises `NoSuchChange`; what `Store.find` and an atomic `Store.commit` raise;
    `InvalidChange` if the log does not have the old values; `ConflictError`; `ConfirmationRefused`.
    """
    for attempt in range(_TRIES):
        plan = make_plan(store, target, actor=origin.actor)
        plan.refuse(on_conflict=on_conflict)
        changes = _changes(plan, target)
        atomic = len(changes) > 1
        done = _done(store.commit(changes, origin=origin, atomic=atomic, dry_run=True))
        if dry_run or not changes:
            return _result(plan, done, origin, dry_run=dry_run)
        if confirm is not None and not confirm(plan):
            raise ConfirmationRefused("nothing was undone")
        try:
            done = _done(store.commit(changes, origin=origin, atomic=atomic))
        except ConflictError:
            if on_conflict != "rebase" or attempt == _TRIES - 1:
                raise
            continue
        return _result(plan, done, origin, dry_run=False)
    raise AssertionError("the last attempt returns or raises")


def _changes(plan: UndoPlan, target: Target) -> list[EntityChange | Delete | Restore]:
    """The changes of a plan, with the revisions that the caller has read besides those of the
    plan. Raises `UsageError` for a revision where several entities change, and for one that nothing
    can be compared with."""
    planned = plan.to_change
    if target.seen is not None and len(planned) > 1:
        raise UsageError(
            f"run {plan.run_id} changed {len(planned)} entities: name the etag of each, by its id",
            entities=[one.entity.id for one in planned],
        )
    etags = {nfc(key): etag for key, etag in target.etags.items()}
    changed = [nfc(one.entity.id) for one in plan.entities]
    if unknown := [key for key in target.etags if nfc(key) not in changed]:
        raise UsageError(f"if_match names {unknown[0]}, which run {plan.run_id} did not change")
    changes = []
    for one in planned:
        change = one.as_change(plan.run_id)
        seen = _seen(target, etags.get(nfc(one.entity.id)))
        if seen is not None and isinstance(change, Restore):
            raise UsageError(
                f"{one.entity.id} was deleted, so it has no revision that could be compared"
            )
        if seen is not None:
            now = one.entity.revision.etag
            change = change.replace(precondition=seen.replace(if_match=seen.if_match or now))
        changes.append(change)
    return changes


def _seen(target: Target, etag: str | None) -> Precondition | None:
    """What the caller has read of an entity: what it says of the one that changes, and its etag
    among those of several. Raises `UsageError` where these name different revisions."""
    if etag is None:
        return target.seen
    seen = target.seen or Precondition()
    both = agreed([("If-Match", seen.if_match), ("its etag in if_match", etag)])
    return seen.replace(if_match=both)


def make_plan(store: Store, target: Target, *, actor: str) -> UndoPlan:
    """Plan an undo. Raises what `undo` raises, except conflicts."""
    target = _meant(store, target)
    store.refresh()
    records = _wanted(store, target, actor)
    reveal = revealer(store)
    problems: list[dict[str, Any]] = []
    entities = []
    for entity, by_path, found in _by_entity(store, records, target.path):
        if entity is None:
            planned, wrong = _brought_back(store, found, reveal)
        else:
            planned, wrong = _taken_back(store, entity, found, reveal, by_path=by_path)
        entities.append(planned)
        problems += wrong
    if problems:
        lines = [f"{one['entity_id']}: {one['field']}: {one['message']}" for one in problems]
        first = lines[0] if len(lines) == 1 else "\n  ".join((f"{len(lines)} problems", *lines))
        raise InvalidChange(
            f"can't be undone: {first}", entity_id=problems[0]["entity_id"], problems=problems
        )
    return UndoPlan(run_id=str(records[0].data.get("run_id")), entities=tuple(entities))


def _taken_back(
    store: Store, entity: Entity, records: list[AuditRecord], reveal: Reveal, *, by_path: bool
) -> tuple[EntityUndo, list[dict[str, Any]]]:
    """Plan the undo of what changed an entity, and of what deleted the one that had its id before
    it was made."""
    made = next((at for at, one in enumerate(records) if one.data.get("action") == "create"), None)
    own = records if made is None else records[: made + 1]
    planned, problems = invert(
        entity,
        own,
        history=records_of(store, entity, path=entity.path if by_path else None),
        reveal=reveal,
        by_path=by_path,
        updated=store.names.updated,
    )
    if len(own) < len(records) and not problems:
        return undo_deleted.put_back(store, records[len(own) :], planned, reveal)
    newest = records[0]
    if len(records) == 1 and not story.is_deletion(newest) and life.kept_of(newest) is not None:
        return undo_deleted.put_back_again(store, entity, newest, planned), []
    return planned, problems


# -- which records ------------------------------------------------------------------------


def _meant(store: Store, target: Target) -> Target:
    """Resolve the `given` text: a whole run id, an entity, or the beginning of a run id."""
    given = target.given
    if given is None:
        return target
    if re.fullmatch(RUN_ID, given.lower()):
        return target.replace(given=None, run_id=given.lower())
    run = find_run(store, given)
    if run is not None and next(store.records(given), None) is None:
        return target.replace(given=None, run_id=run)
    return target.replace(given=None, entity_id=given)


def _wanted(store: Store, target: Target, actor: str) -> list[AuditRecord]:
    """Return the records to take back, newest first, at least one."""
    if target.entity_id is not None:
        return [_last_of_entity(store, target.entity_id, target.path)]
    run = target.run_id or _last_run(store, actor)
    found = _changes_of(store, run)
    if not found and any("schema" in one.metadata for one in _of_run(store, run)):
        raise NoSuchChange(
            f"run {run} changed the vault's schema, which is no entity: undo does not take it back",
            run_id=run,
            hint=Action("edit_schema_back", run_id=run),
        )
    if not found:
        raise NoSuchChange(
            f"no change is recorded of run {run}", run_id=run, hint=Action("list_records")
        )
    lasting = story.lasting(found)
    if not lasting:
        raise NoSuchChange(
            f"run {run} left nothing to undo: what it made, it deleted again", run_id=run
        )
    return lasting


def _of_run(store: Store, run: str) -> list[AuditRecord]:
    return [one for one in store.records_of_run(run) if one.data.get("run_id") == run]


def _changes_of(store: Store, run: str) -> list[AuditRecord]:
    """Return the records of a run that changed something, newest first."""
    return [one for one in audit.without_undone(_of_run(store, run)) if _has_changed(one)]


def _last_of_entity(store: Store, given: str, path: str | None) -> AuditRecord:
    try:
        entity = store.find(given, path=path)
        entity_id, records = entity.id, records_of(store, entity, path=path)
    except EntityNotFound:  # deleted, or in the archive, where `find` does not look
        entity_id, records = given, store.records(given)
        if path is not None or next(store.records(given), None) is None:
            raise
    for record, stands in story.standing(records):
        if stands and not story.reverses(record) and _has_changed(record):
            return record
    raise NoSuchChange(
        f"{entity_id} has no change left to undo",
        entity_id=entity_id,
        hint=Action("show_history", entity_id=entity_id),
    )


def _last_run(store: Store, actor: str) -> str:
    lasting: dict[str, set[str]] = {}  # by run, the digests of what is left to take back of it
    for record, stands in story.standing(store.records()):
        own = record.data.get("actor") == actor and not story.reverses(record)
        run = record.data.get("run_id")
        if not (stands and own and _has_changed(record) and isinstance(run, str)):
            continue
        if run not in lasting:
            lasting[run] = {one.digest for one in story.lasting(_changes_of(store, run))}
        if record.digest in lasting[run]:
            return run
    raise NoSuchChange(f"{actor} has no change left to undo", hint=Action("list_records"))


def _has_changed(record: AuditRecord) -> bool:
    """Whether a record changed something that can be taken back.

    Approvals change nothing, and a layout is not a value.
    """
    if record.undoes is not None or record.is_aside or "schema" in record.metadata:
        return False  # the schema is not an entity
    comes_or_goes = record.data.get("action") in ("create", "delete", "move")
    return comes_or_goes or bool(record.diff) or not record.tells_all


def find_run(store: Store, text: str) -> str | None:
    """Return the run for an id, or for at least its first eight digits; None for other texts.

    Raises `NoSuchChange` if several runs match.
    """
    text = text.lower()
    if re.fullmatch(RUN_ID, text):
        return text
    if not re.fullmatch(r"[0-9a-f]{8}[0-9a-f-]{0,28}", text):
        return None
    found = {
        run
        for record in store.records_of_run(text)
        if (run := str(record.data.get("run_id"))).startswith(text)
    }
    if len(found) > 1:
        raise NoSuchChange(f"several runs begin with {text}", hint=", ".join(sorted(found)))
    return found.pop() if found else None


def _by_entity(
    store: Store, records: Sequence[AuditRecord], path: str | None
) -> list[tuple[Entity | None, bool, list[AuditRecord]]]:
    """Return the records of each entity, newest first; None for a file that was deleted, and for
    an entity that is not there.

    The path chooses the file if several have the id.
    """
    groups: dict[tuple[str, str], tuple[Entity | None, bool, list[AuditRecord]]] = {}
    gone = {
        record.digest: str(number)
        for number, file in enumerate(story.by_file(records))
        if story.is_deletion(file[0]) and _is_away(store, file[0], path)
        for record in file
    }
    for record in records:
        if record.digest in gone:
            key = (nfc(record.entity_id), gone[record.digest])
            groups.setdefault(key, (None, False, []))[2].append(record)
            continue
        entity, by_path = _entity_of(store, record, path)
        key = (nfc(record.entity_id), "") if entity is None else (nfc(entity.id), entity.path)
        groups.setdefault(key, (entity, by_path, []))[2].append(record)
    return [*groups.values()]


def _is_away(store: Store, deletion: AuditRecord, path: str | None) -> bool:
    """Whether no entity is in the way of one that was deleted: others that carried its id then may
    carry it now."""
    if not life.was_shared(deletion):
        return _entity_of(store, deletion, path)[0] is None
    try:
        store.find(deletion.entity_id, path=str(deletion.metadata.get("path")))
    except EntityNotFound:
        return True
    return False


def _entity_of(store: Store, record: AuditRecord, path: str | None) -> tuple[Entity | None, bool]:
    """Return the entity of a record, and whether its path names it.

    It may be in a place where `find` does not look, such as the archive.
    """
    given = str(record.data.get("entity_id"))
    if record.is_note:
        try:
            return store.note(given), False
        except EntityNotFound:
            return None, False
    try:
        return store.find(given, path=path), path is not None
    except (AmbiguousId, EntityNotFound) as error:
        recorded = record.metadata.get("path")
        if isinstance(recorded, str) and path is None:
            with suppress(EntityNotFound):
                return store.find(given, path=recorded), True
        if isinstance(error, AmbiguousId):
            raise
        return None, False


def _brought_back(
    store: Store, records: list[AuditRecord], reveal: Reveal
) -> tuple[EntityUndo, list[dict[str, Any]]]:
    """Plan the undo of a deletion, and of what the run changed before it. Raises `ConflictError`
    if the run did not delete the file."""
    newest = records[0]
    given = str(newest.data.get("entity_id"))
    if not story.is_deletion(newest):
        raise ConflictError(_gone(given, newest), hint=Action("show_history", entity_id=given))
    if len(records) > 1:
        return undo_deleted.brought_back(store, records, reveal)
    planned = EntityUndo(
        entity=_as_recorded(given, newest),
        records=(newest,),
        diff={},
        left=(),
        later=(),
        by_path=False,
        restores=newest,
    )
    return planned, []


def _gone(entity_id: str, record: AuditRecord) -> Conflict:
    expected = record.metadata.get("updated_after")
    return Conflict(
        entity_id=entity_id,
        path=str(record.metadata.get("path")),
        reason="deleted",
        current_updated_at=None,
        expected_updated_at=expected if isinstance(expected, str) else None,
        current_etag=None,
        expected_etag=record.etag_after,
        fields=(),
        changes=(),
        entity=_as_recorded(entity_id, record),
        undo=True,
    )


def _as_recorded(entity_id: str, record: AuditRecord) -> Entity:
    """Return what a record says of an entity whose file is gone."""
    name = record.data.get("entity_name")
    return Entity(
        id=entity_id,
        type=str(record.data.get("entity_type")),
        name=name if isinstance(name, str) else None,
        path=str(record.metadata.get("path")),
        fields={},
        body="",
        raw=b"",
        revision=Revision(updated_at="", etag=""),
    )


# -- the result ---------------------------------------------------------------------------


def _done(outcomes: Sequence[Any]) -> list[CommitResult]:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return list(outcomes)


def _result(
    plan: UndoPlan, done: Sequence[CommitResult], origin: Origin, *, dry_run: bool
) -> UndoResult:
    results = iter(done)
    entities: list[Undone] = []
    warnings: list[str] = []
    for one in plan.entities:
        entity, changed = one.entity, one.diff
        if one.action is not None:
            result = next(results)
            entity, changed = result.after, result.diff
            warnings += result.warnings
        entities.append(Undone(entity=entity, action=one.action, diff=changed, left=one.left))
    return UndoResult(
        run_id=origin.run_id,
        undone=plan.run_id,
        entities=tuple(entities),
        dry_run=dry_run,
        warnings=tuple(warnings),
    )
