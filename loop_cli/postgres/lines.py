"""The audit log in the database: one row a line, in commit order, byte for byte."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.names import LOG_FOLDER, nfc
from loop_cli.core.records.record import AuditRecord, History, record_of
from loop_cli.core.records.story import undo_of
from loop_cli.errors import InvalidFile
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.jsontext import as_json
from loop_cli.lean.records import Struct
from loop_cli.postgres.keys import plain, word
from loop_cli.postgres.projection import Left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from loop_cli.postgres.database import Connection

    Run = Callable[[Callable[[Connection], list[Sequence[Any]]]], list[Sequence[Any]]]

ACTIVE = "audit_log.jsonl"
"""The file of the log that grows, as a folder has it."""
PAGE = 200  # lines
_LAST = "\U0010ffff"  # sorts after all that may follow
FIRST = 8  # lines of an entity that come with it; most callers need only the last
_COLUMNS = "seq, line, segment, ended, digest, entity, own, at, run, undoes, key, redacts"
_ADD = f"INSERT INTO record ({_COLUMNS}) VALUES ({', '.join(['%s'] * 12)})"


class Line(Struct):
    """A line of the log, with what it is looked up by."""

    text: bytes
    digest: str
    record: AuditRecord | None
    segment: str = ACTIVE
    ended: bool = True

    @property
    def own(self) -> bool:
        """Whether loop's protocol wrote it."""
        return self.record is not None and self.record.is_own

    def columns(self, seq: int) -> tuple[object, ...]:
        """Return the values of its row."""
        own: tuple[object, ...] = (seq, self.text, self.segment, self.ended, self.digest)
        record = self.record
        if record is None:
            return (*own, None, False, None, None, None, None, False)
        key = record.metadata.get("idempotency_key")
        return (
            *own,
            word(record.entity_id),
            record.is_own,
            timestamps.parse(str(record.data.get("timestamp"))),
            _text(record.data.get("run_id")),
            _text(undo_of(record).get("run_id")),
            _text(key),
            bool(record.redacted),
        )


def line_of(text: bytes, *, segment: str = ACTIVE, ended: bool = True) -> Line:
    """Return a line, without its newline, as it is stored."""
    return Line(
        text=text, digest=sha256_hex(text), record=record_of(text), segment=segment, ended=ended
    )


def encode(data: dict[str, Any], path: str) -> Line:
    """Return the line of a record. Raises `InvalidFile` if its path is not UTF-8."""
    try:
        text = as_json(data).encode()
    except UnicodeEncodeError:
        raise unnamable(path) from None
    digest = sha256_hex(text)
    return Line(text=text, digest=digest, record=AuditRecord(data=data, digest=digest))


def unnamable(path: str) -> InvalidFile:
    """Make the error for a path that is not UTF-8."""
    shown = path.encode("utf-8", "replace").decode()
    return InvalidFile(shown, "its name is not UTF-8, so no record can name it")


def add(connection: Connection, lines: Sequence[Line], *, after: int) -> None:
    """Insert lines after a place in the log."""
    with connection.cursor() as cursor:
        cursor.executemany(
            _ADD, [line.columns(after + number) for number, line in enumerate(lines, start=1)]
        )


class Log:
    """Reads the log; `run` gives the rows that a function reads with a connection. `unreadable` is
    called for each line that is no record."""

    def __init__(self, run: Run, unreadable: Callable[[], None]) -> None:
        self._run = run
        self._unreadable = unreadable

    def records(self) -> Iterator[AuditRecord]:
        """Yield all records, newest first."""
        return self._newest_first("true", ())

    def records_of(self, entity_id: str, path: str | None = None) -> Iterator[AuditRecord]:
        """Yield those of an entity, or of its file at a path."""
        for one in self._newest_first("entity = %s", (word(nfc(entity_id)),)):
            if one.is_of(entity_id, path):
                yield one

    def records_of_run(self, run_id: str) -> Iterator[AuditRecord]:
        """Yield those of a run, those that name it, and those that rewrote lines.

        The beginning of a run's id is enough.
        """
        span = (plain(run_id), plain(run_id) + _LAST)
        where = "((run >= %s AND run < %s) OR (undoes >= %s AND undoes < %s) OR redacts)"
        return self._newest_first(where, (*span, *span))

    def with_key(self, key: str) -> Iterator[AuditRecord]:
        """Yield those with an idempotency key."""
        return self._newest_first("key = %s", (plain(key),))

    def lines(self, where: str, values: tuple[object, ...]) -> Iterator[tuple[int, bytes]]:
        """Yield the lines for which a test holds, each with its place, newest first."""
        before = 1 << 62
        while True:
            query = (
                f"SELECT seq, line FROM record WHERE {where} AND seq < %s"
                f" ORDER BY seq DESC LIMIT {PAGE}"
            )
            page = self._page(query.encode(), (*values, before))
            yield from ((seq, text) for seq, text in page)
            if len(page) < PAGE:
                return
            before = page[-1][0]

    def _page(self, query: bytes, values: tuple[object, ...]) -> list[Sequence[Any]]:
        return self._run(lambda connection: [*connection.execute(query, values).fetchall()])

    def _newest_first(self, where: str, values: tuple[object, ...]) -> Iterator[AuditRecord]:
        for _seq, text in self.lines(where, values):
            record = record_of(text)
            if record is not None:
                yield record
            elif text.strip():
                self._unreadable()


def history_of(
    log: Log, first: Sequence[bytes], entity: bytes, entity_id: str, path: str | None
) -> History:
    """Return the history of an entity of which the `first` lines are known, newest first."""

    def records() -> Iterator[AuditRecord]:
        for text in first:
            record = record_of(text)
            if record is not None and record.is_of(entity_id, path):
                yield record
        if len(first) == FIRST:
            for number, (_seq, text) in enumerate(log.lines("entity = %s", (entity,))):
                record = record_of(text) if number >= FIRST else None
                if record is not None and record.is_of(entity_id, path):
                    yield record

    return History(records())


def left_by(history: History) -> Left:
    """Return what a list needs of the last record."""
    last = history.last
    if last is None:
        return Left()
    return Left(etag=last.etag_after, updated=last.updated_after, own=last.is_own)


def is_segment(path: str) -> bool:
    """Whether a file of a folder is a part of the log."""
    folder, _slash, name = path.rpartition("/")
    return folder == LOG_FOLDER and name.startswith("audit_log.") and name.endswith(".jsonl")


def _text(value: object) -> str | None:
    return plain(value) if isinstance(value, str) else None
