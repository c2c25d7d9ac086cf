"""What differs between operating systems: locks, leases, exchanging two files, syncing.

Linux has all of it. macOS has no write lease for us, and `renamex_np` instead of
`renameat2`. Windows has neither `fcntl` nor an exchange, and has not been tried: `lock`
refuses there, so that nothing is written without one.
"""

from __future__ import annotations

import errno
import os
import sys
import time

from loop_cli.errors import StorageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

if sys.platform != "win32":
    import fcntl

EXCHANGE, NO_REPLACE = 2, 1  # of renameat2(2)
_MAC_FLAGS = {EXCHANGE: 2, NO_REPLACE: 4}  # RENAME_SWAP and RENAME_EXCL of renamex_np(2)
_AT_FDCWD = -100
_NOT_THERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
_LEASE_PATIENCE = 0.05  # seconds


class Unsupported(Exception):
    """The system or the file system can't do this."""


def lock(descriptor: int, *, patience: float) -> bool:
    """Take the exclusive lock of an open file within `patience` seconds; False if it is held.

    The system releases it when the process dies. Waiting is done in the kernel's queue,
    so that no waiter starves behind faster ones.
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
        if waiting:  # an alarm that rings late must not be raised into somebody else's code
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

    Where a reader has it open it is a read lease, which tells of writers just as well. Where
    the system refuses both, or a writer keeps the file open for 50 ms, `held` is false and
    the descriptor only reads. While a lease is held, opening the file by its path waits for
    us, in our own process too: read through `read`.
    """

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        status = os.fstat(self.descriptor)
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
        """All bytes of the file, wherever it has been renamed to."""
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
        """Whether the bytes are those that were read first, and no writer waits."""
        return self._first == self.read() and not self.writer_came

    def is_at(self, path: str) -> bool:
        """Whether the file is still the one at `path`."""
        try:
            status = os.stat(path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == self.file

    @property
    def writer_came(self) -> bool:
        """Whether somebody waits to open the file for writing; a waiting reader is no matter."""
        if not self.held or sys.platform != "linux":
            return False
        return fcntl.fcntl(self.descriptor, fcntl.F_GETLEASE) == fcntl.F_UNLCK

    def close(self) -> None:
        """Give the lease back, and with it wake whoever waits."""
        os.close(self.descriptor)


def exchange(one: str, other: str) -> None:
    """Swap two files in one step. Raises `Unsupported`, `OSError`."""
    _rename(one, other, EXCHANGE)


def move(source: str, target: str) -> None:
    """Rename without replacing. Raises `FileExistsError`, `Unsupported`, `OSError`."""
    _rename(source, target, NO_REPLACE)


_call: Callable[[bytes, bytes, int], int] | None = None


def _rename(one: str, other: str, flag: int) -> None:
    global _call  # noqa: PLW0603  looked up once: each look makes a class
    if _call is None:
        _call = _rename_call()
    call = _call
    if call is None:
        raise Unsupported
    code = call(os.fsencode(one), os.fsencode(other), flag)
    if code in _NOT_THERE:
        raise Unsupported
    if code:
        raise OSError(code, os.strerror(code), one, None, other)


def _rename_call() -> Callable[[bytes, bytes, int], int] | None:
    """The system's rename with flags as a function that returns an errno, or 0."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "renameat2"):

        def linux(one: bytes, other: bytes, flag: int) -> int:
            failed = libc.renameat2(_AT_FDCWD, one, _AT_FDCWD, other, flag)
            return ctypes.get_errno() if failed else 0

        return linux
    if hasattr(libc, "renamex_np"):

        def mac(one: bytes, other: bytes, flag: int) -> int:
            return ctypes.get_errno() if libc.renamex_np(one, other, _MAC_FLAGS[flag]) else 0

        return mac
    return None


class uninterrupted:  # noqa: N801
    """A context manager: Ctrl-C has no effect for the few milliseconds of a landing.

    "Interrupted" would leave the user wondering whether the change is there, and the command
    is as good as done. Where somebody handles it, because more is to come, they get it after.
    """

    def __enter__(self) -> None:
        import _signal  # `signal` loads `enum` for its names

        self._signal = _signal
        self._came = False
        try:
            self._before = _signal.signal(_signal.SIGINT, self._come)
        except ValueError:  # not in the main thread, where Ctrl-C arrives
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


def sync_folder(path: str) -> None:
    """Make the names in a folder durable, where its file system can. Raises `OSError`."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise
    finally:
        os.close(descriptor)


def sync(descriptor: int) -> None:
    """Make an open file durable; on macOS that takes more than `fsync`. Raises `OSError`."""
    if sys.platform == "darwin":
        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
        except OSError:  # not on this file system
            pass
    os.fsync(descriptor)


def begin_to_write_out(descriptor: int) -> None:
    """Let the disk begin with a file that is to be synced soon; nothing is promised."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


_exchanging: set[tuple[str, int, str, int]] = set()


def can_exchange(folder: str, other: str) -> bool:
    """Whether files can change places between two folders: one device, and one mount of it.

    Renaming what is not there tells of mounts that share a device, and does nothing else.
    """
    one, two = os.stat(folder), os.stat(other)
    if one.st_dev != two.st_dev:
        return False
    pair = (folder, one.st_ino, other, two.st_ino)
    if pair in _exchanging:
        return True
    name = f".loop-{os.urandom(8).hex()}"
    try:
        os.rename(os.path.join(folder, name), os.path.join(other, name))
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
    _exchanging.add(pair)
    return True


def allow_files(count: int) -> None:
    """Allow this process as many open files more, as far as the system lets it."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = soft + count if hard == resource.RLIM_INFINITY else min(soft + count, hard)
    if soft not in (resource.RLIM_INFINITY, wanted):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def user_name() -> str:
    """The operating system's name of the user, from its own tables and not the environment."""
    if sys.platform == "win32":
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def parent_name() -> str | None:
    """The name of the program that started this one, where the system tells it cheaply."""
    try:
        with open(f"/proc/{os.getppid()}/comm", "rb") as file:
            return file.read(64).decode(errors="replace").strip() or None
    except OSError:
        return None
