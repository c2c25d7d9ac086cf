"""What the tables have of the files is what is computed of them, whatever wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loop_cli.postgres import recomputing

if TYPE_CHECKING:
    from loop_cli.postgres.store import PostgresStore

_ROWS = (
    "SELECT path, folded, data, etag, kind, admitted, id, type, title, updated, at, fields, keys,"
    " ranks, stem, claims FROM file ORDER BY path",
    "SELECT path, names::text, grams::text FROM words ORDER BY path",
    "SELECT path, name FROM mention ORDER BY path, name",
)


def assert_as_computed(store: PostgresStore, said: object = None) -> None:
    """Compute all rows anew, and compare; `said` is told where they differ."""
    there = _rows(store)
    store.handle.database.read(_again(store))
    assert _rows(store) == there, said


def _again(store: PostgresStore) -> Any:
    def work(connection: Any) -> None:
        connection.execute("DELETE FROM note WHERE name = 'form'")
        recomputing.recompute(store.handle, connection)

    return work


def _rows(store: PostgresStore) -> list[Any]:
    return store.handle.database.read(
        lambda connection: [connection.execute(one.encode()).fetchall() for one in _ROWS]
    )
