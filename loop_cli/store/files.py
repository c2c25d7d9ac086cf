"""Reading and writing files of the vault: never half, never outside it, never through a link.

A change gives the entity a new file with the old one's mode, owner and attributes. So where
the old one has other names (hard links), those keep the old text.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time

from loop_cli.errors import EntityNotFound, InvalidFile, StorageError
from loop_cli.store import platform
from loop_cli.store.snapshot import MAX_FILE_BYTES

# What the names in `.loop/staged` end in: intent, content, intent of what is undone, and the
# old file's second name where the system has no exchange.
STAGED = (".intent", ".new", ".undone", ".old")
LOOP = ".loop"  # the folder of the lock, the settings and what is staged
# Why a folder can't be removed, now and later: not empty, not there, not ours to change.
_STAYS = (
    errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM,
    errno.EBUSY, errno.EROFS,
)  # fmt: skip
_TRIES = 20
_OPEN = 100  # files that wait to be synced
_PATIENCE = 60.0  # seconds; the system breaks a lease that is not given back after 45


def read_stable(path: str, shown: str) -> tuple[bytes, int]:
    """The bytes of a file and its modification time in microseconds since the epoch.

    A file that changes while it is read is read again. Raises `EntityNotFound`,
    `InvalidFile` for what is no ordinary file or too large, `StorageError`.
    """
    try:
        for _attempt in range(_TRIES):
            descriptor = open_plain(path)
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


def open_plain(path: str) -> int:
    """A descriptor that reads a file; a pipe without a writer does not stop it, a link does.

    Where somebody holds a lease, as loop does for the milliseconds of a change, it waits
    for them. Raises `OSError`.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
    deadline = None
    while True:
        try:
            return os.open(path, flags)
        except BlockingIOError:
            deadline = deadline or time.monotonic() + _PATIENCE
            if time.monotonic() > deadline:
                raise
            time.sleep(0.001)


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
    base = _real_root(root)
    plain = _without_links(base, relative)
    if plain is not None:
        return plain
    path = os.path.realpath(os.path.join(base, relative))
    if path != base and not path.startswith(base.rstrip(os.sep) + os.sep):
        raise InvalidFile(relative, "leads out of the vault")
    return path


def real_name(root: str, relative: str) -> str:
    """The same file named relative to the vault without links. Raises `InvalidFile`."""
    return inside(root, relative)[len(_real_root(root).rstrip(os.sep)) + 1 :]


_real_roots: dict[str, str] = {}


def _real_root(root: str) -> str:
    """The vault's folder without links, looked up once: a run has one vault."""
    found = _real_roots.get(root)
    if found is None:
        found = _real_roots[root] = os.path.realpath(root)
    return found


def _without_links(base: str, relative: str) -> str | None:
    """A path below `base` where no link is on the way; None where that takes a closer look."""
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
        except OSError:  # not there, or not to be seen: a closer look says what is
            return None
    return path


def own_folder(root: str, name: str) -> str:
    """The path of a folder of ours in the vault, whether or not it is there.

    Raises `StorageError` where it is a link that leaves the vault.
    """
    path = os.path.join(root, name)
    if os.path.islink(path):
        try:
            inside(root, name)
        except InvalidFile as error:
            raise StorageError(
                f"{name} is a link that leads out of the vault",
                hint="put a folder in its place, or name the vault that it leads to",
            ) from error
    return path


