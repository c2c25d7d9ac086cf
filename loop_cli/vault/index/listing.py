"""All entities of the index, each with the revision that `get` would report.

The index is refreshed first, so every file was looked at. The data of file and log are of one
moment, if no record of the entity was added meanwhile. Otherwise the entity is read again, as `get`
does. So every revision was correct at some moment.
"""

from __future__ import annotations

import os
from itertools import groupby, islice

from loop_cli.core import timestamps
from loop_cli.core.evaluate import Places, admits
from loop_cli.core.listed import list_entity
from loop_cli.errors import EntityNotFound, LoopError
from loop_cli.planning.snapshot import reported
from loop_cli.vault.find import find
from loop_cli.vault.index import pages
from loop_cli.vault.index.cache import word
from loop_cli.vault.index.pages import COLUMNS, LAST, PATH
from loop_cli.vault.index.row import Row, text_of, without_line
from loop_cli.vault.index.statement import Statement
from loop_cli.vault.log.appended import Appended

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, TypeVar

    from loop_cli.core.listed import Listed
    from loop_cli.core.order import Place
    from loop_cli.core.query import Query
    from loop_cli.vault.handle import Vault

    T = TypeVar("T")

_OF = f"SELECT {COLUMNS} FROM file {LAST} WHERE file.id IN "
_IN_ORDER = f"ORDER BY file.id, {PATH}"
_WHOLE = """
SELECT type, title, folder, name, modified, etag, fields FROM file WHERE id = ?
ORDER BY folder = ? AND name = ? DESC LIMIT 1
"""
_LAST_AT = "SELECT etag_after, etag_before, updated, own FROM last WHERE entity = ? AND path = ?"
_SHARED = "SELECT id FROM file WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1"
_UNREADABLE = "SELECT count(*) FROM file WHERE problem IS NOT NULL"


_MOST_COUNTS = 200  # that are remembered


def _stamp_of(database: sqlite3.Connection) -> tuple[object, ...]:
    """What differs once anybody has changed the database since this connection looked."""
    return (*database.execute("PRAGMA data_version").fetchone(), database.total_changes)


def _shared_in(database: sqlite3.Connection) -> frozenset[bytes]:
    """The ids that several files have."""
    return frozenset(row[0] for row in database.execute(_SHARED))


def _unreadable_in(database: sqlite3.Connection) -> int:
    ((count,),) = database.execute(_UNREADABLE)
    return int(count)


