"""`loop apply`: carry out many lines, one after the other, or all or none.

A line by itself is committed as the command of its name would do it; only updates that come
together share a commit. With `atomic` all that the lines ask for is planned before and committed in
one step: ids are chosen here, so that a later line can name what an earlier one makes.
"""

from __future__ import annotations

import os

from loop_cli.core import ids
from loop_cli.core.names import nfc
from loop_cli.core.store import CommitResult, Create, EntityChange, Move, only
from loop_cli.errors import (
    ConflictError,
    InvalidChange,
    LoopError,
    UsageError,
    prefixed,
)
from loop_cli.lean.records import Struct
from loop_cli.operations import create, delete, line, move
from loop_cli.operations.bulk import AT_ONCE, Outcome
from loop_cli.operations.line import Labels, Order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from loop_cli.core.records.record import Origin
    from loop_cli.core.store import AnyChange, Store
    from loop_cli.operations.bulk import LineRules

    Waiting = list[tuple[int, EntityChange | LoopError]]

_TRIES = 5  # attempts of all or none: others may edit a file with links at the same time


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
    if atomic:
        return _AllOrNone(store, origin, how, dry_run=dry_run).run(lines)
    return _Each(store, origin, how, dry_run=dry_run).run(lines)


class _Lines:
    """What both ways have in common: how lines are read, and what is about to be made."""

    def __init__(self, store: Store, origin: Origin, how: LineRules, *, dry_run: bool) -> None:
        self._store = store
        self._origin = origin
        self._how = how
        self._dry_run = dry_run
        self._forget()

    def _forget(self) -> None:
        self._labels = Labels()
        self._made: dict[str, move.Place] = {}
        self._creates: dict[str, Create] = {}
        self._ids: list[str] | None = None

    def _order(self, data: Any, text: str) -> Order:
        return line.order_of(
            data, self._how, labels=self._labels, template=self._template, line=text
        )

    def _template(self, kind: str) -> tuple[str, str] | None:
        return self._store.upkeep.template(self._store.rules.spelling(kind))

    def _creation(self, request: create.Request, label: str | None) -> Create:
        """The new entity, with its id, which later lines may name."""
        kind = create.known_type(request.entity_type, self._store.rules)
        change = create.planned(self._store, request.replace(entity_type=kind), made=self._made)
        change = self._with_id(change)
        before, entity_id = self._made_before(change), change.entity_id
        if isinstance(entity_id, ids.IdRule) and entity_id.kind == "fixed":
            entity_id = entity_id.prefix
        if before is not None:
            self._labels.made(label, before)
        elif isinstance(entity_id, str) and not change.problems:
            path = (change.path or "").replace("{entity_id}", entity_id)
            self._labels.made(label, entity_id)
            self._made[nfc(entity_id)] = move.Place(id=entity_id, type=kind, path=path)
            self._creates[nfc(entity_id)] = change
        return change

    def _with_id(self, change: Create) -> Create:
        rule = change.entity_id
        if not isinstance(rule, ids.IdRule) or self._made_before(change) is not None:
            return change
        known = [*self._made]
        if rule.looks_at_others:
            if self._ids is None:
                self._ids = [one.id for one in self._store.scan()]
            known += self._ids
        now = self._how.now
        for one in ids.candidates(rule, now=now, ids=known, entropy=os.urandom):
            if nfc(one) not in self._made and not any(map(bool, self._store.records(one))):
                return change.replace(entity_id=ids.IdRule(kind="fixed", prefix=one))
        return change

    def _made_before(self, change: Create) -> str | None:
        """The entity that an earlier call with the idempotency key made."""
        if change.key is None:
            return None
        records = self._store.records_with_key(change.key)
        return next((one.entity_id for one in records if one.data["action"] == "create"), None)

    def _refuse_made(self, order: Order) -> None:
        if order.op != "create" and order.entity_id and nfc(order.entity_id) in self._made:
            raise UsageError(
                f"{order.entity_id} is only about to be made: give the line that makes it all "
                "that it should have",
                entity_id=order.entity_id,
            )

    def _outcome(
        self, number: int, order: Order | LoopError, done: CommitResult | LoopError, **more: Any
    ) -> Outcome:
        return Outcome(
            done=done,
            entity_id=line.known_id(order),
            run_id=self._origin.run_id,
            line=number,
            dry_run=self._dry_run,
            op=order.op if isinstance(order, Order) else "update",
            more=more or None,
        )


