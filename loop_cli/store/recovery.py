"""Finishing or undoing what a crash left staged, by whoever next takes the lock (SPEC §6).

Every step may be interrupted in turn, so each leaves a state that this same table decides
in the same way: what is to be undone is marked before anything that told so is removed.
"""

from __future__ import annotations

import errno
import os
import time
from itertools import takewhile

from loop_cli.core import audit
from loop_cli.errors import InvalidFile
from loop_cli.lean import jsontext
from loop_cli.lean.contexts import suppress
from loop_cli.lean.digest import sha256_hex
from loop_cli.store import files, landing, platform, staging
from loop_cli.store.lines import encode
from loop_cli.store.staging import Intent, Moved, StagedChange, StagedCommit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loop_cli.store.log import AuditLog


_TRIES = 20


class Recovery:
    """Brings the vault back to whole states. Call `run` under the lock; raises `OSError`,
    `StorageError`. `kept` lists what was found in no record, relative to the vault."""

    def __init__(self, root: str, log: AuditLog, clock: Callable[[], int]) -> None:
        self._root = root
        self._log = log
        self._clock = clock
        self.kept: list[str] = []

    def run(self) -> None:
        """Finish or undo everything that is staged, commits as a whole."""
        for staged in self._staged():
            self._recover(staged)
        self._sweep()

    def undo(self, staged: StagedCommit) -> None:
        """Take a commit back, recorded or not, since an error will say that it did not happen.

        A mark that can't be made matters only if the rest fails too.
        """
        with suppress(OSError):
            staged.mark_undone()
        self._take_back(staged)

    def _recover(self, staged: StagedCommit) -> None:
        """Land all changes of a commit, or take all back."""
        changes = staged.changes
        for change in changes:
            change.settle()
        standing = self._standing(self._recorded(staged))
        whole = len(standing) == len(changes) and not staged.is_marked_undone
        if whole and all(map(_can_land, changes)):
            self._log.sync()  # the line may have been written and never synced
            if all(map(self._land, changes)):
                for change in changes:
                    self._keep_unknown(change)
                staged.discard()
                return
        if standing:
            staged.mark_undone()
        self._take_back(staged)

    def _recorded(self, staged: StagedCommit) -> list[StagedChange]:
        """The changes whose line is in the log: the first ones, since it comes with one append."""
        holds = lambda change: self._log.holds(change.intent.line.encode())  # noqa: E731
        return list(takewhile(holds, staged.changes))

    def _standing(self, recorded: Sequence[StagedChange]) -> list[StagedChange]:
        """Those of them that are not undone."""
        return [change for change in recorded if not self._is_undone(change)]

    def _land(self, change: StagedChange) -> bool:
        """True when the change has landed; False where somebody writes to the entity, or took
        its place."""
        before, after = change.intent.etag_before, change.intent.etag_after
        begins = change.staged_etag() == after and change.entity_etag() == before
        if begins and not landing.swap_if(change, expected=before):
            return False
        try:
            change.relocate()
        except Moved:
            return staging.etag_at(change.entity) != after
        change.sync()
        return True

    def _take_back(self, staged: StagedCommit) -> None:
        """The entities first, newest first, and then the records that say so."""
        for change in staged.changes:
            change.settle()
        recorded = self._recorded(staged)
        standing = self._standing(recorded)
        for change in staged.changes[len(recorded) :]:
            self._log.cut_tail(change.intent.line.encode())
        for change in reversed(standing):
            _put_back(change)
        for change in recorded:
            self._keep_unknown(change)
        for change in reversed(standing):
            self._record_undo(change.intent)
        staged.discard()

    def _staged(self) -> list[StagedCommit]:
        found = []
        for name in sorted(os.listdir(staging.staged_folder(self._root))):
            stem, suffix = os.path.splitext(name)
            if suffix in (staging.INTENT, staging.UNDONE):
                changes = _read_intents(self._root, stem, suffix)
                if changes:
                    found.append(StagedCommit(self._root, stem, changes))
        return found

    def _is_undone(self, change: StagedChange) -> bool:
        record = _record(change.intent)
        records = self._log.records_of(record.entity_id, path=None)
        return any(other.undoes == record.digest for other in records)

    def _record_undo(self, intent: Intent) -> None:
        data = audit.compose_undo(_record(intent), timestamp=self._clock())
        descriptor = self._log.open()
        try:
            data["metadata"].update(self._log.link())
            self._log.append(descriptor, [encode(data)])
        finally:
            os.close(descriptor)

    def _keep_unknown(self, change: StagedChange) -> None:
        """What lies staged and is in neither record is somebody's work."""
        intent = change.intent
        staged = change.staged_etag()
        if staged in (None, intent.etag_before, intent.etag_after):
            return
        if staged == staging.NO_FILE:
            self.kept.append(staging.keep_whole(self._root, change.content))
            return
        data = files.read_all(change.content)
        sha256 = sha256_hex(data)
        self.kept.append(staging.keep(self._root, data, sha256=sha256))

    def _sweep(self) -> None:
        """Files of ours without a readable intent: no record can name them."""
        folder = staging.staged_folder(self._root)
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if name.endswith(files.STAGED) and (os.path.islink(path) or not os.path.isdir(path)):
                files.remove(path)
        platform.sync_folder(folder)


