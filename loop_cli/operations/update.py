"""Read one entity, and change one: a resolver decides about conflicts."""

from __future__ import annotations

from loop_cli.core.entity import Precondition
from loop_cli.errors import Action, ConflictError, UsageError, only

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.core.commits import CommitResult, EntityChange, Mend, UpdateResult
    from loop_cli.core.conflict import Resolver
    from loop_cli.core.entity import Entity, FieldNames
    from loop_cli.core.records.record import Origin
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.store import Store
    from loop_cli.operations.backlinks import Backlinks
    from loop_cli.operations.boundary import EntityOperations
else:  # the abstract class would cost start-up time; a test compares this class with it
    EntityOperations = object


def get(store: Store, entity_id: str, *, path: str | None = None) -> Entity:
    """Return the entity as it is now. Raises what `Store.find` raises."""
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

    `resolve` decides about a conflict. `confirm` is called if no precondition was given; the state
    that it shows becomes the precondition. Raises what `Store.commit` lists, `ConflictError` with a
    hint, `ConfirmationRefused`, `UsageError`.
    """
    if not change.edits:
        raise UsageError(
            "nothing to change: give at least one CHANGE", hint=Action("example", of="update")
        )
    precondition = change.precondition
    if confirm is not None and not precondition.given and not precondition.forced:
        preview = preview_of(store, change, origin=origin)
        if dry_run or not preview.changed:
            return _result(preview, origin, dry_run=dry_run)
        if not confirm(preview):
            from loop_cli.failures import ConfirmationRefused

            raise ConfirmationRefused(f"{preview.before.id} was left as it is")
        seen = preview.before
        read = Precondition(if_match=seen.revision.etag, own_reading=True)
        change = change.replace(precondition=read, seen=seen)
    try:
        done = only(store.commit([change], origin=origin, dry_run=dry_run))
    except ConflictError as error:
        from loop_cli.operations import resolving  # few changes need it

        done = resolving.commit(store, change, origin, resolve, met=error, dry_run=dry_run)
    return _result(done, origin, dry_run=dry_run)


def preview_of(store: Store, change: EntityChange, *, origin: Origin) -> CommitResult:
    """Show the effect of the change on the current state.

    Raises what `Store.commit` lists, except conflicts.
    """
    unchecked = change.replace(precondition=Precondition(forced=True))
    return only(store.commit([unchecked], origin=origin, dry_run=True))


class LocalEntityOperations(EntityOperations):
    """The operations on one entity, over `store`.

    `origin` returns the actor of this run, and is called when it is first needed; `vault` is the
    name of the vault.
    """

    def __init__(self, store: Store, *, origin: Callable[[], Origin], vault: str) -> None:
        self._store = store
        self._make_origin = origin
        self._known_origin: Origin | None = None
        self._vault = vault

    @property
    def _origin(self) -> Origin:
        if self._known_origin is None:
            self._known_origin = self._make_origin()
        return self._known_origin

    @property
    def vault(self) -> str:
        return self._vault

    @property
    def names(self) -> FieldNames:
        return self._store.names

    @property
    def schema(self) -> Schema:
        return self._store.schema

    @property
    def rules(self) -> Rules:
        return self._store.rules

    @property
    def run_id(self) -> str:
        return self._origin.run_id

    def take_warnings(self) -> list[str]:
        return self._store.take_warnings()

    def get(self, entity_id: str, *, path: str | None = None, fresh: bool = False) -> Entity:
        if fresh:
            self._store.refresh()
        return self._store.find(entity_id, path=path)

    def preview(self, change: EntityChange) -> CommitResult:
        return preview_of(self._store, change, origin=self._origin)

    def backlinks(self, entity_id: str, *, path: str | None = None) -> Backlinks:
        from loop_cli.operations import backlinks

        return backlinks.backlinks(self._store, entity_id, path=path)

    def update(
        self,
        change: EntityChange,
        *,
        resolve: Resolver,
        confirm: Callable[[CommitResult], bool] | None = None,
        dry_run: bool = False,
    ) -> UpdateResult:
        return update(
            self._store,
            change,
            origin=self._origin,
            resolve=resolve,
            confirm=confirm,
            dry_run=dry_run,
        )


def mend(store: Store, change: Mend, *, origin: Origin, dry_run: bool = False) -> CommitResult:
    """Replace the whole text of a file that can't be read as an entity.

    Raises what `Store.commit` lists.
    """
    return only(store.commit([change], origin=origin, dry_run=dry_run))


def _result(done: CommitResult, origin: Origin, *, dry_run: bool) -> UpdateResult:
    from loop_cli.core.commits import UpdateResult  # a read needs none

    return UpdateResult(
        entity=done.after,
        before=done.before,
        changed=done.changed,
        dry_run=dry_run,
        run_id=origin.run_id,
        diff=done.diff,
        warnings=done.warnings,
    )
