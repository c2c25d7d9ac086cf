"""The files of the audit log from the first line to the last, each line with its position."""

from __future__ import annotations

import os

from loop_cli.errors import StorageError
from loop_cli.failures import VaultLocked
from loop_cli.system.folders import open_folder
from loop_cli.vault import LOOP
from loop_cli.vault.commit.recovery import recover
from loop_cli.vault.log.lines import MAX_LINE, cannot_read, check_length
from loop_cli.vault.log.log import segments_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack
    from typing import Self

    from loop_cli.system.folders import Folder
    from loop_cli.vault.handle import Vault
    from loop_cli.vault.log.log import AuditLog

_TRIES = 50
_BLOCK = 1 << 20


class OpenLog:
    """A context manager: all files of the log at one moment, oldest first.

    Lines that others append later are not seen. Raises `StorageError`.
    """

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._files: list[tuple[str, int, int]] = []  # name, descriptor, size
        self._folder = log.folder

    def __enter__(self) -> Self:
        try:
            for _attempt in range(_TRIES):
                if self._open():
                    return self
                self.__exit__(None, None, None)
        except OSError as error:
            self.__exit__(None, None, None)
            raise cannot_read(error) from error
        raise StorageError("the audit log can't be read: its files change all the time")

    def __exit__(self, *_raised: object) -> None:
        for _path, descriptor, _size in self._files:
            os.close(descriptor)
        self._files.clear()

    @property
    def names(self) -> list[str]:
        """The files, relative to the vault."""
        return [self._shown(name) for name, _descriptor, _size in self._files]

    @property
    def size(self) -> int:
        """The bytes of all files, without an incomplete last line.

        Raises `StorageError` if that is too long for a line.
        """
        total = sum(size for _path, _descriptor, size in self._files)
        for name, descriptor, size in self._files[-1:]:
            for end in range(size, 0, -_BLOCK):
                check_length(size - end, self._shown(name))
                part = os.pread(descriptor, min(_BLOCK, end), max(0, end - _BLOCK))
                place = part.rfind(b"\n")
                total -= len(part) - place - 1
                if place >= 0:
                    break
        return total

    def lines_from(self, offset: int) -> Iterator[tuple[bytes, int]]:
        """Yield the lines from an offset on, without their newlines, each with the next offset.

        An incomplete last line is left out, because more may follow. Raises `StorageError` for a
        line that is too long.
        """
        start = 0
        for name, descriptor, size in self._files:
            place = min(max(offset - start, 0), size)
            pending: list[bytes] = []  # pieces of the line that begins at `place`
            length = 0
            for part in _parts(descriptor, place, size):
                *lines, rest = part.split(b"\n")
                for line in lines:
                    whole = b"".join([*pending, line])
                    pending, length = [], 0
                    place += len(whole) + 1
                    yield whole, start + place
                pending.append(rest)
                length += len(rest)
                check_length(length, self._shown(name))
            start += size
            if length and name != self._files[-1][0]:
                yield b"".join(pending), start

    def lines(self, *needles: bytes) -> Iterator[tuple[str, int, bytes]]:
        """Yield file, number and text of every line that is not blank; with needles, of likely
        ones."""
        for name, descriptor, size in self._files:
            os.lseek(descriptor, 0, os.SEEK_SET)
            left = size
            with open(descriptor, "rb", closefd=False) as file:
                lines = iter(lambda: file.readline(MAX_LINE + 2), b"")
                for number, raw in enumerate(lines, start=1):
                    check_length(len(raw) - 1, f"{self._shown(name)}:{number}")
                    text = raw[:left].removesuffix(b"\n")
                    if text.strip() and (not needles or any(one in text for one in needles)):
                        yield self._shown(name), number, text
                    left -= len(raw)
                    if left <= 0:
                        break

    def _open(self) -> bool:
        """Return False if a rotation, a redaction or a move changed the files meanwhile."""
        self._folder = self._log.folder
        try:
            folder = open_folder(self._log.root, self._folder)
        except FileNotFoundError:
            return self._log.folder == self._folder
        with folder:
            names = segments_in(folder)
            for name in names:
                try:
                    descriptor = folder.open_plain(name)
                except FileNotFoundError:
                    return False
                size = os.fstat(descriptor).st_size
                self._files.append((name, descriptor, size))
            is_same = segments_in(folder) == names and self._log.folder == self._folder
            return is_same and all(
                _is_at(descriptor, folder, name) for name, descriptor, _size in self._files
            )

    def _shown(self, name: str) -> str:
        return f"{self._folder}/{name}"


def _parts(descriptor: int, begin: int, end: int) -> Iterator[bytes]:
    while begin < end:
        part = os.pread(descriptor, min(_BLOCK, end - begin), begin)
        if not part:
            return
        begin += len(part)
        yield part


def _is_at(descriptor: int, folder: Folder, name: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), folder.status(name))
    except FileNotFoundError:
        return False


def open_settled(vault: Vault, stack: ExitStack) -> OpenLog:
    """Open the log's files, under the lock and after recovery, if nobody is writing.

    If there is no lock file yet, none is made for reading.
    """
    if not os.path.isdir(os.path.join(vault.root, LOOP)):
        return stack.enter_context(OpenLog(vault.log))
    try:
        with vault.lock(wait=0):
            recover(vault)
            return stack.enter_context(OpenLog(vault.log))
    except (VaultLocked, StorageError):
        return stack.enter_context(OpenLog(vault.log))