def _can_land(change: StagedChange) -> bool:
    """Whether the change has landed or can still: neither file was touched by others."""
    intent = change.intent
    staged, entity = change.staged_etag(), change.entity_etag()
    if staged == intent.etag_after:
        return entity in (intent.etag_before, intent.etag_after)
    if staged is None:  # of a create that is as it should be
        return entity != intent.etag_before
    if intent.etag_before is None:
        return False
    return staged == intent.etag_before or entity != intent.etag_after


def _put_back(change: StagedChange) -> None:
    """The entity as it was, unless somebody has written to it since it was new.

    Raises `OSError` where it stays busy: marked as it is, it is put back by whoever is next.
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
        time.sleep(0.005)  # a writer came, who is to finish first
    raise OSError(errno.EBUSY, f"{change.intent.path} is being written to all the time")


def _record(intent: Intent) -> audit.AuditRecord:
    line = intent.line.encode()
    return audit.AuditRecord(data=jsontext.loads(line), digest=sha256_hex(line))


def _read_intents(root: str, name: str, suffix: str) -> list[StagedChange]:
    """The changes that a file tells of. None where a crash cut it short, so that nothing
    followed it; and where it is none of ours: a vault may come from anywhere, and leads nobody
    out of it."""
    path = os.path.join(staging.staged_folder(root), name + suffix)
    try:
        intents = [Intent(**one) for one in jsontext.loads(files.read_all(path))]
        names = [staging.name_of(name, index) for index in range(len(intents))]
        ours = [intent.name for intent in intents] == names and all(
            _is_ours(root, one) for one in intents
        )
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError, InvalidFile):
        return []
    return [StagedChange(root, intent) for intent in intents] if ours else []


def _is_ours(root: str, intent: Intent) -> bool:
    return (
        _is_inside(root, intent.path)
        and (intent.target is None or _is_inside(root, intent.target))
        and intent.staged in staging.staged_places(intent.path, intent.name)
        and "entity_id" in dict(jsontext.loads(intent.line.encode()))
        and _are_etags(intent)
        and all((intent.target or intent.path).startswith(one + "/") for one in intent.made)
    )


def _is_inside(root: str, path: str) -> bool:
    """Whether a path is a file's in the vault, by itself and not through a link."""
    folder, base = os.path.split(path)
    real = os.path.normpath(os.path.join(os.path.realpath(root), folder))
    return base not in ("", ".", "..") and files.inside(root, folder) == real


def _are_etags(intent: Intent) -> bool:
    """Whether the intent says what is there before or after, and of a move both."""
    etags = [one for one in (intent.etag_before, intent.etag_after) if one is not None]
    enough = 1 if intent.target is None else 2
    return len(etags) >= enough and all(isinstance(one, str) for one in etags)
