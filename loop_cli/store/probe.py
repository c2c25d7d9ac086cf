"""What the vault's file system can do for a write, found by trying it (SPEC §6)."""

from __future__ import annotations

import os

from loop_cli.store import files, platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WINDOWS = {
    (True, True): "a program that has the file open for writing for over 50 ms already",
    (True, False): "a program that has the file open for writing, or opens it just then",
    (False, True): "a program that has the file open for writing for over 50 ms already",
    (False, False): "between comparing the bytes and renaming, some microseconds",
}


def protocol(root: str | None) -> dict[str, Any]:
    """`exchange` and `lease`: whether the vault's file system has them, None where unknown;
    `window`: what is left open to editors that know no lock. Raises `StorageError`."""
    folder = None if root is None else files.own_folder(root, files.LOOP)
    if folder is None or not os.access(folder, os.W_OK):
        return {"exchange": None, "lease": None, "window": "known after the first change"}
    exchange, lease = _try(folder)
    return {"exchange": exchange, "lease": lease, "window": _WINDOWS[exchange, lease]}


def _try(folder: str) -> tuple[bool, bool]:
    one, other = (os.path.join(folder, f"probe-{os.urandom(8).hex()}") for _ in range(2))
    try:
        files.write_synced(one, b"1")
        files.write_synced(other, b"2")
        lease = platform.Lease(one)
        held = lease.held
        lease.close()
        try:
            platform.exchange(one, other)
        except platform.Unsupported:
            return False, held
        return files.read_all(one) == b"2", held
    except OSError:
        return False, False
    finally:
        files.remove(one)
        files.remove(other)
