"""Which file carries which id, and every entity's fields: kept in the cache, so that a find
reads one file and a list those that changed.

An answer is never trusted over the files. `candidates` are paths to read and compare; `refresh`
looks at every file, and reads again those that are not as they were: other in size, times or
number, or so young when they were read that they may have changed within a tick of the clock.
"""

from __future__ import annotations

import os
import time
import unicodedata

from loop_cli import jsontext
from loop_cli.core.names import nfc
from loop_cli.errors import EntityNotFound, LoopError
from loop_cli.store import files
from loop_cli.store.cache import transaction, word
from loop_cli.store.entry import Entry, broken, entry_of, head
from loop_cli.store.walk import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from loop_cli.core.entity import FieldNames
    from loop_cli.store.cache import Cache
    from loop_cli.store.walk import Walk

YOUNG = 2 * 10**9  # nanoseconds
_BATCH = 1_000  # files and folders that are written to the cache at once
_ASKED = 100  # texts in one query
_FOLDER = "SELECT modified, looked, listing FROM folder WHERE path = ?"
_FOLDERS = "SELECT path, CASE WHEN looked - modified >= ? THEN digest END FROM folder"
_KEEP = """
INSERT INTO file (folder, name, modified, id, type, title, etag, fields, problem)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (folder, name) DO UPDATE SET
    modified = excluded.modified, id = excluded.id, type = excluded.type, title = excluded.title,
    etag = excluded.etag, fields = excluded.fields, problem = excluded.problem
RETURNING key
"""


class Index:
    """The index of the files that `walk` meets."""

    def __init__(self, cache: Cache, walk: Walk, names: FieldNames) -> None:
        self._cache = cache
        self._walk = walk
        self._names = names
        self._walked = False  # as far as was asked for

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

    def mentioning(self, texts: Sequence[str]) -> list[str]:
        """The entities' files in whose fields or path one of some texts is, in either normal
        form, as far as is known."""
        found: set[str] = set()
        for start in range(0, len(texts), _ASKED):
            tests = [test for text in texts[start : start + _ASKED] for test in _tests(text)]
            conditions = " OR ".join(condition for condition, _value in tests)
            found.update(self._paths(f"({conditions})", [value for _condition, value in tests]))
        return sorted(found)

    def _paths(self, condition: str, values: Sequence[object]) -> list[str]:
        query = f"SELECT folder, name FROM file WHERE id IS NOT NULL AND {condition}"
        rows = self._cache.run(lambda database: database.execute(query, values).fetchall())
        return [joined(os.fsdecode(folder), os.fsdecode(name)) for folder, name in rows]

    def refresh_if_unknown(self) -> None:
        """Look at every file where nobody has ever, or where no cache keeps what was seen."""
        if self._walked and self._cache.is_kept:
            return
        if not self._cache.is_kept or not self._cache.run(self._is_walked):
            self.refresh()
        self._walked = True

    def refresh(self, told: Callable[[int], None] | None = None) -> None:
        """Look at every file of the vault, and read those that are new or changed.

        `told` is given the number of files looked at so far. Raises `UsageError`.
        """
        self._cache.run(lambda database: self._refresh(database, told))

    def _refresh(self, database: sqlite3.Connection, told: Callable[[int], None] | None) -> None:
        look = _Look(database, self._walk, self._names)
        look.remember()
        for folder in self._walk.folders():
            look.at(*folder)
            if told is not None:
                told(look.count)
        look.finish(walked=self._places)

    def _candidates(self, database: sqlite3.Connection, wanted: str) -> list[str]:
        found = _claiming(database, wanted)
        if self._cache.is_kept:
            look = _Look(database, self._walk, self._names)
            for folder in dict.fromkeys(path.rpartition("/")[0] for path in found):
                if self._may_have_news(database, folder):
                    look.at_news(folder)
            if look.count:
                look.keep()
                found = _claiming(database, wanted)
        return found

    def _may_have_news(self, database: sqlite3.Connection, folder: str) -> bool:
        row = database.execute(_FOLDER, (os.fsencode(folder),)).fetchone()
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
    that is interrupted is not in vain; each folder's rows are right by themselves.

    A folder's listing has each file's name and stamp: where it is as it was, so are the files.
    """

    def __init__(self, database: sqlite3.Connection, walk: Walk, names: FieldNames) -> None:
        self._database = database
        self._walk = walk
        self._names = names
        self._found: list[tuple[tuple[object, ...], Entry]] = []
        self._gone: list[tuple[bytes, bytes]] = []
        self._listings: list[tuple[bytes, int, int, bytes, bytes]] = []
        self._forgotten: list[tuple[bytes]] = []
        self._digests: dict[bytes, bytes | None] = {}
        self.count = 0

    def remember(self) -> None:
        """What is known of all folders, before all are looked at."""
        self._digests = dict(self._database.execute(_FOLDERS, (YOUNG,)))

    def at(self, folder: str, entries: list[os.DirEntry[str]]) -> None:
        """Look at the files of a folder, and read them where it is not as it was."""
        self.count += len(entries)
        digest = self._digests.pop(os.fsencode(folder), None)
        if digest is None or _digest(_listing(_stamped(entries))) != digest:
            self._read_changed(folder)

    def at_news(self, folder: str) -> None:
        """Look at the files of a folder where it has others than is known."""
        row = self._database.execute(_FOLDER, (os.fsencode(folder),)).fetchone()
        _modified, entries = self._walk.files_in(folder)
        if row is None or {entry.name for entry in entries} != set(_stamps(row[2])):
            self.count += len(entries)
            self._read_changed(folder)

    def _read_changed(self, folder: str) -> None:
        """Read the files that are new or changed. A young one's stamp is marked, so that it is
        read again; the folder's own time is from before its files were listed."""
        key = os.fsencode(folder)
        looked = time.time_ns()
        modified, entries = self._walk.files_in(folder)
        stamps = _stamped(entries)
        row = self._database.execute(_FOLDER, (key,)).fetchone()
        known = {} if row is None else _stamps(row[2])
        for name, stamp in stamps.items():
            if known.pop(name, None) == stamp:
                continue
            _size, written, changed, _number = map(int, stamp.split(" "))
            if looked - max(written, changed) < YOUNG:
                stamps[name] = "young"
            self._read(key, name, joined(folder, name), written)
        self._gone += [(key, os.fsencode(name)) for name in known]
        listing = _listing(stamps)
        self._listings.append((key, modified, looked, _digest(listing), listing))
        if len(self._found) + len(self._gone) + len(self._listings) >= _BATCH:
            self.keep()

    def finish(self, *, walked: str) -> None:
        """Forget the folders that were not met, and tell that all others were."""
        for folder in self._digests:
            rows = self._database.execute("SELECT name FROM file WHERE folder = ?", (folder,))
            self._gone += [(folder, name) for (name,) in rows]
            self._forgotten.append((folder,))
        self.keep()
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
        with transaction(self._database) as database:
            self._drop_old()
            database.executemany("DELETE FROM file WHERE folder = ? AND name = ?", self._gone)
            for row, entry in self._found:
                (key,) = database.execute(_KEEP, row).fetchone()
                for claim in entry.claims:
                    database.execute("INSERT INTO claim VALUES (?, ?)", (word(claim), key))
            database.executemany(
                "INSERT OR REPLACE INTO folder VALUES (?, ?, ?, ?, ?)", self._listings
            )
            database.executemany("DELETE FROM folder WHERE path = ?", self._forgotten)
        for written in (self._found, self._gone, self._listings, self._forgotten):
            written.clear()

    def _drop_old(self) -> None:
        """Drop what is known of the files that are gone or read again, in one pass."""
        query = "SELECT key FROM file WHERE folder = ? AND name = ?"
        keys = []
        for place in (*self._gone, *(row[:2] for row, _entry in self._found)):
            found = self._database.execute(query, place).fetchone()
            keys += [] if found is None else [found]
        if keys:
            self._database.execute("CREATE TEMP TABLE IF NOT EXISTS old (key INTEGER PRIMARY KEY)")
            self._database.execute("DELETE FROM old")
            self._database.executemany("INSERT INTO old VALUES (?)", keys)
            self._database.execute("DELETE FROM claim WHERE file IN old")
            self._database.execute("DELETE FROM searched WHERE file IN old")

    def _read(self, folder: bytes, name: str, path: str, modified: int) -> None:
        from hashlib import sha256  # OpenSSL's, which is several times faster, for many files

        place = os.path.join(self._walk.root, path)
        etag = None
        try:
            data, microseconds = files.read_stable(place, path)
        except EntityNotFound:
            return
        except LoopError as error:
            entry = broken(head(place), path, self._names, problem=error.message)
        else:
            entry = entry_of(data, path, self._names)
            modified = microseconds * 1000  # of these very bytes
            etag = sha256(data).hexdigest()[:16]
        key = None if entry.id is None else word(entry.id)
        said = (key, entry.type, entry.name, etag, entry.fields, entry.problem)
        self._found.append(((folder, os.fsencode(name), modified, *said), entry))


