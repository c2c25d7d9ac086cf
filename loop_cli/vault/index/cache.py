"""The vault's cache: one SQLite file in the user's cache folder, never in the vault.

It may be deleted at any time. Its content is always compared with its sources. A damaged file is
made again. If no file can be kept, a database in memory serves one command. Updating the cache may
take seconds in the middle of a command; `progress` shows that.
"""

from __future__ import annotations

import _thread
import os
import time

from loop_cli.lean.sqlite import sqlite3
from loop_cli.system import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from typing import Protocol, TypeVar

    from loop_cli.core.entity import FieldNames

    T = TypeVar("T")

    class Progress(Protocol):
        """Makes a context manager that returns the function to call with the count; None for
        nobody."""

        def __call__(
            self, what: str, *, unit: str
        ) -> AbstractContextManager[Callable[[int], None] | None]: ...


# part of the file's name, so that two versions of loop do not take each other's for damaged
LAYOUT = 9
PATIENCE = 30.0  # seconds to wait for another process that is writing
_PAUSE = 0.01  # seconds between two tries
MEMORY = 2_000  # KiB: what is read again is in the system's memory as well
_INMEMORY = ":memory:"
_TABLES = """
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS folder (
    path BLOB PRIMARY KEY, modified INTEGER, looked INTEGER, digest BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS listing (folder BLOB PRIMARY KEY, files BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file (
    key INTEGER PRIMARY KEY AUTOINCREMENT, folder BLOB NOT NULL, name BLOB NOT NULL,
    modified INTEGER, id BLOB, type TEXT, title TEXT, etag TEXT, problem TEXT, flat INTEGER,
    head TEXT, fields TEXT, UNIQUE (folder, name)
);
CREATE INDEX IF NOT EXISTS file_by_id ON file (id) WHERE id IS NOT NULL;
CREATE INDEX IF NOT EXISTS file_by_problem ON file (key) WHERE problem IS NOT NULL;
CREATE TABLE IF NOT EXISTS claim (
    word BLOB, file INTEGER, PRIMARY KEY (word, file)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS field (
    number INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB UNIQUE, until INTEGER
);
CREATE TABLE IF NOT EXISTS value (
    field INTEGER, file INTEGER, text TEXT, PRIMARY KEY (field, file)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS searched (
    doc INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS record (
    entity BLOB NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (entity, offset)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS last (
    entity BLOB, path BLOB, offset INTEGER,
    etag_before TEXT, etag_after TEXT, updated INTEGER, own INTEGER,
    PRIMARY KEY (entity, path)
) WITHOUT ROWID;
"""


class Cache:
    """The cache in `folder`; None for one in memory.

    Several threads may use it: each has its own connection, and in memory its own cache. `notices`
    are sentences for the user about the cache, until somebody takes them.
    """

    def __init__(self, folder: str | None) -> None:
        self._path = None if folder is None else os.path.join(folder, f"index-{LAYOUT}.sqlite")
        self._file = 0  # counts the files that were made again or given up
        self._guard = _thread.allocate_lock()
        self._own = _Own()
        self._was_made_anew = False
        self.notices: list[str] = []

    @property
    def is_kept(self) -> bool:
        """Whether the next command can use it too."""
        return self._path is not None

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return the result of `work` on the database. It may be called again, with a new
        database."""
        while True:
            with self._guard:
                path, file = self._path, self._file
            try:
                return work(self._opened(path, file))
            except sqlite3.OperationalError as error:
                if path is None:
                    raise
                if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
                    self._begin_anew(file)  # its tables are different from ours
                else:
                    self._do_without(error, file)
            except sqlite3.DatabaseError:
                if path is None:
                    raise
                self._begin_anew(file)

    def take_notices(self) -> list[str]:
        """Return the notices so far, to the first caller that asks."""
        with self._guard:
            taken, self.notices = self.notices, []
        return taken

    def close(self) -> None:
        """Close the connection of this thread; the next use opens it again."""
        database, self._own.database = self._own.database, None
        if database is not None:
            database.close()

    def _opened(self, path: str | None, file: int) -> sqlite3.Connection:
        """Return the connection of this thread."""
        if self._own.database is None or self._own.file != file:
            self.close()
            if path is not None:
                try:
                    _make_private(path)
                except OSError as error:
                    raise sqlite3.OperationalError(error.strerror) from None
            self._own.database, self._own.file = _connect(path or _INMEMORY), file
        database = self._own.database
        assert database is not None, "it was just opened"
        return database

    def _do_without(self, error: sqlite3.Error, file: int) -> None:
        self.close()
        with self._guard:
            if file != self._file:  # another thread has done it
                return
            self.notices.append(
                f"the index in {os.path.dirname(self._path or '')} can't be used ({error}), so "
                "the whole vault is read"
            )
            self._path = None
            self._file += 1

    def _begin_anew(self, file: int) -> None:
        self.close()
        with self._guard:
            if file != self._file:  # another thread has done it
                return
            self._file += 1
            path = self._path or ""
            notice = f"the index {path} was damaged and is made again"
            if self._was_made_anew:  # it is damaged again: the disk is failing
                self._path = None
                return
            self._was_made_anew = True
            self.notices.append(notice)
            for one in _files_of(path):
                try:
                    os.unlink(one)
                except OSError:  # missing or not accessible: the next command says so
                    continue


class _Own(_thread._local):
    """The connection of a thread, and which file it is."""

    def __init__(self) -> None:
        self.database: sqlite3.Connection | None = None
        self.file = 0


class transaction:  # noqa: N801
    """A context manager: all writes within it are committed, or none."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> sqlite3.Connection:
        self._database.execute("BEGIN IMMEDIATE")
        return self._database

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        self._database.execute("COMMIT" if kind is None else "ROLLBACK")


