"""One change on its way to the disk: staged, exchanged, marked undone, discarded (SPEC §6).

Each step names the sync that guards it. What a crash leaves of a step is finished or
undone by `store.recovery`, from the intent alone.
"""

from __future__ import annotations

import os
import stat
from contextlib import closing, suppress

from loop_cli.errors import StorageError
from loop_cli.store import files, platform
from loop_cli.store.base import as_json
from loop_cli.store.snapshot import etag_of
from loop_cli.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = "staged"
INTENT, CONTENT, UNDONE, ASIDE = files.STAGED
NO_FILE = "no file"


class Moved(Exception):
    """Somebody wrote to an entity between our comparing and our exchanging."""


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
        self._root = root
        self._intent = os.path.join(self.folder, intent.name + INTENT)
        self._undone = os.path.join(self.folder, intent.name + UNDONE)

    def stage(self, data: bytes) -> None:
        """Write the intent and the content to come. Raises `StorageError`, nothing left;
        `Moved` where the entity is gone.

        Synced: both files and their folders, so that a record in the log always finds them.
        The intent comes first, so that no content lies anywhere that no intent names.
        """
        try:
            text = as_json(self.intent.__dict__).encode()
            files.write_synced(self._intent, text, root=self._root)
            if self._is_beside:
                platform.sync_folder(self.folder)
            files.write_synced(self.content, data, like=self.entity)
            platform.sync_folder(os.path.dirname(self.content))
        except OSError as error:
            with suppress(OSError):
                self.discard()
            if isinstance(error, FileNotFoundError) and not os.path.lexists(self.entity):
                raise Moved from None
            raise cannot_write(self.intent.path, error) from error

    def exchange(self, lease: platform.Lease | None = None) -> None:
        """Entity and staged file change places; to be followed by `sync`. Raises `OSError`;
        `Moved` where the entity is not the leased file any more and no exchange could tell.

        The entity comes first, so that who watches its folder sees it go and come, in this
        order. Without a lease, where what is there does not matter, one is taken if needed.
        """
        try:
            platform.exchange(self.entity, self.content)
        except platform.Unsupported:
            if lease is not None:
                self._exchange_in_steps(lease)
            else:
                with closing(platform.Lease(self.entity)) as own:
                    self._exchange_in_steps(own)

    def _exchange_in_steps(self, lease: platform.Lease) -> None:
        """Give the old file a second name, put the new one in its place, and then the old
        one in the new one's; `settle` finishes that after a crash."""
        before = lease.read()
        aside = self.content + ASIDE
        files.remove(aside)
        try:
            os.link(self.entity, aside, follow_symlinks=False)
        except OSError:  # no links on this file system
            files.write_synced(aside, before, like=self.entity)
        if not lease.is_at(self.entity) or lease.read() != before:
            files.remove(aside)
            raise Moved
        os.rename(self.content, self.entity)
        os.rename(aside, self.content)

    def settle(self) -> None:
        """Finish an exchange in steps that a crash interrupted. Raises `OSError`."""
        aside = self.content + ASIDE
        if not os.path.lexists(aside):
            return
        if os.path.lexists(self.content):
            files.remove(aside)
        else:
            os.rename(aside, self.content)
            self.sync()

    def sync(self) -> None:
        """Make an exchange durable, before it is reported. Raises `OSError`.

        Synced: the folders of both files.
        """
        platform.sync_folder(os.path.dirname(self.entity))
        if not self._is_beside:
            platform.sync_folder(self.folder)

    def staged_etag(self) -> str | None:
        """The etag of what lies in the staged place; None where nothing does."""
        return etag_at(self.content)

    def entity_etag(self) -> str | None:
        """The etag of what lies in the entity's place; None where no ordinary file does."""
        return etag_at(self.entity)

    def mark_undone(self) -> None:
        """From here on the change can only be undone, by us or by recovery. Raises `OSError`.

        Renaming the intent needs no space on a full disk. Synced: its folder.
        """
        if not self.is_marked_undone:
            os.rename(self._intent, self._undone)
            platform.sync_folder(self.folder)

    @property
    def is_marked_undone(self) -> bool:
        """Whether it was said before that the change did not happen."""
        return os.path.exists(self._undone)

    def discard(self) -> None:
        """Remove staged file and intent. Raises `OSError`.

        In `.loop/staged` the intent goes first, since content alone is swept; elsewhere it
        goes last, since nothing else tells where the content is.
        """
        intents, contents = (self._intent, self._undone), (self.content, self.content + ASIDE)
        for path in (*contents, *intents) if self._is_beside else (*intents, *contents):
            files.remove(path)

    @property
    def _is_beside(self) -> bool:
        """Whether the content lies beside the entity, on another device than `.loop`."""
        return os.path.dirname(self.content) != self.folder


def cannot_write(path: str, error: OSError) -> StorageError:
    """The error for an entity that could not be written."""
    return StorageError(f"{path} can't be written: {error.strerror}")


def staged_folder(root: str) -> str:
    """Where changes are staged."""
    return os.path.join(root, ".loop", FOLDER)


def prepare(root: str) -> None:
    """Make the folder for staged files where it is missing. Raises `StorageError`."""
    try:
        files.make_folder(staged_folder(root), root=root)
    except OSError as error:
        raise StorageError(f".loop can't be written: {error.strerror}") from error


def staged_place(root: str, path: str, name: str) -> str:
    """Where the content of a change to `path` is staged, relative to the vault.

    An exchange works within one device only, so elsewhere it lies beside the entity. Raises
    `OSError`.
    """
    own, beside = staged_places(path, name)
    folder = os.path.join(root, os.path.dirname(path))
    return own if platform.can_exchange(folder, staged_folder(root)) else beside


def staged_places(path: str, name: str) -> tuple[str, str]:
    """The two places where the content of a change can be."""
    return f".loop/{FOLDER}/{name}{CONTENT}", os.path.join(os.path.dirname(path), f".loop-{name}")


def etag_at(path: str) -> str | None:
    """The etag of the file at `path`; None where there is none, `NO_FILE` for a link or a
    folder, which is nobody's etag."""
    try:
        status = os.lstat(path)
        return etag_of(files.read_all(path)) if stat.S_ISREG(status.st_mode) else NO_FILE
    except (FileNotFoundError, NotADirectoryError):
        return None


def keep_whole(root: str, path: str) -> str:
    """Keep what is no ordinary file, a link say, by moving it. Raises `OSError`."""
    folder = os.path.join(root, ".loop", "kept")
    files.make_folder(folder, root=root)
    name = f"{os.path.basename(path)}.{os.urandom(4).hex()}"
    os.rename(path, os.path.join(folder, name))
    platform.sync_folder(folder)
    return f".loop/kept/{name}"


def keep(root: str, data: bytes, *, sha256: str) -> str:
    """Keep bytes that must not be lost in `.loop/kept/`; the path relative to the vault.

    Raises `OSError`. Synced: file and folder.
    """
    folder = os.path.join(root, ".loop", "kept")
    files.make_folder(folder, root=root)
    path = os.path.join(folder, sha256)
    if not os.path.exists(path):
        temporary = f"{path}.{os.getpid()}"
        files.remove(temporary)
        files.write_synced(temporary, data)
        os.rename(temporary, path)
        platform.sync_folder(folder)
    return f".loop/kept/{sha256}"
