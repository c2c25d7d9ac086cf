"""All entities as the index has them, each with the revision that `get` would report.

The index is refreshed first, so every revision was checked by a look at its file.
"""

from __future__ import annotations

import os

from loop_cli.core import timestamps
from loop_cli.core.entity import Revision
from loop_cli.errors import LoopError, StorageError
from loop_cli.store.base import Listed, list_entity
from loop_cli.store.cache import word
from loop_cli.store.snapshot import reported
from loop_cli.store.walk import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, TypeVar

    from loop_cli.store.vault import VaultStore

    T = TypeVar("T")

PAGE = 1_000  # rows; no statement stays open, so that what comes between may write
_ROWS = """
SELECT file.id, type, title, folder, name, modified, etag, fields,
       etag_before, etag_after, updated, own
FROM file LEFT JOIN last ON entity = file.id AND path = x''
WHERE file.id IS NOT NULL
"""
_IN_ORDER = "ORDER BY file.id, folder, name"
_LATER = " AND (file.id, folder, name) > (?, ?, ?)"
_LAST_AT = "SELECT etag_before, etag_after, updated, own FROM last WHERE entity = ? AND path = ?"
_SHARED = "SELECT id FROM file WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1"
_UNREADABLE = "SELECT count(*) FROM file WHERE problem IS NOT NULL"


class Listing:
    """The entities of a vault. `unsettled` tells that a writer is at work; `told` is given the
    number of files looked at so far; `unreadable` counts those whose frontmatter can't be read."""

    def __init__(
        self, vault: VaultStore, *, unsettled: bool, told: Callable[[int], None] | None = None
    ) -> None:
        self._vault = vault
        self._unsettled = unsettled
        self._told = told
        self._filled: sqlite3.Connection | None = None
        self._shared = {row[0] for row in self.query(_SHARED)}
        ((self.unreadable,),) = self.query(_UNREADABLE)

    def rows(self, types: Sequence[str], needles: Sequence[Sequence[str]]) -> Iterator[Listed]:
        """As `Store.scan` says."""
        query, values = _ROWS, list(types)
        if types:
            query += f" AND type IN ({', '.join('?' * len(types))})"
        for alternatives in needles:
            query += f" AND ({' OR '.join(['instr(fields, ?)'] * len(alternatives))})"
            values += alternatives
        ordered = f"{_IN_ORDER} LIMIT {PAGE}"
        page = self.query(f"{query} {ordered}", values)
        while page:
            last = page[-1]
            yield from self._listed(page)
            place = (last[0], last[3], last[4])
            page = self.query(f"{query}{_LATER} {ordered}", [*values, *place])

    def of(self, keys: Sequence[int]) -> Iterator[Listed]:
        """The entities in files of the index, in the order of `rows`, which is that of the keys.

        Raises `StorageError` where it had to be made anew since these were theirs.
        """
        first = self._filled
        for start in range(0, len(keys), PAGE):
            page = keys[start : start + PAGE]
            marks = ", ".join("?" * len(page))
            found = self.query(f"{_ROWS} AND file.key IN ({marks}) {_IN_ORDER}", page)
            if self._filled is not first:
                raise StorageError("the index had to be made anew meanwhile", hint="try again")
            yield from self._listed(found)

    def query(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows of the index as it was filled."""
        return self.run(lambda database: database.execute(query, values).fetchall())

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` makes of the index as it was filled: where that had to be made anew
        since, it is filled again first."""
        while True:
            database, made = self._vault.cache.run(lambda database: (database, work(database)))
            if database is self._filled:
                return made
            self._fill()

    def _fill(self) -> None:
        """Look at all files and all of the log, with one database from beginning to end."""
        vault = self._vault
        database = None
        while database is None or database is not self._filled:
            self._filled = vault.cache.run(lambda database: database)
            vault.locator().index.refresh(self._told)
            vault.log.cover(vault.cache)
            database = vault.cache.run(lambda database: database)

    def _listed(self, page: Sequence[Sequence[Any]]) -> Iterator[Listed]:
        for row in page:
            listed = self._one(*row)
            if listed is not None:
                yield listed

    def _one(self, key: bytes, *row: Any) -> Listed | None:
        entity_type, title, folder, name, modified, etag, fields, *last = row
        path = joined(os.fsdecode(folder), os.fsdecode(name))
        entity_id = key.decode("utf-8", "surrogatepass")
        if key in self._shared:
            found = self.query(_LAST_AT, (key, word(path)))
            last = found[0] if found else [None] * 4
        before, after, updated, own = last
        if self._unsettled and before == etag:  # that record may not be there yet
            return self._as_found(entity_id, path)
        updated_at = reported(
            etag=etag,
            modified=modified // 1000,
            recorded=updated,
            holds=bool(own) and after == etag,
        )
        return Listed(
            id=entity_id,
            type=entity_type,
            name=title,
            path=path,
            revision=Revision(updated_at=timestamps.render(updated_at), etag=etag),
            fields=fields,
        )

    def _as_found(self, entity_id: str, path: str) -> Listed | None:
        try:
            return list_entity(self._vault.find(entity_id, path=path))
        except LoopError:
            return None
