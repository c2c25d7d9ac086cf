"""Where each entity's records stand in the log: a cache, so that a long log is not read whole.

One SQLite file in the user's cache folder, which may be deleted at any time. It holds the
offset of every record up to a point, counted over all segments, so that a rotation changes
nothing; what comes after that point is read from the log itself. It is believed only as far
as the last line it covered is still where it was.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from loop_cli.core.names import nfc
from loop_cli.store.digest import sha256_hex
from loop_cli.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LAYOUT = 1
_TABLES = f"""
CREATE TABLE IF NOT EXISTS record (
    entity TEXT NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (entity, offset)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS covered (
    one INTEGER PRIMARY KEY CHECK (one = 1), until INTEGER, last INTEGER, digest TEXT
);
PRAGMA user_version = {_LAYOUT};
"""


class Segment(Struct):
    """A file of the log; `start` is its first byte's offset in the whole log."""

    path: str
    start: int
    size: int


class LogIndex:
    """The cache at `path` for the log made of `segments`, oldest first."""

    def __init__(self, path: str, segments: list[Segment]) -> None:
        self._path = path
        self._segments = segments

    def find(self, entity_id: str) -> tuple[list[int], int]:
        """The offsets of the entity's records, newest first, and the offset up to which these
        are all; the cache is brought up to date before. Raises `OSError`, `sqlite3.Error`."""
        os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=1.0)) as database:
            until = self._refresh(database)
            rows = database.execute(
                "SELECT offset FROM record WHERE entity = ? AND offset < ? ORDER BY offset DESC",
                (nfc(entity_id), until),
            )
            return [offset for (offset,) in rows], until

    def line_at(self, offset: int) -> bytes:
        """The line that begins at an offset, without its newline; empty past the end."""
        for segment in reversed(self._segments):
            if segment.start <= offset:
                with open(segment.path, "rb") as file:
                    file.seek(offset - segment.start)
                    return file.readline().rstrip(b"\n")
        return b""

    def _refresh(self, database: sqlite3.Connection) -> int:
        if database.execute("PRAGMA user_version").fetchone() != (_LAYOUT,):
            database.executescript("DROP TABLE IF EXISTS record; DROP TABLE IF EXISTS covered;")
            database.executescript(_TABLES)
        with database:
            database.execute("BEGIN IMMEDIATE")
            until = self._covered(database)
            rows: list[tuple[str, int]] = []
            last: tuple[int, bytes] | None = None
            for offset, line in self._lines_from(until):
                last = (offset, line)
                entity = _entity_of(line)
                if entity is not None:
                    rows.append((entity, offset))
            if last is None:
                return until
            until = last[0] + len(last[1]) + 1
            database.executemany("INSERT OR IGNORE INTO record VALUES (?, ?)", rows)
            digest = sha256_hex(last[1])
            database.execute(
                "INSERT OR REPLACE INTO covered VALUES (1, ?, ?, ?)", (until, last[0], digest)
            )
            return until

    def _covered(self, database: sqlite3.Connection) -> int:
        """Up to where the cache holds; 0, and emptied, where the log is not what it was."""
        row = database.execute("SELECT until, last, digest FROM covered").fetchone()
        if row is None:
            return 0
        until, last, digest = row
        if sha256_hex(self.line_at(last)) == digest:
            return int(until)
        database.execute("DELETE FROM record")
        database.execute("DELETE FROM covered")
        return 0

    def _lines_from(self, offset: int) -> Iterator[tuple[int, bytes]]:
        """The terminated lines from an offset on, each with its own."""
        for segment in self._segments:
            if segment.start + segment.size <= offset:
                continue
            position = max(offset, segment.start)
            with open(segment.path, "rb") as file:
                file.seek(position - segment.start)
                while line := file.readline():
                    if line.endswith(b"\n"):
                        yield position, line[:-1]
                    position += len(line)


def cache_path(root: str) -> str:
    """The cache file of the vault at `root`."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    identity = sha256_hex(os.fsencode(os.path.realpath(root)))[:32]
    return os.path.join(base, "loop", identity, "log.sqlite")


def _entity_of(line: bytes) -> str | None:
    import json

    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or "entity_id" not in data:
        return None
    return nfc(str(data["entity_id"]))
