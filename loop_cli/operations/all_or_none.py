"""Carry out lines all or none: all is planned before, and committed in one step."""

from __future__ import annotations

from loop_cli.core import conflict
from loop_cli.core.commits import CommitResult, EntityChange, Move
from loop_cli.core.names import nfc
from loop_cli.errors import ConflictError, InvalidChange, LoopError, UsageError, only, prefixed
from loop_cli.lean.records import Struct
from loop_cli.operations import create, delete, line, move, once, resolving
from loop_cli.operations.lines import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.commits import AnyChange
    from loop_cli.core.conflict import Conflict
    from loop_cli.core.records.record import Origin
    from loop_cli.operations.bulk import Outcome
    from loop_cli.operations.line import Order

_REBASES = 20  # times that others may come in between, of a group that is applied on top
_TRIES = 5  # attempts of all or none: others may edit a file with links at the same time


class _Step(Struct):
    """A line, and what it needs; `main` is the place of its own change among `changes`."""

    number: int
    order: Order
    changes: list[AnyChange]
    main: int = 0
    known: CommitResult | None = None
    own: Origin | None = None


class AllOrNone(Lines):
    """Carries out all lines in one step. What landed before under a key is only answered."""

    def run(self, lines: Iterable[Sequence[str]]) -> Iterator[Outcome]:
        """Yield the outcome of each line, once all have landed."""
        texts = [text for batch in lines for text in batch]
        tries = _TRIES
        met: list[Conflict] = []  # that are answered by going on from what is there now
        while True:
            self.forget()
            steps = self._steps(texts)
            others, left = self._link(steps)
            flat = [_on_top(one, met) for step in steps for one in step.changes]
            try:
                outcomes = self._store.commit(
                    [*flat, *others], origin=self._origin, atomic=True, dry_run=self._dry_run
                )
            except LoopError as error:
                if self._is_answered(error, flat, met):
                    continue
                tries -= 1
                if not tries or not self._passes(error, others):
                    raise _of_line(error, steps) from None
                continue
            yield from self._outcomes(steps, [only([one]) for one in outcomes], left)
            return

    def _is_answered(
        self, error: LoopError, flat: Sequence[AnyChange], met: list[Conflict]
    ) -> bool:
        """Whether a conflict of a named entity is answered by applying on top; if so, it is
        remembered."""
        if not isinstance(error, ConflictError) or not self._how.rebase:
            return False
        found = error.conflict
        named = any(
            isinstance(one, EntityChange) and nfc(one.entity_id) == nfc(found.entity_id)
            for one in flat
        )
        if not named or found.is_settled or len(met) >= len(flat) + _REBASES:
            return False
        if not conflict.rebase(found).apply:
            return False
        met.append(found)
        return True

    def _steps(self, texts: list[str]) -> list[_Step]:
        steps = []
        for number, text in enumerate(texts, 1):
            if not text.strip():
                continue
            try:
                steps.append(self._step_of(number, text))
            except LoopError as error:
                raise _at(error, number) from None
        return steps

    def _step_of(self, number: int, text: str) -> _Step:
        order = self._order(line.parse(text), text)
        own = self._own(number, text, order)
        known = once.known(self._store, own)
        if isinstance(known, LoopError):
            raise known
        if known is not None:
            self._labels.made(order.label, known.after.id)
            return _Step(number=number, order=order, changes=[], known=known, own=own)
        self._refuse_made(order)
        step = self._step(number, order)
        if self._origin.key is not None:
            step.changes[:] = [one.replace(origin=own) for one in step.changes]
        return step.replace(own=own)

    def _refuse_made(self, order: Order) -> None:
        if order.op != "create" and order.entity_id and nfc(order.entity_id) in self._made:
            raise UsageError(
                f"{order.entity_id} is only about to be made: give the line that makes it all "
                "that it should have",
                entity_id=order.entity_id,
            )

    def _step(self, number: int, order: Order) -> _Step:
        wanted = order.wanted
        if isinstance(wanted, create.Request):
            return _Step(number=number, order=order, changes=[self._creation(wanted, order.label)])
        if isinstance(wanted, delete.Request):
            # The last is what is named: nothing may refer to what is gone.
            changes: list[AnyChange] = [*delete.planned(self._store, wanted)[::-1]]
            return _Step(number=number, order=order, changes=changes, main=len(changes) - 1)
        if isinstance(wanted, move.Relocation):
            return _Step(
                number=number,
                order=order,
                changes=[move.planned(self._store, wanted, self._made, grouped=True)],
            )
        return _Step(number=number, order=order, changes=[wanted])

    def _link(self, steps: list[_Step]) -> tuple[list[EntityChange], list[str]]:
        """Let links follow what moves; return the changes of other files, and what stays."""
        moving = [
            one for one in steps if isinstance(one.order.wanted, move.Relocation) and one.changes
        ]
        moves = [change for one in moving for change in one.changes if isinstance(change, Move)]
        if not moves:
            return [], []
        changes, left = move.with_links(self._store, moves)
        for step, change in zip(moving, changes, strict=False):
            assert isinstance(step.order.wanted, move.Relocation)
            # Without the path, so that a new file with the same id is noticed.
            step.changes[:] = [change.replace(path=step.order.wanted.path)]
        others = changes[len(moving) :]
        last = moving[-1].own
        if last is not None and last.key is not None:
            others = [one.replace(origin=last) for one in others]
        return others, left

    def _passes(self, error: LoopError, others: Sequence[EntityChange]) -> bool:
        """Whether another attempt may succeed: another program changed a file with links, or took
        an id."""
        if isinstance(error, ConflictError):
            return error.conflict.entity_id in {one.entity_id for one in others}
        problems = error.details.get("problems", ()) if isinstance(error, InvalidChange) else ()
        return any(one.get("problem") == "taken" for one in problems)

    def _outcomes(
        self, steps: list[_Step], done: list[CommitResult], left: list[str]
    ) -> Iterator[Outcome]:
        results = iter(done)
        found = [(step, [next(results) for _one in step.changes]) for step in steps]
        relinked = [one for one in results if one.changed]
        moving = [
            one.number
            for one in steps
            if isinstance(one.order.wanted, move.Relocation) and one.changes
        ]
        for step, own in found:
            if step.known is not None and step.own is not None:
                again = once.more_of(step.order.op, self._store, step.own)
                yield self._outcome(step.number, step.order, step.known, **again)
                continue
            wanted, main = step.order.wanted, own[step.main]
            more: dict[str, Any] = {}
            if isinstance(wanted, delete.Request):
                gone = [delete.removed(one, archive=wanted.archive).as_dict() for one in own[::-1]]
                main, more = main.replace(after=main.before), {"removed": gone}
            elif isinstance(wanted, move.Relocation):
                more = {"path_before": main.before.path, "relinked": []}
                if step.number == moving[-1]:
                    more["relinked"] = [one.after.path for one in relinked]
                    main = main.replace(warnings=(*main.warnings, *left))
            yield self._outcome(step.number, step.order, main, **more)


def _on_top(change: AnyChange, met: Sequence[Conflict]) -> AnyChange:
    """The same change, of the state that was in its way."""
    for found in met:
        if isinstance(change, EntityChange) and nfc(change.entity_id) == nfc(found.entity_id):
            change = resolving.on_top(change, found)
    return change


def _of_line(error: LoopError, steps: Sequence[_Step]) -> LoopError:
    """Add the number of the line whose change has failed to an error of the commit."""
    places = [step.number for step in steps for _change in step.changes]
    if error.place is None or error.place >= len(places):  # a file whose links follow
        return error
    return _at(error, places[error.place])


def _at(error: LoopError, number: int) -> LoopError:
    """Add the number of its line to an error; that of a conflict has its words by the contract."""
    if not isinstance(error, ConflictError):
        error.message = prefixed(f"line {number}: ", error.message)
    error.details["line"] = number
    return error
