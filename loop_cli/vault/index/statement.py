"""Turn a query into SQL over the index.

SQL asks `core` for the meaning of conditions and orders, once for each value. So SQL and Python
can't differ.
"""

from __future__ import annotations

import os
from itertools import count

from loop_cli.core import order, timestamps
from loop_cli.core import query as queries
from loop_cli.core.diff import MISSING, value_at
from loop_cli.core.entity import OWN
from loop_cli.lean import jsontext
from loop_cli.lean.records import Struct
from loop_cli.planning.snapshot import reported
from loop_cli.vault.files.walk import joined
from loop_cli.vault.index import values
from loop_cli.vault.index.cache import word

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet
    from typing import Any

    from loop_cli.core.query import Condition, Query
    from loop_cli.core.schema.schema import Schema

    Path = tuple[str, ...]

_FUNCTION = "loop_call"
_IS_KNOWN = f"SELECT 1 FROM pragma_function_list WHERE name = '{_FUNCTION}'"
_MOST = 10_000  # values whose meaning is cached
_LONGEST = 100  # longest such value, in characters
_LAST = "LEFT JOIN last AS mine ON mine.entity = file.id AND mine.path = {path}\n"
_calls: dict[int, Callable[..., object]] = {}
_numbers = count()


class Source(Struct):
    """The source of a value in a statement: the `sql` of the arguments for `read`."""

    sql: str
    read: Callable[..., Any]


class Statement:
    """The SQL parts of a query, `prepare`d for a database.

    The tables to `join`, the `tests` with their `values`, and the parts of the `order` before id
    and path. `shared` are the ids that several files have. `is_kept` means that the next command
    can use the database.
    """

    def __init__(
        self, query: Query, schema: Schema, *, shared: AbstractSet[bytes], is_kept: bool
    ) -> None:
        self._query = query
        self._shared = shared
        self._choices = queries.choices_of(schema, query.types)
        self._is_kept = is_kept
        self._own: list[int] = []
        paths = [one.path for one in query.conditions] + [key.path for key in query.sort]
        self._own_names = {path[0] for path in paths if _is_own(path)}
        self._fields = list(dict.fromkeys(path[0] for path in paths if not _is_own(path)))
        self._prepared: sqlite3.Connection | None = None
        self._failures: list[Exception] = []
        self.join = ""
        self.tests: list[str] = []
        self.values: tuple[str, ...] = query.types
        self.order: list[str] = []

    def prepare(self, database: sqlite3.Connection) -> None:
        """Prepare a database for the statement, once."""
        if database is self._prepared:
            return
        if database.execute(_IS_KNOWN).fetchone() is None:
            database.create_function(_FUNCTION, -1, _call, deterministic=True)
        if self._is_kept:
            values.keep(database, self._fields)
        self._forget()
        self.join = ""
        if "updated_at" in self._own_names:
            path = self._called(_path_of_record(self._shared), "file.id, file.folder, file.name")
            self.join += _LAST.format(path=path)
        fields = {
            name: self._field(database, name, f"value_{at}") for at, name in enumerate(self._fields)
        }
        types = ", ".join("?" * len(self._query.types))
        self.tests = [f"file.type IN ({types})"] if types else []
        self.tests += self._conditions(fields)
        self.order = []
        for key in self._query.sort:
            source, ranker = _source(key.path, fields), order.ranker(key, self._choices)
            ranked = _ranked(source.read, key.path, ranker)
            self.order.append(self._called(_remembered(ranked), source.sql))
        self._prepared = database

    def rows(
        self, database: sqlite3.Connection, query: str, given: Sequence[object] = ()
    ) -> list[Sequence[Any]]:
        """Yield the rows of a query. Raises the errors of `core`, which SQL can't pass on."""
        found = database.execute(query, (*self.values, *given)).fetchall()
        if self._failures:
            raise self._failures.pop()
        return found

    def __del__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        for number in self._own:
            del _calls[number]
        self._own.clear()

    def _field(self, database: sqlite3.Connection, name: str, table: str) -> Source:
        """Return the source of a field: its kept values, or for newer files all fields."""
        all_fields = self._called(lambda fields: values.value_in(fields, name), "file.fields")
        sql, join = values.source(database, name, table, all_fields)
        self.join += join
        return Source(sql=sql, read=_json_value)

    def _conditions(self, fields: dict[str, Source]) -> list[str]:
        """Make one test of all conditions on one value."""
        together: dict[str, tuple[Source, list[Condition]]] = {}
        for one in self._query.conditions:
            source = _source(one.path, fields)
            together.setdefault(source.sql, (source, []))[1].append(one)
        return [
            self._called(_remembered(_judge(source.read, conditions)), sql)
            for sql, (source, conditions) in together.items()
        ]

    def _called(self, function: Callable[..., Any], arguments: str) -> str:
        """Return SQL that calls a Python function."""
        failures = self._failures

        def call(*given: Any) -> Any:
            try:
                return function(*given)
            except Exception as error:  # SQLite would take it for its own function
                failures.append(error)
                return None

        number = next(_numbers)
        _calls[number] = call
        self._own.append(number)
        return f"{_FUNCTION}({number}, {arguments})"


def _call(number: int, *given: Any) -> Any:
    return _calls[number](*given)


def _source(path: Path, fields: dict[str, Source]) -> Source:
    return _OWN[path[0]] if _is_own(path) else fields[path[0]]


def _is_own(path: Path) -> bool:
    return len(path) == 1 and path[0] in OWN


def _judge(read: Callable[..., Any], conditions: Sequence[Condition]) -> Callable[..., bool]:
    def judge(*given: Any) -> bool:
        value = read(*given)
        return all(one.admits(_within(value, one.path)) for one in conditions)

    return judge


def _ranked(
    read: Callable[..., Any], path: Path, ranker: Callable[[Any], bytes]
) -> Callable[..., bytes]:
    return lambda *given: ranker(_within(read(*given), path))


def _within(value: Any, path: Path) -> Any:
    """Return the value at a path that begins at this one."""
    return (
        value
        if len(path) == 1
        else value_at({} if value is MISSING else {"": value}, ("", *path[1:]))
    )


def _remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Cache the results of a function for short values."""
    known: dict[tuple[Any, ...], Any] = {}

    def remembered(*given: Any) -> Any:
        try:
            return known[given]
        except KeyError:
            made = function(*given)
        if isinstance(given[0], str) and len(given[0]) > _LONGEST:
            return made
        if len(known) >= _MOST:
            known.clear()
        known[given] = made
        return made

    return remembered


def _json_value(text: str | None) -> Any:
    return MISSING if text is None else jsontext.loads(text)


def _id(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _path(folder: bytes, name: bytes) -> str:
    return joined(os.fsdecode(folder), os.fsdecode(name))


def _path_of_record(shared: AbstractSet[bytes]) -> Callable[[bytes, bytes, bytes], bytes]:
    """Return the function that gives the path of an entity's last record."""
    return lambda entity_id, *place: word(_path(*place)) if entity_id in shared else b""


def _updated_at(
    etag: str, modified: int, after: str | None, updated: int | None, own: int | None
) -> str:
    holds = bool(own) and after == etag
    return timestamps.render(reported(etag=etag, modified=modified, recorded=updated, holds=holds))


_OWN = {
    "entity_id": Source(sql="file.id", read=_id),
    "entity_type": Source(sql="file.type", read=str),
    "path": Source(sql="file.folder, file.name", read=_path),
    "updated_at": Source(
        sql="file.etag, file.modified, mine.etag_after, mine.updated, mine.own", read=_updated_at
    ),
    "etag": Source(sql="file.etag", read=str),
}
