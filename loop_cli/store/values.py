"""The values of the fields that queries ask for, each field in a narrow table of its own: the
cache keeps a field's values from the first query for it on, so that later ones need not take the
JSON of every entity apart.

A field's values are there for the files up to a key (`until`); a file that is read again gets a
later key. A statement takes the value of a later one from its JSON: so values that are not kept
yet, or not any more, cost time and no row.
"""

from __future__ import annotations

from loop_cli import jsontext
from loop_cli.core.diff import MISSING
from loop_cli.store.cache import MEMORY, transaction, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from typing import Any

FIELDS = 32  # whose values are kept; the one that was asked for first goes first
_ENOUGH = 500  # files whose JSON is rather taken apart again than their values kept
_MEMORY = 16_000  # KiB that SQLite may use while it writes
_BATCH = 2_000  # files
_NUMBER = "SELECT number, until FROM field WHERE name = ?"
_LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'file'"
_LATER = "SELECT key, fields FROM file WHERE key > ? AND id IS NOT NULL ORDER BY key LIMIT ?"


def keep(database: sqlite3.Connection, names: Iterable[str]) -> None:
    """Keep the values of fields, of all files that are known, where they are many."""
    keys = [word(name) for name in names]
    if not any(_are_many(database, key) for key in keys):
        return
    database.execute(f"PRAGMA cache_size = -{_MEMORY}")
    with transaction(database):
        for key in keys:
            _keep(database, key)
    database.execute(f"PRAGMA cache_size = -{MEMORY}")


def number_of(database: sqlite3.Connection, name: str) -> int | None:
    """The number under which values of a field are kept; None where they are not."""
    row = database.execute(_NUMBER, (word(name),)).fetchone()
    return None if row is None else int(row[0])


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
        found = ((number, file, value_in(fields, name)) for file, fields in batch)
        there = [one for one in found if one[2] is not None]
        database.executemany("INSERT INTO value VALUES (?, ?, ?)", there)
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
