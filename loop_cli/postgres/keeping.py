"""The kept copies of deleted entities and replaced values, as rows."""

from __future__ import annotations

from loop_cli.core.upkeep import Kept
from loop_cli.lean.basics import sha256_hex
from loop_cli.planning.kept import described
from loop_cli.postgres.keys import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.handle import Handle

_ALL = "SELECT name, length(data), kept_at FROM kept"
_READ = "SELECT data FROM kept WHERE name = %s"
_REMOVE = "DELETE FROM kept WHERE name = %s AND kept_at = %s"
_THERE = "SELECT 1 FROM kept WHERE name = %s"


def read(connection: Connection, sha256: str) -> bytes | None:
    """Return the bytes kept under a hash; None if there are none, or if they have changed."""
    row = connection.execute(_READ, (plain(sha256),)).fetchone()
    return row[0] if row is not None and sha256_hex(row[0]) == sha256 else None


def listed(handle: Handle) -> list[Kept]:
    """Return all kept copies, the newest first."""
    rows = handle.database.read(lambda connection: connection.execute(_ALL).fetchall())
    copies = [
        Kept(name=name, size=size, kept_at=kept_at, stamp=(kept_at,))
        for name, size, kept_at in rows
    ]
    return described(copies, handle.log().records())


def prune(handle: Handle, unwanted: Sequence[Kept]) -> tuple[list[Kept], list[Kept]]:
    """Remove copies for good, if they were not kept again since; return those and the others."""
    gone: list[Kept] = []
    staying: list[Kept] = []

    def work(connection: Connection) -> None:
        with connection.transaction():
            gone.clear()
            staying.clear()
            for one in unwanted:
                if connection.execute(_REMOVE, (one.name, one.stamp[0])).rowcount:
                    gone.append(one)
                elif connection.execute(_THERE, (one.name,)).fetchone():
                    staying.append(one)

    handle.database.read(work)
    return gone, staying
