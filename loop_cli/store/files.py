"""Reading and writing files of the vault: never half, never outside it, never through a link."""

from __future__ import annotations

import os
import stat
import time

from loop_cli.errors import EntityNotFound, InvalidFile, StorageError
from loop_cli.store.snapshot import MAX_FILE_BYTES

_TRIES = 20


def read_stable(path: str, shown: str) -> tuple[bytes, int]:
    """The bytes of a file and its modification time in microseconds since the epoch.

    A file that changes while it is read is read again. Raises `EntityNotFound`,
    `InvalidFile` for what is no ordinary file or too large, `StorageError`.
    """
    try:
        for _attempt in range(_TRIES):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
            try:
                before = os.fstat(descriptor)
                refuse_unreadable(before, shown)
                data = _read_all(descriptor, before.st_size)
                after = os.fstat(descriptor)
            finally:
                os.close(descriptor)
            if len(data) == after.st_size and _same_content(before, after):
                return data, after.st_mtime_ns // 1000
            time.sleep(0.005)
    except FileNotFoundError:
        raise EntityNotFound(f"{shown} is not there") from None
    except OSError as error:
        raise StorageError(f"{shown} can't be read: {error.strerror}") from error
    raise StorageError(f"{shown} can't be read: it changes all the time")


def refuse_unreadable(status: os.stat_result, shown: str) -> None:
    """Raise `InvalidFile` for what is no ordinary file of a sensible size."""
    if stat.S_ISDIR(status.st_mode):
        raise InvalidFile(shown, "is a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise InvalidFile(shown, "is not an ordinary file")
    if status.st_size > MAX_FILE_BYTES:
        size = f"{status.st_size:,} bytes; loop reads entities of up to {MAX_FILE_BYTES:,}"
        raise InvalidFile(shown, f"is too large: {size}")


def inside(root: str, relative: str) -> str:
    """The real path of a file named relative to the vault. Raises `InvalidFile`.

    A link is followed where it leads to a file of the vault, and refused where it leaves it.
    """
    path = os.path.realpath(os.path.join(root, relative))
    base = os.path.realpath(root)
    if path != base and not path.startswith(base.rstrip(os.sep) + os.sep):
        raise InvalidFile(relative, "leads out of the vault")
    return path


def write_synced(path: str, data: bytes, *, like: os.stat_result | None = None) -> None:
    """Make a file that must not be there yet, with the mode and owner of another; sync it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        if like is not None:
            _copy_owner(descriptor, like)
            os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_all(path: str) -> bytes:
    """The bytes of a file of ours. Raises `OSError`."""
    with open(path, "rb") as file:
        return file.read()


def remove(path: str) -> None:
    """Remove a file where it is there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def _copy_owner(descriptor: int, like: os.stat_result) -> None:
    own = os.fstat(descriptor)
    if (own.st_uid, own.st_gid) == (like.st_uid, like.st_gid):
        return
    try:
        os.fchown(descriptor, like.st_uid, like.st_gid)
    except PermissionError:  # the file becomes the writer's, as with any editor that renames
        return


def _read_all(descriptor: int, size: int) -> bytes:
    parts = []
    limit = MAX_FILE_BYTES + 1
    while limit > 0 and (part := os.read(descriptor, min(size + 1, limit))):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def _same_content(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
