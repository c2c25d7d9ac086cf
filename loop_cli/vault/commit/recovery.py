"""Finish or undo what a crash left staged; the next holder of the lock does it (SPEC §6).

Each step may be interrupted again. So each leaves a state in which the same rules decide the same
way: a commit is marked as undone before any evidence of that is removed. Each commit is handled by
itself. A change that can neither land nor be put back is undone by a record, its text is kept, and
the vault can be used again.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from itertools import takewhile

from loop_cli.core.records import record as audit
from loop_cli.errors import Action, Sentence, StorageError
from loop_cli.failures import VaultLocked
from loop_cli.lean.basics import suppress
from loop_cli.planning.snapshot import MAX_FILE_BYTES
from loop_cli.system.folders import Folders
from loop_cli.vault import INTENT, STAGED, UNDONE
from loop_cli.vault.commit import landing, staging
from loop_cli.vault.commit.keeping import keep, keep_whole
from loop_cli.vault.commit.staging import ConcurrentWrite
from loop_cli.vault.log.lines import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.system.folders import Slot
    from loop_cli.vault.commit.staging import StagedChange, StagedCommit
    from loop_cli.vault.handle import Vault


_TRIES = 20
_NEW = 0o644  # the mode of a new entity
# These errors mean that the files make it impossible; others come from the disk and may pass.
_FOR_GOOD = (
    errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EXDEV, errno.EACCES, errno.EPERM,
    errno.EROFS, errno.EEXIST, errno.ENXIO, errno.ENAMETOOLONG, errno.EMLINK, errno.ENOTEMPTY,
)  # fmt: skip


def recover(vault: Vault) -> None:
    """Finish or undo what a crash left. Call it under the lock. Raises `StorageError`."""
    if not vault.has_staged():
        return
    with Folders(vault.root) as folders:
        found = Recovery(vault, folders)
        try:
            found.run()
        except OSError as error:
            words = f"staged files can't be recovered: {error}"
            raise StorageError(words, hint=Action("check")) from error
        finally:
            vault.notice(found.notices())


def recover_if_free(vault: Vault) -> bool:
    """Recover without waiting; return True if a writer is active instead."""
    if not vault.has_staged():
        return False
    try:
        with vault.lock(wait=0):
            recover(vault)
    except (VaultLocked, StorageError):
        return True
    return False


class Recovery:
    """Brings the vault back to whole states.

    Call `run` under the lock; raises `OSError`, `StorageError`. `kept` lists files with text that
    was in no record, relative to the vault. `left` are the files in `.loop/staged` that are no
    change of this vault, each with the reason.
    """

    def __init__(self, vault: Vault, folders: Folders) -> None:
        self._vault = vault
        self._log = vault.log
        self._folders = folders
        self.kept: list[str] = []
        self.left: dict[str, str] = {}

    def run(self) -> None:
        """Finish or undo everything that is staged, commit by commit."""
        from loop_cli.vault.commit import intents

        swept: list[str] = []
        for name in sorted(self._folders.open(STAGED).names()):
            match = intents.OURS.fullmatch(name)
            if match is None:
                continue
            swept.append(name)
            stem, ending = os.path.splitext(name)
            if ending in (INTENT, UNDONE):
                self._settle(stem, ending)
        self._sweep(swept)

    def notices(self) -> list[str]:
        """Return a sentence for each file that was kept or left."""
        sentences = [f"text found in no record was kept in {path}" for path in self.kept]
        if self.left:
            name, reason = next(iter(self.left.items()))
            more = f" and {len(self.left) - 1} more" if len(self.left) > 1 else ""
            sentences.append(
                Sentence(
                    f"{STAGED}/{name}{more} is not a change that loop can finish ({reason}); "
                    "it is left there (to see it: ",
                    Action("check"),
                    "; to take it aside: ",
                    Action("take_aside"),
                    ")",
                )
            )
        return sentences

    def undo(self, staged: StagedCommit) -> None:
        """Take a commit of this process back, recorded or not, because an error reports a failure.

        If the mark can't be made, that matters only if the rest fails too.
        """
        with suppress(OSError):
            staged.mark_undone()
        self._take_back(staged, self._recorded(staged))

    # -- one commit -----------------------------------------------------------------------

    def _settle(self, name: str, ending: str) -> None:
        from loop_cli.vault.commit import intents

        try:
            staged = intents.read_commit(self._vault, self._folders, name, ending)
            recorded = self._recorded(staged)
            if self._has_old_lines(staged.changes[len(recorded) :]):
                raise intents.Unfit("its record is older than itself")
        except intents.Torn:
            return
        except intents.Unfit as error:
            self.left[name + ending] = str(error)
            return
        except OSError as error:
            self.left[name + ending] = f"it can't be read: {error.strerror}"
            return
        try:
            self._recover(staged, recorded)
        except OSError as error:
            if error.errno == errno.EBUSY:  # the next holder of the lock puts it back
                self.left[name + ending] = str(error.strerror)
            elif error.errno in _FOR_GOOD:
                self._give_up(staged, recorded)
            else:
                raise

    def _has_old_lines(self, unrecorded: Sequence[StagedChange]) -> bool:
        """Whether a line was in the log before the change was staged: then it is another line."""
        lines = {one.intent.line.encode() for one in unrecorded}
        return bool(lines) and bool(self._log.holding(lines))

    def _recover(self, staged: StagedCommit, recorded: Sequence[StagedChange]) -> None:
        """Land all changes of a commit, or take all back."""
        changes = staged.changes
        for change in changes:
            change.settle()
        standing = self._standing(recorded)
        whole = len(standing) == len(changes) and not staged.is_marked_undone
        if whole and all(map(_can_land, changes)):
            self._log.sync()  # the line may have been written but not synced
            if all(map(self._land, changes)):
                for change in changes:
                    self._keep_unknown(change)
                self._discard(staged)
                return
        if standing:
            staged.mark_undone()
        self._take_back(staged, recorded)

    def _recorded(self, staged: StagedCommit) -> list[StagedChange]:
        """Return the changes whose line is in the log: the first ones, because one append wrote
        them."""
        lines = [one.intent.line.encode() for one in staged.changes]
        there = self._log.holding(set(lines), since=staged.changes[0].intent.log)
        pairs = takewhile(lambda pair: pair[0] in there, zip(lines, staged.changes, strict=True))
        return [change for _line, change in pairs]

    def _standing(self, recorded: Sequence[StagedChange]) -> list[StagedChange]:
        """Return those that are not undone."""
        return [change for change in recorded if not self._is_undone(change)]

    def _land(self, change: StagedChange) -> bool:
        """Return True if the change has landed; False if somebody wrote to the entity or replaced
        it.

        Raises `OSError`.
        """
        before, after = change.intent.etag_before, change.intent.etag_after
        begins = change.staged_etag() == after and change.entity_etag() == before
        if begins:
            _set_rights(change)
            if not landing.swap_if(change, expected=before):
                return False
        try:
            change.relocate()
        except ConcurrentWrite:
            return staging.etag_at(change.entity) != after
        change.sync()
        return True

    def _take_back(self, staged: StagedCommit, recorded: Sequence[StagedChange]) -> None:
        """Put the entities back, newest first, and then append the undo records.

        A change is also put back if its line is in no log, because another program replaced the
        log.
        """
        for change in staged.changes:
            change.settle()
        standing = self._standing(recorded)
        unrecorded = staged.changes[len(recorded) :]
        for change in unrecorded:
            self._log.cut_tail(change.intent.line.encode())
        for change in reversed([*standing, *unrecorded]):
            _put_back(change)
        for change in staged.changes:
            self._keep_unknown(change)
        for change in reversed(standing):
            self._record_undo(change)
        self._discard(staged)

    def _discard(self, staged: StagedCommit) -> None:
        """Remove the staged files of a finished commit. Raises `OSError`."""
        try:
            staged.discard()
        except OSError as error:
            if error.errno not in _FOR_GOOD:
                raise
            self.left[staged.name] = f"it can't be removed: {error.strerror}"

    def _give_up(self, staged: StagedCommit, recorded: Sequence[StagedChange]) -> None:
        """Undo what can be undone.

        If an entity has no place any more, or its place is on another device or not ours to change,
        it is undone by a record only, and its text is kept. Raises `OSError`, `StorageError`.
        """
        standing = self._standing(recorded)
        if standing:
            staged.mark_undone()
        for change in reversed(staged.changes):
            try:
                _put_back(change)
            except OSError as error:
                if error.errno not in (*_FOR_GOOD, errno.EBUSY):
                    raise
            if change.entity_etag() != change.intent.etag_before:
                self._keep(change.content)
        for change in reversed(standing):
            self._record_undo(change)
        self._discard(staged)

    def _is_undone(self, change: StagedChange) -> bool:
        record = change.intent.record
        for other in self._log.records_of(record.entity_id, path=None):
            if other.undoes == record.digest:
                return True
            if other.digest == record.digest:
                return False
        return False

    def _record_undo(self, change: StagedChange) -> None:
        record = change.intent.record
        data = audit.compose_undo(record, timestamp=self._vault.clock())
        descriptor = self._log.open()
        try:
            data["metadata"].update(self._log.link())
            self._log.append(descriptor, [encode(data)])
        finally:
            os.close(descriptor)

    def _keep_unknown(self, change: StagedChange) -> None:
        """Keep a staged text that is in neither record: somebody has written it."""
        intent = change.intent
        if change.staged_etag() not in (None, intent.etag_before, intent.etag_after):
            self._keep(change.content)

    def _keep(self, slot: Slot) -> None:
        etag = staging.etag_at(slot)
        if etag == staging.NO_FILE:
            self.kept.append(keep_whole(slot))
        elif etag is not None:
            self.kept.append(keep(self._folders, slot.read(MAX_FILE_BYTES)))

    def _sweep(self, names: Sequence[str]) -> None:
        """Remove loop's files without a readable intent: no record can name them."""
        folder = self._folders.open(STAGED)
        left = {name[:32] for name in self.left}
        for name in names:
            if name[:32] not in left:
                with suppress(IsADirectoryError, PermissionError):
                    folder.remove(name)
        folder.sync()


