"""The lines of one call: how they are read, and what they are about to make."""

from __future__ import annotations

import os

from loop_cli.core import ids
from loop_cli.core.commits import CommitResult, Create, EntityChange
from loop_cli.core.names import nfc
from loop_cli.errors import InvalidChange, LoopError
from loop_cli.operations import create, line, move, once
from loop_cli.operations.bulk import Outcome
from loop_cli.operations.known_type import known_type
from loop_cli.operations.line import Labels, Order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from loop_cli.core.commits import AnyChange
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.record import Origin
    from loop_cli.core.store import Store
    from loop_cli.operations.bulk import LineRules


class Lines:
    """What both ways have in common: how lines are read, and what is about to be made."""

    def __init__(self, store: Store, origin: Origin, how: LineRules, *, dry_run: bool) -> None:
        self._store = store
        self._origin = origin
        self._how = how
        self._dry_run = dry_run
        self.forget()

    def forget(self) -> None:
        self._labels = Labels()
        self._made: dict[str, move.Place] = {}
        self._creates: dict[str, Create] = {}
        self._shown: dict[str, Entity] = {}  # what a dry run has made
        self._ids: list[str] | None = None

    def _own(self, number: int, text: str, order: Order | LoopError) -> Origin:
        """The origin of one line: under a key it has its own, unless the line itself has one."""
        if self._origin.key is None:
            return self._origin
        wanted = None if isinstance(order, LoopError) else order.wanted
        if isinstance(wanted, create.Request) and wanted.key is not None:
            return self._origin.replace(key=None, request=None)
        return once.origin_of(self._origin, number, text.strip())

    def _order(self, data: Any, text: str) -> Order:
        return line.order_of(
            data, self._how, labels=self._labels, template=self._template, line=text
        )

    def _template(self, kind: str) -> tuple[str, str] | None:
        return self._store.upkeep.template(self._store.rules.spelling(kind))

    def _typed(self, request: create.Request) -> create.Request:
        """The same with the schema's spelling of the type. Raises `InvalidChange`."""
        try:
            return request.replace(entity_type=known_type(request.entity_type, self._store))
        except InvalidChange as error:
            error.details["entity_id"] = request.entity_id
            raise

    def _creation(self, request: create.Request, label: str | None) -> Create:
        """The new entity, with its id, which later lines may name."""
        request = self._typed(request)
        change = create.planned(self._store, request, made=self._made)
        change = self._with_id(change)
        before, entity_id = self._made_before(change), change.entity_id
        if isinstance(entity_id, ids.IdRule) and entity_id.kind == "fixed":
            entity_id = entity_id.prefix
        if before is not None:
            self._labels.made(label, before)
        elif isinstance(entity_id, str) and not change.problems:
            path = (change.path or "").replace("{entity_id}", entity_id)
            self._labels.made(label, entity_id)
            self._made[nfc(entity_id)] = move.Place(
                id=entity_id, type=request.entity_type, path=path
            )
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

    def _show(self, made: Entity) -> None:
        """Take note of an entity that a dry run has made."""
        self._shown[nfc(made.id)] = made

    def _shown_as(self, entity_id: str | None) -> Entity | None:
        """The entity with that id as a dry run has made it."""
        return None if entity_id is None else self._shown.get(nfc(entity_id))

    def _forget_made(self, change: Create, label: str | None) -> None:
        """Forget an entity that can't be made."""
        gone = [key for key, one in self._creates.items() if one is change]
        for key in gone:
            del self._creates[key], self._made[key]
        self._labels.failed(label)

    def _outcome(
        self, number: int, order: Order | LoopError, done: CommitResult | LoopError, **more: Any
    ) -> Outcome:
        return Outcome(
            done=done,
            entity_id=line.known_id(order),
            run_id=self._run_of(done),
            line=number,
            dry_run=self._dry_run,
            op=order.op if isinstance(order, Order) else "update",
            more=more or None,
        )

    def _run_of(self, done: CommitResult | LoopError) -> str:
        record = done.record if isinstance(done, CommitResult) else None
        return self._origin.run_id if record is None else str(record.data["run_id"])


def needed(change: AnyChange, made: Mapping[str, Create]) -> list[Create]:
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
