"""Rewrite lines in the files of the audit log, while other programs may append to them.

A new file and the old one change places under a lease, as for an entity. If a writer came, they
change back, and it is tried again. If a program has the file open for writing, so that there is no
lease, nothing is done: that program would continue to write into the old file.
"""

from __future__ import annotations

import os
import re

from loop_cli.errors import Action, Sentence, StorageError
from loop_cli.lean.basics import closing
from loop_cli.planning.snapshot import etag_of
from loop_cli.system import platform
from loop_cli.system.folders import Folders
from loop_cli.vault import ACTIVE_LOG
from loop_cli.vault.commit import landing, staging
from loop_cli.vault.commit.staging import ConcurrentWrite, Intent, StagedChange
from loop_cli.vault.files import probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loop_cli.system.folders import Slot
    from loop_cli.vault.handle import Vault
    from loop_cli.vault.log.log import AuditLog

_TRIES = 20
_LEFTOVER = re.compile(r"\.loop-[0-9a-f]{32}(?:\.old)?")


def rewrite(
    vault: Vault, changes: Mapping[str, Mapping[bytes, bytes]], records: Sequence[bytes]
) -> None:
    """Append the records, and replace lines in each file (relative to the vault).

    In the active file both are one step, which comes first. So every rewritten line is in a record.
    Raises `OSError`, `StorageError`.
    """
    with Folders(vault.root) as folders:
        _rewrite(vault, folders, changes, records)


def _rewrite(
    vault: Vault,
    folders: Folders,
    changes: Mapping[str, Mapping[bytes, bytes]],
    records: Sequence[bytes],
) -> None:
    for file in changes:
        _refuse_open(folders, vault.root, file)
    active = vault.log.shown(ACTIVE_LOG)
    if active in changes:
        _exchange(folders, active, changes[active], records)
    elif records:
        descriptor = vault.log.open()
        try:
            vault.log.append(descriptor, list(records))
        finally:
            os.close(descriptor)
    for file, lines in changes.items():
        if file != active:
            _exchange(folders, file, lines, ())


def clear_leftovers(log: AuditLog) -> None:
    """Remove what a crash left beside the log; recovery does it in `.loop/staged`."""
    with log.open_folder() as folder:
        for name in folder.names():
            if _LEFTOVER.fullmatch(name):
                folder.remove(name)


def _refuse_open(folders: Folders, root: str, file: str) -> None:
    with closing(folders.slot(file).lease()) as lease:
        if lease.held or not probe.protocol(root)["lease"]:
            return
    raise StorageError(
        f"{file} can't be rewritten: another program has it open for writing, "
        "and its next lines would be lost",
        hint=Sentence(
            "close that program, or begin a new file and restart it: ",
            Action("rotate_log"),
        ),
    )


def _exchange(
    folders: Folders, file: str, lines: Mapping[bytes, bytes], records: Sequence[bytes]
) -> None:
    staging.prepare(folders)
    for _attempt in range(_TRIES):
        with closing(folders.slot(file).lease()) as lease:  # this function reads a file of any size
            before = lease.read()
        change = _staged(folders, file, etag_of(before))
        try:
            after = _replaced(before, lines, records)
            like = change.entity.folder.open_plain(change.entity.name)
            try:
                change.content.folder.write_new(change.content.name, after, like=like)
            finally:
                os.close(like)
            if _swapped(change, before, after):
                return
        finally:
            change.settle()
            change.discard()
    raise StorageError(f"{file} can't be rewritten: other programs write to it all the time")


def _swapped(change: StagedChange, before: bytes, after: bytes) -> bool:
    """Exchange the file that was `before` and the new one, with lines that others have appended.

    A disk may sync more slowly than others append. Returns False if others changed the file in
    another way, or never paused.
    """
    seen, length = before, len(after)
    for _attempt in range(_TRIES):
        with closing(change.entity.lease()) as lease:
            now = lease.read()
            late = now[len(seen) :]
            if not now.startswith(seen) or (late and not before.endswith(b"\n")):
                return False
            _append(change.content, late, sync=False)  # this takes too long for a lease
            seen, length = now, length + len(late)
            if lease.writer_came:
                continue
            try:
                landing.swap(change, lease, expected=etag_of(now))
            except ConcurrentWrite:
                break
        _append(change.entity, b"")
        change.sync()
        _append(change.entity, _read(change.content)[len(seen) :])
        return True
    _append(change.entity, _read(change.content)[length:])
    return False


def _read(slot: Slot) -> bytes:
    descriptor = slot.folder.open_plain(slot.name)
    with open(descriptor, "rb") as file:
        return file.read()


def _staged(folders: Folders, file: str, etag: str) -> StagedChange:
    name = os.urandom(16).hex()
    place = staging.staged_place(folders, file, name)
    return StagedChange(
        folders,
        Intent(name=name, path=file, staged=place, etag_before=etag, etag_after="", line=""),
    )


def _replaced(data: bytes, lines: Mapping[bytes, bytes], records: Sequence[bytes]) -> bytes:
    text = b"\n".join(lines.get(line, line) for line in data.split(b"\n"))
    if records and text and not text.endswith(b"\n"):
        text += b"\n"
    return text + b"".join(record + b"\n" for record in records)


def _append(slot: Slot, data: bytes, *, sync: bool = True) -> None:
    """Append to a file, and sync it with all earlier data. Raises `OSError`."""
    descriptor = slot.folder.open_shared(slot.name, os.O_RDWR | os.O_APPEND, make=False)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if sync:
            platform.sync(descriptor)
    finally:
        os.close(descriptor)
