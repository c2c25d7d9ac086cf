"""The meaning of a query, in Python; every store must give the same answer.

A store may translate a query into its own language, if the answer is the same.
"""

from __future__ import annotations

from functools import partial
from itertools import islice

from loop_cli.core import order
from loop_cli.core import query as queries
from loop_cli.core.diff import MISSING
from loop_cli.core.names import NAME
from loop_cli.lean import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeVar

    from loop_cli.core.listed import Listed
    from loop_cli.core.order import Place
    from loop_cli.core.query import Query
    from loop_cli.core.schema.schema import Schema

    L = TypeVar("L", bound=Listed)


class Selected:
    """A selected entity; in a search `listed` is a `Hit`."""

    __slots__ = ("_fields", "listed")

    def __init__(self, listed: Listed) -> None:
        self.listed = listed
        self._fields: dict[str, Any] | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """Its fields and their values."""
        if self._fields is None:
            self._fields = jsontext.loads(self.listed.fields)
        return self._fields

    def value(self, path: tuple[str, ...]) -> Any:
        """Return its value at a path, or of `entity_id`, `path` and so on; else `MISSING`."""
        found = queries.value_of(path, self.fields, self.listed.own)
        return self.listed.name if found is MISSING and path == (NAME,) else found


def evaluate(rows: Iterable[L], query: Query, schema: Schema) -> Iterator[L]:
    """Select and order the entities of a query.

    The entities come ordered by id and path, or by the search, which has already handled
    `query.text`. Raises `UsageError` for a wrong cursor.
    """
    places = Places(query, schema)
    found: Iterator[L] = filter(partial(admits, query), rows)
    if query.cursor is not None:
        after = places.after(query.cursor)
        found = filter(lambda one: places.of(one) > after, found)
    if query.sort:
        found = _in_order(found, places, query.limit)
    return islice(found, query.limit)


def admits(query: Query, one: Listed) -> bool:
    """Whether an entity is of the types, and fulfils the conditions."""
    if query.types and one.type not in query.types:
        return False
    return not query.conditions or query.admits(Selected(one).fields, one.own)


class Places:
    """The sort keys of entities in the order of a query."""

    def __init__(self, query: Query, schema: Schema) -> None:
        choices = queries.choices_of(schema, query.types)
        self._ranks = [(key.path, order.ranker(key, choices)) for key in query.sort]
        self._of_search = query.text is not None and not query.sort

    def of(self, one: Listed) -> Place:
        """Return the sort key of one entity. In a search, matches in names come first."""
        selected = Selected(one)
        ranks = [rank(selected.value(path)) for path, rank in self._ranks]
        if self._of_search:
            ranks = [b"" if getattr(one, "in_names", False) else b"-"]
        return *ranks, *order.tie(one.id, one.path)

    def cursor(self, one: Listed) -> str:
        """Return the cursor for the entities after this one."""
        return order.cursor_of(self.of(one))

    def after(self, cursor: str) -> Place:
        """Return the sort key that a cursor names. Raises `UsageError`."""
        return order.parse_cursor(cursor, len(self._ranks) + self._of_search)


def _in_order(found: Iterable[L], places: Places, limit: int | None) -> Iterator[L]:
    """Sort, and keep no more than `limit` entities in memory."""
    if limit is None:
        return iter(sorted(found, key=places.of))
    from heapq import nsmallest

    return iter(nsmallest(limit, found, key=places.of))