def write_synced(
    path: str,
    data: bytes,
    *,
    like: str | os.stat_result | None = None,
    root: str | None = None,
    mode: int = 0o600,
    syncs: Syncs | None = None,
) -> None:
    """Make a file that must not be there yet, and sync it; nothing is left where that fails.

    It gets mode and owner of the file `like`, and where that is a path its attributes; with
    `root` it is shared with the vault's group where that writes; else it is private. With
    `syncs` it is left to those to sync it. Raises `OSError`.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        if like is not None:
            status = os.stat(like) if isinstance(like, str) else like
            _copy_owner(descriptor, status)
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
        if isinstance(like, str):
            _copy_attributes(descriptor, like)
        if root is not None:
            _share(descriptor, root, 0o660)
        if syncs is None:
            platform.sync(descriptor)
        else:
            syncs.take(descriptor)
    except BaseException:
        os.close(descriptor)
        remove(path)
        raise
    if syncs is None:
        os.close(descriptor)


class Syncs:
    """Files and folders that are made durable together: the disk writes the others while one
    is waited for, and a folder of several files is synced once."""

    def __init__(self) -> None:
        self.folders: dict[str, None] = {}
        self._files: list[int] = []

    def take(self, descriptor: int) -> None:
        """Sync an open file with the others, and close it. Raises `OSError`; it is left alone then.

        The disk begins with it at once, unless it is the first, which is waited for first.
        """
        if len(self._files) == _OPEN:
            self._sync_files()
        if self._files:
            platform.begin_to_write_out(descriptor)
        self._files.append(descriptor)

    def run(self) -> None:
        """Sync the files, and then the folders. Raises `OSError`."""
        self._sync_files()
        for folder in self.folders:
            try:
                platform.sync_folder(folder)
            except FileNotFoundError:  # gone with what was in it
                continue
        self.folders.clear()

    def _sync_files(self) -> None:
        try:
            for descriptor in self._files:
                platform.sync(descriptor)
        finally:
            self.close()

    def close(self) -> None:
        """Close what is not to be synced any more."""
        while self._files:
            os.close(self._files.pop())


def write_new(path: str, data: bytes, *, root: str) -> None:
    """Make and sync an entity's file, with the mode that an editor would give it.

    It is shared with the vault's group where that writes. Raises `OSError`.
    """
    write_synced(path, data, mode=0o666)
    _share(path, root, 0o664)


def make_place(path: str, *, root: str) -> None:
    """Make a folder for entities where it is missing, durably, open as an editor would make
    it; shared with the vault's group where that writes. Raises `OSError`."""
    try:
        os.mkdir(path)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
        return
    _share(path, root, 0o775)
    platform.sync_folder(os.path.dirname(path))


def missing_folders(root: str, path: str) -> tuple[str, ...]:
    """The folders that a file at `path` needs and that are not there, the outermost first.

    Raises `InvalidFile` where one of them is a file.
    """
    found: list[str] = []
    folder = os.path.dirname(path)
    while folder and not os.path.isdir(os.path.join(root, folder)):
        if os.path.lexists(os.path.join(root, folder)):
            raise InvalidFile(folder, "is a file where a folder is needed")
        found.insert(0, folder)
        folder = os.path.dirname(folder)
    return tuple(found)


def remove_place(path: str) -> None:
    """Remove a folder that is empty, durably, and leave what can't be. Raises `OSError`."""
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno in _STAYS:
            return
        raise
    platform.sync_folder(os.path.dirname(path))


def make_folder(path: str, *, root: str, mode: int = 0o700) -> None:
    """Make a folder of ours where it is missing, durably; a link in its place is refused.

    It is shared with the vault's group where that writes. Raises `OSError`.
    """
    try:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            return
        raise NotADirectoryError(errno.ENOTDIR, "is not a folder of the vault itself", path)
    except FileNotFoundError:
        pass
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        return
    _share(path, root, mode | 0o070)
    platform.sync_folder(os.path.dirname(path))


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
    try:
        _share(descriptor, root, 0o660)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_all(path: str) -> bytes:
    """The bytes of a file, whatever its size. Raises `OSError`."""
    descriptor = open_plain(path)
    try:
        parts = []
        while part := os.read(descriptor, 1 << 20):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def remove(path: str) -> bool:
    """Remove a file, and tell whether it was there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def _share(target: int | str, root: str, mode: int) -> None:
    status = os.stat(root)
    if status.st_mode & 0o020:
        try:
            os.chown(target, -1, status.st_gid)
            os.chmod(target, mode)
        except PermissionError:  # not a member of the group: it stays private
            pass


def _copy_owner(descriptor: int, like: os.stat_result) -> None:
    own = os.fstat(descriptor)
    if (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid):
        for owner in (like.st_uid, -1):
            try:
                os.fchown(descriptor, owner, like.st_gid)
                break
            except PermissionError:  # the writer's from now on, as with editors that rename
                continue


def _copy_attributes(descriptor: int, path: str) -> None:
    """Access lists and what programs noted of a file, as far as the system lets us."""
    if sys.platform != "linux":
        return
    try:
        for name in os.listxattr(path):
            if name.startswith(("user.", "system.posix_acl_access")):
                os.setxattr(descriptor, name, os.getxattr(path, name))
    except OSError:
        return


def _read_all(descriptor: int, size: int) -> bytes:
    parts = []
    limit = MAX_FILE_BYTES + 1
    while limit > 0:
        wanted = min(size + 1, limit)
        part = os.read(descriptor, wanted)
        parts.append(part)
        limit -= len(part)
        if len(part) < wanted:  # its end, or so the caller's second look at its size will say
            break
    return b"".join(parts)


def _same_content(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
