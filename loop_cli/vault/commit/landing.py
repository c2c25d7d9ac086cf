"""Steps 2 to 4 of SPEC §6: compare under leases, record with one append, exchange, check.

After the append nothing is imported, and every exception is handled: either the changes are taken
back, or the answer says that they have landed or may have landed.
"""

from __future__ import annotations

from loop_cli.errors import Action, StorageError, UsageError
from loop_cli.lean.basics import ExitStack, closing, suppress
from loop_cli.planning.snapshot import etag_of
from loop_cli.system import platform
from loop_cli.system.folders import Syncs
from loop_cli.system.platform import Lease
from loop_cli.vault.commit.staging import NOT_A_FILE, ConcurrentWrite, cannot_write, etag_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from loop_cli.system.platform import Lease
    from loop_cli.vault.commit.staging import StagedChange, StagedCommit

_MANY = 200  # more leases at once could exceed the limit of open files


def land_all(
    staged: StagedCommit,
    *,
    record: Callable[[], None],
    confirm: Callable[[], None],
    undo: Callable[[StagedCommit], None],
) -> None:
    """Land every change or none. Raises `ConcurrentWrite`, `StorageError`, with everything undone.

    `record` appends the lines to the log. `confirm` raises if the log was replaced. `undo` takes
    the changes back, recorded or not. Any other exception is raised again after that; if the undo
    fails too, the error says so.
    """
    failure: BaseException | None = None
    try:
        with ExitStack() as stack:
            _land_leased(stack, staged, record, confirm)
            staged.has_landed = True
    except BaseException as error:
        failure = error
    # Release the leases before the undo. Then a waiting writer writes to its own file, which
    # goes back to its place. Opening a leased file would block.
    if failure is not None and not staged.has_landed:
        _take_back(staged, failure, undo)
    try:
        staged.discard()
    except BaseException:  # it has landed: the next holder of the lock does the rest
        return


def _land_leased(
    stack: ExitStack,
    staged: StagedCommit,
    record: Callable[[], None],
    confirm: Callable[[], None],
) -> None:
    """Compare, record, exchange; the leases end with the stack."""
    changes = staged.changes
    leases = _compare(stack, changes)
    record()
    for change, lease in zip(changes, leases, strict=True):
        _land(change, lease)
    syncs = Syncs()
    for change in changes:
        change.note(syncs)
    syncs.run()
    if not all(map(_came_out_as_before, changes, leases)):
        raise ConcurrentWrite
    if not all(change.is_in_place for change in changes):
        raise ConcurrentWrite
    confirm()


def _take_back(
    staged: StagedCommit, failure: BaseException, undo: Callable[[StagedCommit], None]
) -> NoReturn:
    """Undo, and raise the failure.

    If a change could not be undone, and not be marked as undone either, recovery may land it: the
    error says so. A change that is marked but not undone is not tried again, because its file will
    still go back.
    """
    trouble: BaseException | None = None
    # the second time, if an interrupt or lack of memory stopped the first
    for _attempt in range(2):
        try:
            undo(staged)
            trouble = None
            break
        except BaseException as error:
            trouble = error
            if isinstance(error, OSError | StorageError) or _is_marked(staged):
                break
    if trouble is not None:
        if not _is_marked(staged):
            raise _may_have_landed(staged, trouble) from failure
        if isinstance(failure, ConcurrentWrite):
            raise _goes_back_later(staged, trouble) from failure
    if isinstance(failure, OSError):
        raise cannot_write(staged.paths, failure) from failure
    raise failure


def _is_marked(staged: StagedCommit) -> bool:
    try:
        return staged.is_marked_undone
    except OSError:
        return False


def _may_have_landed(staged: StagedCommit, trouble: BaseException) -> StorageError:
    return StorageError(
        f"{staged.paths}: the change could not be finished, nor taken back ({trouble!r}); it may "
        "have landed, or may land with the next command",
        hint=Action("check"),
    )


