"""Find out what the vault's file system supports for writes, by trying it (SPEC §6)."""

from __future__ import annotations

import errno
import os

from loop_cli.lean.basics import suppress
from loop_cli.system import platform
from loop_cli.system.folders import open_folder
from loop_cli.vault import LOOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
_WINDOWS = {
    (True, True): "a program that has the file open for writing for over 50 ms already",
    (True, False): "a program that has the file open for writing, or opens it just then",
    (False, True): "a program that has the file open for writing for over 50 ms already",
    (False, False): "between comparing the bytes and renaming, some microseconds",
}


def protocol(root: str | None) -> dict[str, Any]:
    """Return `exchange` and `lease` (None: unknown), and `window`.

    The window is the time in which editors without the lock can interfere. Raises `StorageError`.
    """
    exchange, lease = (None, None) if root is None else _try(root)
    if exchange is None or lease is None:
        return {"exchange": None, "lease": None, "window": "known after the first change"}
    return {"exchange": exchange, "lease": lease, "window": _WINDOWS[exchange, lease]}


def _try(root: str) -> tuple[bool, bool] | tuple[None, None]:
    one, other = (f"probe-{os.urandom(8).hex()}" for _ in range(2))
    try:
        folder = open_folder(root, LOOP)
    except OSError:
        return None, None
    with folder:
        try:
            folder.write_new(one, b"1")
            folder.write_new(other, b"2")
            lease = platform.Lease(one, folder.descriptor)
            held = lease.held
            lease.close()
            try:
                platform.exchange(one, other, folder.descriptor, folder.descriptor)
            except platform.Unsupported:
                return False, held
            return folder.read(one, 1) == b"2", held
        except OSError as error:
            return (None, None) if error.errno in _READ_ONLY else (False, False)
        finally:
            with suppress(OSError):
                folder.remove(one)
                folder.remove(other)
