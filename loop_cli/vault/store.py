"""The Markdown vault as a store: the facade, which passes every call to the right module.

Modules below take the handle, `vault.handle.Vault`: `vault.find` reads one entity, `vault.index`
all of them, `vault.commit.commit` writes.
"""

from __future__ import annotations

from loop_cli.core.store import Store, passed_over
from loop_cli.errors import EntityNotFound, InvalidChange, NoEntity
from loop_cli.vault.handle import Vault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from loop_cli.core.commits import AnyChange, CommitResult
    from loop_cli.core.entity import Entity, EntityFile, FieldNames
    from loop_cli.core.links import LinkSource
    from loop_cli.core.listed import Hit, Listed
    from loop_cli.core.query import Query
    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.upkeep import Upkeep
    from loop_cli.errors import LoopError
    from loop_cli.vault.commit.commit import Commit
    from loop_cli.vault.files.lock import VaultLock
    from loop_cli.vault.index.cache import Cache
    from loop_cli.vault.index.listing import Listing
    from loop_cli.vault.index.locate import Locator
    from loop_cli.vault.log.log import AuditLog


class VaultStore(Store):
    """The vault at `root`, with its `handle`; the arguments are those of `Vault`."""

    def __init__(
        self,
        root: str,
        *,
        names: FieldNames,
        clock: Callable[[], int],
        lock_timeout: float = 10.0,
        private: tuple[str, ...] = (),
        cache: str | None = None,
        schema_at: str | None = None,
        log_at: str | None = None,
    ) -> None:
        self.names = names
        self.handle = Vault(
            root,
            names=names,
            clock=clock,
            lock_timeout=lock_timeout,
            private=private,
            cache=cache,
            schema_at=schema_at,
            log_at=log_at,
        )
        self._commit: Commit | None = None
        self._landed: list[str] = []  # by commits before the last

    @property
    def schema(self) -> Schema:
        return self.handle.schema

    @property
    def rules(self) -> Rules:
        return self.handle.rules

    def take_warnings(self) -> list[str]:
        return self.handle.take_notices()

    def find(self, entity_id: str, *, path: str | None = None) -> Entity:
        from loop_cli.vault.find import find

        try:
            return find(self.handle, entity_id, path=path)
        except (EntityNotFound, NoEntity) as error:
            self._say_how_to_begin(error)
            raise

    def note(self, path: str) -> Entity:
        from loop_cli.vault.find import find

        return find(self.handle, path, note=True)

    def refresh(self) -> None:
        self.locator().index.refresh_folders()

    def scan(
        self, query: Query | None = None, *, told: Callable[[int], None] | None = None
    ) -> Iterator[Listed]:
        from loop_cli.core.query import Query

        return self._listing(told).rows(query or Query())

    def search(self, query: Query, *, told: Callable[[int], None] | None = None) -> Iterator[Hit]:
        from loop_cli.vault.index.fulltext import Texts

        return Texts(self.handle, self._listing(told), told).hits(query)

    def _listing(self, told: Callable[[int], None] | None) -> Listing:
        from loop_cli.vault.index.listing import Listing

        self.recover_if_free()
        listing = Listing(self.handle, told=told)
        self.handle.notice([*passed_over(listing.unreadable), *self.locator().left_out])
        return listing

    def files(self, *, referring_to: Sequence[str] | None = None) -> Iterator[EntityFile]:
        self.recover_if_free()
        locator = self.locator()
        if referring_to is None:
            return locator.files(locator.paths())
        locator.index.refresh()
        return locator.files(locator.index.mentioning(referring_to))

    def paths(self) -> Iterator[str]:
        return self.locator().everything()

    def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]:
        self.recover_if_free()
        return self.locator().links_to(paths)

    def records(self, entity_id: str | None = None) -> Iterator[AuditRecord]:
        self.recover_if_free()
        if entity_id is None:
            return self.log.records()
        return self.log.records_of(entity_id, path=None)

    def records_of_run(self, run_id: str) -> Iterator[AuditRecord]:
        self.recover_if_free()
        return self.log.records_holding(run_id.encode(), b'"redacted"')

    def records_with_key(self, key: str) -> Iterator[AuditRecord]:
        self.recover_if_free()
        return self.log.records_with_key(key)

    def count(self, query: Query) -> int:
        return super().count(query) if query.text is not None else self._listing(None).count(query)

    def kept(self, sha256: str) -> bytes | None:
        from loop_cli.vault.commit import keeping

        return keeping.read(self.root, sha256)

    def commit(
        self,
        changes: Sequence[AnyChange],
        *,
        origin: Origin,
        atomic: bool = False,
        dry_run: bool = False,
    ) -> list[CommitResult | LoopError]:
        from loop_cli.vault.commit.commit import Commit

        self._landed = self.landed
        commit = self._commit = Commit(self.handle, origin)
        try:
            outcomes = commit.run(changes, atomic=atomic, dry_run=dry_run)
        except InvalidChange as error:
            self._say_where(error)
            raise
        finally:
            self._note_news(commit)
        for one in outcomes:
            if isinstance(one, InvalidChange):
                self._say_where(one)
            elif isinstance(one, EntityNotFound | NoEntity):
                self._say_how_to_begin(one)
        return outcomes

    def _note_news(self, commit: Commit) -> None:
        """The index need not wait for events of our own writes."""
        locator = self.locator()
        if locator.index.news is not None:
            paths = {path for staged in commit.begun for path in staged.places}
            locator.index.news.note(filter(locator.admits, paths))

    def _say_how_to_begin(self, error: LoopError) -> None:
        """Say of an error in a folder that is no vault yet how it becomes one."""
        from loop_cli.vault.upkeep.allow import say_how_to_begin

        say_how_to_begin(error, self)

    def _say_where(self, error: InvalidChange) -> None:
        """Add the line of the schema that would allow a field which the schema does not know."""
        if not self.schema.shipped:
            from loop_cli.vault.upkeep.allow import say_where

            say_where(error, self.handle.layout, self.schema)
        else:
            self._say_how_to_begin(error)

    @property
    def landed(self) -> list[str]:
        """The files that commits of this store have changed, whatever came after that: for an
        answer where something else failed."""
        begun = [] if self._commit is None else self._commit.begun
        return [*self._landed, *(name for one in begun if one.has_landed for name in one.names)]

    @property
    def upkeep(self) -> Upkeep:
        from loop_cli.vault.upkeep.upkeep import VaultUpkeep

        return VaultUpkeep(self.handle)

    # -- what the handle has --------------------------------------------------------------

    @property
    def root(self) -> str:
        """The vault's folder."""
        return self.handle.root

    @property
    def cache(self) -> Cache:
        """The cache; it keeps nothing if there is no folder for it."""
        return self.handle.cache

    @property
    def log(self) -> AuditLog:
        """The audit log."""
        return self.handle.log

    def locator(self) -> Locator:
        """The object that finds and reads the files."""
        return self.handle.locator()

    def lock(self, *, wait: float | None = None) -> VaultLock:
        """Return the vault's lock as a context manager; `wait` is in seconds."""
        return self.handle.lock(wait=wait)

    def recover(self) -> None:
        """Finish or undo what a crash left. Call it under the lock. Raises `StorageError`."""
        from loop_cli.vault.commit import recovery

        recovery.recover(self.handle)

    def recover_if_free(self) -> bool:
        """Recover without waiting; return True if a writer is active instead."""
        from loop_cli.vault.find import recover_if_free

        return recover_if_free(self.handle)
