"""Make a change; where a resolver decides so, on top of the state that was in its way."""

from __future__ import annotations

from loop_cli.errors import ConflictError, only

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from loop_cli.core.commits import CommitResult, EntityChange
    from loop_cli.core.conflict import Conflict, Resolver
    from loop_cli.core.entity import Precondition
    from loop_cli.core.records.record import Origin
    from loop_cli.core.store import Store

    Asked = TypeVar("Asked", bound=EntityChange)

_REBASES = 20


def commit(
    store: Store,
    change: EntityChange,
    origin: Origin,
    resolve: Resolver,
    *,
    met: ConflictError,
    dry_run: bool,
) -> CommitResult:
    """Commit a change that has met a conflict, as `resolved` does."""
    first = [met]

    def make(one: EntityChange) -> CommitResult:
        if first:
            raise first.pop()
        return only(store.commit([one], origin=origin, dry_run=dry_run))

    return resolved(make, change, resolve)


def resolved(
    make: Callable[[EntityChange], CommitResult], change: EntityChange, resolve: Resolver
) -> CommitResult:
    """Make a change; if a resolver says so, on top of the conflicting state.

    If that state has changed again meanwhile, the next conflict is about the original change, so
    that the resolver decides about all of it again.
    """
    attempt, expected = change, change.precondition
    for rounds in range(_REBASES + 1):
        try:
            return make(attempt)
        except ConflictError as error:
            conflict = error.conflict
        if attempt is not change and not conflict.kept_moving:
            try:
                return make(change)
            except ConflictError as error:
                conflict = error.conflict
        decided = None if conflict.is_settled or rounds == _REBASES else resolve(conflict)
        if decided is None or not decided.apply:
            raise ConflictError(conflict, asked=decided is not None and decided.asked)
        now = _now(expected, conflict)
        if decided.edits is not None:  # made on the state now, so that is what was read
            change = change.replace(edits=decided.edits, precondition=now, seen=conflict.entity)
        attempt = change.replace(
            edits=decided.applied_to(change.edits),
            precondition=now,
            rebased_from=expected,
        )
    raise AssertionError("the last round returns or raises")


def on_top(change: Asked, conflict: Conflict) -> Asked:
    """The same change of the state that was in its way."""
    expected = change.precondition
    return change.replace(
        precondition=_now(expected, conflict), rebased_from=change.rebased_from or expected
    )


def _now(expected: Precondition, conflict: Conflict) -> Precondition:
    return expected.replace(
        if_match=conflict.current_etag, expected_updated_at=None, own_reading=True
    )
