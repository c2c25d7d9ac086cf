"""Lists, searches and counts: SQL selects and sorts as far as it can, Python does the rest.

A list by id comes in pages, each a statement of its own that begins after the last row. A sorted
list with a limit is one statement. Without a limit a cursor of the server gives it row by row, so
nothing is sorted twice and memory does not grow.
"""

from __future__ import annotations

import os

from loop_cli.core import timestamps
from loop_cli.core.entity import Revision
from loop_cli.core.evaluate import Places, admits, evaluate
from loop_cli.core.listed import Hit, Listed, names_of
from loop_cli.core.wanted import Wanted
from loop_cli.planning.hits import hit_of
from loop_cli.postgres.selecting import BASE, Selection, text_query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.query import Query
    from loop_cli.core.schema.schema import Schema
    from loop_cli.postgres.database import Database

    Told = Callable[[int], None] | None
    Row = Sequence[Any]

PAGE = 1_000  # rows
_COLUMNS = "id, path, type, title, updated, etag, fields"
# All at once, so that the planner does not hope to meet one early, and reads the whole table.
_LONG = (
    f"WITH long AS MATERIALIZED (SELECT 1 FROM file WHERE {BASE} AND keys @> %s::jsonb)"
    " SELECT EXISTS (SELECT FROM long)"
)
_TEXTS = 50  # bodies that are read at once
_DATA = "SELECT path, data FROM file WHERE path = ANY(%s)"


