"""Steps 2 to 4 of SPEC §6: compare under leases, record with one append, exchange, look at
what came out.

From the append on nothing is imported, and no exception of any class passes by: the changes are
taken back, or the answer says that they have landed or may have.
"""

from __future__ import annotations

from loop_cli.errors import Action, StorageError, UsageError
from loop_cli.lean.basics import ExitStack, closing, suppress
from loop_cli.planning.snapshot import etag_of
from loop_cli.system import platform
from loop_cli.system.folders import Syncs
from loop_cli.system.platform import Lease
from loop_cli.vault.commit.staging import NOT_A_FILE, Moved, cannot_write, etag_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from loop_cli.system.platform import Lease
    from loop_cli.vault.commit.staging import StagedChange, StagedCommit

_MANY = 200  # more leases at once may need more open files than are allowed


def land_all(
    staged: StagedCommit,
    *,
    record: Callable[[], None],
    confirm: Callable[[], None],
    undo: Callable[[StagedCommit], None],
) -> None:
    """Land every change or none. Raises `Moved`, `StorageError`, with all undone.

    `record` appends their lines to the log; `confirm` raises where the log is not there any
    more; `undo` takes the changes back, recorded or not. Whatever else is raised meanwhile is
    raised again once they are taken back; where that fails too, the error says so.
    """
    failure: BaseException | None = None
    try:
        with ExitStack() as stack:
            _land_leased(stack, staged, record, confirm)
            staged.has_landed = True
    except BaseException as error:
        failure = error
    # The leases are given back before anything is undone: a writer that waits then writes
    # to its own file, which goes back to its place; and opening a leased file would block.
    if failure is not None and not staged.has_landed:
        _take_back(staged, failure, undo)
    try:
        staged.discard()
    except BaseException:  # it has landed: whoever next takes the lock does the rest
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
        raise Moved
    if not all(change.is_in_place for change in changes):
        raise Moved
    confirm()


def _take_back(
    staged: StagedCommit, failure: BaseException, undo: Callable[[StagedCommit], None]
) -> NoReturn:
    """Undo, and raise the failure. What could not be undone, and not marked so that it only can
    be undone later, may land by recovery: the error says so. Nor is a change tried again that is
    marked but not yet undone: what it would find is to go back."""
    trouble: BaseException | None = None
    for _attempt in range(2):  # the second, where an interrupt or a want of memory hit the first
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
        if isinstance(failure, Moved):
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
    """Exchange where the entity is `expected`, by its etag, None where none is to be there;
    False with nothing changed where it is not, or where somebody writes to it just then.

    Raises `OSError`.
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
        change.land()
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
        if (creates or moves) and change.target.is_taken:
            raise Moved
        leases.append(None if creates else stack.enter_context(closing(_lease(change, known))))
    return leases


def _lease(change: StagedChange, known: dict[tuple[int, int], str]) -> Lease:
    """A lease on an entity that is as it was planned with; `known` are the files met before."""
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
            raise Moved from None
        raise
    if etag_of(lease.read()) != change.intent.etag_before or lease.writer_came:
        lease.close()
        raise Moved
    return lease


def _land(change: StagedChange, lease: Lease | None) -> None:
    """Bring a change to its place. Raises `Moved`, `OSError`."""
    if lease is None:
        change.land()
    else:
        swap(change, lease, expected=change.intent.etag_before)
        change.relocate()


def swap(change: StagedChange, lease: Lease, *, expected: str | None) -> None:
    """Exchange what is leased, and change back at once where something else came out: an editor
    that reads what lacks its last save would save over it. Raises `Moved`, `OSError`."""
    change.land(lease)
    if not _came_out_as(expected, change, lease):
        change.exchange()
        raise Moved


def _came_out_as_before(change: StagedChange, lease: Lease | None) -> bool:
    return lease is None or _came_out_as(change.intent.etag_before, change, lease)


def _came_out_as(expected: str | None, change: StagedChange, lease: Lease) -> bool:
    """Whether the leased file, `expected` when it was first read, is unchanged, and what the
    exchange took out is it or its like."""
    return lease.is_unchanged and (
        change.content.is_leased_by(lease) or _etag_out(change) in (None, expected)
    )


def _etag_out(change: StagedChange) -> str | None:
    """The etag of what lies in the staged place; None where that is leased, so by us."""
    try:
        return etag_at(change.content, patient=False)
    except BlockingIOError:
        return None
