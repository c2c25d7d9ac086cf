"""The vault's one lock: `.loop/lock`, held by the system for the life of its holder."""

from __future__ import annotations

import os

from loop_cli.core import timestamps
from loop_cli.errors import StorageError, VaultLocked
from loop_cli.store import platform

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
            prepare(self._root)
            while not self._acquire():
                pass
        except OSError as error:
            raise StorageError(f"the vault can't be locked: {error}") from error
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
        descriptor = open_shared(self._path, os.O_RDWR, root=self._root)
        try:
            if not platform.lock(descriptor, patience=self._wait):
                raise self._held(descriptor)
            if not _is_at(descriptor, self._path):
                os.close(descriptor)
                return False
            holder = f"{os.getpid()} {os.uname().nodename} {timestamps.render(self._clock())}\n"
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, holder.encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

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


def prepare(root: str) -> None:
    """Make `.loop/` and its `.gitignore` where they are missing. Raises `OSError`."""
    folder = os.path.join(root, ".loop")
    if os.path.isdir(folder):
        return
    os.makedirs(folder, mode=_folder_mode(root), exist_ok=True)
    with open(os.path.join(folder, ".gitignore"), "wb") as file:
        file.write(_IGNORED)


def open_shared(path: str, flags: int, *, root: str) -> int:
    """Open a file of ours, making it 0600, or 0660 with the vault's group where that writes."""
    flags |= os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        pass
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags)
    status = os.stat(root)
    if status.st_mode & 0o020:
        try:
            os.fchown(descriptor, -1, status.st_gid)
            os.fchmod(descriptor, 0o660)
        except PermissionError:  # not a member of the group: the file stays private
            pass
    return descriptor


def _folder_mode(root: str) -> int:
    return 0o770 if os.stat(root).st_mode & 0o020 else 0o700


def _is_at(descriptor: int, path: str) -> bool:
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))
