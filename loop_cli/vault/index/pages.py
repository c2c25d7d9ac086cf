"""Read the rows of a query in pages.

No statement stays open between pages, so that others can write. A page by id, or the first of a
sorted list, is one statement that begins after the last row. A sorted list without limit is sorted
once, into a table outside the cache.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import count

from loop_cli.lean.sqlite import sqlite3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.order import Place
    from loop_cli.vault.index.statement import Statement

    Row = Sequence[Any]
    Read = Callable[[sqlite3.Connection], list[Row]]
    Run = Callable[[Read], list[Row]]  # uses the database of the cache

PAGE = 200  # rows
SORTED = 1_000  # rows of a sorted list that one statement can sort and return
COLUMNS = """
file.id, CAST(file.head || file.fields || '}' AS BLOB), file.flat, last.etag_after,
CASE WHEN file.head IS NULL THEN file.folder END, CASE WHEN file.head IS NULL THEN file.name END,
file.modified, last.etag_before, last.updated, last.own
"""
WIDTH = 10  # pages
LAST = "LEFT JOIN last ON last.entity = file.id AND last.path = x''"
PATH = (
    "CASE file.folder WHEN x'' THEN file.name"
    " ELSE CAST(file.folder || '/' || file.name AS BLOB) END"
)
_tables = count()


def count_of(database: sqlite3.Connection, statement: Statement) -> int:
    """How many rows the statement asks for."""
    statement.prepare(database)
    query = f"SELECT count(*) FROM file {statement.join} WHERE {_where(statement, [], None)}"
    ((found,),) = statement.rows(database, query, ())
    return int(found)


def by_id(
    run: Run, statement: Statement, after: Place | None, *, has_shared: bool
) -> Iterator[list[Row]]:
    """Yield rows in the order of ids and paths; each page is of one moment.

    Each row begins with the `COLUMNS`. `has_shared` means that several files may have one id.
    """
    # If no id is shared, the id alone separates a page from later rows.
    place = ["file.id", PATH] if has_shared else ["file.id"]
    tie = None if after is None else after[: len(place)]

    def read(database: sqlite3.Connection) -> list[Row]:
        statement.prepare(database)
        query = (
            f"SELECT {COLUMNS}, {', '.join(place)} FROM file {LAST} {statement.join}"
            f" WHERE {_where(statement, place, tie)} ORDER BY {', '.join(place)} LIMIT {PAGE}"
        )
        return statement.rows(database, query, tie or ())

    page = run(read)
    while page:
        yield page
        if len(page) < PAGE:  # there are no more; looking for them would take as long again
            return
        tie = tuple(page[-1][WIDTH:])
        page = run(read)


def first(run: Run, statement: Statement, after: Place | None, *, size: int) -> Iterator[list[Row]]:
    """Return this many rows in the order of the statement."""

    def read(database: sqlite3.Connection) -> list[Row]:
        statement.prepare(database)
        names = _names(statement)
        query = (
            f"SELECT {COLUMNS}, {_listed('hit.{}', names)}"
            f" FROM ({_sorted(statement, after)} LIMIT {size}) AS hit"
            f" JOIN file ON file.key = hit.file {LAST}"
            f" ORDER BY {_listed('hit.{}', names)}"
        )
        return statement.rows(database, query, after or ())

    page = run(read)
    while page:
        yield page
        if len(page) < size:
            return
        after = tuple(page[-1][WIDTH:])
        page = run(read)


class SortedTable:
    """All rows in the order of the statement. It must be closed."""

    def __init__(self, run: Run, statement: Statement, after: Place | None) -> None:
        self._run = run
        self._statement = statement
        self._after = after
        self._name = f"sorted_{next(_tables)}"
        self._made_in: sqlite3.Connection | None = None
        self._read = 0

    def pages(self) -> Iterator[list[Row]]:
        """Yield the rows, with their sort keys after the `COLUMNS`.

        Rows that have changed since the sorting have only the sort keys.
        """
        while page := self._run(self._page):
            yield page
            self._read += len(page)
            self._after = tuple(page[-1][WIDTH:])

    def close(self) -> None:
        """Delete the sorted rows."""
        if self._made_in is not None:
            with suppress(sqlite3.Error):  # it is closed, or belongs to another thread
                self._made_in.execute(f"DROP TABLE IF EXISTS temp.{self._name}")

    def _page(self, database: sqlite3.Connection) -> list[Row]:
        if database is not self._made_in:
            self._make(database)
        query = (
            f"SELECT {COLUMNS}, {_listed('hit.{}', _names(self._statement))}"
            f" FROM temp.{self._name} AS hit LEFT JOIN file ON file.key = hit.file {LAST}"
            f" WHERE hit.rowid > ? ORDER BY hit.rowid LIMIT {PAGE}"
        )
        return database.execute(query, (self._read,)).fetchall()

    def _make(self, database: sqlite3.Connection) -> None:
        self._statement.prepare(database)
        self._read = 0
        query = f"CREATE TEMP TABLE {self._name} AS {_sorted(self._statement, self._after)}"
        self._statement.rows(database, query, self._after or ())
        self._made_in = database


def _sorted(statement: Statement, after: Place | None) -> str:
    """Return the keys of the files and their sort keys, in order."""
    place = [*statement.order, "file.id", PATH]
    names = _names(statement)
    named = ", ".join(f"{sql} AS {name}" for sql, name in zip(place, names, strict=True))
    return (
        f"SELECT file.key AS file, {named} FROM file {statement.join}"
        f" WHERE {_where(statement, place, after)} ORDER BY {', '.join(names)}"
    )


def _names(statement: Statement) -> list[str]:
    """Return the column names of the parts of a sort key."""
    return [*(f"rank_{at}" for at in range(len(statement.order))), "id", "path"]


def _where(statement: Statement, place: Sequence[str], after: Sequence[bytes] | None) -> str:
    tests = ["file.id IS NOT NULL", *statement.tests]
    if after is not None:
        tests.append(f"({', '.join(place)}) > ({', '.join('?' * len(place))})")
    return " AND ".join(tests)


def _listed(form: str, names: Sequence[str]) -> str:
    return ", ".join(form.format(name) for name in names)
