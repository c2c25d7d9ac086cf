"""The values of fields that queries use; each field has a narrow table of its own.

The cache keeps a field's values after the first query for it, so that later queries need not parse
the JSON of every entity. The values are complete for files with a key up to `until`; a file that is
read again gets a greater key. For newer files, and for very long values, a statement uses the JSON
of all fields. So a missing value costs time, but no row is lost.
"""

from __future__ import annotations

from loop_cli.core.diff import MISSING
from loop_cli.lean import jsontext
from loop_cli.lean.sqlite import sqlite3
from loop_cli.vault.index.cache import MEMORY, PATIENCE, transaction, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

FIELDS = 32  # fields with kept values; the oldest is removed first
_ENOUGH = 500  # with fewer files, parsing the JSON again is better
_MEMORY = 16_000  # KiB that SQLite may use while it writes
_BATCH = 200  # files
_LONG = 500  # longer values are not kept, in characters
_NUMBER = "SELECT number, until FROM field WHERE name = ?"
_LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'file'"
_LATER = "SELECT key, fields FROM file WHERE key > ? AND id IS NOT NULL ORDER BY key LIMIT ?"


def keep(database: sqlite3.Connection, names: Iterable[str]) -> None:
    """Keep the values of fields for all known files, if there are many and nobody is writing.

    A list can do without them, so it neither waits nor fails.
    """
    keys = [word(name) for name in names]
    if not any(_are_many(database, key) for key in keys):
        return
    database.execute("PRAGMA busy_timeout = 0")
    database.execute(f"PRAGMA cache_size = -{_MEMORY}")
    try:
        with transaction(database):
            for key in keys:
                _keep(database, key)
    except sqlite3.OperationalError:  # it is locked, read-only or full
        pass
    finally:
        database.execute(f"PRAGMA cache_size = -{MEMORY}")
        database.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")


def source(database: sqlite3.Connection, name: str, table: str, otherwise: str) -> tuple[str, str]:
    """Return the SQL of a field's JSON, and the join with the table `table`.

    If the value is not kept, it is the SQL `otherwise`.
    """
    row = database.execute(_NUMBER, (word(name),)).fetchone()
    if row is None:
        return otherwise, ""
    number = int(row[0])
    until = f"(SELECT until FROM field WHERE number = {number})"
    is_kept = f"file.key <= {until} AND ({table}.file IS NULL OR {table}.text IS NOT NULL)"
    return (
        f"CASE WHEN {is_kept} THEN {table}.text ELSE {otherwise} END",
        f"LEFT JOIN value AS {table} ON {table}.field = {number} AND {table}.file = file.key\n",
    )


def value_in(fields: str, name: str) -> str | None:
    """Return the JSON of a field from the JSON of all; None if it is missing."""
    if name.isascii() and name.isalnum() and name not in fields:
        return None
    value = jsontext.loads(fields).get(name, MISSING)
    return None if value is MISSING else _json(value)


def _are_many(database: sqlite3.Connection, key: bytes) -> bool:
    row = database.execute(_NUMBER, (key,)).fetchone()
    later = "SELECT count(*) FROM (SELECT 1 FROM file WHERE key > ? LIMIT ?)"
    values = (0 if row is None else row[1], _ENOUGH)
    (count,) = database.execute(later, values).fetchone()
    return bool(count == _ENOUGH)


def _keep(database: sqlite3.Connection, key: bytes) -> None:
    """Keep the values of one field up to the last file."""
    row = database.execute(_NUMBER, (key,)).fetchone()
    if row is None:
        _forget(database)
        added = database.execute("INSERT INTO field (name, until) VALUES (?, 0)", (key,))
        row = (added.lastrowid, 0)
    number, until = row
    name = key.decode("utf-8", "surrogatepass")
    while batch := database.execute(_LATER, (until, _BATCH)).fetchall():
        until = batch[-1][0]
        found = ((file, value_in(fields, name)) for file, fields in batch)
        rows = [
            (number, file, text if len(text) <= _LONG else None)
            for file, text in found
            if text is not None
        ]
        database.executemany("INSERT INTO value VALUES (?, ?, ?)", rows)
    (last,) = database.execute(_LAST).fetchone()
    database.execute("UPDATE field SET until = ? WHERE number = ?", (last, number))


def _forget(database: sqlite3.Connection) -> None:
    """Remove a field, to make room for another."""
    oldest = "SELECT number FROM field ORDER BY number DESC LIMIT -1 OFFSET ?"
    for (number,) in database.execute(oldest, (FIELDS - 1,)).fetchall():
        database.execute("DELETE FROM value WHERE field = ?", (number,))
        database.execute("DELETE FROM field WHERE number = ?", (number,))


def _json(value: Any) -> str:
    """Return JSON; half characters become escapes, because a database refuses them."""
    text = jsontext.dumps(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        import json

        return json.dumps(value)
    return text
