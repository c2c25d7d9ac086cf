"""A vault in PostgreSQL as a whole: read in pages, filled by COPY."""

from __future__ import annotations

import os
from functools import partial

from psycopg.errors import UniqueViolation

from loop_cli.core.whole import KeptCopy, LogLine, Received, Whole, WholeFile
from loop_cli.errors import StorageError, UsageError
from loop_cli.postgres import lines as log_lines
from loop_cli.postgres import locking, opening, outside, projection, recomputing, rows
from loop_cli.postgres.handle import Handle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.filling import Filling

_MARK = "SELECT value FROM note WHERE name = 'copying'"
_USED = (
    "SELECT EXISTS (SELECT FROM file) OR EXISTS (SELECT FROM record) OR EXISTS (SELECT FROM kept)"
)
_BEGIN = "INSERT INTO note VALUES ('copying', %s)"
_END = "DELETE FROM note WHERE name = 'copying'"
_COUNT = "SELECT count(*) FROM file"
_LINES = """
SELECT seq, segment, line, ended OR EXISTS (  -- in a file, the next line begins after a newline
    SELECT FROM record AS next WHERE next.seq = record.seq + 1 AND next.segment = record.segment)
FROM record WHERE seq > %s ORDER BY seq LIMIT 2000
"""
_KEPT = 'SELECT name, data, kept_at FROM kept WHERE name > %s ORDER BY name COLLATE "C" LIMIT 20'
_ETAGS = "SELECT path, etag FROM file"
_NAMES = "SELECT name FROM kept"
_KEEP = "INSERT INTO kept VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_LARGEST = 1_000_000_000  # bytes
_FEW = 6  # batches that are written before other processes are worth their start


def opened(
    address: str,
    *,
    names: FieldNames,
    clock: Callable[[], int],
    make: bool,
    schema_at: str | None = None,
) -> WholeDatabase:
    """Open the vault at an address as a whole; if there is none, `make` it. Raises what
    `opening.opened` raises."""
    handle = Handle(
        address, names=names, clock=clock, patience=30.0, private=(), schema_at=schema_at
    )
    opening.opened(handle, make=make, filling=make)
    return WholeDatabase(handle)


def _never() -> int:
    """Return the time in a process that only copies; nothing is dated by it."""
    return 0


