"""`loop delete`: delete or archive an entity, maybe with the entities that refer to it."""

from __future__ import annotations

from loop_cli.core import days
from loop_cli.core.changes import Change, Edits
from loop_cli.core.commits import Delete, Move
from loop_cli.core.entity import Precondition
from loop_cli.core.names import ARCHIVE, nfc
from loop_cli.core.references import referrers
from loop_cli.errors import LoopError
from loop_cli.failures import ConfirmationRefused
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.commits import CommitResult
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.record import Origin
    from loop_cli.core.store import Store


class Request(Struct):
    """The entity to delete.

    `cascade` also deletes all entities that refer to it by a field, and warns of links that will
    lead nowhere. `orphan` leaves the others as they are. `archive` moves the files instead. `now`
    is an instant.
    """

    entity_id: str
    now: int
    precondition: Precondition = Precondition()
    path: str | None = None
    cascade: bool = False
    orphan: bool = False
    archive: bool = False


class Removed(Struct):
    """One deleted or archived entity; if it was deleted, its bytes are in `kept`."""

    entity: Entity
    to: str | None
    kept: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        entity = self.entity
        return {
            "entity_id": entity.id,
            "entity_type": entity.type,
            "path": entity.path,
            "etag": entity.revision.etag,
            "to": self.to,
            "kept": self.kept,
        }


class DeleteResult(Struct):
    """The deleted entities; the one that was named comes first."""

    removed: tuple[Removed, ...]
    archived: bool
    dry_run: bool
    run_id: str
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop delete`."""
        first = self.removed[0].entity
        data = {
            "entity_id": first.id,
            "entity_type": first.type,
            "path": first.path,
            "archived": self.archived,
            "removed": [one.as_dict() for one in self.removed],
            "run_id": self.run_id,
        }
        return {**data, "dry_run": True} if self.dry_run else data


def delete(
    store: Store,
    request: Request,
    *,
    origin: Origin,
    confirm: Callable[[DeleteResult], bool] | None = None,
    dry_run: bool = False,
) -> DeleteResult:
    """Delete or archive one entity, and with `cascade` those that refer to it, all or none.

    `confirm` is called with the plan if no precondition was given; the state in the plan becomes
    the precondition. Raises what `Store.commit` lists, `ConfirmationRefused`.
    """
    given = request.precondition
    asks = confirm is not None and not given.given and not given.forced
    changes = planned(store, request, reads=asks)
    if asks or dry_run:
        preview = _commit(store, changes, origin, request, dry_run=True)
        if dry_run:
            return preview
        if confirm is not None and not confirm(preview):
            raise ConfirmationRefused(f"{changes[0].entity_id} was left as it is")
    return _commit(store, changes, origin, request, dry_run=False)


def planned(store: Store, request: Request, *, reads: bool = False) -> list[Delete | Move]:
    """The changes for the store: first that of the named entity, then, with `cascade`, those of
    the entities that refer to it. With `reads` the state now is the precondition. Raises what
    `Store.find` raises."""
    if not request.precondition.names_bytes:
        store.refresh()
    first = store.find(request.entity_id, path=request.path)
    group = [first, *(_dependents(store, first) if request.cascade else ())]
    own = Precondition(if_match=first.revision.etag, own_reading=True)
    # Without the path, so that a new file with the same id is noticed.
    change = _change(first, own if reads else request.precondition, request, store)
    return [
        change.replace(path=request.path),
        *(
            _change(one, Precondition(if_match=one.revision.etag), request, store)
            for one in group[1:]
        ),
    ]


def _dependents(store: Store, first: Entity) -> list[Entity]:
    """Return all entities that refer to an entity, directly or not, each once."""
    known = {nfc(first.id)}
    found: list[Entity] = []
    waiting = [first.id]
    while waiting:
        files = list(store.files(referring_to=waiting))
        referring = [one for wanted in waiting for one in referrers(files, wanted, store.names)]
        waiting = []
        for one in referring:
            if nfc(one.entity_id) not in known:
                known.add(nfc(one.entity_id))
                waiting.append(one.entity_id)
                found.append(store.find(one.entity_id, path=one.path))
    return found


def _change(entity: Entity, seen: Precondition, request: Request, store: Store) -> Delete | Move:
    if not request.archive:
        return Delete(
            entity_id=entity.id,
            path=entity.path,
            precondition=seen,
            orphan=request.orphan,
            cascade=request.cascade,
        )
    edits = Edits()
    if "archived_at" in store.schema.known_fields(entity.type):
        today = days.local_day(request.now)
        archived = Change(path=("archived_at",), operation="set", value=today, implied=True)
        edits = Edits(changes=(archived,))
    return Move(
        entity_id=entity.id,
        path=entity.path,
        precondition=seen,
        edits=edits,
        to=f"{ARCHIVE}/{entity.path}",
        leaves=not request.orphan,
        cascade=request.cascade,
    )


def _commit(
    store: Store,
    changes: list[Delete | Move],
    origin: Origin,
    request: Request,
    *,
    dry_run: bool,
) -> DeleteResult:
    """Commit all or none, in reverse order, so that no entity refers to a deleted one."""
    alone = len(changes) == 1
    outcomes = store.commit(changes[::-1], origin=origin, atomic=not alone, dry_run=dry_run)
    done: list[CommitResult] = []
    for one in reversed(outcomes):
        if isinstance(one, LoopError):
            raise one
        done.append(one)
    return DeleteResult(
        removed=tuple(removed(one, archive=request.archive) for one in done),
        archived=request.archive,
        dry_run=dry_run,
        run_id=origin.run_id,
        warnings=tuple(warning for one in done for warning in one.warnings),
    )


def removed(done: CommitResult, *, archive: bool) -> Removed:
    """What a change has removed."""
    kept = None if done.record is None else done.record.metadata.get("kept")
    return Removed(
        entity=done.before,
        to=done.after.path if archive else None,
        kept=f".loop/kept/{kept['sha256']}" if isinstance(kept, dict) else None,
    )
