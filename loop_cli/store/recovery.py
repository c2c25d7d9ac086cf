"""Finishing or undoing what a crash left staged, by whoever next takes the lock (SPEC §6)."""

from __future__ import annotations

import hashlib
import os

from loop_cli.core import audit
from loop_cli.store import files, platform, staging
from loop_cli.store.log import encode
from loop_cli.store.staging import Intent, StagedChange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loop_cli.store.log import AuditLog


class Recovery:
    """Brings the vault back to whole states. Call `run` under the lock; raises `OSError`,
    `StorageError`. `kept` lists what was found in no record, relative to the vault."""

    def __init__(self, root: str, log: AuditLog, clock: Callable[[], int]) -> None:
        self._root = root
        self._log = log
        self._clock = clock
        self.kept: list[str] = []

    def run(self) -> None:
        """Finish or undo everything that is staged, groups as a whole."""
        groups: dict[str, list[StagedChange]] = {}
        for change in self._staged():
            group = change.intent.group
            groups.setdefault(group["id"] if group else change.intent.name, []).append(change)
        for changes in groups.values():
            changes.sort(key=lambda change: (change.intent.group or {}).get("index", 0))
            self._recover(changes)
        self._sweep()

    def undo(self, changes: Sequence[StagedChange]) -> None:
        """Take recorded changes back, the newest first; all marked before any is touched."""
        for change in changes:
            change.mark_undone()
        for change in reversed(changes):
            self._undo(change)

    def _undo(self, change: StagedChange) -> None:
        """The entity first, then the record."""
        intent = change.intent
        if change.entity_etag() == intent.etag_after and change.staged_etag() not in (
            None,
            intent.etag_after,
        ):
            change.exchange()
        self._keep_unknown(change)
        self._record_undo(intent)
        change.discard()

    def _staged(self) -> list[StagedChange]:
        folder = staging.staged_folder(self._root)
        found = []
        for name in sorted(os.listdir(folder)):
            if name.endswith(staging.INTENT):
                intent = _read_intent(os.path.join(folder, name))
                if intent is not None:
                    found.append(StagedChange(self._root, intent))
        return found

    def _recover(self, changes: list[StagedChange]) -> None:
        recorded = [change for change in changes if self._is_recorded(change)]
        for change in changes:
            if change not in recorded:
                self._log.cut_tail(change.intent.line.encode())
                change.discard()
        standing = [change for change in recorded if not self._is_undone(change)]
        for change in recorded:
            if change not in standing:
                self._keep_unknown(change)
                change.discard()
        group = changes[0].intent.group
        whole = group is None or len(standing) == len(recorded) == len(changes)
        if whole and all(_can_land(change) for change in standing):
            for change in standing:
                self._land(change)
        else:
            self.undo(standing)

    def _land(self, change: StagedChange) -> None:
        intent = change.intent
        if change.staged_etag() == intent.etag_after and change.entity_etag() == intent.etag_before:
            change.exchange()
        else:
            change.sync()
        self._keep_unknown(change)
        change.discard()

    def _is_recorded(self, change: StagedChange) -> bool:
        return self._log.holds(change.intent.line.encode())

    def _is_undone(self, change: StagedChange) -> bool:
        digest = hashlib.sha256(change.intent.line.encode()).hexdigest()
        return any(record.undoes == digest for record in self._records_of(change.intent))

    def _records_of(self, intent: Intent) -> list[audit.AuditRecord]:
        record = _record(intent)
        return list(self._log.records_of(record.entity_id, path=None))

    def _record_undo(self, intent: Intent) -> None:
        record = _record(intent)
        data = audit.compose_undo(record, timestamp=self._clock())
        descriptor = self._log.open()
        try:
            data["metadata"]["previous"] = self._log.previous()
            self._log.append(descriptor, [encode(data)])
        finally:
            os.close(descriptor)

    def _keep_unknown(self, change: StagedChange) -> None:
        """What lies staged and is in neither record is somebody's work."""
        intent = change.intent
        if change.staged_etag() in (None, intent.etag_before, intent.etag_after):
            return
        data = files.read_all(change.content)
        sha256 = hashlib.sha256(data).hexdigest()
        self.kept.append(staging.keep(self._root, data, sha256=sha256))

    def _sweep(self) -> None:
        """Files without a readable intent: no record can name them."""
        folder = staging.staged_folder(self._root)
        for name in os.listdir(folder):
            files.remove(os.path.join(folder, name))
        platform.sync_folder(folder)


def _can_land(change: StagedChange) -> bool:
    """Whether the change has landed or can still: neither file was touched by others."""
    intent = change.intent
    if change.is_marked_undone:
        return False
    staged, entity = change.staged_etag(), change.entity_etag()
    if staged == intent.etag_after:
        return entity in (intent.etag_before, intent.etag_after)
    if staged is None:
        return entity != intent.etag_before
    return staged == intent.etag_before or entity != intent.etag_after


def _record(intent: Intent) -> audit.AuditRecord:
    import json

    line = intent.line.encode()
    return audit.AuditRecord(data=json.loads(line), digest=hashlib.sha256(line).hexdigest())


def _read_intent(path: str) -> Intent | None:
    """The intent in a file; None where a crash cut it short, so that nothing followed it."""
    import json

    try:
        return Intent(**json.loads(files.read_all(path)))
    except (ValueError, TypeError):
        return None