class _Each(_Lines):
    """Carries out line after line."""

    def run(self, lines: Iterable[Sequence[str]]) -> Iterator[Outcome]:
        """Yield the outcome of each line."""
        number = 0
        for batch in lines:
            waiting: Waiting = []
            for text in batch:
                number += 1
                if not text.strip():
                    continue
                order = self._read(text)
                if isinstance(order, Order) and self._is_alone(order):
                    yield from self._together(waiting)
                    waiting = []
                    yield self._alone(number, order)
                else:
                    waiting.append((number, self._update_of(order)))
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
    def _update_of(order: Order | LoopError) -> EntityChange | LoopError:
        if isinstance(order, LoopError):
            return order
        assert isinstance(order.wanted, EntityChange), "the others go alone"
        return order.wanted

    def _together(self, waiting: Waiting) -> Iterator[Outcome]:
        """Commit updates that have come together."""
        changes = [one for _number, one in waiting if isinstance(one, EntityChange)]
        results = iter(self._store.commit(changes, origin=self._origin, dry_run=self._dry_run))
        for number, one in waiting:
            is_change = isinstance(one, EntityChange)
            order = Order(op="update", wanted=one) if isinstance(one, EntityChange) else one
            yield self._outcome(number, order, next(results) if is_change else one)  # type: ignore[arg-type]

    def _alone(self, number: int, order: Order) -> Outcome:
        try:
            done, more = self._preview(order) if self._dry_run else self._carry_out(order)
        except LoopError as error:
            return self._outcome(number, order, error)
        return self._outcome(number, order, done, **more)

    def _carry_out(self, order: Order) -> tuple[CommitResult, dict[str, Any]]:
        wanted, store, origin = order.wanted, self._store, self._origin
        if isinstance(wanted, create.Request):
            kind = create.known_type(wanted.entity_type, store.rules)
            change = create.planned(store, wanted.replace(entity_type=kind))
            done = only(store.commit([change], origin=origin))
            self._labels.made(order.label, done.after.id)
            return done, {}
        if isinstance(wanted, delete.Request):
            return _deleted(delete.delete(store, wanted, origin=origin))
        if isinstance(wanted, move.Relocation):
            return _relocated(move.relocate(store, wanted, origin=origin), store, wanted)
        return only(store.commit([wanted], origin=origin)), {}

    def _preview(self, order: Order) -> tuple[CommitResult, dict[str, Any]]:
        """What a line would do, after those before it that make something."""
        wanted, store, origin = order.wanted, self._store, self._origin
        self._refuse_made(order)
        if isinstance(wanted, delete.Request):
            return _deleted(delete.delete(store, wanted, origin=origin, dry_run=True))
        changes: list[AnyChange]
        if isinstance(wanted, create.Request):
            changes = [self._creation(wanted, order.label)]
        elif isinstance(wanted, move.Relocation):
            changes = [move.planned(store, wanted, self._made)]
        else:
            changes = [wanted]
        group = [*_needed(changes[0], self._creates), *changes]
        done = store.commit(group, origin=origin, atomic=len(group) > 1, dry_run=True)[-1]
        result = only([done])
        more = {"path_before": result.before.path} if isinstance(wanted, move.Relocation) else {}
        return result, more


class _Step(Struct):
    """A line, and what it needs; `main` is the place of its own change among `changes`."""

    number: int
    order: Order
    changes: list[AnyChange]
    main: int = 0


class _AllOrNone(_Lines):
    """Carries out all lines in one step."""

    def run(self, lines: Iterable[Sequence[str]]) -> Iterator[Outcome]:
        """Yield the outcome of each line, once all have landed."""
        texts = [text for batch in lines for text in batch]
        for attempt in range(_TRIES):
            self._forget()
            steps = self._steps(texts)
            others, left = self._link(steps)
            flat = [one for step in steps for one in step.changes]
            try:
                outcomes = self._store.commit(
                    [*flat, *others], origin=self._origin, atomic=True, dry_run=self._dry_run
                )
            except LoopError as error:
                if attempt == _TRIES - 1 or not self._passes(error, others):
                    raise
                continue
            yield from self._outcomes(steps, [only([one]) for one in outcomes], left)
            return

    def _steps(self, texts: list[str]) -> list[_Step]:
        steps = []
        for number, text in enumerate(texts, 1):
            if not text.strip():
                continue
            try:
                order = self._order(line.parse(text), text)
                self._refuse_made(order)
                steps.append(self._step(number, order))
            except LoopError as error:
                raise _at(error, number) from None
        return steps

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
                number=number, order=order, changes=[move.planned(self._store, wanted, self._made)]
            )
        return _Step(number=number, order=order, changes=[wanted])

    def _link(self, steps: list[_Step]) -> tuple[list[EntityChange], list[str]]:
        """Let links follow what moves; return the changes of other files, and what stays."""
        moving = [one for one in steps if isinstance(one.order.wanted, move.Relocation)]
        moves = [change for one in moving for change in one.changes if isinstance(change, Move)]
        if not moves:
            return [], []
        changes, left = move.with_links(self._store, moves)
        for step, change in zip(moving, changes, strict=False):
            assert isinstance(step.order.wanted, move.Relocation)
            # Without the path, so that a new file with the same id is noticed.
            step.changes[:] = [change.replace(path=step.order.wanted.path)]
        return changes[len(moving) :], left

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
        moving = [one.number for one in steps if isinstance(one.order.wanted, move.Relocation)]
        for step, own in found:
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


def _needed(change: AnyChange, made: Mapping[str, Create]) -> list[Create]:
    """Those of the new entities that a change refers to, with those that they refer to."""
    found: dict[str, Create] = {}

    def look(one: AnyChange) -> None:
        for text in _texts(one):
            other = made.get(nfc(text))
            if other is not None and other is not change and nfc(text) not in found:
                look(other)
                found[nfc(text)] = other

    look(change)
    return [*found.values()]


def _texts(change: Any) -> Iterator[str]:
    """All texts among the values of a change."""
    if isinstance(change, str):
        yield change
    elif isinstance(change, dict):
        for one in change.values():
            yield from _texts(one)
    elif isinstance(change, list | tuple):
        for one in change:
            yield from _texts(one)
    elif isinstance(change, Create):
        yield from _texts(change.fields)
    elif isinstance(change, EntityChange):
        for each in change.edits.changes:
            yield from _texts(each.value)


def _at(error: LoopError, number: int) -> LoopError:
    """Add the number of its line to an error."""
    error.message = prefixed(f"line {number}: ", error.message)
    error.details["line"] = number
    return error
