"""A vault in PostgreSQL beside a folder that says the same: what a test writes to the folder, as
another program does, comes to the database, and what `loop` changes there comes back.

Files, the log with its segments, and kept copies are alike. What the database can't hold stays in
the folder alone: links, pipes, folders that are empty, files that are too large.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from loop_cli import config
from loop_cli.core.entity import FieldNames
from loop_cli.errors import LoopError
from loop_cli.postgres import lines, outside, recomputing, rows
from loop_cli.postgres.store import PostgresStore
from loop_cli.system.folders import open_folder
from loop_cli.vault import KEPT, LOOP, VaultLayout
from loop_cli.vault.log.log import segments_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.lines import Line

    File = tuple[bytes, int]  # bytes, microseconds
    LogLine = tuple[str, bytes, bool]  # segment, text, whether a newline follows

_OWN = tuple(f"{LOOP}/{name}" for name in ("lock", "staged", ".gitignore", "kept"))
_LARGEST = 1 << 26  # bytes of a file that is brought to the database
_FILES = "SELECT path, data, modified FROM file"
_LINES = "SELECT segment, line, ended FROM record ORDER BY seq"
_COPIES = "SELECT name, data, kept_at FROM kept"
_PUT_COPY = (
    "INSERT INTO kept VALUES (%s, %s, %s)"
    " ON CONFLICT (name) DO UPDATE SET data = EXCLUDED.data, kept_at = EXCLUDED.kept_at"
)
_TABLES = """
SELECT table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
FROM information_schema.columns JOIN pg_class ON oid = format('%%I.%%I', table_schema,
    table_name)::regclass
