"""Write files and lines as another program does, or as a copy of a vault brings them: without a
change that was planned, and without a record of their own."""

from __future__ import annotations

import os

from loop_cli.failures import ChangedMeanwhile
from loop_cli.postgres import lines, locking, projection, recomputing, rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.handle import Handle
    from loop_cli.postgres.lines import Line

_DATA = "SELECT data FROM file WHERE path = %s"
_ID = "SELECT id FROM file WHERE path = %s"
_MOVE_ON = (
    "UPDATE head SET version = version + 1, seq = %s, digest = %s, own = %s, rules = rules + %s"
)


def put(handle: Handle, path: str, data: bytes, modified: int) -> None:
    """Write one file."""

    def work(connection: Connection) -> None:
        with connection.transaction():
            before = locked(connection)
            put_files(handle, connection, [(path, data, modified)])
            move_on(connection, before, rules=path in handle.deciding)

    handle.database.read(work)


def replace(handle: Handle, path: str, before: bytes | None, data: bytes, modified: int) -> None:
    """Write one file in the place of bytes that were read, None if there were none. Raises
    `ChangedMeanwhile`."""

    def work(connection: Connection) -> None:
        with connection.transaction():
            head = locked(connection)
            row = connection.execute(_DATA, (os.fsencode(path),)).fetchone()
            there = None if row is None else row[0]
            if there == data:  # by an attempt of which no answer came
                return
            if there != before:
                raise ChangedMeanwhile(path)
            put_files(handle, connection, [(path, data, modified)])
            move_on(connection, head, rules=path in handle.deciding)

    handle.database.read(work)


def remove(handle: Handle, path: str) -> None:
    """Remove one file."""

    def work(connection: Connection) -> None:
        with connection.transaction():
            before = locked(connection)
            remove_file(handle, connection, path)
            move_on(connection, before, rules=path in handle.deciding)

    handle.database.read(work)


def append(handle: Handle, text: bytes) -> None:
    """Append one line to the log."""

    def work(connection: Connection) -> None:
        with connection.transaction():
            before = locked(connection)
            line = lines.line_of(text)
            after = put_lines(connection, before, [line])
            if line.record is not None:
                log = handle.log_over(connection)
                rows.date_again(connection, log, line.record.entity_id)
            move_on(connection, after, rules=False)

    handle.database.read(work)


def put_files(
    handle: Handle, connection: Connection, files: Sequence[tuple[str, bytes, int]]
) -> None:
    """Write files, in the transaction of the caller."""
    batch = [
        projection.row_of(path, data, modified=modified, names=handle.names, places=handle.places)
        for path, data, modified in files
    ]
    recomputing.put_dated(handle, connection, batch)


def remove_file(handle: Handle, connection: Connection, path: str) -> None:
    """Remove one file, in the transaction of the caller."""
    row = connection.execute(_ID, (os.fsencode(path),)).fetchone()
    rows.remove(connection, path)
    if row is not None and row[0] is not None:
        entity_id = row[0].decode("utf-8", "surrogatepass")
        rows.date_again(connection, handle.log_over(connection), entity_id)


def put_lines(
    connection: Connection, head: tuple[int, str | None, str | None], new: Sequence[Line]
) -> tuple[int, str | None, str | None]:
    """Append lines after a head, in the transaction of the caller; return the new head."""
    seq, digest, own = head
    lines.add(connection, new, after=seq)
    for line in new:
        digest = line.digest
        own = line.digest if line.own else own
    return seq + len(new), digest, own


def locked(connection: Connection) -> tuple[int, str | None, str | None]:
    """Lock the vault until the transaction ends, and return the head of its log."""
    seq, digest, own = locking.head(connection, "seq, digest, own")
    return seq, digest, own


def move_on(
    connection: Connection, head: tuple[int, str | None, str | None], *, rules: bool
) -> None:
    """Write the new head; `rules` tells that a deciding file has changed."""
    connection.execute(_MOVE_ON, (*head, int(rules)))
