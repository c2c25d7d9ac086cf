"""The place of each entity's records in the log, and its last record, in the cache.

So a long log is not read whole. The cache has the offset of every record up to a point, counted
over all segments, so that a rotation changes nothing. Lines after that point are read from the log.
The cache is used only if the last bytes before that point are unchanged, and every line that it
gives is parsed and compared.
"""

from __future__ import annotations

import os

from loop_cli.core.names import nfc
from loop_cli.core.records.record import AuditRecord, without_undone
from loop_cli.lean import jsontext
from loop_cli.lean.basics import sha256_hex
from loop_cli.vault.index import cache as working
from loop_cli.vault.index.cache import MEMORY, key_word, transaction, word
from loop_cli.vault.log.lines import backwards_with, check_length, parse_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from loop_cli.vault.index.cache import Cache
    from loop_cli.vault.log.lines import Segment

TAIL = 1 << 16  # bytes that are better read again than indexed
_WITNESS = 4096  # bytes before the end of the index that must be unchanged
_BLOCK = 1 << 18
_ONE_LINE = 1 << 12
_BATCH = 100_000  # records that are written to the cache at once
_MEMORY = 32_000  # KiB that SQLite may use meanwhile, so that it writes each page once
AT_A_TIME = 20  # records of an entity; most callers need only the last
_LARGE = 1 << 24  # bytes to index
_TOLD = 5_000  # lines between two reports of progress
_SAID = ("etag_before", "etag_after", "updated_after")  # keys of a record's metadata, for `last`
_ADD = "INSERT OR IGNORE INTO record VALUES (?, ?)"
_REPLACE = "INSERT OR REPLACE INTO last VALUES (?, ?, ?, ?, ?, ?, ?)"


