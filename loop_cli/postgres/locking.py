"""The locks of a vault. Each is let go when its transaction ends.

Updates by one call share `alone`, lock their files, and then for a moment `head`. Everybody else
who writes has `alone` for itself before `head`, and may then write any file.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.postgres.database import Connection

_ALONE = "SELECT alone(false)"


def alone(connection: Connection) -> None:
    """Wait until nobody writes, and have all others who write wait."""
    connection.execute(_ALONE)


def head(connection: Connection, columns: str) -> tuple[Any, ...]:
    """Lock the end of the log as well, and return columns of it."""
    alone(connection)
    return end(connection, columns)


def end(connection: Connection, columns: str) -> tuple[Any, ...]:
    """Lock only the end of the log, and return columns of it: no line is written meanwhile."""
    row = connection.execute(f"SELECT {columns} FROM head FOR UPDATE".encode()).fetchone()
    assert row is not None, "every vault has a head"
    return row
