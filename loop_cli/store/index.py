"""Which file carries which id, and every entity's fields: kept in the cache, so that a find
reads one file and a list those that changed.

An answer is never trusted over the files. `candidates` are paths to read and compare; `refresh`
looks at every file, and reads again those that are not as they were: other in size, times or
number, or so young when they were read that they may have changed within a tick of the clock.
"""

from __future__ import annotations

import os
import time
from hashlib import sha256

from loop_cli.errors import EntityNotFound, LoopError
from loop_cli.store import files
from loop_cli.store.cache import transaction
from loop_cli.store.entry import Entry, broken, entry_of, head
from loop_cli.store.walk import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from loop_cli.core.entity import FieldNames
    from loop_cli.store.cache import Cache
    from loop_cli.store.walk import Walk

    Stamp = tuple[int, int, int, int]  # size, modified, changed (nanoseconds), number

YOUNG = 2 * 10**9  # nanoseconds
_BATCH = 1_000  # files that are written to the cache at once
_KNOWN = "SELECT name, key, size, modified, changed, inode, looked FROM file WHERE folder = ?"
_KEEP = """
INSERT INTO file (folder, name, size, modified, changed, inode, looked,
                  id, type, title, etag, fields, problem)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (folder, name) DO UPDATE SET
    size = excluded.size, modified = excluded.modified, changed = excluded.changed,
    inode = excluded.inode, looked = excluded.looked, id = excluded.id, type = excluded.type,
    title = excluded.title, etag = excluded.etag, fields = excluded.fields,
    problem = excluded.problem
RETURNING key
"""


class Index:
    """The index of the files that `walk` meets."""

    def __init__(self, cache: Cache, walk: Walk, names: FieldNames) -> None:
        self._cache = cache
        self._walk = walk
        self._names = names

    def candidates(self, wanted: str) -> list[str]:
        """The files that may be meant by an id or alias in normal form, as far as is known.

        The folders of these are looked at for new files: a copy comes to lie beside its original.
        """
        return self._cache.run(lambda database: self._candidates(database, wanted))

    def ids(self) -> list[str]:
        """All ids, for suggestions."""
        query = "SELECT DISTINCT id FROM file WHERE id IS NOT NULL"
        rows = self._cache.run(lambda database: database.execute(query).fetchall())
        return [_text(row[0]) for row in rows]

    def refresh_if_unknown(self) -> None:
        """Look at every file where nobody has ever, or where no cache keeps what was seen."""
        if not self._cache.is_kept or not self._cache.run(self._is_walked):
            self.refresh()

    def refresh(self, told: Callable[[int], None] | None = None) -> None:
        """Look at every file of the vault, and read those that are new or changed.

        `told` is given the number of files looked at so far. Raises `UsageError`.
        """
        self._cache.run(lambda database: self._refresh(database, told))

    def _refresh(self, database: sqlite3.Connection, told: Callable[[int], None] | None) -> None:
        if not self._is_walked(database):  # or by another schema, which has other places
            with transaction(database):
                for table in ("file", "claim", "folder"):
                    database.execute(f"DELETE FROM {table}")
        look = _Look(database, self._walk.root, self._names)
        for folder in self._walk.folders():
            look.at(*folder)
            if told is not None:
                told(look.count)
        look.finish(walked=self._places)

    def _candidates(self, database: sqlite3.Connection, wanted: str) -> list[str]:
        found = _claiming(database, wanted)
        if self._cache.is_kept:
            look = _Look(database, self._walk.root, self._names)
            for folder in dict.fromkeys(path.rpartition("/")[0] for path in found):
                if self._may_have_news(database, folder):
                    here = self._walk.folder(folder)
                    if look.is_news(*here):
                        look.at(*here)
            if look.count:
                look.keep()
                found = _claiming(database, wanted)
        return found

    def _may_have_news(self, database: sqlite3.Connection, folder: str) -> bool:
        query = "SELECT modified, looked FROM folder WHERE path = ?"
        row = database.execute(query, (os.fsencode(folder),)).fetchone()
        try:
            modified = os.stat(os.path.join(self._walk.root, folder)).st_mtime_ns
        except OSError:
            return False
        return row is None or row[0] != modified or row[1] - row[0] < YOUNG

    def _is_walked(self, database: sqlite3.Connection) -> bool:
        row = database.execute("SELECT value FROM note WHERE name = 'walked'").fetchone()
        return row is not None and row[0] == self._places

    @property
    def _places(self) -> str:
        return repr(self._walk.places)


