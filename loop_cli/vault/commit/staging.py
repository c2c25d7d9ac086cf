"""Changes on their way to the disk: staged, exchanged, marked undone, discarded (SPEC §6).

Those of one commit have one file of intents, so that they are landed or taken back together;
and each has a file of its own for its content. Each step names the sync that guards it. What a
crash leaves of a step is finished or undone by `vault.commit.recovery`, from the intents alone.
"""

from __future__ import annotations

import errno
import os

from loop_cli.core.store import as_json
from loop_cli.errors import StorageError
from loop_cli.lean.basics import closing, suppress
from loop_cli.lean.records import Struct
from loop_cli.planning.snapshot import MAX_FILE_BYTES, etag_of
from loop_cli.system import platform
from loop_cli.system.folders import Folders, Slot, Syncs
from loop_cli.vault import ASIDE, CONTENT, INTENT, LOOP, STAGED, UNDONE
from loop_cli.vault.log.lines import LogPlace, parse_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.system.folders import Folder

NOT_A_FILE = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENXIO)
"""What opening an entity fails with where there is none any more."""
NO_FILE = "no file"
"""In place of an etag: of a link, a folder, a device, or a file that is too large for an entity."""
MAX_INTENTS = 1 << 26
"""Bytes of a file of intents; one that has more is not read."""


class Moved(Exception):
    """Somebody wrote to an entity between our comparing and our exchanging."""


class LogMoved(Moved):
    """Another program put a file in the place of the log between our recording and our answer."""


class Intent(Struct):
    """What a change was about to do. `line` is the record's line; `path`, `staged` and
    `target` are relative to the vault.

    No `etag_before` is a create, no `etag_after` a delete: there is no file then, and what
    takes its place does so without replacing. A `target` is where a move leads, once the
    content is new. `made` are folders that are made for it, the outermost first. `log` is
    where the log ended.
    """

    name: str
    path: str
    staged: str
    etag_before: str | None
    etag_after: str | None
    line: str
    target: str | None = None
    made: tuple[str, ...] = ()
    log: LogPlace = LogPlace(segment=None, offset=0)

    @property
    def record(self) -> AuditRecord:
        """The record that the line is."""
        found = parse_line(self.line.encode())
        assert found is not None
        return found

    def as_dict(self) -> dict[str, object]:
        """The JSON form, as a file of intents has it."""
        return {**self.__dict__, "log": self.log.__dict__}


