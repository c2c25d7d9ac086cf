"""Changes on their way to the disk: staged, exchanged, marked as undone, discarded (SPEC §6).

The changes of one commit share a file of intents, so that they land or are taken back together.
Each change has a file for its content. Each step names the sync that guards it. After a crash,
`vault.commit.recovery` finishes or undoes a step from the intents alone.
"""

from __future__ import annotations

import errno
import os

from loop_cli.errors import StorageError
from loop_cli.lean.basics import closing, suppress
from loop_cli.lean.jsontext import as_json
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
"""The errors of opening an entity that is not there any more."""
NO_FILE = "no file"
"""Instead of an etag: for a link, a folder, a device, or a file too large for an entity."""
MAX_INTENTS = 1 << 26
"""The largest size of a file of intents; a larger one is not read."""


class ConcurrentWrite(Exception):
    """Somebody wrote to an entity between our comparing and our exchanging."""


class LogSwapped(ConcurrentWrite):
    """Another program replaced the log between our recording and our answer."""


class Intent(Struct):
    """The plan of a change, stored before it is made.

    `line` is the record's line; `path`, `staged` and `target` are relative to the vault. Without
    `etag_before` it is a create, without `etag_after` a delete; then one of the files does not
    exist, and the other is moved without replacing. `target` is the end of a move, made after the
    content is new. `made` are folders made for it, the outermost first. `log` is the end of the log
    before it.
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
        """The record in the line."""
        found = parse_line(self.line.encode())
        assert found is not None
        return found

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form for a file of intents."""
        return {**self.__dict__, "log": self.log.__dict__}


class StagedChange:
    """One staged change.

    `entity` is its old file, `target` its new one, `content` the new bytes. `is_beside` means: the
    content is beside the entity, because that is on another device than `.loop`.
    """

    def __init__(self, folders: Folders, intent: Intent) -> None:
        self.intent = intent
        self.entity = folders.slot(intent.path)
        self.target = folders.slot(intent.target) if intent.target else self.entity
        self.content = folders.slot(intent.staged)
        self.is_beside = not intent.staged.startswith(f"{LOOP}/")
        self._aside = folders.slot(intent.staged + ASIDE)
        self._folders = folders
        self._file: tuple[int, int] | None = None  # the staged file, by device and inode

    def stage(self, data: bytes | None, syncs: Syncs) -> None:
        """Write the new content, if any, into folders that exist. Raises `StorageError`;
        `ConcurrentWrite` if the entity is gone."""
        try:
            for folder in self.intent.made:
                self._folders.make_place(folder)
            if data is not None:
                self._write(data, syncs)
                syncs.add(self.content.folder)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not self.entity.is_taken:
                raise ConcurrentWrite from None
            raise cannot_write(self.intent.path, error) from error

    def _write(self, data: bytes, syncs: Syncs) -> None:
        folder, name = self.content.folder, self.content.name
        if self.intent.etag_before is None:
            # Use the mode that an editor would give it.
            self._file = folder.write_new(name, data, mode=0o666, shared=0o664)
            return
        try:
            like = self.entity.folder.open_plain(self.entity.name)
        except OSError as error:
            raise (ConcurrentWrite if error.errno in NOT_A_FILE else error) from None
        try:
            self._file = folder.write_new(name, data, like=like, syncs=syncs)
        finally:
            os.close(like)

    @property
    def place(self) -> Slot:
        """Return where the entity is now: before or after its move."""
        if self.intent.target is None:
            return self.entity
        arrived = etag_at(self.target) == self.intent.etag_after
        return self.target if arrived or not self.entity.is_taken else self.entity

    def exchange(self, lease: platform.Lease | None = None) -> None:
        """Exchange the entity and the staged file, or move the one that exists, without replacing.

        Call `sync` after it. Raises `OSError`; `ConcurrentWrite` if the place is taken, or if the
        entity is not the leased file any more and there is no exchange to notice it. The entity
        comes first, so that a program that watches its folder sees it go and come, in this order.
        Without a lease, one is taken if needed.
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
        """Exchange, so that the staged file becomes the entity.

        Raises what `exchange` raises; `ConcurrentWrite` if another file is there. If somebody saved
        over our file, that stays; a link with the name of our file goes back.
        """
        wanted, self._file = self._file or self.content.file(), None  # known the first time only
        if wanted != self.content.file():
            raise ConcurrentWrite
        self.exchange(lease)
        if wanted is None or wanted in (self.entity.file(), self.target.file()):
            return
        if self.place.is_taken and self.place.file() is None:
            self.exchange()
        raise ConcurrentWrite

    def relocate(self) -> None:
        """Move a moved entity to its target, if it is not there yet.

        Call `sync` after it. Raises `OSError`; `ConcurrentWrite` if the target is taken.
        """
        if self.place is not self.target:
            _move(self.entity, self.target)

    def bring_back(self) -> None:
        """Move an entity back to its old place, unless something is there now."""
        if self.intent.target is not None and self.place is self.target:
            with suppress(ConcurrentWrite, FileNotFoundError):
                _move(self.target, self.entity)
                self.sync()

    def _exchange_in_steps(self, lease: platform.Lease, place: Slot) -> None:
        """Exchange in steps: give the old file a second name, put the new file in its place, and
        then the old file in the place of the new one.

        `settle` finishes it after a crash.
        """
        before = lease.read()
        self._aside.remove()
        try:
            place.link_to(self._aside)
        except OSError:  # no links on this file system
            self._aside.folder.write_new(self._aside.name, before, like=lease.descriptor)
        if not place.is_leased_by(lease) or lease.read() != before:
            self._aside.remove()
            raise ConcurrentWrite
        self.content.replace(place)
        self._aside.replace(self.content)

    def settle(self) -> None:
        """Finish an exchange in steps after a crash. Raises `OSError`."""
        if not self._aside.is_taken:
            return
        if self.content.is_taken:
            self._aside.remove()
        else:
            self._aside.replace(self.content)
            self.sync()

    def sync(self) -> None:
        """Make an exchange durable before it is reported. Raises `OSError`.

        Synced: the folders of all its files, if they are there.
        """
        syncs = Syncs()
        self.note(syncs)
        syncs.run()

    def note(self, syncs: Syncs) -> None:
        """Return the folders that an exchange has changed, if they are there."""
        places = [self.entity, *([self.target] if self.intent.target else [])]
        if not self.is_beside:
            places.append(self.content)
        for slot in places:
            with suppress(FileNotFoundError, NotADirectoryError):
                syncs.add(slot.folder)

    @property
    def is_in_place(self) -> bool:
        """Whether the folders of its files are where they were.

        Somebody may have moved one out of the vault, or put a link in its place. Raises `OSError`.
        """
        places = {self.entity.folder_path, self.target.folder_path}
        return all(map(self._folders.is_in_place, places))

    def staged_etag(self) -> str | None:
        """Return the etag of the staged file; None if there is none."""
        return etag_at(self.content)

    def entity_etag(self) -> str | None:
        """Return the etag of the entity's file; None if there is none."""
        return etag_at(self.place)

    def discard(self) -> None:
        """Remove the staged file; `settle` has handled an exchange in steps. Raises `OSError`."""
        self.content.remove()

    def discard_outside(self) -> None:
        """Remove files and folders outside `.loop/staged`: a staged file beside the entity, unused
        folders.

        Raises `OSError`.
        """
        if self.is_beside:
            self.discard()
        for folder in reversed(self.intent.made):
            self._folders.remove_place(folder)


