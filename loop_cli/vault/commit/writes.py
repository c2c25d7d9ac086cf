"""Put planned changes on the disk: stage, record and exchange them, or leave nothing.

The module `commit` says which sync guards what. Changes of one commit share the file of intents and
the syncs.
"""

from __future__ import annotations

import os

from loop_cli.core.records.record import AuditRecord
from loop_cli.errors import InvalidFile, LoopError
from loop_cli.lean.basics import sha256_hex, suppress
from loop_cli.system import platform
from loop_cli.system.folders import Folders
from loop_cli.vault.commit import staging
from loop_cli.vault.commit.landing import land_all
from loop_cli.vault.commit.staging import (
    ConcurrentWrite,
    Intent,
    LogSwapped,
    StagedChange,
    StagedCommit,
)
from loop_cli.vault.files import reading as files
from loop_cli.vault.log.lines import cannot_read, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from loop_cli.core.commits import CommitResult
    from loop_cli.planning.plan import Plan
    from loop_cli.planning.resolution import Located
    from loop_cli.vault.commit.recovery import Recovery
    from loop_cli.vault.handle import Vault
    from loop_cli.vault.log.lines import LogPlace
    from loop_cli.vault.log.log import AuditLog

    Place = Located | None  # the entity's path, None for a new one


def land(
    vault: Vault,
    planned: Sequence[tuple[Plan, Place] | LoopError],
    *,
    begun: list[StagedCommit],
    group: bool = False,
) -> list[CommitResult | LoopError]:
    """Stage, record and exchange; return the outcomes of all.

    A commit is added to `begun` before any of it may land. Raises `ConcurrentWrite`,
    `StorageError`; then nothing has landed.
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
    """Call `recovery.recover`; that module is loaded only if something is staged."""
    if vault.has_staged():
        from loop_cli.vault.commit import recovery

        recovery.recover(vault)


class _Undo:
    """Takes a commit of this process back; the code for that is loaded only then.

    If it can't be loaded, the intents are still there, and the next holder of the lock takes the
    commit back.
    """

    def __init__(self, vault: Vault, folders: Folders) -> None:
        self._vault = vault
        self._folders = folders
        self._recovery: Recovery | None = None

    def __call__(self, staged: StagedCommit) -> None:
        from loop_cli.vault.commit.recovery import Recovery

        self._recovery = self._recovery or Recovery(self._vault, self._folders)
        self._recovery.undo(staged)

    def notices(self) -> list[str]:
        """Return the sentences of `Recovery.notices`."""
        return [] if self._recovery is None else self._recovery.notices()


def _stage_all(
    vault: Vault, folders: Folders, log: _Log, plans: Sequence[Plan], *, group: bool
) -> tuple[StagedCommit, list[AuditRecord]]:
    """Stage the planned changes; return them with their future records.

    Raises `StorageError`, `ConcurrentWrite` if an entity is gone; then nothing is left.
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
    """Make the intent of a change; keep the values that its record only hashes."""
    metadata = planned.record["metadata"]
    path = files.real_name(root, planned.path)
    moves = planned.source is not None and planned.target not in (None, planned.source)
    target = files.real_name(root, planned.target or "") if moves else None
    try:
        _keep(folders, planned.kept)
        place = staging.staged_place(folders, path, name)
        comes = planned.target not in (None, planned.source)
        made = files.missing_folders(root, target or path) if comes else ()
    except (FileNotFoundError, NotADirectoryError):  # the entity's folder is gone, or a link
        raise ConcurrentWrite from None
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


def _keep(folders: Folders, values: Mapping[str, bytes]) -> None:
    """Keep replaced values; most changes have none. Raises `OSError`."""
    if values:
        from loop_cli.vault.commit.keeping import keep

        for data in values.values():
            keep(folders, data)


class _Log:
    """A context manager: the log, open for one commit.

    If another program replaces the log file meanwhile, our record would not be in the new file:
    `append` and `confirm` then raise `ConcurrentWrite`.
    """

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._descriptor = log.open()

    def place(self) -> LogPlace:
        """Return the end of the log. Raises `StorageError`."""
        try:
            return self._log.place(self._descriptor)
        except OSError as error:
            raise cannot_read(error) from error

    def append(self, lines: Sequence[bytes], records: Sequence[AuditRecord]) -> None:
        """Append the lines. Raises `ConcurrentWrite`, `StorageError`."""
        self.confirm()
        self._log.append(self._descriptor, lines, records)

    def confirm(self) -> None:
        """Raise `ConcurrentWrite` if the open file is not the log any more."""
        if not self._log.is_at(self._descriptor):
            raise LogSwapped

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        os.close(self._descriptor)


def _outcomes(
    planned: Sequence[tuple[Plan, Place] | LoopError], records: Sequence[AuditRecord]
) -> list[CommitResult | LoopError]:
    """Return the outcomes after the changes have landed, with the records."""
    left = iter(records)
    return [
        one
        if isinstance(one, LoopError)
        else one[0].result(next(left) if one[0].changed else None, warnings=warnings_of(one[1]))
        for one in planned
    ]


def _tidy(folders: Folders, plans: Sequence[Plan]) -> None:
    """Remove empty folders of tasks and projects.

    Errors are ignored: an empty folder does no harm, and the changes have landed.
    """
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
    """Return the warnings about an entity."""
    return () if place is None else place.warnings


def _encode(record: dict[str, object], path: str) -> bytes:
    try:
        return encode(record)
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="replace")
        raise InvalidFile(shown, "its name is not UTF-8, so no record can name it") from None