class StagedChange:
    """One change. `entity` is the file that it begins with, `target` the one that it ends with,
    `content` what is to take its place, `is_beside` whether that lies beside the entity, on
    another device than `.loop`."""

    def __init__(self, folders: Folders, intent: Intent) -> None:
        self.intent = intent
        self.entity = folders.slot(intent.path)
        self.target = folders.slot(intent.target) if intent.target else self.entity
        self.content = folders.slot(intent.staged)
        self.is_beside = not intent.staged.startswith(f"{LOOP}/")
        self._aside = folders.slot(intent.staged + ASIDE)
        self._folders = folders
        self._file: tuple[int, int] | None = None  # what was staged, by device and inode

    def stage(self, data: bytes | None, syncs: Syncs) -> None:
        """Write the content to come, if any, in folders that are there then.

        Raises `StorageError`; `Moved` where the entity is gone.
        """
        try:
            for folder in self.intent.made:
                self._folders.make_place(folder)
            if data is not None:
                self._write(data, syncs)
                syncs.add(self.content.folder)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not self.entity.is_taken:
                raise Moved from None
            raise cannot_write(self.intent.path, error) from error

    def _write(self, data: bytes, syncs: Syncs) -> None:
        folder, name = self.content.folder, self.content.name
        if self.intent.etag_before is None:
            # With the mode that an editor would give it.
            self._file = folder.write_new(name, data, mode=0o666, shared=0o664)
            return
        try:
            like = self.entity.folder.open_plain(self.entity.name)
        except OSError as error:
            raise (Moved if error.errno in NOT_A_FILE else error) from None
        try:
            self._file = folder.write_new(name, data, like=like, syncs=syncs)
        finally:
            os.close(like)

    @property
    def place(self) -> Slot:
        """Where the entity is now: a move has brought it to its target, or not yet."""
        if self.intent.target is None:
            return self.entity
        arrived = etag_at(self.target) == self.intent.etag_after
        return self.target if arrived or not self.entity.is_taken else self.entity

    def exchange(self, lease: platform.Lease | None = None) -> None:
        """Entity and staged file change places; where one of them is not to be, the other
        takes its place without replacing. To be followed by `sync`. Raises `OSError`;
        `Moved` where the place is taken, or where the entity is not the leased file any more
        and no exchange could tell.

        The entity comes first, so that who watches its folder sees it go and come, in this
        order. Without a lease, where what is there does not matter, one is taken if needed.
        """
        if self.intent.etag_before is None or self.intent.etag_after is None:
            there = self.content.is_taken
            pair = (self.content, self.entity) if there else (self.entity, self.content)
            _move(*pair)
            return
        place = self.place
        try:
            place.exchange(self.content)
        except platform.Unsupported:
            if lease is not None:
                self._exchange_in_steps(lease, place)
            else:
                with closing(place.lease()) as own:
                    self._exchange_in_steps(own, place)

    def land(self, lease: platform.Lease | None = None) -> None:
        """Exchange, so that the file that was staged is the entity's. Raises as `exchange`; `Moved`
        where another is there. What somebody has saved over ours by then stays; a link that took
        the name of ours goes back.
        """
        wanted, self._file = self._file or self.content.file(), None  # known the first time only
        if wanted != self.content.file():
            raise Moved
        self.exchange(lease)
        if wanted is None or wanted in (self.entity.file(), self.target.file()):
            return
        if self.place.is_taken and self.place.file() is None:
            self.exchange()
        raise Moved

    def relocate(self) -> None:
        """Bring a moved entity to its target, where it is not there yet. To be followed by
        `sync`. Raises `OSError`; `Moved` where the target is taken."""
        if self.place is not self.target:
            _move(self.entity, self.target)

    def bring_back(self) -> None:
        """Bring a moved entity back to where it came from, unless something is there now."""
        if self.intent.target is not None and self.place is self.target:
            with suppress(Moved, FileNotFoundError):
                _move(self.target, self.entity)
                self.sync()

    def _exchange_in_steps(self, lease: platform.Lease, place: Slot) -> None:
        """Give the old file a second name, put the new one in its place, and then the old
        one in the new one's; `settle` finishes that after a crash."""
        before = lease.read()
        self._aside.remove()
        try:
            place.link_to(self._aside)
        except OSError:  # no links on this file system
            self._aside.folder.write_new(self._aside.name, before, like=lease.descriptor)
        if not place.is_leased_by(lease) or lease.read() != before:
            self._aside.remove()
            raise Moved
        self.content.replace(place)
        self._aside.replace(self.content)

    def settle(self) -> None:
        """Finish an exchange in steps that a crash interrupted. Raises `OSError`."""
        if not self._aside.is_taken:
            return
        if self.content.is_taken:
            self._aside.remove()
        else:
            self._aside.replace(self.content)
            self.sync()

    def sync(self) -> None:
        """Make an exchange durable, before it is reported. Raises `OSError`.

        Synced: the folders of all its files, as far as they are there.
        """
        syncs = Syncs()
        self.note(syncs)
        syncs.run()

    def note(self, syncs: Syncs) -> None:
        """Name the folders that an exchange has changed, as far as they are there."""
        places = [self.entity, *([self.target] if self.intent.target else [])]
        if not self.is_beside:
            places.append(self.content)
        for slot in places:
            with suppress(FileNotFoundError, NotADirectoryError):
                syncs.add(slot.folder)

    @property
    def is_in_place(self) -> bool:
        """Whether the folders of its files are still where they were: one may have been moved out
        of the vault, or a link put in its place. Raises `OSError`."""
        places = {self.entity.folder_path, self.target.folder_path}
        return all(map(self._folders.is_in_place, places))

    def staged_etag(self) -> str | None:
        """The etag of what lies in the staged place; None where nothing does."""
        return etag_at(self.content)

    def entity_etag(self) -> str | None:
        """The etag of what lies in the entity's place; None where nothing does."""
        return etag_at(self.place)

    def discard(self) -> None:
        """Remove the staged file; `settle` has seen to what an exchange in steps left. Raises
        `OSError`."""
        self.content.remove()

    def discard_outside(self) -> None:
        """Remove what is not in `.loop/staged`: a staged file beside the entity, folders made
        for what did not come. Raises `OSError`."""
        if self.is_beside:
            self.discard()
        for folder in reversed(self.intent.made):
            self._folders.remove_place(folder)


