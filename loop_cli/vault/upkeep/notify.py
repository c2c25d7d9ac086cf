"""What the system tells of changed files: only of the vault's own folders, where its schema
says that entities are, and of the one of the log.

Each folder is watched by itself. The system's watching of all below a folder goes through
links, out of the vault. Where folders come or go, watching begins anew with those that are
there, and what changed in between is found by comparing names, sizes and times.
"""

from __future__ import annotations

import os
import stat

from loop_cli.core.names import LOG_FOLDER, is_hidden
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
        """What is watched: where entities may be, and which files tell anything."""

        @property
        def places(self) -> Places: ...

        def watches(self, path: str) -> bool: ...

    Stamps = dict[str, dict[str, tuple[int, ...]]]  # by folder and name, of Markdown files

_POLL = 500  # milliseconds between two looks at who reads


def happenings(vault: Vault) -> Iterator[list[Happening]]:
    """What changes from now on, as `Upkeep.happenings` says. Raises as `follow` does."""
    from loop_cli.vault.upkeep.watch import Watcher

    watcher = Watcher(vault)
    for paths in follow(vault.root, watcher):
        yield list(watcher.happenings(paths))


def follow(root: str, watcher: Watched) -> Iterator[list[str]]:
    """The files that changed, relative to the vault, in one batch after the other; empty ones in
    between, so that the caller can see whether anybody still reads. Never ends.

    Raises `StorageError` where the system can't watch so many folders.
    """
    base = os.path.realpath(root)
    folders = _Folders(base, watcher)
    while True:
        watched = folders.watched()
        for number, paths in enumerate(_batches(base, watched)):
            found, others = set(paths), False
            folders.note(found)
            # What happened before the watching began is told by no event.
            if not number or folders.may_differ(found, watched):
                found |= folders.compare()
                others = folders.watched() != watched
            yield [path for path in found if watcher.watches(path)]
            if others:
                break


class _Folders:
    """The folders of a vault that are watched, and what is in them as far as was told."""

    def __init__(self, base: str, watcher: Watched) -> None:
        self._base = base
        self._watcher = watcher
        self._walk = Walk(base, watcher.places)
        self._stamps = self._look()

    def watched(self) -> set[str]:
        """The folders where entities may be, those that lead there, and the one of the log."""
        found = {"", *self._stamps}
        for name in (LOG_FOLDER, *self._watcher.places.include):
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
        """Files that are told of now need not be told of by the next comparison."""
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
        """The files that have come, gone or changed since they were looked at."""
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
    """All that changed in some folders, relative to `base`; an empty batch where nothing did.
    Ends where a folder to be watched has gone meanwhile."""
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
    except Exception as error:  # the watcher's own, which its package does not export
        if type(error).__module__.startswith(("watchfiles", "_rust_notify")):
            raise _can_not_watch(base, error) from error
        raise


def _can_not_watch(root: str, error: Exception) -> StorageError:
    return StorageError(
        f"{root} can't be watched: {error}",
        hint="on Linux fs.inotify.max_user_watches limits how many folders can be",
    )
