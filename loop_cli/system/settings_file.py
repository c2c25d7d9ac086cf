"""A file of settings, read whole and replaced in one step, without following links."""

from __future__ import annotations

import os
from contextlib import suppress

from loop_cli.errors import StorageError
from loop_cli.system.folders import Folders

MOST = 1 << 20  # bytes that are read


def read(top: str, path: str) -> bytes | None:
    """The bytes of a file below a folder; None if there is none. Raises `OSError`."""
    try:
        with Folders(top) as folders:
            return folders.slot(path).read(MOST)
    except (FileNotFoundError, NotADirectoryError):
        return None


def replace(top: str, path: str, data: bytes) -> None:
    """Put a file in the place of the one that is there, if one is. Raises `StorageError`."""
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(top, exist_ok=True)
        with Folders(top) as folders:
            place, new = folders.slot(path), folders.slot(temporary)
            if place.folder_path:
                folders.make_place(place.folder_path)
            new.folder.write_new(new.name, data, mode=0o644, shared=0o664)
            try:
                new.replace(place)
            except OSError:
                with suppress(OSError):
                    new.remove()
                raise
            place.folder.sync()
    except OSError as error:
        raise StorageError(f"{path} can't be written: {error.strerror}") from None