class WholeDatabase(Whole):
    """The vault of a handle."""

    def __init__(self, handle: Handle) -> None:
        self.name = handle.address.shown
        self._handle = handle
        self._batches = 0
        self._filling: Filling | None = None

    def count(self) -> int:
        return int(self._value(_COUNT))

    def files(self) -> Iterator[WholeFile]:
        for path, data, modified in self._handle.reader().everything():
            yield WholeFile(path=path, data=data, modified=modified)

    def lines(self, *, after: int = 0) -> Iterator[LogLine]:
        while True:
            page = self._rows(_LINES, (after,))
            for _seq, segment, text, ended in page:
                yield LogLine(segment=segment, text=text, ended=ended)
            if not page:
                return
            after = page[-1][0]

    def kept(self) -> Iterator[KeptCopy]:
        after = ""
        while True:
            page = self._rows(_KEPT, (after,))
            for name, data, kept_at in page:
                yield KeptCopy(name=name, data=data, kept_at=kept_at)
            if not page:
                return
            after = page[-1][0]

    def skipped(self) -> Sequence[str]:
        return ()

    def begin(self, mark: str) -> Received:
        def work(connection: Connection) -> None:
            with connection.transaction():
                locking.head(connection, "seq")
                row = connection.execute(_MARK).fetchone()
                if row is not None and row[0] != mark:
                    raise UsageError(f"{self.name} holds the beginning of another {row[0]}")
                used = connection.execute(_USED).fetchone()
                if row is None and used is not None and used[0]:
                    raise UsageError(
                        f"{self.name} is not empty, and a copy goes to a new or empty place only"
                    )
                if row is None:
                    connection.execute(_BEGIN, (mark,))

        self._handle.database.read(work)
        return Received(
            files={os.fsdecode(path): etag for path, etag in self._rows(_ETAGS, ())},
            lines=int(self._value("SELECT seq FROM head")),
            kept=frozenset(name for (name,) in self._rows(_NAMES, ())),
        )

    def put_lines(self, lines: Iterable[LogLine]) -> None:
        made = [log_lines.line_of(one.text, segment=one.segment, ended=one.ended) for one in lines]

        def work(connection: Connection) -> None:
            with connection.transaction():
                head = outside.locked(connection)
                outside.move_on(connection, outside.put_lines(connection, head, made), rules=False)

        self._write(work)

    def put_files(self, files: Sequence[WholeFile]) -> None:
        for one in files:
            if len(one.data) > _LARGEST:
                raise StorageError(
                    f"{one.path} is too large for PostgreSQL: {len(one.data):,} bytes"
                )
        deciding = [one for one in files if one.path in self._handle.deciding]
        if deciding:
            self.complete()
            self._decide(deciding)
        left = [one for one in files if one not in deciding]
        self._batches += 1
        if self._batches <= _FEW:
            self.put_here(left)
            return
        if self._filling is None:
            from loop_cli.postgres.filling import Filling

            handle = self._handle
            again = partial(
                opened,
                handle.place,
                names=handle.names,
                clock=_never,
                make=True,
                schema_at=handle.schema_at,
            )
            self._filling = Filling(again, self.put_here)
        self._filling.add(left)

    def put_here(self, files: Sequence[WholeFile]) -> None:
        """Add files that decide nothing, in this process."""

        def work(connection: Connection) -> None:
            self._handle.renew(connection)
            with connection.transaction():
                made = [
                    projection.row_of(
                        one.path,
                        one.data,
                        modified=one.modified,
                        names=self._handle.names,
                        places=self._handle.places,
                    )
                    for one in files
                ]
                rows.copy_in(connection, recomputing.dated_all(self._handle, connection, made))

        self._write(work)

    def complete(self) -> None:
        if self._filling is not None:
            self._filling.wait()

    def _decide(self, files: Sequence[WholeFile]) -> None:
        """Add files that say what the others are."""

        def work(connection: Connection) -> None:
            with connection.transaction():
                head = outside.locked(connection)
                decided = [(one.path, one.data, one.modified) for one in files]
                outside.put_files(self._handle, connection, decided)
                outside.move_on(connection, head, rules=True)

        self._write(work)

    def put_kept(self, copies: Sequence[KeptCopy]) -> None:
        def work(connection: Connection) -> None:
            with connection.transaction():
                for one in copies:
                    connection.execute(_KEEP, (one.name, one.data, one.kept_at))

        self._write(work)

    def finish(self) -> None:
        def work(connection: Connection) -> None:
            with connection.transaction():
                head = outside.locked(connection)
                recomputing.places_changed(self._handle, connection)
                recomputing.date_all_shared(self._handle, connection)
                outside.move_on(connection, head, rules=False)
                connection.execute(_END)
            connection.execute("ANALYZE file")
            connection.execute("ANALYZE record")

        self._write(work)

    def verified(self) -> dict[str, Any]:
        from loop_cli.postgres import checking

        found = checking.verify(self._handle)
        return {"own": found.own, "records": found.records, "problems": len(found.problems)}

    def close(self) -> None:
        if self._filling is not None:
            self._filling.close()
        self._handle.close()

    def _write(self, work: Any) -> None:
        """Write a batch, again on another connection if this one breaks: a batch that is there
        already is no harm. So is one that comes at this moment, from a process of a copy that was
        interrupted."""
        try:
            self._handle.database.read(work)
        except StorageError as error:
            if not isinstance(error.__cause__, UniqueViolation):
                raise
            self._handle.database.read(work)

    def _rows(self, query: str, values: tuple[object, ...]) -> list[Any]:
        return self._handle.database.read(
            lambda connection: connection.execute(query.encode(), values).fetchall()
        )

    def _value(self, query: str) -> Any:
        return self._rows(query, ())[0][0]
