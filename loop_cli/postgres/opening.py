"""Open a vault in PostgreSQL: migrate it, and compute anew what other rules have computed."""

from __future__ import annotations

from loop_cli.errors import Action, EntityNotFound, UsageError
from loop_cli.postgres import keys, migrations, recomputing
from loop_cli.postgres.address import parse
from loop_cli.postgres.database import Database

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.postgres.address import Address
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.handle import Handle

_SETTINGS = "SELECT data FROM file WHERE path = '.loop/config.toml'::bytea"
_NOTES = "SELECT name, value FROM note"


def settings_in(address: str) -> bytes | None:
    """Return the bytes of a vault's settings, None if it has none. Raises `EntityNotFound` if there
    is no vault, `UsageError`, `Unreachable`."""
    database = Database(parse(address), patience=0)

    def work(connection: Connection) -> bytes | None:
        if not migrations.has_tables(connection, database.address.schema):
            raise nowhere(database.address)
        row = connection.execute(_SETTINGS).fetchone()
        return None if row is None else row[0]

    try:
        return database.read(work)
    finally:
        database.close()


def nowhere(address: Address) -> EntityNotFound:
    """Make the error that there is no vault at an address."""
    return EntityNotFound(
        f"no vault: {address.shown} has none",
        vault=address.shown,
        hint=Action("bring_vault"),
    )


def opened(handle: Handle, *, make: bool, filling: bool = False) -> None:
    """Bring a vault into the form that this program knows; if there is none, `make` it.
    A vault that is being copied is opened only by who is `filling` it.

    Raises `UsageError` if it is of a newer form, `EntityNotFound`, `Unreachable`, `StorageError`,
    `InvalidFile` for a broken schema.
    """

    def work(connection: Connection) -> None:
        if not migrations.is_there(connection, handle.address.schema):
            if not make and not migrations.has_tables(connection, handle.address.schema):
                raise nowhere(handle.address)
            migrations.migrate(connection, handle.address.schema)
        notes: dict[str, str] = dict(connection.execute(_NOTES).fetchall())
        if "copying" in notes and not filling:
            raise UsageError(
                f"{handle.address.shown} is not a vault yet: a {notes['copying']} was begun and "
                "has not ended",
                hint=Action("copy_on"),
            )
        if notes.get("form") != recomputing.form(handle):
            recomputing.recompute(handle, connection)
        handle.same_zone = notes.get("zone") == keys.zone()

    handle.database.read(work)