WHERE table_schema = %s AND is_generated = 'NEVER' AND relkind = 'r'
GROUP BY oid, table_name ORDER BY oid
"""


class Mirror:
    """Keeps `folder` and the vault at `address` alike."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self._names: Any = None
        self._store: PostgresStore | None = None
        self._files: dict[str, File] = {}
        self._lines: list[LogLine] = []
        self._kept: dict[str, File] = {}
        self._rests = False
        self._lock = threading.Lock()  # a test may run commands in several threads
        self.all = [self]

    def beside(self, folder: Path) -> Mirror:
        """The mirror of another folder, in a vault of its own of the same database."""
        made = next((one for one in self.all if one.folder == folder), None)
        if made is None:
            made = Mirror(folder, f"{self.all[0].address}{len(self.all)}")
            self.all.append(made)
            made.all = self.all
        return made

    def begin_as(self, other: Mirror) -> None:
        """Take over what another mirror has in the database, whose folder is like this one."""
        source, target = other.store.handle.address.schema, self.store.handle.address.schema

        def work(connection: Connection) -> None:
            with connection.transaction():
                tables = connection.execute(_TABLES, (source,)).fetchall()
                for table, _columns in reversed(tables):
                    connection.execute(f"DELETE FROM {target}.{table}".encode())
                for table, columns in tables:
                    copied = f"SELECT {columns} FROM {source}.{table}"
                    connection.execute(
                        f"INSERT INTO {target}.{table} ({columns}) {copied}".encode()
                    )

        self.store.handle.database.read(work)
        self._files = {**other._files}
        for path, (_data, modified) in self._files.items():
            _date(self.folder / path, modified)

    @property
    def store(self) -> PostgresStore:
        """The store, opened anew where the settings of the vault have changed."""
        try:
            names = config.load({"vault": str(self.folder)}, environ={}, cwd="/").names
        except Exception:  # what is wrong with them is for the command to say
            names = self._names or FieldNames()
        if self._store is None or names != self._names:
            self.close()
            self._names = names
            self._store = PostgresStore(self.address, names=names, clock=lambda: 0)
        return self._store

    def push(self) -> None:
        """Bring what the test has written since to the database."""
        with self._lock:
            if not self._rests:
                self._push()

    def _push(self) -> None:
        now = {path: _read(self.folder / path) for path in self._paths()}
        log = [*self._log()]
        folder = self.folder / KEPT
        names = os.listdir(folder) if folder.is_dir() else ()
        copies = {name: _read(folder / name) for name in names if _is_small(folder / name)}
        if (now, log, copies) == (self._files, self._lines, self._kept):
            return

        def work(connection: Connection) -> None:
            with connection.transaction():
                self._push_log(connection, log)
                self._push_files(connection, now)
                for name in self._kept.keys() - copies.keys():
                    connection.execute("DELETE FROM kept WHERE name = %s", (name,))
                for name, copy in copies.items():
                    if self._kept.get(name) != copy:
                        connection.execute(_PUT_COPY, (name, *copy))

        self.store.handle.database.read(work)
        self._files, self._lines, self._kept = now, log, copies

    def pull(self) -> None:
        """Bring what the command has changed to the folder."""
        with self._lock:
            if not self._rests:
                self._pull()

    def _pull(self) -> None:
        def work(connection: Connection) -> list[list[Any]]:
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                return [
                    connection.execute(query.encode()).fetchall()
                    for query in (_FILES, _LINES, _COPIES)
                ]

        files, log, kept = self.store.handle.database.read(work)
        self._files = self._exchange(
            "", self._files, {os.fsdecode(path): (data, at) for path, data, at in files}
        )
        self._kept = self._exchange(
            f"{KEPT}/", self._kept, {name: (data, at) for name, data, at in kept}
        )
        if log != self._lines:
            self._pull_log(log)
            self._lines = log

    @contextmanager
    def without_log(self) -> Iterator[None]:
        """A database that can't give the log; meanwhile nothing is brought to and fro."""
        self.push()
        self._alter("ALTER TABLE record RENAME TO taken_away")
        self._rests = True
        yield
        self._rests = False
        self._alter("ALTER TABLE taken_away RENAME TO record")

    def _alter(self, statement: str) -> None:
        database = self.store.handle.database
        database.read(lambda connection: connection.execute(statement.encode()))

    def close(self) -> None:
        """Close the connections."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _push_files(self, connection: Connection, now: dict[str, File]) -> None:
        handle = self.store.handle
        new = [(path, *file) for path, file in now.items() if self._files.get(path) != file]
        gone = self._files.keys() - now.keys()
        deciding = [one for one in new if one[0] in handle.deciding]
        outside.put_files(handle, connection, deciding)
        for path in gone:
            outside.remove_file(handle, connection, path)
        if deciding or gone & {*handle.deciding}:
            outside.move_on(connection, outside.locked(connection), rules=True)
            with suppress(LoopError):  # what is wrong with the schema is for the command to say
                recomputing.places_changed(handle, connection)
        outside.put_files(handle, connection, [one for one in new if one not in deciding])
        outside.move_on(connection, outside.locked(connection), rules=False)

    def _push_log(self, connection: Connection, log: list[LogLine]) -> None:
        same = 0
        while same < min(len(log), len(self._lines)) and log[same] == self._lines[same]:
            same += 1
        if same == len(log) == len(self._lines):
            return
        (count, *_ends) = outside.locked(connection)
        assert count == len(self._lines), "a command has written to the log, and so has the test"
        connection.execute("DELETE FROM record WHERE seq > %s", (same,))
        head = _end_after([_line(one) for one in log[:same]])
        new = [_line(one) for one in log[same:]]
        outside.move_on(connection, outside.put_lines(connection, head, new), rules=False)
        changed = [*new, *map(_line, self._lines[same:])]
        read = self.store.handle.log_over(connection)
        for entity_id in {one.record.entity_id for one in changed if one.record is not None}:
            rows.date_again(connection, read, entity_id)

    def _pull_log(self, log: list[LogLine]) -> None:
        folder = self.folder / VaultLayout(str(self.folder)).log
        texts: dict[str, bytes] = {}
        for segment, text, ended in log:
            before = texts.get(segment, b"")
            open_end = before and not before.endswith(b"\n")
            texts[segment] = before + (b"\n" if open_end else b"") + text + b"\n" * ended
        for segment in {one[0] for one in self._lines} - texts.keys():
            (folder / segment).unlink(missing_ok=True)
        folder.mkdir(exist_ok=True)
        for segment, text in texts.items():
            place = folder / segment
            if not place.exists() or place.read_bytes() != text:
                place.write_bytes(text)

    def _exchange(
        self, folder: str, known: dict[str, File], there: dict[str, File]
    ) -> dict[str, File]:
        """Write to the folder what is there now and was not known; return what is known now."""
        for path, (data, modified) in there.items():
            if known.get(path) != (data, modified):
                place = self.folder / folder / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
                _date(place, modified)
                if folder:
                    place.chmod(0o600)
        for path in known.keys() - there.keys():
            (self.folder / folder / path).unlink(missing_ok=True)
            if not folder:
                self._tidy((self.folder / path).parent)
        return there

    def _tidy(self, folder: Path) -> None:
        """Remove folders that are empty now."""
        while folder != self.folder and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent

    def _paths(self) -> Iterator[str]:
        log = VaultLayout(str(self.folder)).log
        for place in sorted(self.folder.rglob("*")):
            path = place.relative_to(self.folder).as_posix()
            is_own = path.startswith(_OWN) or (
                path.startswith(f"{log}/") and lines.is_segment(f"_build/{place.name}")
            )
            if not is_own and _is_small(place):
                yield path

    def _log(self) -> Iterator[LogLine]:
        layout = VaultLayout(str(self.folder))
        try:
            with open_folder(layout.root, layout.log) as folder:
                names = segments_in(folder)
        except OSError:
            return
        for name in names:
            place = self.folder / layout.log / name
            if _is_small(place):
                with place.open("rb") as file:
                    for line in file:
                        yield name, line.removesuffix(b"\n"), line.endswith(b"\n")


def _line(one: LogLine) -> Line:
    segment, text, ended = one
    return lines.line_of(text, segment=segment, ended=ended)


def _end_after(known: list[Line]) -> tuple[int, str | None, str | None]:
    """The end of a log with these lines: their number, the last digest, the last of loop's own."""
    own = [one.digest for one in known if one.own]
    return len(known), known[-1].digest if known else None, own[-1] if own else None


def _is_small(place: Path) -> bool:
    """Whether it is an ordinary file that the database can hold."""
    return place.is_file() and not place.is_symlink() and place.stat().st_size <= _LARGEST


def _read(place: Path) -> File:
    return place.read_bytes(), place.stat().st_mtime_ns // 1000


def _date(place: Path, modified: int) -> None:
    os.utime(place, ns=(modified * 1000,) * 2)
