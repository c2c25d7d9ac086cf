"""One look at every file of a vault, which keeps what it finds in the cache (`index`).

A folder's listing has each file's name and stamp: where it is as it was, so are the files.
"""

from __future__ import annotations

import os
import time
from zlib import crc32

from loop_cli.errors import EntityNotFound, LoopError
from loop_cli.lean.digest import sha256_hex
from loop_cli.vault.files import reading as files
from loop_cli.vault.files.walk import STAMP, listing_of, stamps_in
from loop_cli.vault.index.cache import MEMORY, transaction, word
from loop_cli.vault.index.entry import broken, entry_of, head

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from loop_cli.core.entity import FieldNames
    from loop_cli.vault.files.walk import Walk

    Found = tuple[tuple[object, ...], tuple[str, ...]]

BATCH = 1_000  # files and folders that are written to the cache at once
_MEMORY = 16_000  # KiB that SQLite may use meanwhile, so that it writes each page once
_LISTING = "SELECT files FROM listing WHERE folder = ?"
_FOLDERS = "SELECT path, CASE WHEN looked - modified >= ? THEN digest END FROM folder"
_COLUMNS = (
    "folder", "name", "modified", "id", "type", "title", "etag", "problem", "flat",
    "head", "fields",
)  # fmt: skip
_NEW = f"INSERT INTO file (key, {', '.join(_COLUMNS)}) VALUES (?{', ?' * len(_COLUMNS)})"
_DROP = (  # of the files in `old`; each that is read again gets another key
    "DELETE FROM file WHERE key IN old",
    "DELETE FROM claim WHERE file IN old",
    "DELETE FROM searched WHERE file IN old",
    "DELETE FROM value WHERE field IN (SELECT number FROM field) AND file IN old",
)
_YOUNG = "young"  # in the place of a stamp; no stamp is that


