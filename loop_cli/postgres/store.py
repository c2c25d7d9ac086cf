"""The store in PostgreSQL: the facade, which passes every call to the right module."""

from __future__ import annotations

from loop_cli.core.query import Query
from loop_cli.core.records.record import with_key
from loop_cli.core.store import Store, passed_over
from loop_cli.errors import InvalidChange, LoopError
from loop_cli.postgres import opening
from loop_cli.postgres.handle import Handle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from loop_cli.core.commits import AnyChange, CommitResult
    from loop_cli.core.entity import Entity, EntityFile, FieldNames
    from loop_cli.core.links import Files, LinkSource
    from loop_cli.core.listed import Hit, Listed
    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.upkeep import Upkeep
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.listing import Listing
    from loop_cli.postgres.locating import Locator

_BROKEN = "SELECT rules, (SELECT count(*) FROM file WHERE admitted AND kind = 2) FROM head"


class PostgresStore(Store):
    """The vault at an address, with its `handle`; the arguments are those of `Handle`. If there
    is no vault, it is made, unless `make` is false. `landed` are the files that its commits have
    changed. Raises what `opening.opened` raises."""

    def __init__(
        self,
        address: str,
        *,
        names: FieldNames,
        clock: Callable[[], int],
        lock_timeout: float = 10.0,
        private: tuple[str, ...] = (),
        schema_at: str | None = None,
        make: bool = True,
    ) -> None:
        self.names = names
        self.landed: list[str] = []
        self.handle = Handle(
            address,
            names=names,
            clock=clock,
            patience=lock_timeout,
            private=private,
            schema_at=schema_at,
        )
        opening.opened(self.handle, make=make)

    @property
    def schema(self) -> Schema:
        return self.handle.schema

    @property
    def rules(self) -> Rules:
        return self.handle.rules

    def refresh(self) -> None:
        self.handle.database.read(self.handle.renew)

    def take_warnings(self) -> list[str]:
        return self.handle.take_notices()

    def find(self, entity_id: str, *, path: str | None = None) -> Entity:
        def work(connection: Connection) -> Entity:
            locator = self._locator(connection)
            found = locator.find(entity_id, path)
            entity = locator.observe(found).entity
            return entity.replace(warnings=(*found.located.warnings, *entity.warnings))

        return self.handle.database.read(work)

    def note(self, path: str) -> Entity:
        def work(connection: Connection) -> Entity:
            locator = self._locator(connection)
            return locator.observe(locator.note(path)).entity

        return self.handle.database.read(work)

    def scan(
        self, query: Query | None = None, *, told: Callable[[int], None] | None = None
    ) -> Iterator[Listed]:
        return self._listing(told).rows(query or Query())

    def search(self, query: Query, *, told: Callable[[int], None] | None = None) -> Iterator[Hit]:
        return self._listing(told).hits(query)

    def count(self, query: Query) -> int:
        return super().count(query) if query.text is not None else self._listing(None).count(query)

    def commit(
        self,
        changes: Sequence[AnyChange],
        *,
        origin: Origin,
        atomic: bool = False,
        dry_run: bool = False,
    ) -> list[CommitResult | LoopError]:
        from loop_cli.postgres.landing import Landing

        try:
            outcomes = Landing(self.handle, origin).run(changes, atomic=atomic, dry_run=dry_run)
        except InvalidChange as error:
            self._say_where(error)
            raise
        for one in outcomes:
            if isinstance(one, InvalidChange):
                self._say_where(one)
            elif not isinstance(one, LoopError) and one.record is not None:
                self.landed.append(one.after.path)
        return outcomes

    def _say_where(self, error: InvalidChange) -> None:
        """Add the line of the schema that would allow a field which the schema does not know."""
        from loop_cli.planning import schema_edits

        known = self.handle.known
        if not self.schema.shipped:
            schema_edits.say_where(error, known.path, known.data, self.schema)

    def files(self, *, referring_to: Sequence[str] | None = None) -> Iterator[EntityFile]:
        return self.handle.reader().files(referring_to=referring_to)

    def paths(self) -> Iterator[str]:
        return self.handle.reader().paths()

    def link_targets(self) -> Files:
        return self.handle.reader().link_targets()

    def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]:
        return self.handle.reader().links_to(paths)

    def records(self, entity_id: str | None = None) -> Iterator[AuditRecord]:
        log = self.handle.log()
        return log.records() if entity_id is None else log.records_of(entity_id)

    def records_of_run(self, run_id: str) -> Iterator[AuditRecord]:
        return self.handle.log().records_of_run(run_id)

    def records_with_key(self, key: str) -> Iterator[AuditRecord]:
        return with_key(self.handle.log().with_key(key), key)

    def kept(self, sha256: str) -> bytes | None:
        from loop_cli.postgres import keeping

        return self.handle.database.read(lambda connection: keeping.read(connection, sha256))

    @property
    def upkeep(self) -> Upkeep:
        from loop_cli.postgres.upkeep import PostgresUpkeep

        return PostgresUpkeep(self.handle)

    def close(self) -> None:
        """Close the connections."""
        self.handle.close()

    def _listing(self, told: Callable[[int], None] | None) -> Listing:
        from loop_cli.postgres.listing import Listing

        def broken(connection: Connection) -> int:
            row = connection.execute(_BROKEN).fetchone()
            rules, count = (0, 0) if row is None else row
            self.handle.renew(connection, rules)
            return int(count)

        handle = self.handle
        handle.notice(passed_over(handle.database.read(broken)))
        return Listing(handle.database, handle.schema, same_zone=handle.same_zone, told=told)

    def _locator(self, connection: Connection) -> Locator:
        from loop_cli.postgres.locating import Locator

        return Locator(connection, self.names, self.handle.log_over(connection))
