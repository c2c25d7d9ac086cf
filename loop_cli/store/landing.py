"""Steps 2 to 4 of SPEC §6: compare under leases, record with one append, exchange, look at
what came out.
"""

from __future__ import annotations

import errno
import os
import stat

from loop_cli.errors import StorageError, UsageError
from loop_cli.lean.contexts import ExitStack, closing, suppress
from loop_cli.store import files, platform
from loop_cli.store.platform import Lease
from loop_cli.store.snapshot import etag_of
from loop_cli.store.staging import NO_FILE, Moved, cannot_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loop_cli.store.staging import StagedChange, StagedCommit

_NOT_A_FILE = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR)
_MANY = 200  # more leases at once may need more open files than are allowed


def land_all(
    staged: StagedCommit, *, record: Callable[[], None], undo: Callable[[StagedCommit], None]
) -> None:
    """Land every change or none. Raises `Moved`, `StorageError`, with all undone.

    `record` appends their lines to the log; `undo` takes the changes back, recorded or not.
    """
    failure: Exception | None = None
    changes = staged.changes
    with ExitStack() as stack:
        try:
            leases = _compare(stack, changes)
            record()
            for change, lease in zip(changes, leases, strict=True):
                _land(change, lease)
            syncs = files.Syncs()
            for change in changes:
                change.note(syncs)
            syncs.run()
            if not all(map(_came_out_as_before, changes, leases)):
                raise Moved
        except (OSError, StorageError, UsageError, Moved) as error:
            failure = error
    # The leases are given back before anything is undone: a writer that waits then writes
    # to its own file, which goes back to its place; and opening a leased file would block.
    if failure is not None:
        undo(staged)
        if isinstance(failure, OSError):
            raise cannot_write(staged.paths, failure) from failure
        raise failure
    with suppress(OSError):  # whoever next takes the lock does the rest
        staged.discard()


def swap_if(change: StagedChange, *, expected: str | None) -> bool:
    """Exchange where the entity is `expected`, by its etag, None where none is to be there;
    False with nothing changed where it is not, or where somebody writes to it just then.

    Raises `OSError`.
    """
    if expected is None:
        return _appear(change)
    try:
        lease = Lease(change.place)
    except OSError as error:
        if error.errno in _NOT_A_FILE:
            return False
        raise
    with closing(lease):
        if etag_of(lease.read()) != expected or lease.writer_came:
            return False
        try:
            swap(change, lease, expected=expected)
            change.sync()
        except Moved:
            return False
        if _came_out_as(expected, change, lease):
            return True
        with suppress(Moved):
            change.exchange()
        change.sync()
        return False


def _appear(change: StagedChange) -> bool:
    try:
        change.exchange()
    except Moved:
        return False
    change.sync()
    return True


def _compare(stack: ExitStack, staged: Sequence[StagedChange]) -> list[Lease | None]:
    """Leases on files that are as they were planned with, None where there is none, and the
    places of those to come are free. Raises `Moved`, `OSError`."""
    leases: list[Lease | None] = []
    if len(staged) > _MANY:
        platform.allow_files(len(staged))
    known: dict[tuple[int, int], str] = {}
    for change in staged:
        creates, moves = change.intent.etag_before is None, change.intent.target is not None
        if (creates or moves) and os.path.lexists(change.target):
            raise Moved
        leases.append(None if creates else stack.enter_context(closing(_lease(change, known))))
    return leases


def _lease(change: StagedChange, known: dict[tuple[int, int], str]) -> Lease:
    """A lease on an entity that is as it was planned with; `known` are the files met before."""
    try:
        if known:
            status = os.stat(change.entity, follow_symlinks=False)
            other = known.get((status.st_dev, status.st_ino))
            if other is not None:  # and leased, so that opening it would block
                raise UsageError(f"{other} and {change.intent.path} are one file (hard links)")
        lease = Lease(change.entity)
        known[lease.file] = change.intent.path
    except OSError as error:
        if error.errno in _NOT_A_FILE:
            raise Moved from None
        raise
    if etag_of(lease.read()) != change.intent.etag_before or lease.writer_came:
        lease.close()
        raise Moved
    return lease


def _land(change: StagedChange, lease: Lease | None) -> None:
    """Bring a change to its place. Raises `Moved`, `OSError`."""
    if lease is None:
        change.exchange()
    else:
        swap(change, lease, expected=change.intent.etag_before)
        change.relocate()


def swap(change: StagedChange, lease: Lease, *, expected: str | None) -> None:
    """Exchange what is leased, and change back at once where something else came out: an editor
    that reads what lacks its last save would save over it. Raises `Moved`, `OSError`."""
    change.exchange(lease)
    if not _came_out_as(expected, change, lease):
        change.exchange()
        raise Moved


def _came_out_as_before(change: StagedChange, lease: Lease | None) -> bool:
    return lease is None or _came_out_as(change.intent.etag_before, change, lease)


def _came_out_as(expected: str | None, change: StagedChange, lease: Lease) -> bool:
    """Whether the leased file, `expected` when it was first read, is unchanged, and what the
    exchange took out is it or its like."""
    return lease.is_unchanged and (
        lease.is_at(change.content) or _etag_out(change) in (None, expected)
    )


def _etag_out(change: StagedChange) -> str | None:
    """The etag of what lies in the staged place; None where that is leased, so by us."""
    try:
        descriptor = os.open(change.content, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except BlockingIOError:
        return None
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO, errno.ENOENT):
            raise
        return NO_FILE  # a link, a socket: not what was compared
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return NO_FILE
    with open(descriptor, "rb") as file:
        return etag_of(file.read())
