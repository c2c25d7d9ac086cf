"""Follow the log. The log itself tells what is new; `LISTEN` only wakes who waits for it."""

from __future__ import annotations

import time

import psycopg

from loop_cli.core.names import nfc
from loop_cli.core.records.record import record_of
from loop_cli.core.upkeep import Happening
from loop_cli.failures import Unreachable
from loop_cli.postgres.keys import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.handle import Handle

_END = "SELECT seq FROM head"
_LATER = "SELECT seq, line FROM record WHERE seq > %s ORDER BY seq LIMIT 1000"
_WAIT = 0.5  # seconds after which the caller may see whether anybody still reads


def new_records(handle: Handle) -> Iterator[list[AuditRecord]]:
    """Yield new records, as `Upkeep.new_records` says: at once, without waiting for any.

    Raises `Unreachable`.
    """
    end = handle.database.read(_end)
    yield []
    while True:
        found, end = handle.database.read(lambda connection, end=end: _later(connection, end))  # type: ignore[misc]
        yield found


def happenings(handle: Handle) -> Iterator[list[Happening]]:
    """Yield all changes from now on, as `Upkeep.happenings` says. A connection that breaks is made
    anew; the log tells what came meanwhile. Raises `Unreachable`."""
    end: int | None = None
    while True:
        try:
            with handle.database.connect() as connection:
                connection.execute(f'LISTEN "{plain(handle.channel)}"'.encode())
                end = _end(connection) if end is None else end
                while True:
                    found, end = _later(connection, end)
                    yield [_happening(one) for one in found]
                    if not found:
                        for _note in connection.notifies(timeout=_WAIT, stop_after=1):
                            pass
        except (psycopg.OperationalError, Unreachable):
            handle.database.read(_end)  # waits until the database is back, or gives up
            time.sleep(_WAIT)


def _end(connection: Connection) -> int:
    row = connection.execute(_END).fetchone()
    return 0 if row is None else int(row[0])


def _later(connection: Connection, end: int) -> tuple[list[AuditRecord], int]:
    rows = connection.execute(_LATER, (end,)).fetchall()
    found = [record for _seq, line in rows if (record := record_of(line)) is not None]
    return found, int(rows[-1][0]) if rows else end


def _happening(record: AuditRecord) -> Happening:
    path, kind = record.metadata.get("path"), record.data.get("entity_type")
    return Happening(
        timestamp=str(record.data.get("timestamp")),
        action="undo" if record.undoes else str(record.data.get("action")),
        path=path if isinstance(path, str) else "",
        entity_id=nfc(record.entity_id),
        entity_type=kind if isinstance(kind, str) else None,
        record=record,
    )
