"""A small file of secrets in the user's configuration: for this user alone, changed as one step.

Its folder may be readable by others, and hold other programs' files. The file itself is 0600. One
that others can read is refused, since what is in it may be known by now.
"""

from __future__ import annotations

import os
import stat

from loop_cli.errors import StorageError
from loop_cli.failures import VaultLocked
from loop_cli.system import home, platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Signature = tuple[int, ...]

_MAX_BYTES = 1 << 20
_PATIENCE = 10.0  # seconds


class PrivateFile:
    """The file at `path`; nothing need be there. Safe for several processes and threads."""

    def __init__(self, path: str) -> None:
        self.path = path

    def signature(self) -> Signature | None:
        """What differs after each change of the file; None where there is no file."""
        try:
            found = os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _failed("read", self.path, error) from None
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def read(self) -> bytes | None:
        """The bytes of the file; None where there is no file. Raises `StorageError`, also where
        others can read it or could have written it."""
        try:
            self._refuse_others()
            return home.read(self.path, most=_MAX_BYTES)[0]
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _failed("read", self.path, error) from None

    def change(self, make: Callable[[bytes | None], bytes | None]) -> None:
        """Put what `make` gives for the present bytes in their place, in one step and under a
        lock; with None all stays as it is. Raises `StorageError`, `VaultLocked`, and what `make`
        raises."""
        folder = os.path.dirname(self.path)
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            lock = os.open(f"{self.path}.lock", _LOCK, 0o600)
        except OSError as error:
            raise _failed("written", self.path, error) from None
        try:
            if not platform.lock(lock, patience=_PATIENCE):
                raise VaultLocked(f"{self.path} stayed locked by another process")
            new = make(self.read())
            if new is not None:
                self._replace(folder, new)
        except OSError as error:
            raise _failed("written", self.path, error) from None
        finally:
            os.close(lock)

    def _refuse_others(self) -> None:
        found = os.lstat(self.path)
        if stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) & 0o077 and _HAS_RIGHTS:
            raise StorageError(
                f"{self.path} can be read or written by others: its mode is "
                f"{stat.S_IMODE(found.st_mode):04o}, so its secrets may be known",
                hint=f"chmod 600 {self.path}; then replace the secrets that others may have seen",
            )

    def _replace(self, folder: str, data: bytes) -> None:
        temporary = f"{self.path}.new"
        if os.path.lexists(temporary):  # left by a process that died; the lock makes it ours
            os.unlink(temporary)
        with open(home.create(temporary), "wb") as file:
            file.write(data)
            file.flush()
            platform.sync(file.fileno())
        os.replace(temporary, self.path)
        opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            platform.sync_folder(opened)
        finally:
            os.close(opened)


_HAS_RIGHTS = hasattr(os, "fchmod")
_LOCK = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)


def _failed(what: str, path: str, error: OSError) -> StorageError:
    return StorageError(f"{path} can't be {what}: {error.strerror or error}")
