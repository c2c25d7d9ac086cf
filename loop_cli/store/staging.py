"""Changes on their way to the disk: staged, exchanged, marked undone, discarded (SPEC §6).

Those of one commit have one file of intents, so that they are landed or taken back together;
and each has a file of its own for its content. Each step names the sync that guards it. What a
crash leaves of a step is finished or undone by `store.recovery`, from the intents alone.
"""

from __future__ import annotations

import os
import stat

from loop_cli.errors import StorageError
from loop_cli.lean.contexts import closing, suppress
from loop_cli.lean.records import Struct
from loop_cli.store import files, platform
from loop_cli.store.base import as_json
from loop_cli.store.snapshot import etag_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = "staged"
INTENT, CONTENT, UNDONE, ASIDE = files.STAGED
NO_FILE = "no file"


class Moved(Exception):
    """Somebody wrote to an entity between our comparing and our exchanging."""


class Intent(Struct):
    """What a change was about to do. `line` is the record's line; `path`, `staged` and
    `target` are relative to the vault.

    No `etag_before` is a create, no `etag_after` a delete: there is no file then, and what
    takes its place does so without replacing. A `target` is where a move leads, once the
    content is new. `made` are folders that are made for it, the outermost first.
    """

    name: str
    path: str
    staged: str
    etag_before: str | None
    etag_after: str | None
    line: str
    target: str | None = None
    made: tuple[str, ...] = ()


class StagedChange:
    """One change. `entity` is the file that it begins with, `target` the one that it ends with,
    `content` what is to take its place, `is_beside` whether that lies beside the entity, on
    another device than `.loop`."""

    def __init__(self, root: str, intent: Intent) -> None:
        self.intent = intent
        self.entity = os.path.join(root, intent.path)
        self.target = os.path.join(root, intent.target) if intent.target else self.entity
        self.content = os.path.join(root, intent.staged)
        self.is_beside = not intent.staged.startswith(f"{files.LOOP}/")
        self._root = root

    def stage(self, data: bytes | None, syncs: files.Syncs) -> None:
        """Write the content to come, if any, in folders that are there then.

        Raises `StorageError`; `Moved` where the entity is gone.
        """
        try:
            for folder in self.intent.made:
                files.make_place(os.path.join(self._root, folder), root=self._root)
            if data is not None:
                self._write(data, syncs)
                syncs.folders[os.path.dirname(self.content)] = None
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not os.path.lexists(self.entity):
                raise Moved from None
            raise cannot_write(self.intent.path, error) from error

    def _write(self, data: bytes, syncs: files.Syncs) -> None:
        if self.intent.etag_before is None:
            files.write_new(self.content, data, root=self._root)
        else:
            files.write_synced(self.content, data, like=self.entity, syncs=syncs)

    @property
    def place(self) -> str:
        """Where the entity is now: a move has brought it to its target, or not yet."""
        if self.intent.target is None:
            return self.entity
        arrived = etag_at(self.target) == self.intent.etag_after
        return self.target if arrived or not os.path.lexists(self.entity) else self.entity

    def exchange(self, lease: platform.Lease | None = None) -> None:
        """Entity and staged file change places; where one of them is not to be, the other
        takes its place without replacing. To be followed by `sync`. Raises `OSError`;
        `Moved` where the place is taken, or where the entity is not the leased file any more
        and no exchange could tell.

        The entity comes first, so that who watches its folder sees it go and come, in this
        order. Without a lease, where what is there does not matter, one is taken if needed.
        """
        if self.intent.etag_before is None or self.intent.etag_after is None:
            there = os.path.lexists(self.content)
            pair = (self.content, self.entity) if there else (self.entity, self.content)
            _move(*pair)
            return
        place = self.place
        try:
            platform.exchange(place, self.content)
        except platform.Unsupported:
            if lease is not None:
                self._exchange_in_steps(lease, place)
            else:
                with closing(platform.Lease(place)) as own:
                    self._exchange_in_steps(own, place)

    def relocate(self) -> None:
        """Bring a moved entity to its target, where it is not there yet. To be followed by
        `sync`. Raises `OSError`; `Moved` where the target is taken."""
        if self.place != self.target:
            _move(self.entity, self.target)

    def bring_back(self) -> None:
        """Bring a moved entity back to where it came from, unless something is there now."""
        if self.intent.target is not None and self.place == self.target:
            with suppress(Moved, FileNotFoundError):
                _move(self.target, self.entity)
                self.sync()

    def _exchange_in_steps(self, lease: platform.Lease, place: str) -> None:
        """Give the old file a second name, put the new one in its place, and then the old
        one in the new one's; `settle` finishes that after a crash."""
        before = lease.read()
        aside = self.content + ASIDE
        files.remove(aside)
        try:
            os.link(place, aside, follow_symlinks=False)
        except OSError:  # no links on this file system
            files.write_synced(aside, before, like=place)
        if not lease.is_at(place) or lease.read() != before:
            files.remove(aside)
            raise Moved
        os.rename(self.content, place)
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

        Synced: the folders of all its files, as far as they are there.
        """
        syncs = files.Syncs()
        self.note(syncs)
        syncs.run()

    def note(self, syncs: files.Syncs) -> None:
        """Tell which folders an exchange has changed."""
        places = [self.entity, *([self.target] if self.intent.target else [])]
        if not self.is_beside:
            places.append(self.content)
        for path in places:
            syncs.folders[os.path.dirname(path)] = None

    def staged_etag(self) -> str | None:
        """The etag of what lies in the staged place; None where nothing does."""
        return etag_at(self.content)

    def entity_etag(self) -> str | None:
        """The etag of what lies in the entity's place; None where nothing does."""
        return etag_at(self.place)

    def discard(self) -> None:
        """Remove the staged file; `settle` has seen to what an exchange in steps left. Raises
        `OSError`."""
        files.remove(self.content)

    def discard_outside(self) -> None:
        """Remove what is not in `.loop/staged`: a staged file beside the entity, folders made
        for what did not come. Raises `OSError`."""
        if self.is_beside:
            self.discard()
        for folder in reversed(self.intent.made):
            files.remove_place(os.path.join(self._root, folder))


