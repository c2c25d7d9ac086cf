"""The vault's one lock, `.loop/lock`; the system holds it as long as its holder lives."""

from __future__ import annotations

import os
import stat

from loop_cli.core import timestamps
from loop_cli.errors import Action, StorageError
from loop_cli.system import platform
from loop_cli.system.folders import Folders
from loop_cli.vault import LOOP, STAGED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO
    from typing import Self

    from loop_cli.errors import LoopError
    from loop_cli.system.folders import Folder

NAME = "lock"
_IGNORE = ".gitignore"
_IGNORED = b"/lock\n/staged/\n/kept/\n"


class VaultLock:
    """A context manager; `wait` is in seconds, and `clock` gives microseconds.

    Raises `VaultLocked` with the holder, `StorageError` if the folder can't be written.
    """

    def __init__(self, root: str, *, wait: float, clock: Callable[[], int]) -> None:
        self._root = root
        self._wait = wait
        self._clock = clock
        self._file: FileIO | None = None

    def __enter__(self) -> Self:
        try:
            with Folders(self._root) as folders:
                # It is not private: the folder also has the vault's settings, which every reader
                # needs.
                folders.make_own(LOOP, mode=0o755)
                while not self._acquire(folders):
                    pass
        except OSError as error:
            what = f"{error.filename or f'{LOOP}/{NAME}'}: {error.strerror}"
            raise StorageError(f"the vault can't be locked: {what}") from error
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._file is not None:
            self._file.close()

    def _acquire(self, folders: Folders) -> bool:
        """Return True if locked; False if the lock file was replaced meanwhile."""
        folder = folders.open(LOOP)
        descriptor = folder.open_shared(NAME, os.O_RDWR)
        try:
            if not platform.lock(descriptor, patience=self._wait):
                raise self._held(descriptor)
            status = os.fstat(descriptor)
            if not _is_at(status, folder):
                os.close(descriptor)
                return False
            if not status.st_size:
                _settle_in(folders)
            self._sign(descriptor, status.st_size)
        except BaseException:
            os.close(descriptor)
            raise
        # A file is also closed if an exception skips `__exit__`.
        self._file = open(descriptor, "rb", buffering=0)  # noqa: SIM115
        return True

    def _sign(self, descriptor: int, size: int) -> None:
        """Write who holds the lock; in place, because that needs no space on a full disk."""
        holder = f"{os.getpid()} {os.uname().nodename} {timestamps.render(self._clock())}\n"
        data = holder.encode()
        os.pwrite(descriptor, data, 0)
        if size != len(data):
            os.ftruncate(descriptor, len(data))

    def _held(self, descriptor: int) -> LoopError:
        from loop_cli.failures import VaultLocked

        words = os.pread(descriptor, 512, 0).decode(errors="replace").split()
        if len(words) != 3:
            return VaultLocked("the vault is locked by another process")
        pid, host, since = words
        return VaultLocked(
            f"the vault stayed locked for {self._wait:g} s: "
            f"by process {pid} on {host}, since {since}",
            hint=Action("wait_longer"),
            holder={"pid": int(pid) if pid.isdigit() else None, "host": host, "since": since},
        )


def _settle_in(folders: Folders) -> None:
    """Make the contents and the name of `.loop/` durable, with the first lock of a vault."""
    folder = folders.open(LOOP)
    if folder.has(_IGNORE):
        status = folder.status(_IGNORE)
        if stat.S_ISREG(status.st_mode) and not status.st_size:  # left by a crash
            folder.remove(_IGNORE)
    if not folder.has(_IGNORE):
        # git of other users must be able to read it
        folder.write_new(_IGNORE, _IGNORED, mode=0o644, shared=0o664)
    folders.make_own(STAGED)
    folder.sync()
    folders.root.sync()


def _is_at(status: os.stat_result, folder: Folder) -> bool:
    try:
        return os.path.samestat(folder.status(NAME), status)
    except FileNotFoundError:
        return False