class Listing:
    """The entities of a vault.

    `told` is called with the number of files looked at so far; `unreadable` counts files whose
    frontmatter can't be read.
    """

    def __init__(self, vault: Vault, *, told: Callable[[int], None] | None = None) -> None:
        self._vault = vault
        self._told = told
        self._filled: sqlite3.Connection | None = None
        self._appended = Appended(vault.log)
        self._shared: frozenset[bytes] = self._remembered(_SHARED, _shared_in)
        self.unreadable: int = self._remembered(_UNREADABLE, _unreadable_in)

    def rows(self, query: Query) -> Iterator[Listed]:
        """Yield the entities, as `Store.scan` says."""
        schema = self._vault.schema
        after = None if query.cursor is None else Places(query, schema).after(query.cursor)
        statement = self.statement(query)
        if not query.sort:
            found = self._of_pages(
                pages.by_id(self.run, statement, after, has_shared=bool(self._shared))
            )
        elif query.limit is not None and query.limit <= pages.SORTED:
            size = max(query.limit, 1)
            found = self._of_pages(pages.first(self.run, statement, after, size=size))
        else:
            found = self._sorted(statement, after)
        # An entity that was read again after the index was queried must be tested again.
        return islice((one for one in found if type(one) is Row or admits(query, one)), query.limit)

    def count(self, query: Query) -> int:
        """How many there are, whatever limit and cursor say, as the index was filled."""
        statement = self.statement(query.replace(limit=None, cursor=None, sort=()))
        return self._remembered(
            (query.types, query.conditions), lambda database: pages.count_of(database, statement)
        )

    def _remembered(self, key: object, make: Callable[[sqlite3.Connection], T]) -> T:
        """What `make` gives, remembered as long as the index is as it was: it goes through all of
        it, and a server is asked for many lists of one index."""
        known = self._vault.counts

        def look_up(database: sqlite3.Connection) -> Any:
            found = known.get((id(database), key))
            if found is None or found[0] != _stamp_of(database):
                made = make(database)
                if len(known) >= _MOST_COUNTS:
                    known.clear()
                found = known[id(database), key] = (_stamp_of(database), made)
            return found[1]

        return self.run(look_up)  # type: ignore[no-any-return]

    def statement(self, query: Query) -> Statement:
        """Return the SQL parts of a query."""
        vault = self._vault
        is_kept = vault.cache.is_kept
        return Statement(query, vault.schema, shared=self._shared, is_kept=is_kept)

    def _of_pages(self, found: Iterator[list[pages.Row]]) -> Iterator[Listed]:
        for page in found:
            yield from self._listed(page)

    def _sorted(self, statement: Statement, after: Place | None) -> Iterator[Listed]:
        table = pages.SortedTable(self.run, statement, after)
        try:
            for page in table.pages():
                for is_there, rows in groupby(page, key=lambda row: row[0] is not None):
                    if is_there:
                        yield from self._listed(list(rows))
                    else:
                        for *_columns, entity_id, path in rows:
                            yield from self._again(text_of(entity_id), os.fsdecode(path))
        finally:
            table.close()

    def of(self, ids: Sequence[bytes]) -> Iterator[Listed]:
        """Yield the entities with some ids, in the order of the ids."""
        for start in range(0, len(ids), pages.PAGE):
            some = ids[start : start + pages.PAGE]
            query = f"{_OF} ({', '.join('?' * len(some))}) {_IN_ORDER}"
            yield from self._listed(self.query(query, some))

    def is_shared(self, entity_id: str) -> bool:
        """Whether several files had an id when the index was filled."""
        return word(entity_id) in self._shared

    def query(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Yield the rows of the index as it was filled."""
        return self.run(lambda database: database.execute(query, values).fetchall())

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return the result of `work` on the filled index; fill it again first, if it was made
        again."""
        while True:
            made = self._vault.cache.run(
                lambda database: [work(database)] if database is self._filled else []
            )
            if made:
                return made[0]
            self._fill()

    def _fill(self) -> None:
        """Look at all files and all of the log, with one database from beginning to end."""
        vault = self._vault
        database = None
        while database is None or database is not self._filled:
            self._filled = vault.cache.run(lambda database: database)
            vault.locator().index.catch_up(self._told)
            vault.log.cover(vault.cache)
            database = vault.cache.run(lambda database: database)

    def _listed(self, page: Sequence[Sequence[Any]]) -> Iterator[Listed]:
        """Yield the entities of rows; most are printed from their line in the cache."""
        name, shared = self._vault.names.name, self._shared
        self._appended.read()
        appended = self._appended if self._appended else None
        for row in page:
            entity_id, line, flat, after = row[:4]
            if appended is not None and appended.is_of(entity_id) and line is not None:
                listed = Row(line, flat, name)
                yield from self._again(listed.id, listed.path)
            elif line is None:
                yield from self._without_line(entity_id, row[4], row[5])
            elif after is None and entity_id not in shared:
                yield Row(line, flat, name)
            else:
                modified, *last = row[6 : pages.WIDTH]
                listed = Row(line, flat, name)
                yield from self._recorded(listed, entity_id, modified, after, *last)

    def _without_line(self, entity_id: bytes, *place: bytes) -> Iterator[Listed]:
        """Return the entity of a file whose line can't be printed from the cache; none if it is
        gone."""
        for entity_type, title, folder, name, modified, etag, fields in self.query(
            _WHOLE, (entity_id, *place)
        ):
            # that one has a row of its own
            if (folder, name) != place and entity_id in self._shared:
                continue
            listed = without_line(entity_id, entity_type, title, (folder, name), etag, fields)
            found = self.query(_LAST_AT, (entity_id, b""))
            last = found[0] if found else [None] * 4
            yield from self._recorded(listed, entity_id, modified, *last)

    def _recorded(
        self, listed: Listed, entity_id: bytes, modified: int, *last: Any
    ) -> Iterator[Listed]:
        """Return the entity with the revision of its last record; none if it is gone."""
        if entity_id in self._shared:
            found = self.query(_LAST_AT, (entity_id, word(listed.path)))
            last = found[0] if found else (None,) * 4
        after, before, updated, own = last
        etag = listed.etag
        # A change may be recorded and not have landed yet.
        if before == etag or self._appended.is_of(entity_id):
            yield from self._again(listed.id, listed.path)
            return
        holds = bool(own) and after == etag
        instant = reported(etag=etag, modified=modified, recorded=updated, holds=holds)
        yield listed.dated(timestamps.render(instant))

    def _again(self, entity_id: str, path: str) -> Iterator[Listed]:
        """Return the entity as it is now, wherever it is; none if it is gone."""
        try:
            yield list_entity(find(self._vault, entity_id, path=path))
        except EntityNotFound:  # another file with the same id has a row of its own
            if not self.is_shared(entity_id):
                yield from self._anywhere(entity_id)
        except LoopError:
            return

    def _anywhere(self, entity_id: str) -> Iterator[Listed]:
        try:
            yield list_entity(find(self._vault, entity_id))
        except LoopError:
            return
