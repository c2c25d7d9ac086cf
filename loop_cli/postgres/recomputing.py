"""Compute the columns of all files anew, where they were computed by other rules: another version
of `projection`, other names of fields, other places for entities."""

from __future__ import annotations

import os

from loop_cli.postgres import lines, locking, projection, rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.handle import Handle

_SET = (
    "INSERT INTO note VALUES ('form', %s) ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value"
)
_FORM = "SELECT value FROM note WHERE name = 'form'"
_ADMITTED = "SELECT path, admitted FROM file"
_BATCH = 500  # files
_NEWEST = f"""
SELECT one.id, ARRAY(SELECT line FROM record WHERE entity = one.id ORDER BY seq DESC
    LIMIT {lines.FIRST})
FROM unnest(%s::bytea[]) AS one(id)
"""
_SHARED = (
    "SELECT id FROM file WHERE admitted AND kind = 3 AND id = ANY(%s) GROUP BY id"
    " HAVING count(*) > 1"
)


_ALL_SHARED = "SELECT id FROM file WHERE admitted AND kind = 3 GROUP BY id HAVING count(*) > 1"


def form(handle: Handle) -> str:
    """Return a text that is the same for the same rules."""
    named = "" if handle.schema_at is None else f" {handle.schema_at}"
    return f"{projection.FORM} {handle.names!r}{named}"


def recompute(handle: Handle, connection: Connection) -> None:
    """Compute all rows anew, in one transaction, with the lock of the vault. Raises
    `InvalidFile` for a broken schema."""
    with connection.transaction():
        locking.head(connection, "seq")
        row = connection.execute(_FORM).fetchone()
        wanted = form(handle)
        if row is not None and row[0] == wanted:  # another program was faster
            return
        _all(handle, connection)
        connection.execute(_SET, (wanted,))
        connection.execute("UPDATE head SET version = version + 1")


def places_changed(handle: Handle, connection: Connection) -> None:
    """Compute all rows anew if entities may be at other places now; in the caller's transaction."""
    handle.renew(connection)
    wrong = [
        path
        for path, admitted in connection.execute(_ADMITTED).fetchall()
        if projection.admits(os.fsdecode(path), handle.places) != admitted
    ]
    if wrong:
        _all(handle, connection)


def _all(handle: Handle, connection: Connection) -> None:
    handle.renew(connection)
    batch: list[projection.Row] = []
    for path, data, modified in handle.reader_over(connection).everything():
        batch.append(
            projection.row_of(
                path, data, modified=modified, names=handle.names, places=handle.places
            )
        )
        if len(batch) == _BATCH:
            put_dated(handle, connection, batch)
            batch.clear()
    put_dated(handle, connection, batch)


def put_dated(handle: Handle, connection: Connection, batch: list[projection.Row]) -> None:
    """Write rows with the times that their records give them."""
    dated = dated_all(handle, connection, batch)
    rows.put_all(connection, dated)
    date_shared(handle, connection, dated)


def dated_all(
    handle: Handle, connection: Connection, batch: list[projection.Row]
) -> list[projection.Row]:
    """Return rows with the times that the records of their ids give them."""
    ids = list({row.id for row in batch if row.id is not None})
    log = handle.log_over(connection)
    first: dict[bytes, list[bytes]] = (
        dict(connection.execute(_NEWEST, (ids,)).fetchall()) if ids else {}
    )
    dated = []
    for row in batch:
        left = projection.Left()
        if row.id is not None and first.get(row.id):
            name = row.id.decode("utf-8", "surrogatepass")
            left = lines.left_by(lines.history_of(log, first[row.id], row.id, name, None))
        dated.append(projection.dated(row, left))
    return dated


def date_all_shared(handle: Handle, connection: Connection) -> None:
    """Do what `date_shared` does, for all files."""
    log = handle.log_over(connection)
    for (entity_id,) in connection.execute(_ALL_SHARED).fetchall():
        rows.date_again(connection, log, entity_id.decode("utf-8", "surrogatepass"))


def date_shared(handle: Handle, connection: Connection, batch: list[projection.Row]) -> None:
    """Compute the times again of files that share an id with others: each has its own records."""
    ids = list({row.id for row in batch if row.id is not None})
    log = handle.log_over(connection)
    for (entity_id,) in connection.execute(_SHARED, (ids,)).fetchall():
        rows.date_again(connection, log, entity_id.decode("utf-8", "surrogatepass"))