def _stamped(entries: list[os.DirEntry[str]]) -> dict[str, str]:
    """Size, times of writing and of change, and number of each file that is there."""
    stamps = {}
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:  # gone since
            continue
        stamps[entry.name] = (
            f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"
        )
    return stamps


def _digest(listing: bytes) -> bytes:
    from hashlib import blake2b

    return blake2b(listing, digest_size=16).digest()


def _listing(stamps: dict[str, str]) -> bytes:
    """The files of a folder as bytes; a slash is in no name."""
    return os.fsencode("/".join([part for pair in stamps.items() for part in pair]))


def _stamps(listing: bytes) -> dict[str, str]:
    parts = iter(os.fsdecode(listing).split("/"))
    return dict(zip(parts, parts, strict=False))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _tests(text: str) -> list[tuple[str, object]]:
    """What holds for the rows that have a text, as SQL and its value. JSON has characters as
    they are, or where one is but half a character, as escapes."""
    found: list[tuple[str, object]] = []
    for form in dict.fromkeys((nfc(text), unicodedata.normalize("NFD", text))):
        escaped = jsontext.ascii_text(form)[1:-1]
        found.append(("instr(fields, ?)", escaped))
        try:
            plain, name = jsontext.dumps(form)[1:-1], os.fsencode(form)
            plain.encode()
        except UnicodeEncodeError:
            continue
        found += [("instr(folder, ?)", name), ("instr(name, ?)", name)]
        if plain != escaped:
            found.append(("instr(fields, ?)", plain))
    return found


def _claiming(database: sqlite3.Connection, wanted: str) -> list[str]:
    rows = database.execute(
        "SELECT folder, name FROM claim JOIN file ON file = key WHERE word = ?", (word(wanted),)
    )
    return sorted(joined(os.fsdecode(folder), os.fsdecode(name)) for folder, name in rows)