class _Look:
    """One look at every file. What it finds goes into the cache a batch at a time, so that one
    that is interrupted is not in vain; each row is right by itself."""

    def __init__(self, database: sqlite3.Connection, root: str, names: FieldNames) -> None:
        self._database = database
        self._root = root
        self._names = names
        self._found: list[tuple[tuple[object, ...], Entry]] = []
        self._gone: list[int] = []
        self._folders: set[bytes] = set()
        self._times: list[tuple[bytes, int, int]] = []
        self.count = 0

    def is_news(self, folder: str, _modified: int, entries: list[os.DirEntry[str]]) -> bool:
        """Whether a folder has other files than is known."""
        query = "SELECT name FROM file WHERE folder = ?"
        known = {name for (name,) in self._database.execute(query, (os.fsencode(folder),))}
        return {os.fsencode(entry.name) for entry in entries} != known

    def at(self, folder: str, modified: int, entries: list[os.DirEntry[str]]) -> None:
        """Look at the files of one folder, which was modified then (nanoseconds)."""
        self.count += len(entries)
        folder_key = os.fsencode(folder)
        self._folders.add(folder_key)
        self._look_at_time_of(folder_key, modified)
        known = {row[0]: row for row in self._database.execute(_KNOWN, (folder_key,))}
        for entry in entries:
            name = os.fsencode(entry.name)
            row = known.pop(name, None)
            looked = time.time_ns()
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:  # gone since
                self._gone += [] if row is None else [row[1]]
                continue
            stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            if row is None or row[2:6] != stamp or row[6] - max(stamp[1:3]) < YOUNG:
                self._read(folder_key, name, joined(folder, entry.name), stamp, looked)
        self._gone += [row[1] for row in known.values()]
        if len(self._found) + len(self._gone) + len(self._times) >= _BATCH:
            self.keep()

    def finish(self, *, walked: str) -> None:
        """Forget the folders that were not met, and tell that all others were."""
        for (folder,) in self._database.execute("SELECT DISTINCT folder FROM file").fetchall():
            if folder not in self._folders:
                rows = self._database.execute("SELECT key FROM file WHERE folder = ?", (folder,))
                self._gone += [key for (key,) in rows]
        self.keep()
        row = self._database.execute("SELECT value FROM note WHERE name = 'walked'").fetchone()
        if row != (walked,):
            with transaction(self._database):
                self._database.execute(
                    "INSERT OR REPLACE INTO note VALUES ('walked', ?)", (walked,)
                )

    def _read(self, folder: bytes, name: bytes, path: str, stamp: Stamp, looked: int) -> None:
        place = os.path.join(self._root, path)
        etag = None
        try:
            data, _modified = files.read_stable(place, path)
        except EntityNotFound:
            return
        except LoopError as error:
            entry = broken(head(place), path, self._names, problem=error.message)
        else:
            entry = entry_of(data, path, self._names)
            etag = sha256(data).hexdigest()[:16]
        key = None if entry.id is None else word(entry.id)
        said = (key, entry.type, entry.name, etag, entry.fields, entry.problem)
        self._found.append(((folder, name, *stamp, looked, *said), entry))

    def _look_at_time_of(self, folder: bytes, modified: int) -> None:
        query = "SELECT modified, looked FROM folder WHERE path = ?"
        row = self._database.execute(query, (folder,)).fetchone()
        if row is None or row[0] != modified or row[1] - row[0] < YOUNG:
            self._times.append((folder, modified, time.time_ns()))

    def keep(self) -> None:
        """Write what was found to the cache."""
        if not self._found and not self._gone and not self._times:
            return
        with transaction(self._database) as database:
            for key in self._gone:
                database.execute("DELETE FROM file WHERE key = ?", (key,))
                database.execute("DELETE FROM claim WHERE file = ?", (key,))
            for row, entry in self._found:
                (key,) = database.execute(_KEEP, row).fetchone()
                database.execute("DELETE FROM claim WHERE file = ?", (key,))
                database.executemany(
                    "INSERT OR IGNORE INTO claim VALUES (?, ?)",
                    [(word(claim), key) for claim in entry.claims],
                )
            database.executemany("INSERT OR REPLACE INTO folder VALUES (?, ?, ?)", self._times)
        self._found.clear()
        self._gone.clear()
        self._times.clear()


def word(text: str) -> bytes:
    """An id or alias as the cache has it; what a file's name or YAML can hold, text can't."""
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _claiming(database: sqlite3.Connection, wanted: str) -> list[str]:
    rows = database.execute(
        "SELECT folder, name FROM claim JOIN file ON file = key WHERE word = ?", (word(wanted),)
    )
    return sorted(joined(os.fsdecode(folder), os.fsdecode(name)) for folder, name in rows)
