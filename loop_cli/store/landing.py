"""Steps 2 to 5 of SPEC §6 for the staged changes of one commit: compare under leases,
record with one append, exchange, look at what came out.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing

from loop_cli.errors import StorageError
from loop_cli.store.platform import Lease
from loop_cli.store.snapshot import etag_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loop_cli.store.log import AuditLog
    from loop_cli.store.staging import StagedChange


class Moved(Exception):
    """Somebody wrote to an entity between our comparing and our exchanging."""


def land_all(
    undo: Callable[[Sequence[StagedChange]], None],
    log: AuditLog,
    staged: Sequence[StagedChange],
    descriptor: int,
) -> None:
    """Land every change or none. Raises `Moved` with all undone; `StorageError` likewise.

    `undo` takes recorded changes back, `descriptor` appends to the log.
    """
    failure: OSError | None = None
    with ExitStack() as stack:
        leases = _compare(stack, staged)
        _record(log, staged, descriptor)
        try:
            swapped = [
                change.exchange(lease.read) for change, lease in zip(staged, leases, strict=True)
            ]
            intact = all(map(_came_out_intact, staged, leases, swapped))
        except OSError as error:
            failure, intact = error, False
    # The leases are given back before anything is undone: a writer that waits then writes
    # to its own file, which goes back to its place; and reading a leased file would block.
    if not intact:
        undo(staged)
        if failure is None:
            raise Moved
        names = ", ".join(change.intent.path for change in staged)
        raise StorageError(f"{names} can't be written: {failure.strerror}") from failure
    for change in staged:
        change.discard()


def discard_unrecorded(staged: Sequence[StagedChange], log: AuditLog) -> None:
    """Remove the staged files of changes whose record is not in the log."""
    for change in staged:
        if not log.holds(change.intent.line.encode()):
            change.discard()


def _compare(stack: ExitStack, staged: Sequence[StagedChange]) -> list[Lease]:
    leases = []
    try:
        for change in staged:
            lease = Lease(change.entity)
            stack.enter_context(closing(lease))
            leases.append(lease)
            if etag_of(lease.read()) != change.intent.etag_before or lease.writer_came:
                raise Moved
    except (OSError, Moved):
        for change in staged:
            change.discard()
        raise Moved from None
    return leases


def _record(log: AuditLog, staged: Sequence[StagedChange], descriptor: int) -> None:
    try:
        log.append(descriptor, [change.intent.line.encode() for change in staged])
    except StorageError:
        for change in staged:
            change.discard()
        raise


def _came_out_intact(change: StagedChange, lease: Lease, swapped: bool) -> bool:
    """Whether what the exchange took out is the file that was compared, still unchanged."""
    if swapped:
        try:
            if not os.path.samestat(os.stat(change.content), os.fstat(lease.descriptor)):
                return False
        except FileNotFoundError:
            return False
    return etag_of(lease.read()) == change.intent.etag_before and not lease.writer_came