class StagedCommit:
    """The changes of a commit, and `name`, that of their file of intents. `has_landed` says that
    all is in place and durable."""

    def __init__(self, folders: Folders, name: str, changes: Sequence[StagedChange]) -> None:
        self.changes = tuple(changes)
        self.name = name
        self.has_landed = False
        self._folders = folders

    @property
    def folder(self) -> Folder:
        """`.loop/staged`, open. Raises `OSError`."""
        return self._folders.open(STAGED)

    @property
    def paths(self) -> str:
        """The files of the changes, for a sentence."""
        return ", ".join(self.names)

    @property
    def names(self) -> list[str]:
        """The files of the changes."""
        return [change.intent.path for change in self.changes]

    @property
    def places(self) -> set[str]:
        """The files of the changes, before and after."""
        intents = [change.intent for change in self.changes]
        return {one.path for one in intents} | {one.target for one in intents if one.target}

    def stage(self, contents: Sequence[bytes | None]) -> None:
        """Write the intents and the contents to come, durably: the record, which is written
        then, always finds them. Outside `.loop/staged` nothing comes to be that no intent names.

        Raises `StorageError`, `Moved` where an entity is gone; nothing is left then.
        """
        text = as_json([change.intent.as_dict() for change in self.changes]).encode()
        if len(text) > MAX_INTENTS:
            raise StorageError(
                f"{len(self.changes)} changes with {len(text):,} bytes of records are too many "
                f"for one commit: at most {MAX_INTENTS:,} bytes"
            )
        syncs = Syncs()
        try:
            folder = self.folder
            folder.write_new(self.name + INTENT, text, shared=0o660, syncs=syncs)
            syncs.add(folder)
            if any(change.is_beside or change.intent.made for change in self.changes):
                syncs.run()
            for change, data in zip(self.changes, contents, strict=True):
                change.stage(data, syncs)
            syncs.run()
        except BaseException as error:
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
            folder = self.folder
            folder.rename(self.name + INTENT, self.name + UNDONE)
            folder.sync()

    @property
    def is_marked_undone(self) -> bool:
        """Whether it was said before that the changes did not happen."""
        return self.folder.has(self.name + UNDONE)

    def discard(self) -> None:
        """Remove staged files and intents, and folders made for what did not come. Raises
        `OSError`.

        In `.loop/staged` the intents go before the contents, since content alone is swept;
        what is elsewhere goes before them, since nothing else tells where it is. The newest
        goes first, since what it lies in may have been made for one before.
        """
        for change in reversed(self.changes):
            change.discard_outside()
        folder = self.folder
        if not folder.remove(self.name + INTENT):  # which is one file under one of two names
            folder.remove(self.name + UNDONE)
        for change in self.changes:
            if not change.is_beside:
                change.discard()


def cannot_write(path: str, error: OSError) -> StorageError:
    """The error for an entity that could not be written, or could not be staged for it."""
    ours = str(error.filename or "")
    ours = "" if error.filename2 else ours  # of two places, it does not say which refused
    folder, _slash, name = ours.removeprefix(f"{LOOP}/").rpartition("/")
    where = f"{LOOP}/{folder or name}: " if ours.startswith(f"{LOOP}/") else ""
    return StorageError(f"{path} can't be written: {where}{error.strerror or error}")


def prepare(folders: Folders) -> Folder:
    """The folder for staged files, made where it is missing. Raises `StorageError`."""
    try:
        return folders.make_own(STAGED)
    except OSError as error:
        raise StorageError(
            f"{error.filename or LOOP} can't be written: {error.strerror}"
        ) from error


def staged_place(folders: Folders, path: str, name: str) -> str:
    """Where the content of a change to `path` is staged, relative to the vault.

    An exchange works within one device only, so elsewhere it lies beside the entity. A
    folder still to be made will be where the innermost one is that is there. Raises `OSError`.
    """
    own, beside = staged_places(path, name)
    staged = folders.open(STAGED).descriptor
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        try:
            there = folders.open(folder).descriptor
        except FileNotFoundError:
            continue
        return own if platform.can_exchange(there, staged) else beside
    raise FileNotFoundError(path)


def name_of(commit: str, index: int) -> str:
    """The name of a change of a commit, by its place among them."""
    return f"{commit}-{index}"


def staged_places(path: str, name: str) -> tuple[str, str]:
    """The two places where the content of a change can be."""
    folder, slash, _name = path.rpartition("/")
    return f"{STAGED}/{name}{CONTENT}", f"{folder}{slash}.loop-{name}"


def etag_at(slot: Slot, *, patient: bool = True) -> str | None:
    """The etag of the file; None where nothing is, `NO_FILE` for what is nobody's etag.

    Raises `OSError`; `BlockingIOError` for a leased file where it is not `patient`.
    """
    try:
        return etag_of(slot.read(MAX_FILE_BYTES, patient=patient))
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.EFBIG, errno.EBUSY):
            return NO_FILE
        if error.errno not in NOT_A_FILE:
            raise
        return NO_FILE if slot.is_taken else None


def _move(source: Slot, target: Slot) -> None:
    """Rename without replacing. Raises `Moved` where the target is taken, `OSError`."""
    try:
        source.move_to(target)
    except FileExistsError:
        raise Moved from None
