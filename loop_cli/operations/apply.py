"""`loop apply`: carry out many lines, one after the other, or all or none.

A line by itself is committed as the command of its name would do it; only updates that come
together share a commit. With `atomic` all that the lines ask for is planned before and committed in
one step: ids are chosen here, so that a later line can name what an earlier one makes.

Under an idempotency key a line that landed before is answered from the log, and not carried out.
"""

from __future__ import annotations

from loop_cli.core.commits import CommitResult, EntityChange
from loop_cli.errors import LoopError, only
from loop_cli.failures import AlreadyDone
from loop_cli.lean.records import Struct
from loop_cli.operations import create, delete, line, move, once
from loop_cli.operations.all_or_none import AllOrNone
from loop_cli.operations.bulk import AT_ONCE
from loop_cli.operations.lines import Lines, needed
from loop_cli.operations.together import Together

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.commits import AnyChange
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.record import Origin
    from loop_cli.core.store import Store
    from loop_cli.operations.bulk import LineRules, Outcome
    from loop_cli.operations.line import Order


def apply(
    store: Store,
    lines: Iterable[Sequence[str]],
    *,
    origin: Origin,
    how: LineRules,
    atomic: bool = False,
    dry_run: bool = False,
) -> Iterator[Outcome]:
    """Carry out each line, in order; if one fails, the others go on.

    `lines` come in batches of the available lines. Updates of a batch share their syncs, and do not
    wait for more lines. Blank lines are skipped. With `atomic` all land or none: raises the error
    with its line.
    """
    if dry_run:  # which no record tells of
        origin = origin.replace(key=None, request=None)
    if atomic:
        return AllOrNone(store, origin, how, dry_run=dry_run).run(lines)
    return _Each(store, origin, how, dry_run=dry_run).run(lines)


class _Waiting(Struct):
    """A line whose change is to be committed with others, or why it can't be."""

    number: int
    order: Order | LoopError
    asked: EntityChange | LoopError


