"""Updates that came together: they share a commit, and syncs.

Under an idempotency key those that landed before are answered from the log. Where a line is to be
applied on top of what is there now, its conflicts are answered so (SPEC §3, `rebase`).
"""

from __future__ import annotations

from loop_cli.core import conflict
from loop_cli.core.commits import EntityChange
from loop_cli.core.names import nfc
from loop_cli.errors import ConflictError, LoopError
from loop_cli.operations import once, resolving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loop_cli.core.records.record import Origin
    from loop_cli.core.store import Store
    from loop_cli.operations.once import Done


class Together:
    """Commits updates that came together."""

    def __init__(self, store: Store, origin: Origin, *, rebase: bool, dry_run: bool) -> None:
        self._store = store
        self._origin = origin
        self._rebase = rebase
        self._dry_run = dry_run

    def outcomes(self, asked: Sequence[EntityChange | LoopError]) -> list[Done]:
        """What became of each, in order; an error stays what it is."""
        found: dict[int, Done] = {}
        changes: dict[int, EntityChange] = {}
        for place, one in enumerate(asked):
            known = one if isinstance(one, LoopError) else once.known(self._store, one.origin)
            if known is not None:
                found[place] = known
            elif isinstance(one, EntityChange):
                changes[place] = one
        run = self._on_top_where_needed if self._rebase else self._commit
        done = run([*changes.values()])
        for (place, change), outcome in zip(changes.items(), done, strict=True):
            found[place] = once.answered(outcome, change.origin or self._origin)
        return [found[place] for place in range(len(asked))]

    def _commit(self, changes: Sequence[EntityChange]) -> list[Done]:
        return self._store.commit(changes, origin=self._origin, dry_run=self._dry_run)

    def _on_top_where_needed(self, changes: Sequence[EntityChange]) -> list[Done]:
        done: list[Done] = []
        for group in _apart(changes):
            for change, one in zip(group, self._commit(group), strict=True):
                done.append(self.on_top(change, one) if isinstance(one, ConflictError) else one)
        return done

    def on_top(self, change: EntityChange, met: ConflictError) -> Done:
        """Make a change that has met a conflict on top of what is there now, unless a field that
        it changes was changed since."""
        own = change.origin or self._origin
        try:
            return resolving.commit(
                self._store, change, own, conflict.rebase, met=met, dry_run=self._dry_run
            )
        except LoopError as error:
            return error


def _apart(changes: Sequence[EntityChange]) -> Iterator[list[EntityChange]]:
    """The changes in groups in which no entity is twice, in order."""
    group: dict[str, EntityChange] = {}
    for one in changes:
        if nfc(one.entity_id) in group:
            yield [*group.values()]
            group = {}
        group[nfc(one.entity_id)] = one
    if group:
        yield [*group.values()]
