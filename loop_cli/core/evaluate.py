"""What a query means, in Python: every store's answer is the one that is given here.

A store that can say a query in a language of its own does, as long as the answer is this.
"""

from __future__ import annotations

from functools import partial
from itertools import islice

from loop_cli.core import order
from loop_cli.core import query as queries
from loop_cli.lean import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeVar

    from loop_cli.core.order import Place
    from loop_cli.core.query import Query
    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.store import Listed

    L = TypeVar("L", bound=Listed)


class Selected:
    """An entity that was asked for; of a search `listed` is a `Hit`."""

    __slots__ = ("_fields", "listed")

    def __init__(self, listed: Listed) -> None:
        self.listed = listed
        self._fields: dict[str, Any] | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The values of its fields."""
        if self._fields is None:
            self._fields = jsontext.loads(self.listed.fields)
        return self._fields

    def value(self, path: tuple[str, ...]) -> Any:
        """Its value at a path; of `entity_id`, `path` and their like too; else `MISSING`."""
        return queries.value_of(path, self.fields, self.listed.own)


def evaluate(rows: Iterable[L], query: Query, schema: Schema) -> Iterator[L]:
    """The entities of a query among all, which come by id and path, or as a search finds them
    (`query.text` has been looked for by then). Raises `UsageError` for a cursor that is none."""
    places = Places(query, schema)
    found: Iterator[L] = filter(partial(admits, query), rows)
    if query.cursor is not None:
        after = places.after(query.cursor)
        found = filter(lambda one: places.of(one) > after, found)
    if query.sort:
        found = _in_order(found, places, query.limit)
    return islice(found, query.limit)


def admits(query: Query, one: Listed) -> bool:
    """Whether an entity is of the types, and the conditions hold."""
    if query.types and one.type not in query.types:
        return False
    return not query.conditions or query.admits(Selected(one).fields, one.own)


class Places:
    """The places of entities in the order of a query."""

    def __init__(self, query: Query, schema: Schema) -> None:
        choices = queries.choices_of(schema, query.types)
        self._ranks = [(key.path, order.ranker(key, choices)) for key in query.sort]
        self._of_search = query.text is not None and not query.sort

    def of(self, one: Listed) -> Place:
        """The place of one; a search has those first whose names have the words."""
        selected = Selected(one)
        ranks = [rank(selected.value(path)) for path, rank in self._ranks]
        if self._of_search:
            ranks = [b"" if getattr(one, "in_names", False) else b"-"]
        return *ranks, *order.tie(one.id, one.path)

    def cursor(self, one: Listed) -> str:
        """The cursor of what comes after one."""
        return order.cursor_of(self.of(one))

    def after(self, cursor: str) -> Place:
        """The place that a cursor names. Raises `UsageError`."""
        return order.parse_cursor(cursor, len(self._ranks) + self._of_search)


def _in_order(found: Iterable[L], places: Places, limit: int | None) -> Iterator[L]:
    """Sorted; no more than `limit` are kept meanwhile."""
    if limit is None:
        return iter(sorted(found, key=places.of))
    from heapq import nsmallest

    return iter(nsmallest(limit, found, key=places.of))
