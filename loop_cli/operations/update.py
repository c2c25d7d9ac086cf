"""What loop does, apart from any terminal: each operation returns one frozen result."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.entity import Precondition
from loop_cli.core.names import nfc
from loop_cli.core.store import EntityChange, only
from loop_cli.errors import (
    AmbiguousId,
    ConfirmationRefused,
    ConflictError,
    EntityNotFound,
    InvalidFile,
    UsageError,
)
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from loop_cli.core.conflict import Resolver
    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.store import CommitResult, Store

_REBASES = 20


class UpdateResult(Struct):
    """What an update did. `run_id` is that of the run, `entity` the state after it."""

    entity: Entity
    before: Entity
    changed: bool
    dry_run: bool
    run_id: str
    diff: Diff
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop update` (SPEC §7)."""
        data = {
            **self.entity.as_dict(),
            "changed": self.changed,
            "run_id": self.run_id,
            "modified_fields": list(self.diff),
            "diff": self.diff,
        }
        return {**data, "dry_run": True} if self.dry_run else data


class LogQuery(Struct):
    """Which records to list, newest first; `since` is an instant, `limit` None for all."""

    entity_id: str | None = None
    limit: int | None = None
    since: int | None = None
    actor: str | None = None
    source: str | None = None
    run_id: str | None = None

    def admits(self, record: AuditRecord) -> bool:
        """Whether the record, if it is the entity's, is asked for."""
        data = record.data
        for key in ("actor", "source", "run_id"):
            wanted = getattr(self, key)
            if wanted is not None and wanted not in _spellings(key, data.get(key)):
                return False
        if self.since is None:
            return True
        instant = timestamps.parse(str(data.get("timestamp")))
        return instant is not None and instant >= self.since


def get(store: Store, entity_id: str, *, path: str | None = None) -> Entity:
    """The entity as it is now. Raises what `Store.find` raises."""
    return store.find(entity_id, path=path)


def update(
    store: Store,
    change: EntityChange,
    *,
    origin: Origin,
    resolve: Resolver,
    confirm: Callable[[CommitResult], bool] | None = None,
    dry_run: bool = False,
) -> UpdateResult:
    """Change one entity.

    `resolve` decides about a conflict. `confirm` is asked where no precondition was given:
    it sees what would be done, and that reading becomes the precondition. Raises what
    `Store.commit` lists, `ConflictError` with a hint, `ConfirmationRefused`, `UsageError`.
    """
    if not change.edits:
        raise UsageError("nothing to change: give at least one CHANGE", hint=_EXAMPLE)
    precondition = change.precondition
    if confirm is not None and not precondition.given and not precondition.forced:
        preview = preview_of(store, change, origin=origin)
        if dry_run or not preview.changed:
            return _result(preview, origin, dry_run=dry_run)
        if not confirm(preview):
            raise ConfirmationRefused(f"{preview.before.id} was left as it is")
        seen = preview.before
        read = Precondition(if_match=seen.revision.etag, own_reading=True)
        change = change.replace(precondition=read, seen=seen)
    return _result(_commit(store, change, origin, resolve, dry_run), origin, dry_run=dry_run)


def preview_of(store: Store, change: EntityChange, *, origin: Origin) -> CommitResult:
    """What the change would do to the state now, whatever that is. Raises what
    `Store.commit` lists, but for conflicts."""
    unchecked = change.replace(precondition=Precondition(forced=True))
    return only(store.commit([unchecked], origin=origin, dry_run=True))


def log(store: Store, query: LogQuery) -> Iterator[AuditRecord]:
    """The records that the query asks for, newest first.

    Raises `AmbiguousId` for an alias of several entities.
    """
    known = query.entity_id
    count = 0
    for record in store.records() if known is None else _records_of(store, known):
        if query.limit is not None and count >= query.limit:
            return
        if query.admits(record):
            count += 1
            yield record


def recorded_id(store: Store, given: str) -> str:
    """The id that the log knows; where it knows none, what the alias stands for.

    Files that can't be read, or share the id, are no matter: it is asked for records.
    Raises `EntityNotFound`; `AmbiguousId` for an alias of several entities.
    """
    return given if next(store.records(given), None) is not None else _found_id(store, given)


def _found_id(store: Store, given: str) -> str:
    try:
        return store.find(given).id
    except InvalidFile:
        return given
    except AmbiguousId as error:
        ids = {store.find(given, path=path).id for path in error.details["paths"]}
        if nfc(given) in map(nfc, ids):
            return given
        error.hint = f"give the id: {', '.join(sorted(ids))}"
        raise


def _records_of(store: Store, given: str) -> Iterator[AuditRecord]:
    found = store.records(given)
    first = next(found, None)
    if first is not None:
        yield first
        yield from found
        return
    try:
        known = _found_id(store, given)
    except EntityNotFound:  # so it has no records
        return
    yield from store.records(known)


_EXAMPLE = "loop update tsk-019-14 'status=done'"


def _commit(
    store: Store, change: EntityChange, origin: Origin, resolve: Resolver, dry_run: bool
) -> CommitResult:
    """Commit; where a resolver says so, on top of the state that was in the way.

    Where that has moved again meanwhile, the conflict is that of the change as it was asked
    for, so that the resolver decides about all of it once more.
    """
    attempt, expected = change, change.precondition
    for rounds in range(_REBASES + 1):
        try:
            return only(store.commit([attempt], origin=origin, dry_run=dry_run))
        except ConflictError as error:
            conflict = error.conflict
        if attempt is not change and not conflict.kept_moving:
            try:
                return only(store.commit([change], origin=origin, dry_run=dry_run))
            except ConflictError as error:
                conflict = error.conflict
        decided = None if conflict.kept_moving or rounds == _REBASES else resolve(conflict)
        if decided is None or not decided.apply:
            raise ConflictError(conflict, asked=decided is not None and decided.asked)
        now = Precondition(if_match=conflict.current_etag, own_reading=True)
        if decided.edits is not None:  # made on the state now, so that is what was read
            change = change.replace(edits=decided.edits, precondition=now, seen=conflict.entity)
        attempt = change.replace(
            edits=decided.applied_to(change.edits),
            precondition=now,
            rebased_from=expected,
        )
    raise AssertionError("the last round returns or raises")


def _result(done: CommitResult, origin: Origin, *, dry_run: bool) -> UpdateResult:
    return UpdateResult(
        entity=done.after,
        before=done.before,
        changed=done.changed,
        dry_run=dry_run,
        run_id=origin.run_id,
        diff=done.diff,
        warnings=done.warnings,
    )


def _spellings(key: str, value: Any) -> tuple[Any, ...]:
    """An actor may be asked for without its prefix: `user:ops` as `ops`."""
    if key == "actor" and isinstance(value, str):
        return value, value.partition(":")[2]
    return (value,)
