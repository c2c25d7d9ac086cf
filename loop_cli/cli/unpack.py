"""Write files that come with the package into a folder of the user, and replace none of theirs."""

from __future__ import annotations

import os

from loop_cli.errors import StorageError, UsageError
from loop_cli.system.folders import Folders, Refused

_MOST = 1 << 20  # largest size of such a file


def unpack(root: str, wanted: dict[str, bytes], *, force: bool) -> list[str]:
    """Write the files that are not as they should be; return their paths in the folder `root`.

    Raises `UsageError` for a file that somebody has changed, without `force`; `StorageError`.
    """
    try:
        os.makedirs(root, exist_ok=True)
        with Folders(root) as opened:
            changed = _changed(opened, wanted, root, force=force)
            for path in changed:
                _write(opened, path, wanted[path])
    except OSError as error:
        place = os.path.join(root, error.filename or next(iter(wanted)).partition("/")[0])
        raise StorageError(
            f"{place} can't be written: {error.strerror}",
            hint="remove it" if isinstance(error, Refused) else None,
        ) from error
    return changed


def _changed(folders: Folders, wanted: dict[str, bytes], root: str, *, force: bool) -> list[str]:
    """Return the files to write.

    Raises `UsageError` for a file that somebody has changed, `OSError` for something that is not a
    file, such as a link.
    """
    changed = []
    for path, data in wanted.items():
        try:
            there = folders.slot(path).read(_MOST)
        except FileNotFoundError:
            there = None
        if there == data:
            continue
        if there is not None and not force:
            raise UsageError(
                f"{os.path.join(root, path)} is there and differs",
                hint="--force replaces it by the one of loop",
            )
        changed.append(path)
    return changed


def _write(folders: Folders, path: str, data: bytes) -> None:
    """Write a file whole or not at all; make scripts executable."""
    above = path.rpartition("/")[0]
    parts = above.split("/") if above else []
    for count in range(1, len(parts) + 1):
        folders.make_place("/".join(parts[:count]))
    folders.slot(path).write(data, mode=0o755 if path.endswith(".sh") else 0o644)
