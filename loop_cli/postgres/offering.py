"""What a shell offers at TAB: ids with names, the fields of an entity, the newest lines."""

from __future__ import annotations

from loop_cli.core.names import nfc
from loop_cli.lean import jsontext
from loop_cli.postgres.keys import word
from loop_cli.postgres.selecting import BASE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from loop_cli.postgres.handle import Handle

    Named = tuple[bytes, str | None]  # an id, a name

_FROM = f"SELECT id, title FROM file WHERE {BASE} AND id >= %s AND id < %s ORDER BY id LIMIT %s"
_NEWEST = f"SELECT id, title FROM file WHERE {BASE} ORDER BY at DESC LIMIT %s"
_OF_ID = f"SELECT type, fields FROM file WHERE {BASE} AND id = %s LIMIT 1"
_LINES = "SELECT line FROM record ORDER BY seq DESC LIMIT %s"


def ids_from(handle: Handle, prefix: str, most: int) -> list[Named]:
    """Return the ids that begin with a text, with the names of their entities."""
    begin = word(prefix)
    return _rows(handle, _FROM, (begin, begin + b"\xff", most))


def newest(handle: Handle, most: int) -> list[Named]:
    """Return the ids and names of the entities that were changed last."""
    return _rows(handle, _NEWEST, (most,))


def type_and_fields(handle: Handle, entity_id: str) -> tuple[str, dict[str, Any]]:
    """Return the type of an entity and its fields; nothing of one that is not there."""
    for kind, fields in _rows(handle, _OF_ID, (word(nfc(entity_id)),)):
        return str(kind), jsontext.loads(fields)
    return "", {}


def last_lines(handle: Handle, most: int) -> list[bytes]:
    """Return the last lines of the log, newest first."""
    return [line for (line,) in _rows(handle, _LINES, (most,))]


def _rows(handle: Handle, query: str, values: Sequence[object]) -> list[Any]:
    return handle.database.read(
        lambda connection: connection.execute(query.encode(), values).fetchall()
    )