class _Each(Lines):
    """Carries out line after line."""

    def run(self, lines: Iterable[Sequence[str]]) -> Iterator[Outcome]:
        """Yield the outcome of each line."""
        number = 0
        for batch in lines:
            waiting: list[_Waiting] = []
            for text in batch:
                number += 1
                if not text.strip():
                    continue
                order = self._read(text)
                if not isinstance(order, LoopError) and self._is_alone(order):
                    yield from self._together(waiting)
                    waiting = []
                    yield self._alone(number, order, self._own(number, text, order))
                else:
                    asked = self._update_of(order, self._own(number, text, order))
                    waiting.append(_Waiting(number=number, order=order, asked=asked))
                if len(waiting) == AT_ONCE:
                    yield from self._together(waiting)
                    waiting = []
            yield from self._together(waiting)

    def _read(self, text: str) -> Order | LoopError:
        try:
            return self._order(line.parse(text), text)
        except LoopError as error:
            return error

    def _is_alone(self, order: Order) -> bool:
        return order.op != "update" or bool(self._made)

    @staticmethod
    def _update_of(order: Order | LoopError, own: Origin) -> EntityChange | LoopError:
        if isinstance(order, LoopError):
            return order
        assert isinstance(order.wanted, EntityChange), "the others go alone"
        return order.wanted if own.key is None else order.wanted.replace(origin=own)

    def _commits(self, origin: Origin) -> Together:
        return Together(self._store, origin, rebase=self._how.rebase, dry_run=self._dry_run)

    def _together(self, waiting: list[_Waiting]) -> Iterator[Outcome]:
        """Commit updates that have come together."""
        done = self._commits(self._origin).outcomes([one.asked for one in waiting])
        for one, outcome in zip(waiting, done, strict=True):
            yield self._outcome(one.number, one.order, outcome)

    def _alone(self, number: int, order: Order, own: Origin) -> Outcome:
        done = once.known(self._store, own)
        try:
            if done is not None:
                return self._outcome(number, order, done, **self._again(order, done, own))
            done, more = self._preview(order) if self._dry_run else self._carry_out(order, own)
        except AlreadyDone as error:
            done = once.answered(error, own)
            return self._outcome(number, order, done, **self._again(order, done, own))
        except LoopError as error:
            return self._outcome(number, order, error)
        return self._outcome(number, order, done, **more)

    def _again(self, order: Order, done: CommitResult | LoopError, own: Origin) -> dict[str, Any]:
        """What is to be said besides of a line that landed before."""
        if isinstance(done, LoopError):
            return {}
        self._labels.made(order.label, done.after.id)
        return once.more_of(order.op, self._store, own)

    def _carry_out(self, order: Order, origin: Origin) -> tuple[CommitResult, dict[str, Any]]:
        wanted, store = order.wanted, self._store
        if isinstance(wanted, create.Request):
            change = create.planned(store, self._typed(wanted))
            done = only(store.commit([change], origin=origin))
            self._labels.made(order.label, done.after.id)
            return done, {}
        if isinstance(wanted, delete.Request):
            return _deleted(delete.delete(store, wanted, origin=origin))
        if isinstance(wanted, move.Relocation):
            policy = "rebase" if self._how.rebase else "fail"
            moved = move.relocate(store, wanted, origin=origin, on_conflict=policy)
            return _relocated(moved, store, wanted)
        return only(self._commits(origin).outcomes([wanted])), {}

    def _preview(self, order: Order) -> tuple[CommitResult, dict[str, Any]]:
        """What a line would do, after those before it that make something."""
        wanted, store, origin = order.wanted, self._store, self._origin
        if isinstance(wanted, create.Request):
            return self._preview_made(wanted, order.label), {}
        if (made := self._shown_as(order.entity_id)) is not None:
            return _pending(made), {"pending": True}
        if isinstance(wanted, delete.Request):
            return _deleted(delete.delete(store, wanted, origin=origin, dry_run=True))
        if isinstance(wanted, move.Relocation):
            result = self._preview_of(move.planned(store, wanted, self._made))
            return result, {"path_before": result.before.path}
        return self._preview_of(wanted), {}

    def _preview_of(self, change: AnyChange) -> CommitResult:
        group = [*needed(change, self._creates), change]
        atomic = len(group) > 1
        done = self._store.commit(group, origin=self._origin, atomic=atomic, dry_run=True)
        return only([done[-1]])

    def _preview_made(self, wanted: create.Request, label: str | None) -> CommitResult:
        """What a line would make; if it fails, later lines that use its label fail, too."""
        change = self._creation(wanted, label)
        try:
            done = self._preview_of(change)
        except LoopError:
            self._forget_made(change, label)
            raise
        self._show(done.after)
        return done


def _pending(made: Entity) -> CommitResult:
    """An entity as a line before makes it: what this line does is known once that has landed."""
    said = f"{made.id} is made by a line before: what this line does is known once that landed"
    return CommitResult(
        before=made, after=made, diff={}, changed=False, record=None, warnings=(said,)
    )


def _deleted(result: delete.DeleteResult) -> tuple[CommitResult, dict[str, Any]]:
    entity = result.removed[0].entity
    done = CommitResult(
        before=entity, after=entity, diff={}, changed=True, record=None, warnings=result.warnings
    )
    return done, {"removed": [one.as_dict() for one in result.removed]}


def _relocated(
    result: move.RelocateResult, store: Store, wanted: move.Relocation
) -> tuple[CommitResult, dict[str, Any]]:
    relinked = [one.after.path for one in result.relinked]
    if result.moved:
        done = result.moved[0].replace(warnings=result.warnings)
        return done, {"path_before": done.before.path, "relinked": relinked}
    there = store.find(wanted.entity_id, path=wanted.path)
    done = CommitResult(
        before=there, after=there, diff={}, changed=False, record=None, warnings=result.warnings
    )
    return done, {"path_before": there.path, "relinked": relinked}