class StagedCommit:
    """The changes of a commit, and `name`, the name of their file of intents.

    `has_landed` means: all is in place and durable.
    """

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
        """Write the intents and the new contents durably, before the record.

        Nothing appears outside `.loop/staged` that no intent names. Raises `StorageError`,
        `ConcurrentWrite` if an entity is gone; then nothing is left.
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
        """Mark the changes: from here on they can only be undone. Raises `OSError`.

        The intents are renamed, which needs no space on a full disk. Synced: their folder.
        """
        if not self.is_marked_undone:
            folder = self.folder
            folder.rename(self.name + INTENT, self.name + UNDONE)
            folder.sync()

    @property
    def is_marked_undone(self) -> bool:
        """Whether the changes are marked as undone."""
        return self.folder.has(self.name + UNDONE)

    def discard(self) -> None:
        """Remove staged files, intents and unused folders. Raises `OSError`.

        Files outside `.loop/staged` are removed before the intents, because only the intents name
        them. The contents in `.loop/staged` are removed after the intents; content alone is swept.
        The newest goes first, because its folder may have been made for an earlier one.
        """
        for change in reversed(self.changes):
            change.discard_outside()
        folder = self.folder
        if not folder.remove(self.name + INTENT):  # one file under one of two names
            folder.remove(self.name + UNDONE)
        for change in self.changes:
            if not change.is_beside:
                change.discard()


def cannot_write(path: str, error: OSError) -> StorageError:
    """Make the error that an entity could not be written or staged."""
    ours = str(error.filename or "")
    ours = "" if error.filename2 else ours  # the error does not say which of two places refused
    folder, _slash, name = ours.removeprefix(f"{LOOP}/").rpartition("/")
    where = f"{LOOP}/{folder or name}: " if ours.startswith(f"{LOOP}/") else ""
    return StorageError(f"{path} can't be written: {where}{error.strerror or error}")


def prepare(folders: Folders) -> Folder:
    """Return the folder for staged files; make it if it is missing. Raises `StorageError`."""
    try:
        return folders.make_own(STAGED)
    except OSError as error:
        raise StorageError(
            f"{error.filename or LOOP} can't be written: {error.strerror}"
        ) from error


def staged_place(folders: Folders, path: str, name: str) -> str:
    """Return the place of the staged content of a change to `path`, relative to the vault.

    An exchange works only within one device. So if needed, the content is beside the entity. A new
    folder will be on the device of the innermost existing one. Raises `OSError`.
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
    """Return the name of a change in a commit, by its index."""
    return f"{commit}-{index}"


def staged_places(path: str, name: str) -> tuple[str, str]:
    """Return the two places where the content of a change can be."""
    folder, slash, _name = path.rpartition("/")
    return f"{STAGED}/{name}{CONTENT}", f"{folder}{slash}.loop-{name}"


def etag_at(slot: Slot, *, patient: bool = True) -> str | None:
    """Return the etag of the file; None if there is none, `NO_FILE` if it is not an ordinary file.

    Raises `OSError`; `BlockingIOError` for a leased file if it is not `patient`.
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
    """Rename without replacing. Raises `ConcurrentWrite` if the target is taken, `OSError`."""
    try:
        source.move_to(target)
    except FileExistsError:
        raise ConcurrentWrite from None
