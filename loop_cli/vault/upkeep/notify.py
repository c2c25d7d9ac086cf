"""Watch the file system for changed files, in the vault's own folders only.

These are the folders where the schema has entities, and the folder of the log. Each folder is
watched by itself, because recursive watching follows links out of the vault. If folders come or go,
watching begins again with the existing ones. Changes in between are found by comparing names, sizes
and times.
"""

from __future__ import annotations

import os
import stat

from loop_cli.core.names import is_hidden
from loop_cli.errors import StorageError
from loop_cli.vault.files.walk import STAMP, Walk, joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Protocol

    from loop_cli.core.schema.paths import Places
    from loop_cli.core.upkeep import Happening
    from loop_cli.vault.handle import Vault

    class Watched(Protocol):
        """Where entities may be, our `own` folders, and which files tell anything."""

        @property
        def places(self) -> Places: ...

        @property
        def own(self) -> tuple[str, ...]: ...

        def watches(self, path: str) -> bool: ...

    Stamps = dict[str, dict[str, tuple[int, ...]]]  # by folder and name, of Markdown files

_POLL = 500  # milliseconds between two checks whether anybody still reads


def happenings(vault: Vault) -> Iterator[list[Happening]]:
    """Yield changes, as `Upkeep.happenings` says. Raises what `follow` raises."""
    from loop_cli.vault.upkeep.watch import Watcher

    watcher = Watcher(vault)
    for paths in follow(vault.root, watcher):
        yield list(watcher.happenings(paths))


def follow(root: str, watcher: Watched) -> Iterator[list[str]]:
    """The files that changed, relative to the vault, in one batch after the other; empty ones in
    between, so that the caller can see whether anybody still reads. Never ends.

    Some batches are empty, so that the caller can see whether anybody still reads. Raises
    `StorageError` if the system can't watch so many folders.
    """
    base = os.path.realpath(root)
    folders = _Folders(base, watcher)
    while True:
        watched = folders.watched()
        for number, paths in enumerate(_batches(base, watched)):
            found, others = set(paths), False
            folders.note(found)
            # There are no events for changes before the watching began.
            if not number or folders.may_differ(found, watched):
                found |= folders.compare()
                others = folders.watched() != watched
            yield [path for path in found if watcher.watches(path)]
            if others:
                break


class _Folders:
    """The watched folders of a vault, and their last known content."""

    def __init__(self, base: str, watcher: Watched) -> None:
        self._base = base
        self._watcher = watcher
        self._walk = Walk(base, watcher.places)
        self._stamps = self._look()

    def watched(self) -> set[str]:
        """Return the folders with entities, the folders above them, and those of our own."""
        found = {"", *self._stamps}
        for name in (*self._watcher.own, *self._watcher.places.include):
            path = ""
            for part in name.split("/"):
                path = joined(path, part)
                if not self._is_folder(path):
                    break
                found.add(path)
        return found

    def may_differ(self, paths: Iterable[str], watched: set[str]) -> bool:
        """Whether a change may be of the folders themselves."""
        return any(
            path in watched or (not is_hidden(path) and self._is_folder(path)) for path in paths
        )

    def note(self, paths: Iterable[str]) -> None:
        """Note files that are being reported, so that the next comparison does not report them
        again."""
        for path in paths:
            folder, _slash, name = path.rpartition("/")
            if not self._watcher.watches(path) or folder not in self._stamps:
                continue
            try:
                status = os.lstat(f"{self._base}/{path}")
            except OSError:
                self._stamps[folder].pop(name, None)
                continue
            if stat.S_ISLNK(status.st_mode):
                self._stamps[folder].pop(name, None)
            else:
                self._stamps[folder][name] = (
                    status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
                )  # fmt: skip

    def compare(self) -> set[str]:
        """Return the files that were added, removed or changed since the last look."""
        old, new = self._stamps, self._look()
        self._stamps = new
        return {
            joined(folder, name)
            for folder in old.keys() | new.keys()
            for name, _stamp in set(old.get(folder, {}).items()) ^ set(new.get(folder, {}).items())
        }

    def _look(self) -> Stamps:
        return {
            folder: {
                name: tuple(stamps[STAMP * number : STAMP * (number + 1)])
                for number, name in enumerate(names)
            }
            for folder, names, stamps in self._walk.folders()
            if self._is_folder(folder)
        }

    def _is_folder(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(os.lstat(f"{self._base}/{path}").st_mode)
        except OSError:
            return False


def _batches(base: str, folders: set[str]) -> Iterator[list[str]]:
    """Yield the changes in some folders, relative to `base`; empty batches if there are none.

    Ends if a watched folder is gone.
    """
    import watchfiles

    def relative(path: str) -> str:
        found = os.path.relpath(path, base).replace(os.sep, "/")
        return "" if found == "." else found

    try:
        for batch in watchfiles.watch(
            *(f"{base}/{folder}" if folder else base for folder in sorted(folders)),
            watch_filter=None,
            debounce=200,
            step=20,
            rust_timeout=_POLL,
            yield_on_timeout=True,
            recursive=False,
            ignore_permission_denied=True,
        ):
            yield [relative(path) for _change, path in batch]
    except FileNotFoundError as error:
        if not os.path.isdir(base):
            raise _can_not_watch(base, error) from error
        yield []
    except OSError as error:
        raise _can_not_watch(base, error) from error
    except Exception as error:  # the watcher's own error, which its package does not export
        if type(error).__module__.startswith(("watchfiles", "_rust_notify")):
            raise _can_not_watch(base, error) from error
        raise


def _can_not_watch(root: str, error: Exception) -> StorageError:
    return StorageError(
        f"{root} can't be watched: {error}",
        hint="on Linux fs.inotify.max_user_watches limits how many folders can be",
    )
