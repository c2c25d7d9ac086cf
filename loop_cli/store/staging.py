"""One change on its way to the disk: staged, recorded, exchanged, or taken back (SPEC §6).

Each step names the sync that guards it. What a crash leaves of a step is finished or
undone by `store.recovery`, from the intent alone.
"""

from __future__ import annotations

import os

from loop_cli.errors import StorageError
from loop_cli.store import files, platform
from loop_cli.store.base import as_json
from loop_cli.store.snapshot import etag_of
from loop_cli.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FOLDER = "staged"
INTENT, CONTENT, UNDONE = ".intent", ".new", ".undone"


class Intent(Struct):
    """What a change was about to do. `line` is the record's line; `path` and `staged` are
    relative to the vault; `group` is the atomic group's `{id, index, count}`."""

    name: str
    path: str
    staged: str
    etag_before: str
    etag_after: str
    line: str
    group: dict[str, Any] | None = None


class StagedChange:
    """The files of one change. `folder` is the vault's `.loop/staged`."""

    def __init__(self, root: str, intent: Intent) -> None:
        self.intent = intent
        self.folder = staged_folder(root)
        self.entity = os.path.join(root, intent.path)
        self.content = os.path.join(root, intent.staged)
        self._intent = os.path.join(self.folder, intent.name + INTENT)
        self._undone = os.path.join(self.folder, intent.name + UNDONE)

    def stage(self, data: bytes) -> None:
        """Write the content to come and the intent. Raises `StorageError`, nothing left.

        Synced: both files and the folder, so that a record in the log always finds them.
        """
        try:
            files.write_synced(self.content, data, like=os.stat(self.entity))
            files.write_synced(self._intent, as_json(self.intent.__dict__).encode())
            platform.sync_folder(self.folder)
        except OSError as error:
            self.discard()
            raise StorageError(f"{self.intent.path} can't be written: {error.strerror}") from error

    def exchange(self, current: Callable[[], bytes] | None = None) -> bool:
        """Entity and staged file change places; False where it took two steps. Raises `OSError`.

        Synced: both folders, so that the entity is durably new before it is reported.
        Where the file system has no exchange, a plain rename replaces the entity and its
        bytes, as `current` gives them or as they are read, take the staged place.
        """
        swapped = True
        try:
            platform.exchange(self.content, self.entity)
        except platform.Unsupported:
            swapped = False
            self._replace(current)
        self.sync()
        return swapped

    def _replace(self, current: Callable[[], bytes] | None) -> None:
        aside = self.content + ".old"
        data = current() if current else files.read_all(self.entity)
        files.write_synced(aside, data, like=os.stat(self.entity))
        os.rename(self.content, self.entity)
        os.rename(aside, self.content)

    def sync(self) -> None:
        """Sync the folders of both files."""
        platform.sync_folder(os.path.dirname(self.entity))
        if os.path.dirname(self.content) != os.path.dirname(self.entity):
            platform.sync_folder(os.path.dirname(self.content))

    def staged_etag(self) -> str | None:
        """The etag of what lies in the staged place; None where nothing does."""
        return etag_at(self.content)

    def entity_etag(self) -> str | None:
        """The etag of what lies in the entity's place; None where nothing does."""
        return etag_at(self.entity)

    def mark_undone(self) -> None:
        """From here on the change can only be undone, by us or by recovery. Raises `OSError`."""
        if not os.path.exists(self._undone):
            files.write_synced(self._undone, b"")
            platform.sync_folder(self.folder)

    @property
    def is_marked_undone(self) -> bool:
        """Whether step 3 failed with an error before."""
        return os.path.exists(self._undone)

    def discard(self) -> None:
        """Remove staged file and intent; the intent last, since it explains the others."""
        for path in (self.content, self._undone, self._intent):
            files.remove(path)


def staged_folder(root: str) -> str:
    """Where changes are staged."""
    return os.path.join(root, ".loop", FOLDER)


def prepare(root: str) -> None:
    """Make the folder for staged files where it is missing. Raises `StorageError`."""
    try:
        os.makedirs(staged_folder(root), mode=0o700, exist_ok=True)
    except OSError as error:
        raise StorageError(f".loop can't be written: {error.strerror}") from error


def staged_place(root: str, path: str, name: str) -> str:
    """Where the content of a change to `path` is staged, relative to the vault.

    An exchange works within one device only, so elsewhere it lies beside the entity.
    """
    folder = os.path.join(root, os.path.dirname(path))
    if os.stat(folder).st_dev == os.stat(staged_folder(root)).st_dev:
        return f".loop/{FOLDER}/{name}{CONTENT}"
    return os.path.join(os.path.dirname(path), f".loop-{name}")


def etag_at(path: str) -> str | None:
    """The etag of the file at `path`; None where there is none."""
    try:
        return etag_of(files.read_all(path))
    except (FileNotFoundError, IsADirectoryError):
        return None


def keep(root: str, data: bytes, *, sha256: str) -> str:
    """Keep bytes that must not be lost in `.loop/kept/`; the path relative to the vault."""
    folder = os.path.join(root, ".loop", "kept")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, sha256)
    if not os.path.exists(path):
        temporary = f"{path}.{os.getpid()}"
        files.remove(temporary)
        files.write_synced(temporary, data)
        os.rename(temporary, path)
        platform.sync_folder(folder)
    return f".loop/kept/{sha256}"