class StagedCommit:
    """The changes of a commit, and `name`, that of their file of intents."""

    def __init__(self, root: str, name: str, changes: Sequence[StagedChange]) -> None:
        self.changes = tuple(changes)
        self.folder = staged_folder(root)
        self._root = root
        self._intents = os.path.join(self.folder, name + INTENT)
        self._undone = os.path.join(self.folder, name + UNDONE)

    @property
    def paths(self) -> str:
        """The files of the changes, for a sentence."""
        return ", ".join(change.intent.path for change in self.changes)

    def stage(self, contents: Sequence[bytes | None]) -> None:
        """Write the intents and the contents to come, durably: the record, which is written
        then, always finds them. Outside `.loop/staged` nothing comes to be that no intent names.

        Raises `StorageError`, `Moved` where an entity is gone; nothing is left then.
        """
        syncs = files.Syncs()
        try:
            text = as_json([change.intent.__dict__ for change in self.changes]).encode()
            files.write_synced(self._intents, text, root=self._root, syncs=syncs)
            syncs.folders[self.folder] = None
            if any(change.is_beside or change.intent.made for change in self.changes):
                syncs.run()
            for change, data in zip(self.changes, contents, strict=True):
                change.stage(data, syncs)
            syncs.run()
        except (OSError, StorageError, Moved) as error:
            with suppress(OSError):
                syncs.close()
            with suppress(OSError):
                self.discard()
            if isinstance(error, OSError):
                raise cannot_write(self.paths, error) from error
            raise

    def mark_undone(self) -> None:
        """From here on the changes can only be undone, by us or by recovery. Raises `OSError`.

        Renaming the intents needs no space on a full disk. Synced: their folder.
        """
        if not self.is_marked_undone:
            os.rename(self._intents, self._undone)
            platform.sync_folder(self.folder)

    @property
    def is_marked_undone(self) -> bool:
        """Whether it was said before that the changes did not happen."""
        return os.path.exists(self._undone)

    def discard(self) -> None:
        """Remove staged files and intents, and folders made for what did not come. Raises
        `OSError`.

        In `.loop/staged` the intents go before the contents, since content alone is swept;
        what is elsewhere goes before them, since nothing else tells where it is. The newest
        goes first, since what it lies in may have been made for one before.
        """
        for change in reversed(self.changes):
            change.discard_outside()
        if not files.remove(self._intents):  # which is one file under one of two names
            files.remove(self._undone)
        for change in self.changes:
            if not change.is_beside:
                change.discard()


def cannot_write(path: str, error: OSError) -> StorageError:
    """The error for an entity that could not be written, or could not be staged for it."""
    _root, ours, name = str(error.filename or "").rpartition("/.loop/")
    ours = "" if error.filename2 else ours  # of two places, it does not say which refused
    where = f".loop/{os.path.dirname(name) or name}: " if ours else ""
    return StorageError(f"{path} can't be written: {where}{error.strerror}")


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

    An exchange works within one device only, so elsewhere it lies beside the entity. A
    folder still to be made will be where the innermost one is that is there. Raises `OSError`.
    """
    own, beside = staged_places(path, name)
    folder = os.path.dirname(os.path.join(root, path))
    while True:
        try:
            return own if platform.can_exchange(folder, staged_folder(root)) else beside
        except FileNotFoundError:
            if folder == root:
                raise
            folder = os.path.dirname(folder)


def name_of(commit: str, index: int) -> str:
    """The name of a change of a commit, by its place among them."""
    return f"{commit}-{index}"


def staged_places(path: str, name: str) -> tuple[str, str]:
    """The two places where the content of a change can be."""
    return f".loop/{FOLDER}/{name}{CONTENT}", os.path.join(os.path.dirname(path), f".loop-{name}")


def _move(source: str, target: str) -> None:
    """Rename without replacing. Raises `Moved` where the target is taken, `OSError`."""
    try:
        platform.move(source, target)
    except FileExistsError:
        raise Moved from None
    except platform.Unsupported:
        if os.path.lexists(target):
            raise Moved from None
        os.rename(source, target)


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
