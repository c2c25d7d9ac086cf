"""The rows of the index that a query asks for, in its order, some at a time: no statement stays
open meanwhile, so that what comes between may write.

A page by id, or of the first of a sorted list, is a statement that begins after the last row. A
sorted list without end is sorted once, into a table of its own that is no part of the cache.
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
    Run = Callable[[Read], list[Row]]  # reads with the database of the cache

PAGE = 200  # rows
SORTED = 1_000  # rows of a sorted list that one statement sorts and gives
COLUMNS = """
file.id, CAST(file.head || file.fields || '}' AS BLOB), file.flat, last.etag_after,
CASE WHEN file.head IS NULL THEN file.folder END, CASE WHEN file.head IS NULL THEN file.name END,
file.modified, last.etag_before, last.updated, last.own
"""
WIDTH = 10  # of these
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
    """In the order of ids and paths, each page of one moment; each row has the `COLUMNS` first.
    `has_shared` tells that several files may have one id."""
    # Where no id is shared, it is enough to tell the rows of a page from the later ones.
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
        if len(page) < PAGE:  # there are no more, and looking for them would take as long again
            return
        tie = tuple(page[-1][WIDTH:])
        page = run(read)


def first(run: Run, statement: Statement, after: Place | None, *, size: int) -> Iterator[list[Row]]:
    """As the statement sorts, so many rows at a time."""

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
    """All rows as the statement sorts them. To be closed."""

    def __init__(self, run: Run, statement: Statement, after: Place | None) -> None:
        self._run = run
        self._statement = statement
        self._after = after
        self._name = f"sorted_{next(_tables)}"
        self._made_in: sqlite3.Connection | None = None
        self._read = 0

    def pages(self) -> Iterator[list[Row]]:
        """The rows, with their places after the `COLUMNS`. Those that changed since all were
        sorted have only the places."""
        while page := self._run(self._page):
            yield page
            self._read += len(page)
            self._after = tuple(page[-1][WIDTH:])

    def close(self) -> None:
        """Forget what was sorted."""
        if self._made_in is not None:
            with suppress(sqlite3.Error):  # it is closed, or another thread's
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
    """The keys of the files and their places, in the order of these."""
    place = [*statement.order, "file.id", PATH]
    names = _names(statement)
    named = ", ".join(f"{sql} AS {name}" for sql, name in zip(place, names, strict=True))
    return (
        f"SELECT file.key AS file, {named} FROM file {statement.join}"
        f" WHERE {_where(statement, place, after)} ORDER BY {', '.join(names)}"
    )


def _names(statement: Statement) -> list[str]:
    """What the parts of a place are called."""
    return [*(f"rank_{at}" for at in range(len(statement.order))), "id", "path"]


def _where(statement: Statement, place: Sequence[str], after: Sequence[bytes] | None) -> str:
    tests = ["file.id IS NOT NULL", *statement.tests]
    if after is not None:
        tests.append(f"({', '.join(place)}) > ({', '.join('?' * len(place))})")
    return " AND ".join(tests)


def _listed(form: str, names: Sequence[str]) -> str:
    return ", ".join(form.format(name) for name in names)
