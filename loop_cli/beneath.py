"""Opening what is beneath a folder by descriptors, through no link: what comes with a vault, or
is changed while it is looked at, leads nowhere else.

Only ordinary files are read, and only up to a bound.
"""

from __future__ import annotations

import errno
import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PATIENCE = 60.0  # seconds; the system breaks a lease that is not given back after 45
_BLOCK = 1 << 20
_TRIES = 20
_NO_FILE = "is not an ordinary file"


class Refused(OSError):
    """Something else is where an ordinary file or folder should be; `strerror` says what.
    `errno` is ELOOP for a link, ENOTDIR where a folder should be."""

    def __init__(self, path: str, why: str, number: int = errno.EPERM) -> None:
        super().__init__(number, why, path)


class Folder:
    """An open folder, as a context. Paths are relative to it, with `/`, in normal form.

    `root` itself may be a link: whoever names it means what it leads to.
    """

    def __init__(self, root: str) -> None:
        self.descriptor = os.open(root, _FOLDER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        os.close(self.descriptor)

    def status(self, path: str) -> os.stat_result:
        """What is at a path; of a link, the link. Raises `OSError`."""
        with self._above(path) as (above, name):
            return os.stat(name, dir_fd=above, follow_symlinks=False)

    def open(self, path: str) -> int:
        """A descriptor that reads an ordinary file; a pipe does not stop it. Where somebody
        holds a lease it waits for them. Raises `OSError`."""
        with self._above(path) as (above, name):
            descriptor = _patiently(name, above, path)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Refused(path, _NO_FILE)
        return descriptor

    def read(self, path: str, *, most: int) -> bytes:
        """The bytes of an ordinary file of at most `most`. One that changes meanwhile is read
        again. Raises `OSError`."""
        for _attempt in range(_TRIES):
            descriptor = self.open(path)
            try:
                before = os.fstat(descriptor)
                data = read_all(descriptor, path, most=most)
                after = os.fstat(descriptor)
            finally:
                os.close(descriptor)
            if (len(data), before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
                return data
            time.sleep(0.005)
        raise Refused(path, "changes all the time")

    def make_folder(self, path: str, mode: int = 0o777) -> bool:
        """Make a folder where none is, and tell whether it was made. Raises `OSError`."""
        with self._above(path) as (above, name):
            try:
                os.mkdir(name, mode, dir_fd=above)
            except FileExistsError:
                os.close(_open_folder(name, above, path))  # is it one?
                return False
            os.fsync(above)
        return True

    def write_new(self, path: str, data: bytes, *, mode: int) -> None:
        """Make a file that must not be there yet, durably, with those rights whatever the umask;
        nothing is left where that fails. Raises `OSError`."""
        with self._above(path) as (above, name):
            descriptor = os.open(name, _NEW, 0o600, dir_fd=above)
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            except BaseException:
                os.unlink(name, dir_fd=above)
                raise
            finally:
                os.close(descriptor)
            os.fsync(above)

    def replace(self, path: str, data: bytes, *, mode: int) -> None:
        """Make a file, or put it in another's place, whole or not at all. Raises `OSError`."""
        temporary = f"{path}.{os.urandom(4).hex()}"
        self.write_new(temporary, data, mode=mode)
        with self._above(path) as (above, name):
            try:
                new = temporary.rpartition("/")[2]
                os.replace(new, name, src_dir_fd=above, dst_dir_fd=above)
            except BaseException:
                os.unlink(new, dir_fd=above)
                raise

    def remove(self, path: str) -> None:
        """Remove a file, or a link itself. Raises `OSError`."""
        with self._above(path) as (above, name):
            os.unlink(name, dir_fd=above)

    def remove_folder(self, path: str) -> None:
        """Remove a folder that is empty. Raises `OSError`."""
        with self._above(path) as (above, name):
            os.rmdir(name, dir_fd=above)

    def names(self, path: str) -> list[str]:
        """All that is in a folder, in the system's order. Raises `OSError`."""
        with self._above(f"{path}/." if path else ".") as (above, _dot):
            return os.listdir(above)

    def _above(self, path: str) -> _Above:
        return _Above(self.descriptor, path)


class _Above:
    """The folder that a path is in, as a context: its descriptor, and the last name."""

    def __init__(self, descriptor: int, path: str) -> None:
        *folders, self._name = path.split("/")
        odd = any(part in ("", ".", "..") for part in folders) or self._name in ("", "..")
        if odd or "\0" in path:
            raise Refused(path, "is no path in normal form")
        self._path = path
        self._folders = folders
        self._descriptor = os.dup(descriptor)

    def __enter__(self) -> tuple[int, str]:
        for number, name in enumerate(self._folders, start=1):
            above, path = self._descriptor, "/".join(self._folders[:number])
            try:
                self._descriptor = _open_folder(name, above, path)
            finally:
                os.close(above)
        return self._descriptor, self._name

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        os.close(self._descriptor)
        if isinstance(error, OSError):  # the system names the last part only
            error.filename, error.filename2 = self._path, None


def read_all(descriptor: int, path: str, *, most: int) -> bytes:
    """The bytes of an open file of at most `most`. Raises `OSError`."""
    if os.fstat(descriptor).st_size > most:
        raise _too_large(path, most)
    parts: list[bytes] = []
    left = most + 1
    while left > 0 and (part := os.read(descriptor, min(left, _BLOCK))):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        raise _too_large(path, most)
    return b"".join(parts)


def _open_folder(name: str, above: int, path: str) -> int:
    try:
        return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=above)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise _what_else(name, above, path, "is not a folder", errno.ENOTDIR) from None
        raise


def _patiently(name: str, above: int, path: str) -> int:
    deadline = None
    while True:
        try:
            return os.open(name, _FILE, dir_fd=above)
        except BlockingIOError:
            deadline = deadline or time.monotonic() + _PATIENCE
            if time.monotonic() > deadline:
                raise
            time.sleep(0.001)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
                raise _what_else(name, above, path, _NO_FILE, errno.EPERM) from None
            raise


def _what_else(name: str, above: int, path: str, otherwise: str, number: int) -> Refused:
    status = os.stat(name, dir_fd=above, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        return Refused(path, "is a link, and none is followed there", errno.ELOOP)
    return Refused(path, otherwise, number)


def _too_large(path: str, most: int) -> Refused:
    return Refused(path, f"is too large: it may have {most:,} bytes at most")
