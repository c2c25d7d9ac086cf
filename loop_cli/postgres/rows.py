"""Write rows of files, in the transaction of the caller."""

from __future__ import annotations

import os

from loop_cli.core.names import nfc
from loop_cli.core.records.record import History
from loop_cli.postgres import lines
from loop_cli.postgres.keys import word
from loop_cli.postgres.projection import ENTITY, Row, dated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.lines import Log

_COLUMNS = (
    "path", "folded", "data", "etag", "modified", "kind", "admitted", "id", "type", "title",
    "updated", "at", "fields", "keys", "ranks", "stem", "claims",
)  # fmt: skip
_MARKS = {"keys": "%s::jsonb", "ranks": "%s::jsonb", "claims": "%s::bytea[]"}
_INSERT = (
    f"INSERT INTO file ({', '.join(_COLUMNS)})"
    f" VALUES ({', '.join(_MARKS.get(name, '%s') for name in _COLUMNS)})"
)
_PUT = f"{_INSERT} ON CONFLICT (path) DO UPDATE SET " + ", ".join(
    f"{name} = EXCLUDED.{name}" for name in _COLUMNS[1:]
)
_REMOVE = tuple(
    f"DELETE FROM {table} WHERE path = ANY(%s)" for table in ("mention", "words", "file")
)
_WORDS = (
    "INSERT INTO words VALUES (%s, array_to_tsvector(%s::text[]), array_to_tsvector(%s::text[]))"
)
_MENTION = "INSERT INTO mention SELECT one, %s FROM unnest(%s::bytea[]) AS one"
_OF_ID = "SELECT path, etag, modified FROM file WHERE id = %s AND admitted AND kind = 3"
_DATE = "UPDATE file SET updated = %s, at = %s WHERE path = %s"
_KEEP = (
    "INSERT INTO kept VALUES (%s, %s, %s)"
    " ON CONFLICT (name) DO UPDATE SET kept_at = EXCLUDED.kept_at"
)


def values_of(row: Row) -> tuple[object, ...]:
    """Return the values of a row, in the order of the columns."""
    return (*(getattr(row, name) for name in _COLUMNS[:-1]), list(row.claims))


def put(connection: Connection, row: Row) -> None:
    """Write all about a file, new or not."""
    put_all(connection, (row,))


def put_all(connection: Connection, rows: Sequence[Row]) -> None:
    """Write all about many files."""
    paths = [row.path for row in rows]
    with connection.pipeline(), connection.cursor() as cursor:
        for statement in _REMOVE[:-1]:
            cursor.execute(statement, (paths,))
        for row in rows:
            cursor.execute(_PUT, values_of(row))
            if row.names is not None:
                cursor.execute(_WORDS, (row.path, row.names, row.grams))
            if row.mentions:
                cursor.execute(_MENTION, (row.path, list(row.mentions)))


def copy_in(connection: Connection, new: Sequence[Row]) -> None:
    """Write all about many files that are not there, or from a copy that was interrupted."""
    _remove(connection, [row.path for row in new])
    tables = {
        f"file ({', '.join(_COLUMNS)})": (values_of(row) for row in new),
        "words": (
            (row.path, _vector(row.names), _vector(row.grams))
            for row in new
            if row.names is not None
        ),
        "mention": ((one, row.path) for row in new for one in row.mentions),
    }
    for table, values in tables.items():
        with connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
            for one in values:
                copy.write_row(one)


def said(row: Row) -> dict[str, object]:
    """Return what is sent of a row in JSON. With `words` its names and grams are written, too;
    bytes are in hex."""
    return {
        "path": row.path.hex(),
        "folded": row.folded.hex(),
        "data": row.data.hex(),
        "etag": row.etag,
        "modified": row.modified,
        "kind": row.kind,
        "admitted": row.admitted,
        "id": None if row.id is None else row.id.hex(),
        "type": row.type,
        "title": row.title,
        "updated": row.updated,
        "at": row.at,
        "fields": row.fields,
        "keys": row.keys,
        "ranks": row.ranks,
        "stem": None if row.stem is None else row.stem.hex(),
        "words": True,
        "names": _vector(row.names),
        "grams": _vector(row.grams),
        "claims": "{" + ",".join(f'"\\\\x{one.hex()}"' for one in row.claims) + "}",
        "mentions": [one.hex() for one in row.mentions],
    }


def _vector(grams: object) -> str | None:
    """Return the text of a tsvector; no gram has a quote or a backslash."""
    if grams is None:
        return None
    assert isinstance(grams, list), "a projection has lists"
    return " ".join(f"'{one}'" for one in grams)


def remove(connection: Connection, path: str) -> None:
    """Remove all about a file."""
    _remove(connection, [os.fsencode(path)])


def _remove(connection: Connection, paths: list[bytes]) -> None:
    for statement in _REMOVE:
        connection.execute(statement, (paths,))


def keep(connection: Connection, name: str, data: bytes, now: int) -> None:
    """Keep bytes under the SHA-256 of them."""
    connection.execute(_KEEP, (name, data, now))


def date_again(connection: Connection, log: Log, entity_id: str) -> None:
    """Compute the reported times of all files with an id again, after one of them came or went, or
    another program wrote a record."""
    found = connection.execute(_OF_ID, (word(nfc(entity_id)),)).fetchall()
    for path, etag, modified in found:
        own = os.fsdecode(path) if len(found) > 1 else None
        left = lines.left_by(History(log.records_of(entity_id, own)))
        row = Row(
            path=path, folded=b"", data=b"", etag=etag, modified=modified, kind=ENTITY,
            admitted=True,
        )  # fmt: skip
        now = dated(row, left)
        connection.execute(_DATE, (now.updated, now.at, path))
