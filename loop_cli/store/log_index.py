"""Where each entity's records stand in the log: a cache, so that a long log is not read whole.

One SQLite file in the user's cache folder, which may be deleted at any time. It holds the
offset of every record up to a point, counted over all segments, so that a rotation changes
nothing; what comes after that point is read from the log itself. It is believed only while
the last bytes it covered are still where they were, and what it points to is parsed and compared.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from loop_cli.core.names import nfc
from loop_cli.store.digest import sha256_hex
from loop_cli.store.lines import parse_line
from loop_cli.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

TAIL = 1 << 16  # bytes that are rather read again than covered
_LAYOUT = 2
_WITNESS = 4096  # bytes before the end of what is covered that must not have moved
_BLOCK = 1 << 18
_ONE_LINE = 1 << 12
_TABLES = f"""
DROP TABLE IF EXISTS record;
DROP TABLE IF EXISTS covered;
CREATE TABLE record (
    entity TEXT NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (entity, offset)
) WITHOUT ROWID;
CREATE TABLE covered (
    one INTEGER PRIMARY KEY CHECK (one = 1), until INTEGER, digest TEXT
);
PRAGMA user_version = {_LAYOUT};
"""


class Segment(Struct):
    """An open file of the log; `start` is its first byte's offset in the whole log."""

    descriptor: int
    start: int
    size: int


class LogIndex:
    """The cache at `path` for the log made of `segments`, oldest first."""

    def __init__(self, path: str, segments: list[Segment]) -> None:
        self._path = path
        self._segments = segments
        self._total = sum(segment.size for segment in segments)

    def find(self, entity_id: str) -> tuple[list[int], int]:
        """The offsets of the entity's records, newest first, and up to where these are all.

        At most `TAIL` bytes and an unterminated line come after that. Raises `OSError`,
        `sqlite3.Error`.
        """
        os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=1.0, isolation_level=None)) as database:
            if database.execute("PRAGMA user_version").fetchone() != (_LAYOUT,):
                database.executescript(_TABLES)
            until = self._covered(database)
            if until is None or self._total - until > TAIL:
                until = self._cover_more(database)
            rows = database.execute(
                "SELECT offset FROM record WHERE entity = ? AND offset < ? ORDER BY offset DESC",
                (nfc(entity_id), until),
            )
            return [offset for (offset,) in rows], until

    def line_at(self, offset: int) -> bytes:
        """The line that begins at an offset, without its newline; empty past the end."""
        return next((line for _at, line, _end in self._lines_from(offset, _ONE_LINE)), b"")

    def lines_after(self, offset: int) -> list[bytes]:
        """The lines from an offset on, newest first, an unterminated one too."""
        parts = self._read(offset, self._total)
        return [line for part in reversed(parts) for line in reversed(part.split(b"\n"))]

    def _read(self, start: int, until: int) -> list[bytes]:
        """The bytes between two offsets, a part for each file: a line never goes on in the next."""
        parts = []
        for one in self._segments:
            begin, end = max(start, one.start), min(until, one.start + one.size)
            if begin < end:
                parts.append(os.pread(one.descriptor, end - begin, begin - one.start))
        return parts

    def _covered(self, database: sqlite3.Connection) -> int | None:
        """Up to where the cache holds; None where it never did, or the log was rewritten."""
        row = database.execute("SELECT until, digest FROM covered").fetchone()
        return int(row[0]) if row is not None and self._witness(row[0]) == row[1] else None

    def _witness(self, until: int) -> str:
        start = max(0, until - _WITNESS)
        return sha256_hex(b"".join(self._read(start, until)))

    def _cover_more(self, database: sqlite3.Connection) -> int:
        # It may be lost with the power, but not be half there: the cache is only that.
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN IMMEDIATE")
        until = self._covered(database)
        if until is None:
            database.execute("DELETE FROM record")
            until = 0
        for offset, line, end in self._lines_from(until):
            until = end
            entity = _entity_of(line)
            if entity is not None:
                database.execute("INSERT OR IGNORE INTO record VALUES (?, ?)", (entity, offset))
        row = (until, self._witness(until))
        database.execute("INSERT OR REPLACE INTO covered VALUES (1, ?, ?)", row)
        database.execute("COMMIT")
        return until

    def _lines_from(self, offset: int, block: int = _BLOCK) -> Iterator[tuple[int, bytes, int]]:
        """The lines from an offset on, with where each begins and where the next does; without
        an unterminated one at the end, to which more may come."""
        for segment in self._segments:
            position, end = max(offset, segment.start), segment.start + segment.size
            pending = b""
            while position + len(pending) < end:
                begin = position + len(pending)
                size = min(block, end - begin)
                *lines, pending_tail = os.pread(
                    segment.descriptor, size, begin - segment.start
                ).split(b"\n")
                if lines:
                    lines[0] = pending + lines[0]
                    pending = b""
                for line in lines:
                    yield position, line, position + len(line) + 1
                    position += len(line) + 1
                pending += pending_tail
            if pending and segment is not self._segments[-1]:
                yield position, pending, end


def _entity_of(line: bytes) -> str | None:
    record = parse_line(line)
    return None if record is None else record.entity_id.encode(errors="replace").decode()
