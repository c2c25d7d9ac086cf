"""Open a vault in PostgreSQL: migrate it, and compute anew what other rules have computed."""

from __future__ import annotations

from loop_cli.postgres import keys, migrations, recomputing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.handle import Handle

_NOTES = "SELECT name, value FROM note"


def opened(handle: Handle) -> None:
    """Bring a vault into the form that this program knows. Raises `UsageError` if it is of a newer
    one, `Unreachable`, `StorageError`, `InvalidFile` for a broken schema."""

    def work(connection: Connection) -> None:
        if not migrations.is_there(connection, handle.address.schema):
            migrations.migrate(connection, handle.address.schema)
        notes: dict[str, str] = dict(connection.execute(_NOTES).fetchall())
        if notes.get("form") != recomputing.form(handle.names):
            recomputing.recompute(handle, connection)
        handle.same_zone = notes.get("zone") == keys.zone()

    handle.database.read(work)
