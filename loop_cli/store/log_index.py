"""Where each entity's records stand in the log, and what its last one says: kept in the cache,
so that a long log is not read whole.

The cache has the offset of every record up to a point, counted over all segments, so that a
rotation changes nothing; what comes after that point is read from the log itself. It is believed
only while the last bytes it covers are still where they were, and what it points to is parsed
and compared.
"""

from __future__ import annotations

import os

from loop_cli.core.audit import without_undone
from loop_cli.lean.digest import sha256_hex
from loop_cli.store.cache import key_word, transaction, word
from loop_cli.store.lines import backwards, check_length, parse_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from loop_cli.core.audit import AuditRecord
    from loop_cli.store.cache import Cache
    from loop_cli.store.log import Segment

TAIL = 1 << 16  # bytes that are rather read again than covered
_WITNESS = 4096  # bytes before the end of what is covered that must not have moved
_BLOCK = 1 << 18
_ONE_LINE = 1 << 12
AT_A_TIME = 20  # records of an entity; seldom are more wanted than the last


class LogIndex:
    """What `database` has of the log that is made of `segments`, oldest first."""

    def __init__(self, database: sqlite3.Connection, segments: list[Segment]) -> None:
        self._database = database
        self._segments = segments
        self._total = sum(segment.size for segment in segments)

    def find(self, wanted: bytes, *, before: int | None = None) -> tuple[list[int], int]:
        """The offsets of the last records of an entity or with a key, by the word that the cache
        has for it, or of those before an offset; newest first, `AT_A_TIME` where there are more.
        And up to where the log is covered.

        At most `TAIL` bytes and an unterminated line come after that. Raises `OSError`,
        `sqlite3.Error`.
        """
        until = self.cover(but=TAIL)
        rows = self._database.execute(
            "SELECT offset FROM record WHERE entity = ? AND offset < ? ORDER BY offset DESC"
            " LIMIT ?",
            (wanted, until if before is None else before, AT_A_TIME),
        )
        return [offset for (offset,) in rows], until

    def cover(self, *, but: int = 0) -> int:
        """Cover the log but for that many bytes at most; up to where it is covered.

        Raises as `find` does.
        """
        until = self._covered()
        if until is None or self._total - until > but:
            return self._cover_more()
        return until

    def line_at(self, offset: int) -> bytes:
        """The line that begins at an offset, without its newline; empty past the end."""
        return next((line for _at, line, _end in self._lines_from(offset, _ONE_LINE)), b"")

    def lines_after(self, offset: int) -> Iterator[bytes]:
        """The lines from an offset on, newest first, an unterminated one too."""
        for part in reversed(self._read(offset, self._total)):
            yield from backwards(part)

    def _read(self, start: int, until: int) -> list[bytes]:
        """The bytes between two offsets, a part for each file: a line never goes on in the next."""
        parts = []
        for one in self._segments:
            begin, end = max(start, one.start), min(until, one.start + one.size)
            if begin < end:
                parts.append(os.pread(one.descriptor, end - begin, begin - one.start))
        return parts

    def _covered(self) -> int | None:
        """Up to where the cache holds; None where it never did, or the log was rewritten."""
        query = "SELECT value FROM note WHERE name = 'covered'"
        row = self._database.execute(query).fetchone()
        if row is None:
            return None
        until, _space, digest = row[0].partition(" ")
        return int(until) if self._witness(int(until)) == digest else None

    def _witness(self, until: int) -> str:
        start = max(0, until - _WITNESS)
        return sha256_hex(b"".join(self._read(start, until)))

    def _cover_more(self) -> int:
        with transaction(self._database):
            until = self._covered()
            if until is None:
                self._database.execute("DELETE FROM record")
                self._database.execute("DELETE FROM last")
                until = 0
            for offset, line, end in self._lines_from(until, _BLOCK):
                until = end
                record = parse_line(line)
                if record is not None:
                    self._keep(record, offset)
            note = ("covered", f"{until} {self._witness(until)}")
            self._database.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", note)
        return until

    def _keep(self, record: AuditRecord, offset: int) -> None:
        entity = word(record.entity_id)
        self._database.execute("INSERT OR IGNORE INTO record VALUES (?, ?)", (entity, offset))
        key = record.metadata.get("idempotency_key")
        if isinstance(key, str):
            self._database.execute(
                "INSERT OR IGNORE INTO record VALUES (?, ?)", (key_word(key), offset)
            )
        if record.etag_after is not None:
            self._keep_last(record, offset)
        elif record.undoes is not None:  # what was made is gone: an older record is the last
            self._database.execute("DELETE FROM last WHERE entity = ?", (entity,))
            for other, place in reversed(self._counting(entity)):
                self._keep_last(other, place)

    def _keep_last(self, record: AuditRecord, offset: int) -> None:
        """Keep it as the last of its entity, and of the one at its path."""
        path = record.metadata.get("path")
        said = (
            offset,
            record.etag_before,
            record.etag_after,
            record.updated_after,
            record.is_own,
        )
        for place in {b"", word(path) if isinstance(path, str) else b""}:
            self._database.execute(
                "INSERT OR REPLACE INTO last VALUES (?, ?, ?, ?, ?, ?, ?)",
                (word(record.entity_id), place, *said),
            )

    def _counting(self, entity: bytes) -> list[tuple[AuditRecord, int]]:
        """The records that left a state and are not undone, newest first, and their offsets."""
        rows = self._database.execute(
            "SELECT offset FROM record WHERE entity = ? ORDER BY offset DESC", (entity,)
        )
        read = [(parse_line(self.line_at(offset)), offset) for (offset,) in rows.fetchall()]
        found = {record.digest: (record, offset) for record, offset in read if record is not None}
        records = without_undone(record for record, _offset in found.values())
        return [found[one.digest] for one in records if one.etag_after is not None]

    def _lines_from(self, offset: int, block: int) -> Iterator[tuple[int, bytes, int]]:
        """The lines from an offset on, with where each begins and where the next does; without
        an unterminated one at the end, to which more may come."""
        for segment in self._segments:
            position, end = max(offset, segment.start), segment.start + segment.size
            begin = position
            pending: list[bytes] = []  # pieces of the line that begins at `position`
            while begin < end:
                size = min(block, end - begin)
                *lines, rest = os.pread(segment.descriptor, size, begin - segment.start).split(
                    b"\n"
                )
                begin += size
                if lines:
                    lines[0] = b"".join([*pending, lines[0]])
                    pending = []
                for line in lines:
                    yield position, line, position + len(line) + 1
                    position += len(line) + 1
                pending.append(rest)
                check_length(begin - position)
            if begin > position and segment is not self._segments[-1]:
                yield position, b"".join(pending), end


def look_up(
    cache: Cache, segments: list[Segment], wanted: bytes, before: int | None
) -> tuple[LogIndex, list[int], int]:
    """As `LogIndex.find`; covered anew where the cache was damaged meanwhile."""

    def find(database: sqlite3.Connection) -> tuple[LogIndex, list[int], int]:
        index = LogIndex(database, segments)
        return index, *index.find(wanted, before=before)

    return cache.run(find)
