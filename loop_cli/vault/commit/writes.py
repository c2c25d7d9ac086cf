"""Planned changes on the disk: staged, recorded and exchanged, or nothing of them is left.

Which sync guards what, is said in `commit`. Changes that come together share the file of intents
and the syncs of each step.
"""

from __future__ import annotations

import os

from loop_cli.core.records.record import AuditRecord
from loop_cli.errors import InvalidFile, LoopError
from loop_cli.lean.basics import sha256_hex, suppress
from loop_cli.system import platform
from loop_cli.system.folders import Folders
from loop_cli.vault.commit import staging
from loop_cli.vault.commit.keeping import keep
from loop_cli.vault.commit.landing import land_all
from loop_cli.vault.commit.staging import Intent, LogMoved, Moved, StagedChange, StagedCommit
from loop_cli.vault.files import reading as files
from loop_cli.vault.log.lines import cannot_read, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from loop_cli.core.store import CommitResult
    from loop_cli.planning.plan import Plan
    from loop_cli.planning.resolution import Located
    from loop_cli.vault.commit.recovery import Recovery
    from loop_cli.vault.handle import Vault
    from loop_cli.vault.log.lines import LogPlace
    from loop_cli.vault.log.log import AuditLog

    Place = Located | None  # of the entity, None for one that is to come


def land(
    vault: Vault,
    planned: Sequence[tuple[Plan, Place] | LoopError],
    *,
    begun: list[StagedCommit],
    group: bool = False,
) -> list[CommitResult | LoopError]:
    """Stage, record, exchange what is to change; the outcomes of all. What may have landed is
    added to `begun` before it does.

    Raises `Moved`, `StorageError`; nothing has landed then.
    """
    plans = [one[0] for one in planned if isinstance(one, tuple) and one[0].changed]
    if not plans:
        return _outcomes(planned, [])
    with Folders(vault.root) as folders, _Log(vault.log) as log:
        staged, records = _stage_all(vault, folders, log, plans, group=group)
        lines = [change.intent.line.encode() for change in staged.changes]
        outcomes = _outcomes(planned, records)
        undo = _Undo(vault, folders)
        begun.append(staged)
        with platform.uninterrupted():
            try:
                land_all(
                    staged,
                    record=lambda: log.append(lines, records),
                    confirm=log.confirm,
                    undo=undo,
                )
            finally:
                vault.notice(undo.notices())
            _tidy(folders, plans)
        return outcomes


def recover(vault: Vault) -> None:
    """As `recovery.recover`, which is loaded where something lies staged."""
    if vault.has_staged():
        from loop_cli.vault.commit import recovery

        recovery.recover(vault)


class _Undo:
    """Takes a commit of this process back. What that needs is loaded only then; where it can't be,
    the intents are still there, and whoever is next takes the commit back."""

    def __init__(self, vault: Vault, folders: Folders) -> None:
        self._vault = vault
        self._folders = folders
        self._recovery: Recovery | None = None

    def __call__(self, staged: StagedCommit) -> None:
        from loop_cli.vault.commit.recovery import Recovery

        self._recovery = self._recovery or Recovery(self._vault, self._folders)
        self._recovery.undo(staged)

    def notices(self) -> list[str]:
        """As `Recovery.notices`."""
        return [] if self._recovery is None else self._recovery.notices()