def _can_land(change: StagedChange) -> bool:
    """Whether the change has landed or still can: others have touched neither file."""
    intent = change.intent
    staged, entity = change.staged_etag(), change.entity_etag()
    if staged == intent.etag_after:
        return entity in (intent.etag_before, intent.etag_after)
    if staged is None:  # a create that is as it should be
        return entity != intent.etag_before
    if intent.etag_before is None:
        return False
    return staged == intent.etag_before or entity != intent.etag_after


def _put_back(change: StagedChange) -> None:
    """Put the old entity back, unless somebody has written to the new one.

    Raises `OSError`, with `EBUSY` if writers stay active: it is marked, so the next holder of the
    lock puts it back.
    """
    before, after = change.intent.etag_before, change.intent.etag_after
    for _attempt in range(_TRIES):
        staged = change.staged_etag()
        came_out = (staged is None) == (before is None)
        if staged == after or not came_out or change.entity_etag() != after:
            return
        change.bring_back()
        if landing.swap_if(change, expected=after):
            return
        time.sleep(0.005)  # a writer came and must finish first
    raise OSError(errno.EBUSY, f"{change.intent.path} is being written to all the time")


def _set_rights(change: StagedChange) -> None:
    """Give the staged file the rights of the entity, or of a new one.

    Its own rights may have come with the vault. Raises `OSError`.
    """
    if change.intent.etag_after is None:
        return
    folder, is_new = change.content.folder, change.intent.etag_before is None
    place = change.place
    mode = _NEW if is_new else stat.S_IMODE(place.folder.status(place.name).st_mode)
    descriptor = folder.open_plain(change.content.name)
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
            os.fchmod(descriptor, mode)
        if is_new:
            folder.share(descriptor, _NEW | 0o020)
    finally:
        os.close(descriptor)