class Listing:
    """The entities of a database. `same_zone` is as in `Selection`."""

    def __init__(
        self, database: Database, schema: Schema, *, same_zone: bool, told: Told = None
    ) -> None:
        self._database = database
        self._schema = schema
        self._same_zone = same_zone
        self._told = told
        self._count = 0

    def rows(self, query: Query) -> Iterator[Listed]:
        """Yield the entities of a query. Raises `UsageError` for a wrong cursor."""
        selection = self._selection(query)
        after = self._after(query, selection)
        if not self._is_sorted_by_sql(selection):
            yield from evaluate(
                self._checked(self._selection(query.replace(sort=())), None), query, self._schema
            )
            return
        found = self._checked(selection, after)
        if query.limit is None:
            yield from found
            return
        left = query.limit
        while left > 0 and (one := next(found, None)) is not None:
            yield one
            left -= 1

    def count(self, query: Query) -> int:
        """Count the entities of a query."""
        selection = self._selection(query)
        if not selection.exact:
            return sum(1 for _one in self._checked(selection, None))
        statement = f"SELECT count(*) FROM file WHERE {selection.where}"
        rows = self._fetch(statement, selection.values)
        return int(rows[0][0])

    def hits(self, query: Query) -> Iterator[Hit]:
        """Yield the hits of a search, those in names first."""
        wanted = Wanted(query.text or "")
        return evaluate(self._hits(query, wanted), query, self._schema)

    def _hits(self, query: Query, wanted: Wanted) -> Iterator[Hit]:
        selection = self._selection(query.replace(sort=(), cursor=None, limit=None))
        words = text_query(*wanted.grams())
        for column, in_names in (("names", True), ("grams", False)):
            test = with_words(column)
            waiting: list[Listed] = []
            for one in self._checked(selection, None, test, (words,)):
                if wanted.are_in_names(names_of(one)) == in_names:
                    waiting.append(one)
                if len(waiting) == _TEXTS:
                    yield from self._read(waiting, wanted)
                    waiting.clear()
            yield from self._read(waiting, wanted)

    def _read(self, listed: Sequence[Listed], wanted: Wanted) -> Iterator[Hit]:
        """Yield the hits in some entities."""
        if not listed:
            return
        paths = [os.fsencode(one.path) for one in listed]
        texts: dict[bytes, bytes] = dict(self._fetch(_DATA, (paths,)))  # type: ignore[arg-type]
        for one, path in zip(listed, paths, strict=True):
            hit = hit_of(one, texts[path], wanted) if path in texts else None
            if hit is not None:
                yield hit

    def _selection(self, query: Query) -> Selection:
        return Selection(query, self._schema, same_zone=self._same_zone)

    def _after(self, query: Query, selection: Selection) -> tuple[object, ...] | None:
        if query.cursor is None:
            return None
        return selection.place_of(Places(query, self._schema).after(query.cursor))

    def _is_sorted_by_sql(self, selection: Selection) -> bool:
        from loop_cli.lean.jsontext import as_json

        if not selection.ranked:
            return False
        return not any(
            self._fetch(_LONG, (as_json({name: ["L"]}),))[0][0] for name in selection.names
        )

    def _checked(
        self,
        selection: Selection,
        after: tuple[object, ...] | None,
        test: str = "true",
        values: tuple[object, ...] = (),
    ) -> Iterator[Listed]:
        """Yield what the selection asks for, in its order."""
        limited = selection.query.limit is not None and selection.exact
        streamed = bool(selection.keys) and not limited
        pages = self._streamed if streamed else self._paged
        for row in pages(selection, after, test, values):
            self._count += 1
            one = _listed(row)
            if selection.exact or admits(selection.query, one):
                yield one
            if self._told is not None and not self._count % PAGE:
                self._told(self._count)
        if self._told is not None:
            self._told(self._count)

    def _paged(
        self,
        selection: Selection,
        after: tuple[object, ...] | None,
        test: str,
        values: tuple[object, ...],
    ) -> Iterator[Row]:
        size = PAGE
        if selection.exact and selection.query.limit is not None:
            size = max(1, min(PAGE, selection.query.limit))
        while True:
            statement, given = statement_of(selection, after, test, values)
            page = self._fetch(f"{statement} LIMIT {size}", given)
            yield from page
            if len(page) < size:
                return
            last = page[-1]
            after = (*last[7:], last[0], last[1])

    def _streamed(
        self,
        selection: Selection,
        after: tuple[object, ...] | None,
        test: str,
        values: tuple[object, ...],
    ) -> Iterator[Row]:
        statement, given = statement_of(selection, after, test, values)
        connection = self._database.connect()
        try:
            with (
                connection.transaction(),
                connection.cursor(name="loop_list", scrollable=False) as cursor,
            ):
                cursor.itersize = PAGE
                cursor.execute(statement.encode(), given)
                yield from cursor
        finally:
            connection.close()

    def _fetch(self, statement: str, values: tuple[object, ...]) -> list[Row]:
        return self._database.read(
            lambda connection: [*connection.execute(statement.encode(), values).fetchall()]
        )


def with_words(column: str) -> str:
    """Return the test for files whose names or whose grams have what is searched."""
    more = "" if column == "names" else " OR grams IS NULL"
    return f"path IN (SELECT path FROM words WHERE {column} @@ %s::tsquery{more})"


def statement_of(
    selection: Selection,
    after: tuple[object, ...] | None,
    test: str,
    values: tuple[object, ...],
) -> tuple[str, tuple[object, ...]]:
    """Return the statement for what comes after a place, and its values."""
    tests, given = [selection.where, test], (*selection.values, *values)
    if after is not None:
        later, more = selection.after(after)
        tests.append(later)
        given = (*given, *more)
    keys = selection.order_values
    return (
        f"SELECT {_COLUMNS}{selection.columns()} FROM file WHERE {' AND '.join(tests)}"
        f" ORDER BY {selection.order()}",
        (*keys, *given, *keys),
    )


def _listed(row: Row) -> Listed:
    entity_id, path, kind, title, updated, etag, fields = row[:7]
    return Listed(
        id=entity_id.decode("utf-8", "surrogatepass"),
        type=kind,
        name=title,
        path=os.fsdecode(path),
        revision=Revision(updated_at=timestamps.render(updated), etag=etag),
        fields=fields,
    )