def _goes_back_later(staged: StagedCommit, trouble: BaseException) -> StorageError:
    return StorageError(
        f"{staged.paths}: another program wrote there meanwhile, and the change could not be taken "
        f"back yet ({trouble}); the next command takes it back",
        hint=Action("check"),
    )


def swap_if(change: StagedChange, *, expected: str | None) -> bool:
    """Exchange if the entity has the `expected` etag (None: no file).

    Returns False, with nothing changed, if it has not, or if somebody is writing to it. Raises
    `OSError`.
    """
    if expected is None:
        return _appear(change)
    try:
        lease = change.place.lease()
    except OSError as error:
        if error.errno in NOT_A_FILE:
            return False
        raise
    with closing(lease):
        if etag_of(lease.read()) != expected or lease.writer_came:
            return False
        try:
            swap(change, lease, expected=expected)
            change.sync()
        except ConcurrentWrite:
            return False
        if _came_out_as(expected, change, lease):
            return True
        with suppress(ConcurrentWrite):
            change.exchange()
        change.sync()
        return False


def _appear(change: StagedChange) -> bool:
    try:
        change.land()
    except ConcurrentWrite:
        return False
    change.sync()
    return True


def _compare(stack: ExitStack, staged: Sequence[StagedChange]) -> list[Lease | None]:
    """Take leases, and check that all files are as planned and new places are free.

    The lease is None for a new file. Raises `ConcurrentWrite`, `OSError`.
    """
    leases: list[Lease | None] = []
    if len(staged) > _MANY:
        platform.allow_files(len(staged))
    known: dict[tuple[int, int], str] = {}
    for change in staged:
        creates, moves = change.intent.etag_before is None, change.intent.target is not None
        if (creates or moves) and change.target.is_taken:
            raise ConcurrentWrite
        leases.append(None if creates else stack.enter_context(closing(_lease(change, known))))
    return leases


def _lease(change: StagedChange, known: dict[tuple[int, int], str]) -> Lease:
    """Take a lease on an entity that is as planned; `known` are the files checked before."""
    try:
        if known:
            status = change.entity.folder.status(change.entity.name)
            other = known.get((status.st_dev, status.st_ino))
            if other is not None:  # and leased, so that opening it would block
                raise UsageError(f"{other} and {change.intent.path} are one file (hard links)")
        lease = change.entity.lease()
        known[lease.file] = change.intent.path
    except OSError as error:
        if error.errno in NOT_A_FILE:
            raise ConcurrentWrite from None
        raise
    if etag_of(lease.read()) != change.intent.etag_before or lease.writer_came:
        lease.close()
        raise ConcurrentWrite
    return lease


def _land(change: StagedChange, lease: Lease | None) -> None:
    """Move a change to its place. Raises `ConcurrentWrite`, `OSError`."""
    if lease is None:
        change.land()
    else:
        swap(change, lease, expected=change.intent.etag_before)
        change.relocate()


def swap(change: StagedChange, lease: Lease, *, expected: str | None) -> None:
    """Exchange a leased file, and change back at once if another file came out.

    Otherwise an editor could read a file without its last save, and save over it. Raises
    `ConcurrentWrite`, `OSError`.
    """
    change.land(lease)
    if not _came_out_as(expected, change, lease):
        change.exchange()
        raise ConcurrentWrite


def _came_out_as_before(change: StagedChange, lease: Lease | None) -> bool:
    return lease is None or _came_out_as(change.intent.etag_before, change, lease)


def _came_out_as(expected: str | None, change: StagedChange, lease: Lease) -> bool:
    """Whether the leased file is still as `expected`, and the exchange took out it or an equal
    file."""
    return lease.is_unchanged and (
        change.content.is_leased_by(lease) or _etag_out(change) in (None, expected)
    )


def _etag_out(change: StagedChange) -> str | None:
    """Return the etag of the file in the staged place; None if it is leased, so by us."""
    try:
        return etag_at(change.content, patient=False)
    except BlockingIOError:
        return None