class Look:
    """One look at every file. What it finds goes into the cache a batch at a time, so that one
    that is interrupted is not in vain; each folder's rows are right by themselves.

    A file that was changed less than `young` nanoseconds before is read again by the next.
    """

    def __init__(
        self, database: sqlite3.Connection, walk: Walk, names: FieldNames, *, young: int
    ) -> None:
        self._database = database
        self._walk = walk
        self._names = names
        self._young = young
        self._found: dict[bytes, list[Found]] = {}
        self._gone: set[tuple[bytes, bytes]] = set()
        self._folders: dict[bytes, tuple[int, int, bytes | None]] = {}
        self._listings: dict[bytes, bytes] = {}
        self._forgotten: list[tuple[bytes]] = []
        self._digests: dict[bytes, bytes | None] = {}
        self._unknown: set[bytes] = set()  # folders that nobody looked at before
        self._began = time.time_ns()
        self._waiting = 0
        self.count = 0

    def remember(self) -> None:
        """What is known of all folders, before all are looked at."""
        self._digests = dict(self._database.execute(_FOLDERS, (self._young,)))

    def at(self, folder: str, names: list[str], stamps: list[int]) -> None:
        """Look at the files of a folder, and read them where it is not as it was."""
        self.count += len(names)
        key = os.fsencode(folder)
        if key not in self._digests:
            self._unknown.add(key)
        digest = self._digests.pop(key, None)
        if digest is None:
            # Its time is from after its files were listed; where it is old, that is all one.
            looked = min(self._began, time.time_ns())
            modified = self._walk.modified(folder)
            if looked - modified >= self._young:
                self._read_changed(folder, looked, modified, names, stamps)
            else:
                self.again(folder)
        elif _digest(names, stamps) != digest:
            self.again(folder)

    def again(self, folder: str) -> None:
        """List the files of a folder, and read those that are new or changed."""
        looked = time.time_ns()
        modified = self._walk.modified(folder)
        self._read_changed(folder, looked, modified, *self._walk.files_in(folder))

    def _read_changed(
        self, folder: str, looked: int, modified: int, names: list[str], numbers: list[int]
    ) -> None:
        """Read the files that are new or changed. A young one's stamp is marked, so that it is
        read again; the folder's own time is from before its files were listed."""
        key = os.fsencode(folder)
        known = self._known_in(key)
        found = self._found.setdefault(key, [])
        stamps = {}
        prefix = f"{folder}/" if folder else ""
        for at, name in enumerate(names):
            of_file = numbers[at * STAMP : (at + 1) * STAMP]
            stamp = stamps[name] = " ".join(map(str, of_file))
            if known.pop(name, None) == stamp:
                continue
            _size, written, changed, _number = of_file
            if looked - max(written, changed) < self._young:
                stamps[name] = _YOUNG
            found += self._read(key, name, prefix + name)
        self._gone.update((key, os.fsencode(name)) for name in known)
        digest = None if _YOUNG in stamps.values() else _digest(names, numbers)
        self._folders[key] = (modified, looked, digest)
        self._listings[key] = listing_of(stamps)
        self._waiting += 1 + len(found) + len(known)
        if self._waiting >= BATCH:
            self.keep()

    def _known_in(self, folder: bytes) -> dict[str, str]:
        """The stamps of the files in a folder, as they are kept."""
        if folder in self._unknown:
            return {}
        row = self._database.execute(_LISTING, (folder,)).fetchone()
        return {} if row is None else stamps_in(row[0])

    def finish(self, *, walked: str) -> None:
        """Forget the folders that were not met, and tell that all others were."""
        for folder in self._digests:
            rows = self._database.execute("SELECT name FROM file WHERE folder = ?", (folder,))
            self._gone.update((folder, name) for (name,) in rows)
            self._forgotten.append((folder,))
        self.keep()
        self._database.execute(f"PRAGMA cache_size = -{MEMORY}")
        row = self._database.execute("SELECT value FROM note WHERE name = 'walked'").fetchone()
        if row != (walked,):
            with transaction(self._database):
                self._database.execute(
                    "INSERT OR REPLACE INTO note VALUES ('walked', ?)", (walked,)
                )

    def keep(self) -> None:
        """Write what was found to the cache."""
        if not self._listings and not self._forgotten:
            return
        if self._waiting >= BATCH:
            self._database.execute(f"PRAGMA cache_size = -{_MEMORY}")
        with transaction(self._database) as database:
            known = [folder for folder in self._found if self._has(folder)]
            self._drop_old(row[:2] for folder in known for row, _claims in self._found[folder])
            self._put()
            folders = [(folder, *row) for folder, row in self._folders.items()]
            database.executemany("INSERT OR REPLACE INTO folder VALUES (?, ?, ?, ?)", folders)
            listings = self._listings.items()
            database.executemany("INSERT OR REPLACE INTO listing VALUES (?, ?)", listings)
            database.executemany("DELETE FROM folder WHERE path = ?", self._forgotten)
            database.executemany("DELETE FROM listing WHERE folder = ?", self._forgotten)
        self._waiting = 0
        for written in (self._found, self._gone, self._folders, self._listings, self._forgotten):
            written.clear()

    def _has(self, folder: bytes) -> bool:
        """Whether there may be rows of the folder's files: they come and go with its own. What
        another process has put there since we looked stays if it is there still, and the folder
        is looked at again; what is gone goes."""
        row = self._database.execute(_LISTING, (folder,)).fetchone()
        if row is None:
            return False
        ours, theirs = stamps_in(self._listings[folder]), stamps_in(row[0])
        new = {}
        for name in theirs.keys() - ours.keys():
            if os.path.lexists(f"{self._walk.root}/{os.fsdecode(folder)}/{name}"):
                new[name] = theirs[name]
                self._gone.discard((folder, os.fsencode(name)))
            else:
                self._gone.add((folder, os.fsencode(name)))
        if new:
            modified, looked, _digest = self._folders[folder]
            self._folders[folder] = (modified, looked, None)
            self._listings[folder] = listing_of(ours | new)
        return True

    def _put(self) -> None:
        """Put what was found: a row for each file, whose key was never another's."""
        query = "SELECT seq FROM sqlite_sequence WHERE name = 'file'"
        last = self._database.execute(query).fetchone()
        key = 0 if last is None else last[0]
        by_place = {row[:2]: (row, names) for found in self._found.values() for row, names in found}
        rows, claims = [], []
        for row, names in by_place.values():
            key += 1
            rows.append((key, *row))
            claims += [(word(claim), key) for claim in names]
        self._database.executemany(_NEW, rows)
        self._database.executemany("INSERT INTO claim VALUES (?, ?)", claims)

    def _drop_old(self, again: Iterable[tuple[object, ...]]) -> None:
        """Drop what is known of the files that are gone or read again, in one pass."""
        query = "SELECT key FROM file WHERE folder = ? AND name = ?"
        keys = []
        for place in {*self._gone, *again}:
            found = self._database.execute(query, place).fetchone()
            keys += [] if found is None else [found]
        if keys:
            self._database.execute("CREATE TEMP TABLE IF NOT EXISTS old (key INTEGER PRIMARY KEY)")
            self._database.execute("DELETE FROM old")
            self._database.executemany("INSERT INTO old VALUES (?)", keys)
            for statement in _DROP:
                self._database.execute(statement)

    def _read(self, folder: bytes, name: str, path: str) -> list[Found]:
        """The row of a file, and the names that it claims; nothing where it is gone."""
        place = f"{self._walk.root}/{path}"
        try:
            data, modified = files.read_stable(place, path)
        except EntityNotFound:
            return []
        except LoopError as error:
            modified = 0  # what can't be read has no revision
            entry = broken(head(place), path, self._names, problem=error.message)
        else:
            etag = sha256_hex(data)[:16]
            entry = entry_of(data, path, self._names, etag=etag, modified=modified)
        key = None if entry.id is None else word(entry.id)
        said = (entry.type, entry.name, entry.etag, entry.problem, entry.flat)
        row = (folder, os.fsencode(name), modified, key, *said, entry.head, entry.fields)
        return [(row, entry.claims)]


def _digest(names: list[str], stamps: list[int]) -> bytes:
    """What differs where a name or a number does. Python's hash of numbers takes each in by steps
    that can be undone, so that one other number never gives the same; of texts it is another in
    every process."""
    seen = crc32("/".join(names).encode("utf-8", "surrogateescape"))
    return b"%d %d" % (hash(tuple(stamps)), seen)
