"""Look at every file of a vault once, and store the results in the cache (`index`).

A folder's listing has each file's name and stamp. If the listing is unchanged, so are the files.
"""

from __future__ import annotations

import os
import time

from loop_cli.core import timestamps
from loop_cli.core.entity import head_of, is_flat
from loop_cli.core.names import nfc, one_name
from loop_cli.errors import EntityNotFound, InvalidFile, LoopError, NoEntity
from loop_cli.lean import jsontext
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.jsontext import as_json
from loop_cli.lean.records import Struct
from loop_cli.planning import snapshot
from loop_cli.planning.resolution import aliases, frontmatter_of, stem, unescaped
from loop_cli.vault.files import reading as files
from loop_cli.vault.files.walk import STAMP, listing_of, stamps_in, stamps_of
from loop_cli.vault.index.cache import MEMORY, folded_word, transaction, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.vault.files.walk import Walk

    Found = tuple[tuple[object, ...], tuple[bytes, ...]]

_ID_LINE = r"""(?m)^['"]?%s['"]?\s*:\s*['"]?(.*)$"""
BATCH = 1_000  # files and folders that are written to the cache at once
_MEMORY = 16_000  # KiB that SQLite may use meanwhile, so that it writes each page once
_KNOWN = "SELECT looked, files FROM folder JOIN listing ON listing.folder = path WHERE path = ?"
_FOLDERS = "SELECT path, looked, CASE WHEN looked - modified >= ? THEN digest END FROM folder"
_COLUMNS = (
    "folder", "name", "modified", "id", "type", "title", "etag", "problem", "flat",
    "head", "fields",
)  # fmt: skip
_NEW = f"INSERT INTO file (key, {', '.join(_COLUMNS)}) VALUES (?{', ?' * len(_COLUMNS)})"
_DROP = (  # of the files in `old`; a file that is read again gets a new key
    "DELETE FROM file WHERE key IN old",
    "DELETE FROM claim WHERE file IN old",
    "DELETE FROM searched WHERE file IN old",
    "DELETE FROM value WHERE field IN (SELECT number FROM field) AND file IN old",
)
_UNREAD = -1  # instead of the time of a folder; no folder has it
_YOUNG = "young"  # instead of a stamp; no stamp is equal to it


