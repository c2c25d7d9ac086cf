"""The files in `.loop/kept/`: deleted files and replaced values for undo, and texts of others.

They stay until they are pruned (SPEC §6). The folder may have come with a vault from anywhere. So
it is opened without following a link. Its files are listed but never opened, and only files with
loop's names are listed or removed.
"""

from __future__ import annotations

import re
import stat
from contextlib import contextmanager

from loop_cli.core.upkeep import Kept
from loop_cli.errors import StorageError
from loop_cli.planning.kept import described
from loop_cli.system.folders import Folders, open_folder
from loop_cli.vault import LOOP, STAGED
from loop_cli.vault.commit.keeping import keep_whole
from loop_cli.vault.commit.recovery import recover
from loop_cli.vault.find import recover_if_free

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.system.folders import Folder
    from loop_cli.vault.handle import Vault

FOLDER = "kept"
# Also files that a crash left half written, and staged things that are not files.
_GIVEN = re.compile(
    r"[0-9a-f]{64}(?:\.\d+)?|(?:\.loop-)?[0-9a-f]{32}(?:-\d+)?(?:\.[a-z]+)*\.[0-9a-f]{8}"
)


def listed(vault: Vault) -> list[Kept]:
    """Return all files that loop has kept, the newest first. Raises `StorageError`."""
    copies = [*_files(vault.root)]
    if copies:
        recover_if_free(vault)
    return described(copies, vault.log.records())


def others(vault: Vault) -> list[str]:
    """Return the names of other files there. Raises `StorageError`."""
    with _opened(vault.root) as folder:
        names = [] if folder is None else folder.names()
    return sorted(name for name in names if not _GIVEN.fullmatch(name))


def prune(vault: Vault, unwanted: list[Kept]) -> tuple[list[Kept], list[Kept]]:
    """Remove kept files for good, if they have not changed since they were listed.

    Returns the removed ones and those that stay. Raises `StorageError`, `VaultLocked`.
    """
    removed: list[Kept] = []
    staying: list[Kept] = []
    with vault.lock():
        recover(vault)
        with _opened(vault.root) as folder:
            if folder is None:
                return [], []
            for one in unwanted:
                found = _kept(folder, one.name)
                if found is None:
                    continue
                if found.stamp == one.stamp:
                    folder.remove(one.name)
                    removed.append(one)
                else:
                    staying.append(one)
            folder.sync()
    return removed, staying


def take_aside(vault: Vault, *, dry_run: bool = False) -> list[str]:
    """Move files that loop can't finish from `.loop/staged` to `.loop/kept`.

    Returns the new paths, or with `dry_run` the old ones, relative to the vault. Raises
    `StorageError`, `VaultLocked`.
    """
    from loop_cli.vault.commit import intents

    with vault.lock(), Folders(vault.root) as folders:
        recover(vault)
        try:
            names = sorted(folders.open(STAGED).names())
            ours = [name for name in names if intents.OURS.fullmatch(name)]
            paths = [f"{STAGED}/{name}" for name in ours]
            return paths if dry_run else [keep_whole(folders.slot(path)) for path in paths]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _cannot("taken aside", error) from error


@contextmanager
def _opened(root: str) -> Iterator[Folder | None]:
    """Open the folder; None if there is none.

    Raises `StorageError`, also for an `OSError` within; a link in its place is refused.
    """
    try:
        with open_folder(root, f"{LOOP}/{FOLDER}") as folder:
            yield folder
    except FileNotFoundError:
        yield None
    except NotADirectoryError:
        raise StorageError(
            f"{LOOP}/{FOLDER} is a link or no folder, so nothing in it is read or removed",
            hint=f"put a folder in its place: rm {LOOP}/{FOLDER}",
        ) from None
    except OSError as error:
        raise _cannot("listed or removed", error) from error


def _files(root: str) -> Iterator[Kept]:
    with _opened(root) as folder:
        if folder is None:
            return
        for name in folder.names():
            found = _kept(folder, name) if _GIVEN.fullmatch(name) else None
            if found is not None:
                yield found


def _kept(folder: Folder, name: str) -> Kept | None:
    """Return the file with a name; None if it is gone, or is a folder. A link is not followed."""
    try:
        status = folder.status(name)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return None
    return Kept(
        name=name,
        size=status.st_size,
        kept_at=status.st_mtime_ns // 1000,
        stamp=(
            status.st_dev,
            status.st_ino,
            status.st_mode,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        ),
    )


def _cannot(what: str, error: OSError) -> StorageError:
    return StorageError(f"what is kept can't be {what}: {error.strerror}")