def _stage_all(
    vault: Vault, folders: Folders, log: _Log, plans: Sequence[Plan], *, group: bool
) -> tuple[StagedCommit, list[AuditRecord]]:
    """The planned changes on the disk, beside the vault's files; and their records to come.

    Raises `StorageError`, `Moved` where an entity is gone; nothing is left then.
    """
    staging.prepare(folders)
    platform.prepare()
    link, end = vault.log.link(), log.place()
    name = os.urandom(16).hex()
    changes: list[StagedChange] = []
    records: list[AuditRecord] = []
    for index, planned in enumerate(plans):
        planned.record["metadata"].update(link)
        if group:
            member = {"id": name, "index": index, "count": len(plans)}
            planned.record["metadata"]["group"] = member
        line = _encode(planned.record, planned.path)
        records.append(AuditRecord(data=planned.record, digest=sha256_hex(line)))
        intent = _intent(vault.root, folders, planned, staging.name_of(name, index))
        changes.append(StagedChange(folders, intent.replace(line=line.decode(), log=end)))
        link = {"previous": records[-1].digest}
    staged = StagedCommit(folders, name, changes)
    staged.stage([None if one.target is None else one.data for one in plans])
    return staged, records


def _intent(root: str, folders: Folders, planned: Plan, name: str) -> Intent:
    """What a change is about to do; what its record only hashes is kept now."""
    metadata = planned.record["metadata"]
    path = files.real_name(root, planned.path)
    moves = planned.source is not None and planned.target not in (None, planned.source)
    target = files.real_name(root, planned.target or "") if moves else None
    try:
        for data in planned.kept.values():
            keep(folders, data)
        place = staging.staged_place(folders, path, name)
        comes = planned.target not in (None, planned.source)
        made = files.missing_folders(root, target or path) if comes else ()
    except (FileNotFoundError, NotADirectoryError):  # the entity's folder is gone, or a link
        raise Moved from None
    except OSError as error:
        raise staging.cannot_write(planned.path, error) from error
    return Intent(
        name=name,
        path=path,
        staged=place,
        etag_before=metadata["etag_before"],
        etag_after=metadata["etag_after"],
        line="",
        target=target,
        made=made,
    )


class _Log:
    """A context manager: the log, open for one commit. Another program may put a new file in its
    place meanwhile, which our record would not be in: `append` and `confirm` raise `Moved`."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._descriptor = log.open()

    def place(self) -> LogPlace:
        """Where it ends. Raises `StorageError`."""
        try:
            return self._log.place(self._descriptor)
        except OSError as error:
            raise cannot_read(error) from error

    def append(self, lines: Sequence[bytes], records: Sequence[AuditRecord]) -> None:
        """Append the lines. Raises `Moved`, `StorageError`."""
        self.confirm()
        self._log.append(self._descriptor, lines, records)

    def confirm(self) -> None:
        """Raise `Moved` where the open file is not the log any more."""
        if not self._log.is_at(self._descriptor):
            raise LogMoved

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        os.close(self._descriptor)


def _outcomes(
    planned: Sequence[tuple[Plan, Place] | LoopError], records: Sequence[AuditRecord]
) -> list[CommitResult | LoopError]:
    """What is answered once the changes have landed, with the records of those that do change."""
    left = iter(records)
    return [
        one
        if isinstance(one, LoopError)
        else one[0].result(next(left) if one[0].changed else None, warnings=warnings_of(one[1]))
        for one in planned
    ]


def _tidy(folders: Folders, plans: Sequence[Plan]) -> None:
    """Remove the folders of tasks and projects that are empty now. As far as it goes: an
    empty folder is no harm, and the changes have landed."""
    for planned in plans:
        if planned.source is None or planned.source == planned.target:
            continue
        folder, _slash, name = planned.source.rpartition("/")
        inner = [folder] if name == "project.md" or folder.endswith("/Tasks") else []
        if folder.endswith("/Tasks"):
            inner.append(folder.removesuffix("/Tasks"))
        elif inner:
            inner.insert(0, f"{folder}/Tasks")
        with suppress(Exception):
            for one in inner:
                folders.remove_place(one)


def warnings_of(place: Place) -> tuple[str, ...]:
    """What was met on the way to an entity."""
    return () if place is None else place.warnings


def _encode(record: dict[str, object], path: str) -> bytes:
    try:
        return encode(record)
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="replace")
        raise InvalidFile(shown, "its name is not UTF-8, so no record can name it") from None