class LogIndex:
    """The part of the log that `database` has; `segments` are the log's files, oldest first."""

    def __init__(self, database: sqlite3.Connection, segments: list[Segment]) -> None:
        self._database = database
        self._segments = list(segments)
        self._total = 0
        self._measure()
        self._records: list[tuple[bytes, int]] = []  # rows to be written
        self._last: dict[tuple[bytes, bytes], tuple[Any, ...]] = {}  # and these

    def find(self, wanted: bytes, *, before: int | None = None) -> tuple[list[int], int]:
        """Return the offsets of the last records for a word (an entity or a key), newest first.

        Or those before an offset; `AT_A_TIME` if there are more. Also return the end of the index:
        at most `TAIL` bytes and an incomplete line come after it. Raises `OSError`,
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
        """Index the log, except for this many last bytes; return the end. Raises what `find`
        raises."""
        until = self._covered()
        if until is None or self._total - until > but:
            return self._cover_more()
        return until

    def line_at(self, offset: int) -> bytes:
        """Return the line at an offset, without its newline; empty past the end."""
        return next((line for _at, line, _end in self._lines_from(offset, _ONE_LINE)), b"")

    def lines_after(self, offset: int, needles: tuple[bytes, ...]) -> Iterator[bytes]:
        """Yield the lines from an offset on that have one of the needles, newest first, with an
        incomplete last one."""
        for part in reversed(self._read(offset, self._total)):
            yield from backwards_with(part, needles)

    def _read(self, start: int, until: int) -> list[bytes]:
        """Return the bytes between two offsets, one part per file: no line continues in the next
        file."""
        parts = []
        for one in self._segments:
            begin, end = max(start, one.start), min(until, one.start + one.size)
            if begin < end:
                parts.append(os.pread(one.descriptor, end - begin, begin - one.start))
        return parts

    def _measure(self) -> None:
        """Measure the active file again.

        Another process may have indexed more than the size when the files were opened here.
        """
        if self._segments:
            last = self._segments[-1]
            size = max(last.size, os.fstat(last.descriptor).st_size)
            self._segments[-1] = last.replace(size=size)
        self._total = sum(segment.size for segment in self._segments)

    def _covered(self) -> int | None:
        """Return the end of the index; None if there is none, or if the log was rewritten."""
        query = "SELECT value FROM note WHERE name = 'covered'"
        row = self._database.execute(query).fetchone()
        if row is None:
            return None
        until, _space, digest = row[0].partition(" ")
        if int(until) > self._total:
            self._measure()
        return int(until) if self._witness(int(until)) == digest else None

    def _witness(self, until: int) -> str:
        start = max(0, until - _WITNESS)
        return sha256_hex(b"".join(self._read(start, until)))

    def _cover_more(self) -> int:
        with (
            working.progress("reading the audit log", unit="lines") as told,
            transaction(self._database),
        ):
            until = self._covered()
            if until is None:
                self._database.execute("DELETE FROM record")
                self._database.execute("DELETE FROM last")
                until = 0
            until = self._cover_from(until, told)
            note = ("covered", f"{until} {self._witness(until)}")
            self._database.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", note)
        return until

    def _cover_from(self, until: int, told: Callable[[int], None] | None) -> int:
        """Index all complete lines from an offset on; return the end."""
        large = self._total - until > _LARGE
        if large:
            self._database.execute(f"PRAGMA cache_size = -{_MEMORY}")
        for count, (offset, line, end) in enumerate(self._lines_from(until, _BLOCK), start=1):
            until = end
            data = _data_of(line)
            if data is not None:
                self._keep(data, offset)
            if told is not None and not count % _TOLD:
                told(count)
            if len(self._records) >= _BATCH:
                self._write()
        self._write()
        if large:
            self._database.execute(f"PRAGMA cache_size = -{MEMORY}")
        return until

    def _keep(self, data: dict[str, Any], offset: int) -> None:
        """Collect the data of a record until a batch is written."""
        metadata = data.get("metadata")
        if not isinstance(metadata, dict):
            metadata = {}
        entity = word(nfc(str(data.get("entity_id"))))
        self._records.append((entity, offset))
        key = metadata.get("idempotency_key")
        if isinstance(key, str):
            self._records.append((key_word(key), offset))
        if isinstance(metadata.get("etag_after"), str):
            self._keep_last(entity, metadata, offset)
        elif isinstance(metadata.get("rolled_back"), str):
            # The created entity is gone: an older record is the last.
            self._write()
            self._database.execute("DELETE FROM last WHERE entity = ?", (entity,))
            for other, place in reversed(self._counting(entity)):
                self._keep_last(entity, other.metadata, place)

    def _keep_last(self, entity: bytes, metadata: Mapping[str, Any], offset: int) -> None:
        """Store it as the last record of its entity, and of its path."""
        own = "previous" in metadata and "migrated_from" not in metadata
        said = (offset, own, *map(metadata.get, _SAID))
        self._last[entity, b""] = said
        path = metadata.get("path")
        if isinstance(path, str):
            self._last[entity, word(path)] = said

    def _write(self) -> None:
        """Write the collected rows, in the order of the tables."""
        rows = [
            (*place, offset, *_columns(dict(zip(_SAID, said, strict=True)), own=own))
            for place, (offset, own, *said) in sorted(self._last.items(), key=_place)
        ]
        self._database.executemany(_ADD, sorted(self._records))
        self._database.executemany(_REPLACE, rows)
        self._records.clear()
        self._last.clear()

    def _counting(self, entity: bytes) -> list[tuple[AuditRecord, int]]:
        """Yield the records that left a state and are not undone, newest first, with their
        offsets."""
        rows = self._database.execute(
            "SELECT offset FROM record WHERE entity = ? ORDER BY offset DESC", (entity,)
        )
        read = [(parse_line(self.line_at(offset)), offset) for (offset,) in rows.fetchall()]
        found = {record.digest: (record, offset) for record, offset in read if record is not None}
        records = without_undone(record for record, _offset in found.values())
        return [found[one.digest] for one in records if one.etag_after is not None]

    def _lines_from(self, offset: int, block: int) -> Iterator[tuple[int, bytes, int]]:
        """Yield the lines from an offset on, each with its start and the next one's start.

        An incomplete last line is left out, because more may follow.
        """
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


def _data_of(line: bytes) -> dict[str, Any] | None:
    """Return the data of a line; None if it is not a record. Like `parse_line`, without the
    digest."""
    try:
        data = jsontext.loads(line)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and "entity_id" in data else None


def _columns(metadata: dict[str, Any], *, own: bool) -> tuple[object, ...]:
    """Return the columns of a last record; `own` says whether loop wrote it."""
    shown = {**metadata, "previous": None} if own else metadata
    record = AuditRecord(data={"metadata": shown}, digest="")
    return record.etag_before, record.etag_after, record.updated_after, record.is_own


def _place(item: tuple[tuple[bytes, bytes], object]) -> tuple[bytes, bytes]:
    return item[0]


def look_up(
    cache: Cache, segments: list[Segment], wanted: bytes, before: int | None
) -> tuple[LogIndex, list[int], int]:
    """Do what `LogIndex.find` does; index again if the cache was damaged meanwhile."""

    def find(database: sqlite3.Connection) -> tuple[LogIndex, list[int], int]:
        index = LogIndex(database, segments)
        return index, *index.find(wanted, before=before)

    return cache.run(find)
