"""The differences between operating systems: locks, leases, exchanging files, syncing.

Linux has all of it. macOS has no write lease for us, and `renameatx_np` instead of `renameat2`.
Windows has neither `fcntl` nor an exchange, and was never tested: `lock` refuses there, so that
nothing is written without a lock.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time

from loop_cli.errors import StorageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    RenameCall = Callable[[int, bytes, int, bytes, int], int]

if sys.platform != "win32":
    import fcntl

EXCHANGE, NO_REPLACE = 2, 1  # of renameat2(2)
_MAC_FLAGS = {EXCHANGE: 2, NO_REPLACE: 4}  # RENAME_SWAP and RENAME_EXCL of renameatx_np(2)
AT_CWD = -2 if sys.platform == "darwin" else -100  # AT_FDCWD
_NOT_THERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
_LEASE_PATIENCE = 0.05  # seconds
_PATIENCE = 60.0  # seconds; the system ends a lease that is not returned after 45


class Unsupported(Exception):
    """The system or the file system can't do this."""


def lock(descriptor: int, *, patience: float) -> bool:
    """Take the exclusive lock of an open file within `patience` seconds; False if it is held.

    The system releases it when the process dies. The kernel keeps a queue of waiters, so that no
    waiter starves behind faster ones.
    """
    if sys.platform == "win32":
        raise StorageError("loop can't write on Windows: there is no lock to rely on")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return patience > 0 and _lock_in_queue(descriptor, patience)


