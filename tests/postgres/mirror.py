"""A vault in PostgreSQL beside a folder that says the same: what a test writes to the folder, as
another program does, comes to the database, and what `loop` changes there comes back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from loop_cli import config
from loop_cli.core.entity import FieldNames
from loop_cli.postgres import lines, outside
from loop_cli.postgres.store import PostgresStore

if TYPE_CHECKING:
    from pathlib import Path

    from loop_cli.postgres.database import Connection

_LOG = "_build/audit_log.jsonl"
_KEPT = ".loop/kept/"
_OWN = (".loop/lock", ".loop/staged", ".loop/.gitignore", ".loop/kept")


class Mirror:
    """Keeps `folder` and the vault at `address` alike."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self._names: Any = None
        self._store: PostgresStore | None = None
        self._known: dict[str, bytes] = {}
        self._lines = 0
        self.others: list[Mirror] = []

    def beside(self, folder: Path) -> Mirror:
        """The mirror of another folder, in a vault of its own of the same database."""
        made = Mirror(folder, f"{self.address}{len(self.others)}")
        self.others.append(made)
        return made

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
        handle = self.store.handle
        there = dict(self._files())
        for path, data in there.items():
            if self._known.get(path) != data:
                modified = (self.folder / path).stat().st_mtime_ns // 1000
                outside.put(handle, path, data, modified)
        for path in self._known.keys() - there.keys():
            outside.remove(handle, path)
        self._known = there
        log = self.folder / _LOG
        text = log.read_bytes() if log.is_file() else b""
        for line in text.splitlines()[self._lines :]:
            outside.append(handle, line)
            self._lines += 1

    def pull(self) -> None:
        """Bring what the command has changed to the folder."""

        def work(connection: Connection) -> tuple[list[Any], list[Any], list[Any]]:
            files = connection.execute("SELECT path, data, modified FROM file").fetchall()
            new = connection.execute(
                "SELECT line FROM record WHERE seq > %s ORDER BY seq", (self._lines,)
            ).fetchall()
            return files, new, connection.execute("SELECT name, data FROM kept").fetchall()

        files, new, kept = self.store.handle.database.read(work)
        there = {os.fsdecode(path): (data, modified) for path, data, modified in files}
        for path, (data, modified) in there.items():
            if self._known.get(path) != data:
                self._put(path, data)
                os.utime(self.folder / path, ns=(modified * 1000,) * 2)
        for path in self._known.keys() - there.keys():
            (self.folder / path).unlink()
            self._tidy((self.folder / path).parent)
        self._known = {path: data for path, (data, _modified) in there.items()}
        if new:
            log = self.folder / _LOG
            log.parent.mkdir(exist_ok=True)
            with log.open("ab") as file:
                file.writelines(line + b"\n" for (line,) in new)
            self._lines += len(new)
        for name, data in kept:
            if not (self.folder / _KEPT / name).exists():
                self._put(_KEPT + name, data)
                (self.folder / _KEPT / name).chmod(0o600)

    def close(self) -> None:
        """Close the connections."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _tidy(self, folder: Path) -> None:
        """Remove folders that are empty now."""
        while folder != self.folder and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent

    def _put(self, path: str, data: bytes) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)

    def _files(self) -> Any:
        for place in sorted(self.folder.rglob("*")):
            path = place.relative_to(self.folder).as_posix()
            is_own = path.startswith(_OWN) or lines.is_segment(path)
            if place.is_file() and not place.is_symlink() and not is_own:
                yield path, place.read_bytes()