def word(text: str) -> bytes:
    """Return an id or alias as the cache stores it; file names and YAML may have half
    characters."""
    return text.encode("utf-8", "surrogatepass")


def folded_word(text: str) -> bytes:
    """Return how an id with capitals reads without case, as the cache stores it among the claims;
    no id or alias begins like it."""
    return b"\xfe" + word(text)


def key_word(key: str) -> bytes:
    """Return an idempotency key as the cache stores it among the ids; no id begins like it."""
    return b"\xff" + word(key)


def _write_ahead(database: sqlite3.Connection) -> None:
    """Turn on a write-ahead log, so that readers need not wait.

    If several processes do this at once, SQLite may refuse some at once.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(_PAUSE)


def _files_of(path: str) -> tuple[str, ...]:
    """Return the database and the files that SQLite puts beside it, with the same rights."""
    return (path, path + "-wal", path + "-shm")


def _make_private(path: str) -> None:
    """Have the database and its folder for this user alone; what is there and is no file of
    this user, a link say, goes. Another process may make them meanwhile, so what was not there
    when it was looked at stays. Raises `OSError`."""
    home.make_private(os.path.dirname(path))
    for one in _files_of(path):
        if home.narrow(one) is False and not os.path.isdir(one):
            os.unlink(one)
    if not os.path.lexists(path):
        try:
            os.close(home.create(path))
        except FileExistsError:  # another process was faster, or it is a folder
            return


def _remove_older(path: str) -> None:
    """Remove the caches of earlier versions when a new one is made.

    If one is still in use, its version makes its own again, once.
    """
    from loop_cli.lean.basics import suppress

    folder = os.path.dirname(path)
    for name in os.listdir(folder) if folder else ():
        number = name.removeprefix("index-").partition(".sqlite")[0]
        if name.startswith("index-") and number.isdecimal() and int(number) < LAYOUT:
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))


def _connect(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    try:
        if database.execute("PRAGMA user_version").fetchone() != (LAYOUT,):
            _write_ahead(database)
            database.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {LAYOUT}; COMMIT"
            )
            _remove_older(path)
        # After a power failure the data is read again; WAL prevents half of it.
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(f"PRAGMA cache_size = -{MEMORY}")
    except BaseException:
        database.close()
        raise
    return database


class _Unseen:
    """A context manager that shows nothing."""

    def __init__(self, what: str, *, unit: str) -> None:
        pass

    def __enter__(self) -> Callable[[int], None] | None:
        return None

    def __exit__(self, *_raised: object) -> None:
        pass


progress: Progress = _Unseen
"""What shows that work on the cache takes long. A program sets it once, before it opens a store."""


def folder(root: str, names: FieldNames, environ: Mapping[str, str]) -> str | None:
    """Where the cache of the vault at `root` is, if that is what its fields are called; it may
    be deleted at any time. None where there is no folder for one."""
    from loop_cli.lean.basics import sha256_hex

    base = home.cache(environ)
    identity = sha256_hex(os.fsencode(f"{os.path.realpath(root)}\0{names}"))[:32]
    return None if base is None else os.path.join(base, identity)


def in_use(
    root: str, names: FieldNames, environ: Mapping[str, str]
) -> tuple[str | None, list[str]]:
    """The folder of the cache, made where it is not there; None where none is to be used, and a
    sentence that says why."""
    found = folder(root, names, environ)
    if found is None:
        return None, [f"no index is kept, so the whole vault is read: {home.NO_HOME}"]
    base = os.path.dirname(found)
    try:
        home.make_private(base)
    except OSError as error:
        why = f"the index in {base} can't be used ({error.strerror}), so the whole vault is read"
        return None, [why]
    return found, []