def _lock_in_queue(descriptor: int, patience: float) -> bool:
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        return _lock_by_polling(descriptor, patience)

    waiting = True

    def stop(_signal: int, _frame: object) -> None:
        if waiting:  # a late alarm must not be raised in somebody else's code
            raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, patience)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        waiting = False
        return True
    except TimeoutError:
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _lock_by_polling(descriptor: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        time.sleep(0.005)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            continue
    return False


class Lease:
    """A write lease on a file: while it is held, nobody else has the file open (fcntl(2)).

    If a reader has it open, it is a read lease, which also reports writers. If the system refuses
    both, or a writer keeps the file open for 50 ms, `held` is false and the descriptor only reads.
    While a lease is held, opening the file by its path waits for us, even in our own process: so
    use `read`. `folder` is the open folder to which `path` is relative. Raises `OSError`; with
    `ENXIO` if it is not an ordinary file.
    """

    def __init__(self, path: str, folder: int | None = None) -> None:
        self.descriptor = open_plain(path, folder)
        status = os.fstat(self.descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(self.descriptor)
            raise OSError(errno.ENXIO, "is not an ordinary file", path)
        self.file = (status.st_dev, status.st_ino)
        self.held = sys.platform == "linux" and self._take()
        self._first: bytes | None = None

    def _take(self) -> bool:
        import _signal  # type: ignore[import-not-found]

        if sys.platform != "linux":
            return False
        try:
            _signal.signal(_signal.SIGIO, _signal.SIG_IGN)
        except ValueError:  # not in the main thread; the signal would end the process
            return False
        deadline = time.monotonic() + _LEASE_PATIENCE
        while True:
            for kind in (fcntl.F_WRLCK, fcntl.F_RDLCK):
                try:
                    fcntl.fcntl(self.descriptor, fcntl.F_SETLEASE, kind)
                    return True
                except OSError as error:
                    if error.errno != errno.EAGAIN:
                        return False
            if time.monotonic() > deadline:
                return False
            time.sleep(0.002)

    def read(self) -> bytes:
        """Return all bytes of the file, wherever it was renamed to."""
        parts, offset = [], 0
        while part := os.pread(self.descriptor, 1 << 16, offset):
            parts.append(part)
            offset += len(part)
        data = b"".join(parts)
        if self._first is None:
            self._first = data
        return data

    @property
    def is_unchanged(self) -> bool:
        """Whether the bytes are those of the first reading, and no writer waits."""
        return self._first == self.read() and not self.writer_came

    def is_at(self, path: str, folder: int | None = None) -> bool:
        """Whether the file is still the one at `path`, relative to an open folder if given."""
        try:
            status = os.stat(path, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == self.file

    @property
    def writer_came(self) -> bool:
        """Whether somebody waits to open the file for writing; waiting readers do not count."""
        if not self.held or sys.platform != "linux":
            return False
        return fcntl.fcntl(self.descriptor, fcntl.F_GETLEASE) == fcntl.F_UNLCK

    def close(self) -> None:
        """Return the lease; that wakes the waiting programs."""
        os.close(self.descriptor)


def open_plain(path: str, folder: int | None = None, *, patient: bool = True) -> int:
    """Open a file for reading; do not wait for a pipe without a writer, and refuse a link.

    If somebody holds a lease, as loop does for the milliseconds of a change, it waits, if it is
    `patient`. Raises `OSError`.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
    deadline = None
    while True:
        try:
            return os.open(path, flags, dir_fd=folder)
        except BlockingIOError:
            deadline = deadline or time.monotonic() + (_PATIENCE if patient else 0)
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.001)


def exchange(one: str, other: str, folder: int = AT_CWD, other_folder: int = AT_CWD) -> None:
    """Exchange two files in one step; their names are relative to open folders, if given.

    Raises `Unsupported`, `OSError`.
    """
    _rename(one, other, folder, other_folder, EXCHANGE)


def move(source: str, target: str, folder: int = AT_CWD, other_folder: int = AT_CWD) -> None:
    """Rename without replacing. Raises `FileExistsError`, `Unsupported`, `OSError`."""
    _rename(source, target, folder, other_folder, NO_REPLACE)


_call: RenameCall | None = None


def prepare() -> None:
    """Look up the system's call for `exchange` and `move`, which loads a library.

    After the record is written, nothing should wait for that, or fail because of it.
    """
    global _call  # noqa: PLW0603  looked up once: each look makes a class
    if _call is None:
        _call = _rename_call()


def _rename(one: str, other: str, folder: int, other_folder: int, flag: int) -> None:
    prepare()
    assert _call is not None
    code = _call(folder, os.fsencode(one), other_folder, os.fsencode(other), flag)
    if code in _NOT_THERE:
        raise Unsupported
    if code:
        raise OSError(code, os.strerror(code), one, None, other)


def _rename_call() -> RenameCall:
    """Return the system's rename with flags, as a function that returns an errno, or 0."""
    from loop_cli.lean import clibrary

    call = clibrary.function("renameat2")
    if call is not None:
        return call
    call = clibrary.function("renameatx_np")
    if call is None:
        return _no_call

    def mac(folder: int, one: bytes, other_folder: int, other: bytes, flag: int) -> int:
        return call(folder, one, other_folder, other, _MAC_FLAGS[flag])

    return mac


def _no_call(_one: int, _name: bytes, _two: int, _other: bytes, _flag: int) -> int:
    """The call for a system without such a rename; a plain one is used, as `loop config` says."""
    return errno.ENOSYS


class uninterrupted:  # noqa: N801
    """A context manager that delays Ctrl-C for the few milliseconds of a landing.

    After "interrupted" the user would not know whether the change landed, and the command is almost
    done. If somebody handles Ctrl-C, because there is more work, they get it afterwards.
    """

    def __enter__(self) -> None:
        import _signal  # `signal` loads `enum` for its names

        self._signal = _signal
        self._came = False
        try:
            self._before = _signal.signal(_signal.SIGINT, self._come)
        except ValueError:  # not in the main thread, which gets Ctrl-C
            self._before = None

    def __exit__(self, *_raised: object) -> None:
        if self._before is None:
            return
        self._signal.signal(self._signal.SIGINT, self._before)
        handled = callable(self._before) and self._before is not self._signal.default_int_handler
        if self._came and handled:
            self._before(self._signal.SIGINT, None)

    def _come(self, _number: int, _frame: object) -> None:
        self._came = True


def sync_folder(descriptor: int) -> None:
    """Make the names in an open folder durable, if its file system can. Raises `OSError`."""
    if sys.platform == "win32":
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise


def sync(descriptor: int) -> None:
    """Make an open file durable; on macOS that needs more than `fsync`. Raises `OSError`."""
    if sys.platform == "darwin":
        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
        except OSError:  # not on this file system
            pass
    os.fsync(descriptor)


def begin_to_write_out(descriptor: int) -> None:
    """Let the disk begin to write a file that will be synced soon; nothing is guaranteed."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


_exchanging: set[tuple[int, int, int]] = set()


def can_exchange(folder: int, other: int) -> bool:
    """Whether files can be exchanged between two open folders: one device, and one mount of it.

    Several mounts may share a device. Renaming a missing file shows that, and has no other effect.
    """
    one, two = os.fstat(folder), os.fstat(other)
    if one.st_dev != two.st_dev:
        return False
    pair = (one.st_dev, one.st_ino, two.st_ino)
    if pair in _exchanging:
        return True
    name = f".loop-{os.urandom(8).hex()}"
    try:
        os.rename(name, name, src_dir_fd=folder, dst_dir_fd=other)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
    _exchanging.add(pair)
    return True


def allow_files(count: int) -> None:
    """Allow this process to open this many more files, as far as the system allows it."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = soft + count if hard == resource.RLIM_INFINITY else min(soft + count, hard)
    if soft not in (resource.RLIM_INFINITY, wanted):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def user_name() -> str:
    """Return the name of the user from the system's own tables, not from the environment."""
    if sys.platform == "win32":
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def parent_name() -> str | None:
    """Return the name of the program that started this one, if the system tells it cheaply."""
    try:
        with open(f"/proc/{os.getppid()}/comm", "rb") as file:
            return file.read(64).decode(errors="replace").strip() or None
    except OSError:
        return None
