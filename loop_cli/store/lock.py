"""The vault's one lock: `.loop/lock`, held by the system for the life of its holder."""

from __future__ import annotations

import os
import stat

from loop_cli.core import timestamps
from loop_cli.errors import StorageError, VaultLocked
from loop_cli.store import files, platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

NAME = "lock"
_IGNORED = b"/lock\n/staged/\n/kept/\n"


class VaultLock:
    """A context manager; `wait` is in seconds, and `clock` gives microseconds.

    Raises `VaultLocked` naming the holder, `StorageError` where the folder can't be written.
    """

    def __init__(self, root: str, *, wait: float, clock: Callable[[], int]) -> None:
        self._root = root
        self._path = os.path.join(root, ".loop", NAME)
        self._wait = wait
        self._clock = clock
        self._descriptor = -1

    def __enter__(self) -> Self:
        try:
            # Not private: it holds the vault's settings, which every reader needs.
            files.make_folder(os.path.dirname(self._path), root=self._root, mode=0o755)
            while not self._acquire():
                pass
        except OSError as error:
            what = f"{error.filename or self._path}: {error.strerror}"
            raise StorageError(f"the vault can't be locked: {what}") from error
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def _acquire(self) -> bool:
        """True when locked; False when the lock file was replaced meanwhile."""
        descriptor = files.open_shared(self._path, os.O_RDWR, root=self._root)
        try:
            if not platform.lock(descriptor, patience=self._wait):
                raise self._held(descriptor)
            status = os.fstat(descriptor)
            if not _is_at(status, self._path):
                os.close(descriptor)
                return False
            if not status.st_size:
                _settle_in(self._root)
            self._sign(descriptor, status.st_size)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def _sign(self, descriptor: int, size: int) -> None:
        """Say who holds the lock; in place first, since that needs no space on a full disk."""
        holder = f"{os.getpid()} {os.uname().nodename} {timestamps.render(self._clock())}\n"
        data = holder.encode()
        os.pwrite(descriptor, data, 0)
        if size != len(data):
            os.ftruncate(descriptor, len(data))

    def _held(self, descriptor: int) -> VaultLocked:
        words = os.pread(descriptor, 512, 0).decode(errors="replace").split()
        if len(words) != 3:
            return VaultLocked("the vault is locked by another process")
        pid, host, since = words
        return VaultLocked(
            f"the vault stayed locked for {self._wait:g} s: "
            f"by process {pid} on {host}, since {since}",
            hint="--lock-timeout SECONDS waits longer",
            holder={"pid": int(pid) if pid.isdigit() else None, "host": host, "since": since},
        )


def _settle_in(root: str) -> None:
    """Under the first lock of a vault: make what `.loop/` holds, and its name, durable."""
    folder = os.path.join(root, ".loop")
    ignored = os.path.join(folder, ".gitignore")
    if os.path.lexists(ignored):
        status = os.lstat(ignored)
        if stat.S_ISREG(status.st_mode) and not status.st_size:  # what a crash left
            files.remove(ignored)
    if not os.path.lexists(ignored):
        files.write_synced(ignored, _IGNORED, root=root)
        os.chmod(ignored, os.lstat(ignored).st_mode & 0o777 | 0o044)  # git of others reads it
    files.make_folder(os.path.join(folder, "staged"), root=root)
    platform.sync_folder(folder)
    platform.sync_folder(root)


def _is_at(status: os.stat_result, path: str) -> bool:
    try:
        return os.path.samestat(os.stat(path), status)
    except FileNotFoundError:
        return False
