"""Read the files of entities: never half, never outside the vault, never through a link."""

from __future__ import annotations

import errno
import os
import stat
import time

from loop_cli.errors import EntityNotFound, InvalidFile, StorageError
from loop_cli.planning.snapshot import MAX_FILE_BYTES
from loop_cli.system import platform

HEAD = 1 << 16
"""The bytes that are read of a file that can't be read as an entity."""
_TRIES = 20


def read_stable(path: str, shown: str) -> tuple[bytes, int]:
    """Return the bytes of a file and its modification time in microseconds since the epoch.

    If the file changes during the reading, it is read again. Raises `EntityNotFound`; `InvalidFile`
    if it is not an ordinary file, or too large; `StorageError`.
    """
    try:
        for _attempt in range(_TRIES):
            descriptor = platform.open_plain(path)
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
    except (FileNotFoundError, NotADirectoryError):
        raise EntityNotFound(f"{shown} is not there") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise EntityNotFound(f"{shown} is not there") from None
        if error.errno == errno.ENXIO:  # a socket
            raise InvalidFile(shown, "is not an ordinary file") from None
        raise StorageError(f"{shown} can't be read: {error.strerror}") from error
    raise StorageError(f"{shown} can't be read: it changes all the time")


def refuse_unreadable(status: os.stat_result, shown: str) -> None:
    """Raise `InvalidFile` unless it is an ordinary file of a sensible size."""
    if stat.S_ISDIR(status.st_mode):
        raise InvalidFile(shown, "is a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise InvalidFile(shown, "is not an ordinary file")
    if status.st_size > MAX_FILE_BYTES:
        size = f"{status.st_size:,} bytes; loop reads entities of up to {MAX_FILE_BYTES:,}"
        raise InvalidFile(shown, f"is too large: {size}")


def inside(root: str, relative: str) -> str:
    """Return the real path of a file that is named relative to the vault. Raises `InvalidFile`.

    A link to a file of the vault is followed; a link out of the vault is refused.
    """
    if "\0" in relative:  # the system calls can't take it
        raise InvalidFile(relative, "is not a path of a file")
    base = _real_root(root)
    plain = _without_links(base, relative)
    if plain is not None:
        return plain
    path = os.path.realpath(os.path.join(base, relative))
    if path != base and not path.startswith(base.rstrip(os.sep) + os.sep):
        raise InvalidFile(relative, "leads out of the vault")
    return path


def real_name(root: str, relative: str) -> str:
    """Return the same file, relative to the vault, without links. Raises `InvalidFile`."""
    return inside(root, relative)[len(_real_root(root).rstrip(os.sep)) + 1 :]


_real_roots: dict[str, str] = {}


def _real_root(root: str) -> str:
    """Return the vault's folder without links; looked up once, because a run has one vault."""
    found = _real_roots.get(root)
    if found is None:
        found = _real_roots[root] = os.path.realpath(root)
    return found


def _without_links(base: str, relative: str) -> str | None:
    """Return a path below `base` if no link is on the way; None if that needs a closer look."""
    if not relative or "\0" in relative:
        return None
    path = base.rstrip(os.sep)
    for part in relative.split(os.sep):
        if part in ("", os.curdir, os.pardir):
            return None
        path = path + os.sep + part
        try:
            if stat.S_ISLNK(os.lstat(path).st_mode):
                return None
        except OSError:  # missing, or not visible: a closer look tells
            return None
    return path


def missing_folders(root: str, path: str) -> tuple[str, ...]:
    """Return the missing folders of a file at `path`, the outermost first.

    Raises `InvalidFile` if one of them is a file.
    """
    found: list[str] = []
    folder = os.path.dirname(path)
    while folder and not os.path.isdir(os.path.join(root, folder)):
        if os.path.lexists(os.path.join(root, folder)):
            raise InvalidFile(folder, "is a file where a folder is needed")
        found.insert(0, folder)
        folder = os.path.dirname(folder)
    return tuple(found)


def _read_all(descriptor: int, size: int) -> bytes:
    parts = []
    limit = MAX_FILE_BYTES + 1
    while limit > 0:
        wanted = min(size + 1, limit)
        part = os.read(descriptor, wanted)
        parts.append(part)
        limit -= len(part)
        if len(part) < wanted:  # the end, or the caller's second look at the size will notice it
            break
    return b"".join(parts)


def _same_content(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def head(place: str) -> bytes:
    """Return the beginning of a file; empty if it can't be read."""
    try:
        descriptor = platform.open_plain(place)
    except OSError:
        return b""
    try:
        return os.read(descriptor, HEAD)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
