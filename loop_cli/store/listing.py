"""All entities as the index has them, each with the revision that `get` would report.

The index was refreshed by the caller, so every revision was checked by a look at its file.
"""

from __future__ import annotations

import os
import sqlite3

from loop_cli.core import timestamps
from loop_cli.core.entity import Revision
from loop_cli.errors import LoopError, StorageError
from loop_cli.store.base import Listed, list_entity
from loop_cli.store.snapshot import reported
from loop_cli.store.walk import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from loop_cli.store.vault import VaultStore

_ROWS = """
SELECT file.id, type, title, folder, name, modified, etag, fields,
       etag_before, etag_after, updated, own
FROM file LEFT JOIN last ON entity = CAST(file.id AS TEXT) AND path = ''
WHERE file.id IS NOT NULL
"""
_LAST_AT = "SELECT etag_before, etag_after, updated, own FROM last WHERE entity = ? AND path = ?"
_NONE = [None] * 4
_SHARED = "SELECT id FROM file WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1"


class Listing:
    """The entities of a vault. `unsettled` tells that a writer is at work; `unreadable` counts
    the files whose frontmatter can't be read."""

    def __init__(self, vault: VaultStore, *, unsettled: bool) -> None:
        self._vault = vault
        self._unsettled = unsettled
        self._shared = {row[0] for row in self._query(_SHARED)}
        ((self.unreadable,),) = self._query("SELECT count(*) FROM file WHERE problem IS NOT NULL")

    def rows(self, types: Sequence[str], needles: Sequence[Sequence[str]]) -> Iterator[Listed]:
        """As `Store.scan` says."""
        query, values = _ROWS, list(types)
        if types:
            query += f" AND type IN ({', '.join('?' * len(types))})"
        for alternatives in needles:
            query += f" AND ({' OR '.join(['instr(fields, ?)'] * len(alternatives))})"
            values += alternatives
        try:
            for row in self._query(f"{query} ORDER BY file.id", values):
                listed = self._listed(*row)
                if listed is not None:
                    yield listed
        except sqlite3.Error as error:
            raise StorageError(f"the index can't be read: {error}") from error

    def _listed(self, key: bytes, *row: Any) -> Listed | None:
        entity_type, title, folder, name, modified, etag, fields, *last = row
        path = joined(os.fsdecode(folder), os.fsdecode(name))
        entity_id = key.decode("utf-8", "surrogatepass")
        if key in self._shared:
            place = (entity_id, path.encode(errors="replace").decode())
            last = next(iter(self._query(_LAST_AT, place)), _NONE)
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

    def _query(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self._vault.cache.run(lambda database: database.execute(query, values))
