"""Keep bytes in `.loop/kept/`: replaced values, deleted files, texts of others (SPEC §6)."""

from __future__ import annotations

import errno
import os

from loop_cli.errors import StorageError
from loop_cli.lean.basics import sha256_hex
from loop_cli.planning.snapshot import MAX_FILE_BYTES
from loop_cli.system.folders import Refused, open_folder
from loop_cli.vault import KEPT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.system.folders import Folder, Folders, Slot

_BLOCK = 1 << 20


def keep(folders: Folders, data: bytes) -> str:
    """Keep bytes in `.loop/kept/`; return the path relative to the vault.

    The bytes are read back before anybody may rely on them. If they are kept already, they get a
    new age. Raises `OSError`. Synced: file and folder.
    """
    sha256 = sha256_hex(data)
    folder = folders.make_own(KEPT)
    path = f"{folder.path}/{sha256}"
    if _holds(folder, sha256, data):
        return path
    temporary = f"{sha256}.{os.getpid()}"
    folder.remove(temporary)
    folder.write_new(temporary, data, shared=0o660)
    folder.rename(temporary, sha256)
    folder.sync()
    if not _holds(folder, sha256, data):
        raise OSError(errno.EIO, "the kept bytes can't be read back", path)
    return path


def read(root: str, sha256: str) -> bytes | None:
    """Return the bytes kept under a hash; None if there are none, or if they have changed.

    Raises `StorageError`.
    """
    if len(sha256) != 64 or not sha256.isalnum():  # another program wrote this line
        return None
    try:
        with open_folder(root, KEPT) as folder:
            data = folder.read(sha256, MAX_FILE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(f"the kept bytes can't be read: {error.strerror}") from error
    return data if sha256_hex(data) == sha256 else None


def among(root: str, digests: set[str]) -> set[str]:
    """Return those of some hashes that have kept bytes. Raises `StorageError`."""
    try:
        with open_folder(root, KEPT) as folder:
            return digests.intersection(folder.names())
    except FileNotFoundError:
        return set()
    except OSError as error:
        if isinstance(error, Refused):
            raise StorageError(f"{error.filename} {error.strerror}") from error
        raise StorageError(f"{KEPT} can't be read: {error.strerror}") from error


def remove(root: str, digests: list[str]) -> None:
    """Remove what is kept under some hashes. Raises `OSError`."""
    with open_folder(root, KEPT) as folder:
        for digest in digests:
            folder.remove(digest)


def _holds(folder: Folder, name: str, data: bytes) -> bool:
    """Whether the file has these bytes; if so, its age is renewed."""
    try:
        descriptor = folder.open_plain(name)
    except OSError:
        return False
    try:
        if os.fstat(descriptor).st_size != len(data):
            return False
        place = 0
        while part := os.pread(descriptor, _BLOCK, place):
            if data[place : place + len(part)] != part:
                return False
            place += len(part)
        if place != len(data):
            return False
        os.utime(descriptor)
    except OSError:  # it belongs to another program: a new file replaces it
        return False
    finally:
        os.close(descriptor)
    return True


def keep_whole(slot: Slot) -> str:
    """Keep something that is not an ordinary file, such as a link, by moving it. Raises
    `OSError`."""
    folder = slot.folders.make_own(KEPT)
    name = f"{slot.name}.{os.urandom(4).hex()}"
    slot.folder.rename(slot.name, name, folder)
    folder.sync()
    return f"{folder.path}/{name}"
