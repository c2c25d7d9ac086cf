"""A vault in a folder as a whole. As a target it is written to a folder of its own, which is new or
empty."""

from __future__ import annotations

import os
import time

from loop_cli.core.names import LOG_FOLDER
from loop_cli.core.whole import KeptCopy, LogLine, Received, Whole, WholeFile
from loop_cli.errors import InvalidFile, StorageError, UsageError
from loop_cli.planning.snapshot import etag_of
from loop_cli.vault import KEPT, LOOP, SHARED_SCHEMA, STAGED, VaultLayout
from loop_cli.vault.log.log import segments_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from loop_cli.vault.handle import Vault

_MARK = f"{LOOP}/copying"
_IGNORES = f"{LOOP}/.gitignore"
_LEFT_OUT = (f"{LOOP}/lock", STAGED, KEPT, _MARK)
_GIT = ".git"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class WholeFolder(Whole):
    """The folder `root`; `vault` is its handle, if it is a vault already. `log` is the folder of
    the log that its settings will name."""

    def __init__(self, root: str, vault: Vault | None = None, *, log: str | None = None) -> None:
        self.name = root
        self._root = root
        self._vault = vault
        self._log = log
        self._layout = VaultLayout(root, log=log) if vault is None else vault.layout
        self._skipped: list[str] = []
        self._has_ignores = False  # `.loop/.gitignore` came with the copy

    def count(self) -> int:
        return sum(1 for _path in self._paths())

    def files(self) -> Iterator[WholeFile]:
        self._skipped.clear()
        for path in sorted(self._paths(), key=os.fsencode):
            place = os.path.join(self._root, path)
            try:
                with open(place, "rb") as file:
                    data = file.read()
                modified = os.stat(place).st_mtime_ns // 1000
            except FileNotFoundError:
                continue  # gone since
            except OSError as error:
                raise StorageError(f"{path} can't be read: {error.strerror}") from error
            yield WholeFile(path=path, data=data, modified=modified)

    def lines(self, *, after: int = 0) -> Iterator[LogLine]:
        left = after
        for name in self._segments():
            with open(os.path.join(self._root, self._layout.log, name), "rb") as file:
                for line in file:
                    if left:
                        left -= 1
                        continue
                    ended = line.endswith(b"\n")
                    yield LogLine(segment=name, text=line.removesuffix(b"\n"), ended=ended)

    def kept(self) -> Iterator[KeptCopy]:
        folder = os.path.join(self._root, KEPT)
        if os.path.islink(folder) or not os.path.isdir(folder):
            return
        for name in sorted(os.listdir(folder)):
            place = os.path.join(folder, name)
            if os.path.isfile(place) and not os.path.islink(place):
                with open(place, "rb") as file:
                    data = file.read()
                yield KeptCopy(name=name, data=data, kept_at=os.stat(place).st_mtime_ns // 1000)

    def skipped(self) -> Sequence[str]:
        return list(self._skipped)

    def begin(self, mark: str) -> Received:
        os.makedirs(self._root, exist_ok=True)
        place = os.path.join(self._root, _MARK)
        if not os.path.exists(place):
            if os.listdir(self._root):
                raise UsageError(
                    f"{self._root} is not empty, and a copy goes to a new or empty place only"
                )
            os.mkdir(os.path.join(self._root, LOOP), 0o700)
            with open(place, "x") as file:
                file.write(mark)
        with open(place) as file:
            if (begun := file.read()) != mark:
                raise UsageError(f"{self._root} holds the beginning of another {begun}")
        files = {one.path: etag_of(one.data) for one in self.files()}
        self._has_ignores = _IGNORES in files
        lines = sum(1 for _line in self.lines())
        return Received(files=files, lines=lines, kept=frozenset(one.name for one in self.kept()))

    def put_lines(self, lines: Iterable[LogLine]) -> None:
        folder = os.path.join(self._root, self._layout.log)
        os.makedirs(folder, exist_ok=True)
        name = ""
        texts: list[bytes] = []
        for line in lines:
            if line.segment != name:
                self._append(name, texts)
                name, texts = line.segment, []
            texts.append(line.text + (b"\n" if line.ended else b""))
        self._append(name, texts)

    def put_files(self, files: Sequence[WholeFile]) -> None:
        for one in files:
            self._has_ignores = self._has_ignores or one.path == _IGNORES
            parts = one.path.split("/")
            if any(part in ("", ".", "..") for part in parts) or "\0" in one.path:
                raise InvalidFile(one.path, "leads out of the vault")
            place = os.path.join(self._root, one.path)
            try:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                _write(place, one.data, one.modified, mode=0o644)
            except OSError as error:
                raise StorageError(f"{one.path} can't be written: {error.strerror}") from error

    def put_kept(self, copies: Sequence[KeptCopy]) -> None:
        folder = os.path.join(self._root, KEPT)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        for one in copies:
            if "/" in one.name or one.name in (".", ".."):
                raise InvalidFile(one.name, "leads out of the vault")
            _write(os.path.join(folder, one.name), one.data, one.kept_at, mode=0o600)

    def _settle_log(self) -> None:
        """Move the log, which came before the files, to where it is in a vault with these files."""
        if self._log is not None:
            return
        place = os.path.join(self._root, SHARED_SCHEMA)
        old, new = self._layout.log, LOG_FOLDER if os.path.lexists(place) else LOOP
        if old == new or not self._layout.has_log(old):
            return
        os.makedirs(os.path.join(self._root, new), exist_ok=True)
        for name in self._segments():
            os.rename(os.path.join(self._root, old, name), os.path.join(self._root, new, name))

    def finish(self) -> None:
        self._settle_log()
        made = [_MARK, f"{LOOP}/lock", *(() if self._has_ignores else (_IGNORES,))]
        for path in made:  # the last two by verifying the log
            if os.path.exists(os.path.join(self._root, path)):
                os.remove(os.path.join(self._root, path))
        if not os.listdir(os.path.join(self._root, LOOP)):
            os.rmdir(os.path.join(self._root, LOOP))
        os.sync()

    def verified(self) -> dict[str, Any]:
        from loop_cli.vault.log import verify

        found = verify.verify(self._vault or self._opened())
        return {"own": found.own, "records": found.records, "problems": len(found.problems)}

    def _opened(self) -> Vault:
        from loop_cli.core.entity import FieldNames
        from loop_cli.vault.handle import Vault

        return Vault(
            self._root,
            names=FieldNames(),
            clock=lambda: time.time_ns() // 1000,
            lock_timeout=10.0,
            private=(),
            cache=None,
            log_at=self._log,
        )

    def _append(self, name: str, texts: list[bytes]) -> None:
        if not texts:
            return
        if "/" in name or not name.startswith("audit_log."):
            raise InvalidFile(name, "is no file of the log")
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(os.path.join(self._root, self._layout.log, name), flags, 0o600)
        with open(descriptor, "wb") as file:
            file.writelines(texts)
            file.flush()
            os.fsync(descriptor)

    def _segments(self) -> list[str]:
        from loop_cli.system.folders import open_folder

        try:
            with open_folder(self._root, self._layout.log) as folder:
                return segments_in(folder)
        except FileNotFoundError:
            return []

    def _paths(self) -> Iterator[str]:
        segments = {f"{self._layout.log}/{name}" for name in self._segments()}
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            with os.scandir(os.path.join(self._root, folder)) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if path in _LEFT_OUT or path in segments or entry.name.startswith(".loop-"):
                        continue
                    if entry.is_symlink():
                        self._skipped.append(f"{path} is a link, and is not copied")
                    elif entry.is_dir():
                        if entry.name == _GIT:
                            self._skipped.append(f"{path} is git's, and is not copied")
                        else:
                            waiting.append(path)
                    elif entry.is_file():
                        yield path
                    else:
                        self._skipped.append(f"{path} is no ordinary file, and is not copied")


def _write(place: str, data: bytes, modified: int, *, mode: int) -> None:
    """Write a file that is new, or that a copy that was interrupted has begun."""
    temporary = f"{place}.loop-copy"
    if os.path.lexists(temporary):
        os.remove(temporary)
    with open(os.open(temporary, _NEW, mode), "wb") as file:
        file.write(data)
    os.utime(temporary, ns=(modified * 1000,) * 2)
    os.rename(temporary, place)