class Look:
    """One look at every file.

    Results are written to the cache in batches, so that an interrupted look is not lost. The rows
    of a folder are always right together. A file that was changed less than `young` nanoseconds ago
    is read again next time.
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
        self._forgotten: list[tuple[bytes, int]] = []
        self._digests: dict[bytes, tuple[int, bytes | None]] = {}
        self._before: dict[bytes, tuple[int, bytes] | None] = {}  # the folders in the cache
        self._unknown: set[bytes] = set()  # folders without an entry
        self._began = time.time_ns()
        self._waiting = 0
        self.count = 0

    def remember(self) -> None:
        """Load what is known of all folders, before looking at all."""
        rows = self._database.execute(_FOLDERS, (self._young,))
        self._digests = {path: (looked, digest) for path, looked, digest in rows}

    def at(self, folder: str, names: list[str], stamps: list[int]) -> None:
        """Look at a folder, and read its files if it has changed."""
        self.count += len(names)
        key = os.fsencode(folder)
        if key not in self._digests:
            self._unknown.add(key)
        digest = self._digests.pop(key, (0, None))[1]
        if digest is None:
            # Its time was read after its files were listed; if it is old, that does not matter.
            looked = min(self._began, time.time_ns())
            modified = self._walk.modified(folder)
            if looked - modified >= self._young:
                self._read_changed(folder, looked, modified, names, stamps)
                self._keep_if_many()
            else:
                self.again(folder)
        elif _digest(names, stamps) != digest:
            self.again(folder)

    def again(self, folder: str) -> None:
        """List the files of a folder, and read the new and changed ones."""
        self._list_again(folder)
        self._keep_if_many()

    def _list_again(self, folder: str) -> None:
        looked = time.time_ns()
        modified = self._walk.modified(folder)
        self._read_changed(folder, looked, modified, *self._walk.files_in(folder))

    def _read_changed(
        self, folder: str, looked: int, modified: int, names: list[str], numbers: list[int]
    ) -> None:
        """Read the new and changed files.

        The stamp of a young file is marked, so that it is read again. The folder's own time was
        read before its files were listed.
        """
        key = os.fsencode(folder)
        known = self._known_in(key)
        found = self._found.setdefault(key, [])
        stamps = {}
        prefix = f"{folder}/" if folder else ""
        for at, (name, stamp) in enumerate(stamps_of(names, numbers).items()):
            of_file = numbers[at * STAMP : (at + 1) * STAMP]
            stamps[name] = stamp
            if known.pop(name, None) == stamp:
                continue
            _size, written, changed, _number = of_file
            if looked - max(written, changed) < self._young:
                stamps[name] = _YOUNG
            found += self._read(key, name, prefix + name)
        self._gone.update((key, os.fsencode(name)) for name in known)
        digest = None if _YOUNG in stamps.values() else _digest(names, numbers)
        if folder in self._walk.unread:  # its time stays as it is when it can be read again
            modified, digest = _UNREAD, None
        self._folders[key] = (modified, looked, digest)
        self._listings[key] = listing_of(stamps)
        self._waiting += 1 + len(found) + len(known)

    def _keep_if_many(self) -> None:
        if self._waiting >= BATCH:
            self.keep()

    def _known_in(self, folder: bytes) -> dict[str, str]:
        """Return the stored stamps of the files in a folder."""
        known = None if folder in self._unknown else self._kept(folder)
        self._before[folder] = known
        return {} if known is None else stamps_in(known[1])

    def _kept(self, folder: bytes) -> tuple[int, bytes] | None:
        """Return the time of the last look at a folder, and its listing, from the cache now."""
        row: tuple[int, bytes] | None = self._database.execute(_KNOWN, (folder,)).fetchone()
        return row

    def finish(self, *, walked: str) -> None:
        """Remove the folders that were not found, and store that all were looked at."""
        self._forgotten = [(folder, looked) for folder, (looked, _) in self._digests.items()]
        self.keep()
        self._database.execute(f"PRAGMA cache_size = -{MEMORY}")
        row = self._database.execute("SELECT value FROM note WHERE name = 'walked'").fetchone()
        if row != (walked,):
            with transaction(self._database):
                self._database.execute(
                    "INSERT OR REPLACE INTO note VALUES ('walked', ?)", (walked,)
                )

    def keep(self) -> None:
        """Write the results to the cache."""
        if not self._listings and not self._forgotten:
            return
        if self._waiting >= BATCH:
            self._database.execute(f"PRAGMA cache_size = -{_MEMORY}")
        with transaction(self._database) as database:
            self._look_again()
            forgotten = self._forget()
            known = [folder for folder in self._found if self._before[folder] is not None]
            self._drop_old(row[:2] for folder in known for row, _claims in self._found[folder])
            self._put()
            folders = [(folder, *row) for folder, row in self._folders.items()]
            database.executemany("INSERT OR REPLACE INTO folder VALUES (?, ?, ?, ?)", folders)
            listings = self._listings.items()
            database.executemany("INSERT OR REPLACE INTO listing VALUES (?, ?)", listings)
            database.executemany("DELETE FROM folder WHERE path = ?", forgotten)
            database.executemany("DELETE FROM listing WHERE folder = ?", forgotten)
        self._waiting = 0
        for written in (self._found, self._gone, self._folders, self._listings, self._forgotten):
            written.clear()
        self._before.clear()

    def _look_again(self) -> None:
        """List folders again that another process has written since: its listing may be newer.

        We hold the lock of the database, so our new listing is the newest.
        """
        changed = [one for one in self._listings if self._kept(one) != self._before[one]]
        if not changed:
            return
        self._gone = {place for place in self._gone if place[0] not in changed}
        for folder in changed:
            self._found.pop(folder, None)
            self._unknown.discard(folder)
            self._list_again(os.fsdecode(folder))

    def _forget(self) -> list[tuple[bytes]]:
        """Remove folders that the walk did not find, unless another process listed them; return
        them."""
        forgotten = []
        for folder, looked in self._forgotten:
            kept = self._kept(folder)
            if kept is not None and kept[0] == looked:
                rows = self._database.execute("SELECT name FROM file WHERE folder = ?", (folder,))
                self._gone.update((folder, name) for (name,) in rows)
                forgotten.append((folder,))
        return forgotten

    def _put(self) -> None:
        """Write the results: a row for each file, with a key that no other file has had."""
        query = "SELECT seq FROM sqlite_sequence WHERE name = 'file'"
        last = self._database.execute(query).fetchone()
        key = 0 if last is None else last[0]
        by_place = {row[:2]: (row, names) for found in self._found.values() for row, names in found}
        rows, claims = [], []
        for row, names in by_place.values():
            key += 1
            rows.append((key, *row))
            claims += [(claim, key) for claim in names]
        self._database.executemany(_NEW, rows)
        self._database.executemany("INSERT INTO claim VALUES (?, ?)", claims)

    def _drop_old(self, again: Iterable[tuple[object, ...]]) -> None:
        """Remove the rows of files that are gone or were read again, in one pass."""
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
        """Return the row of a file, and the names that it claims; nothing if it is gone."""
        place = f"{self._walk.root}/{path}"
        try:
            data, modified = files.read_stable(place, path)
        except EntityNotFound:
            return []
        except LoopError as error:
            modified = 0  # an unreadable file has no revision
            entry = broken(files.head(place), path, self._names, problem=error.message)
        else:
            etag = sha256_hex(data)[:16]
            entry = entry_of(data, path, self._names, etag=etag, modified=modified)
        key = None if entry.id is None else word(entry.id)
        said = (entry.type, entry.name, entry.etag, entry.problem, entry.flat)
        row = (folder, os.fsencode(name), modified, key, *said, entry.head, entry.fields)
        return [(row, (*map(word, entry.claims), *_folded(entry.id)))]


def _folded(entity_id: str | None) -> tuple[bytes, ...]:
    """Return what finds an id that has capitals by how it reads without case."""
    folded = entity_id and one_name(entity_id)
    return () if not folded or folded == entity_id else (folded_word(folded),)


def _digest(names: list[str], stamps: list[int]) -> bytes:
    """Return a number that differs if a name or a number differs.

    Python's hash combines numbers in reversible steps, so changing one number always changes the
    result. For texts it differs between processes.
    """
    seen = sha256_hex("/".join(names).encode("utf-8", "surrogateescape"))
    return b"%d %b" % (hash(tuple(stamps)), seen[:16].encode())


class Entry(Struct):
    """The content of a file: an entity, or nothing, or the `problem` why it can't be read.

    `claims` are names in normal form, besides `id`, by which it may be meant. `fields` are JSON.
    `head` is the beginning of its line in a list, as long as it has no record; empty if the line
    can't be stored as it is printed. In `flat` fields no mapping is within another.
    """

    claims: tuple[str, ...]
    id: str | None = None
    type: str | None = None
    name: str | None = None
    etag: str | None = None
    flat: bool = False
    head: str | None = None
    fields: str | None = None
    problem: str | None = None


def entry_of(data: bytes, path: str, names: FieldNames, *, etag: str, modified: int) -> Entry:
    """Return the entry for a file's bytes; it was modified at `modified` (microseconds)."""
    try:
        pieces, fields, _warnings = snapshot.read_frontmatter(data, path, closely=False)
        given, entity_type, name = snapshot.identity(fields, path, names)
    except NoEntity:
        return broken(data[: files.HEAD], path, names, problem=None)
    except InvalidFile as error:
        return broken(data[: files.HEAD], path, names, problem=error.message)
    own, shown, text = nfc(given), whole(entity_type), _fields(fields)
    updated_at = snapshot.reported(etag=etag, modified=modified, recorded=None, holds=False)
    start = head_of(own, shown, path, timestamps.render(updated_at), etag)
    return Entry(
        claims=tuple({*aliases(fields, pieces.yaml)} - {own}),
        id=own,
        type=shown,
        name=None if name is None else whole(name),
        etag=etag,
        head=start if jsontext.is_harmless(start) and jsontext.is_harmless(text) else None,
        fields=text,
        flat=is_flat(text),
    )


def broken(start: bytes, path: str, names: FieldNames, *, problem: str | None) -> Entry:
    """Return the entry of a file that is not an entity, or can't be read; `start` is its beginning.

    It may be meant by its name, and by an id in a line of its frontmatter.
    """
    claims = {nfc(names.id_of(path) if names.id_is_stem else stem(path))}
    text = "" if names.id_is_stem else frontmatter_of(start).decode(errors="replace")
    if names.id in text:
        import re

        for match in re.finditer(_ID_LINE % re.escape(names.id), text):
            value = match[1].partition("#")[0].rstrip()
            value = value[:-1] if value.endswith(("'", '"')) else value
            claims |= {nfc(value), nfc(unescaped(value))}
    return Entry(claims=tuple(claims), problem=None if problem is None else whole(problem))


def whole(text: str) -> str:
    """Return a text without half characters, which YAML escapes and file names may have."""
    return text if text.isprintable() else text.encode("utf-8", "replace").decode()


def _fields(fields: Mapping[str, Any]) -> str:
    text = as_json(fields)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, written as an escape
        import json

        return json.dumps(json.loads(text))
    return text
