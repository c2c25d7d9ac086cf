"""The values of the fields that queries ask for, each field in a narrow table of its own: the
cache keeps a field's values from the first query for it on, so that later ones need not take the
JSON of every entity apart.

A field's values are there for the files up to a key (`until`); a file that is read again gets a
later key. Of a later one, and where a value is too long to be kept, a statement takes it from the
JSON of all fields: so what is not kept yet, or not any more, costs time and no row.
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

FIELDS = 32  # whose values are kept; the one that was asked for first goes first
_ENOUGH = 500  # files whose JSON is rather taken apart again than their values kept
_MEMORY = 16_000  # KiB that SQLite may use while it writes
_BATCH = 200  # files
_LONG = 500  # characters of a value that is not kept
_NUMBER = "SELECT number, until FROM field WHERE name = ?"
_LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'file'"
_LATER = "SELECT key, fields FROM file WHERE key > ? AND id IS NOT NULL ORDER BY key LIMIT ?"


def keep(database: sqlite3.Connection, names: Iterable[str]) -> None:
    """Keep the values of fields, of all files that are known, where they are many and nobody else
    is writing: a list does without them, so it neither waits nor fails."""
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
    """The SQL of a field's JSON, and of the join that it needs under the name `table`; where the
    value is not kept, that is the SQL `otherwise`."""
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
    """The JSON of a field in the JSON of all; None where it is not there."""
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
    """Make room for one more field."""
    oldest = "SELECT number FROM field ORDER BY number DESC LIMIT -1 OFFSET ?"
    for (number,) in database.execute(oldest, (FIELDS - 1,)).fetchall():
        database.execute("DELETE FROM value WHERE field = ?", (number,))
        database.execute("DELETE FROM field WHERE number = ?", (number,))


def _json(value: Any) -> str:
    """JSON; half characters, which a database takes for none, as escapes."""
    text = jsontext.dumps(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        import json

        return json.dumps(value)
    return text
