"""Plan a change of any kind, with the knowledge of the whole store.

That is: which ids and places are taken, which entities refer to which, and which bytes were kept.
One planner serves all changes of an atomic group, so that they see each other's ids and places.
Modules that an update does not need are imported when they are needed.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod

from loop_cli.core.names import ARCHIVE, nearest, nfc, one_name
from loop_cli.core.store import Create, Delete, Mend, Move, Restore
from loop_cli.errors import (
    Action,
    AlreadyDone,
    EntityNotFound,
    InvalidChange,
    InvalidFile,
    UsageError,
)
from loop_cli.planning import plan
from loop_cli.planning.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.entity import Entity, EntityFile
    from loop_cli.core.links import LinkSource
    from loop_cli.core.records.record import AuditRecord, History, Origin
    from loop_cli.core.schema.references import Other
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.store import AnyChange
    from loop_cli.planning.plan import Policy
    from loop_cli.planning.referred import Referred
    from loop_cli.planning.snapshot import Snapshot

_THERE = "exists already, or a name that differs from it only by case or normal form"


class StoreContext(ABC):
    """What a planner needs to know from its store."""

    @property
    @abstractmethod
    def rules(self) -> Rules:
        """As `Store.rules`."""

    @abstractmethod
    def named(self, name: str) -> list[EntityFile]:
        """Return the files that have the id, or if there are none, the alias."""

    @abstractmethod
    def carrier(self, entity_id: str) -> EntityFile | None:
        """Return the file that has the id, or one of several; aliases do not count."""

    @abstractmethod
    def find(self, entity_id: str) -> Entity | None:
        """Return the entity of that file."""

    @abstractmethod
    def seems_taken(self, entity_id: str) -> bool:
        """Whether a file has the id, by the last look at all files."""

    @abstractmethod
    def all_ids(self) -> Iterable[str]:
        """Yield every id that a file seems to have."""

    @abstractmethod
    def history(self, entity_id: str) -> History:
        """Return the records of an id."""

    @abstractmethod
    def recorded_with(self, key: str) -> AuditRecord | None:
        """The newest record of a call with an idempotency key."""

    def created_with(self, key: str) -> AuditRecord | None:
        """The record of the create that was called with an idempotency key."""
        record = self.recorded_with(key)
        return record if record is not None and record.data.get("action") == "create" else None

    @abstractmethod
    def admits(self, path: str) -> bool:
        """Whether loop looks for entities at a place. Raises what `is_free` raises."""

    @abstractmethod
    def is_free(self, path: str, *, leaves: str | None = None) -> bool:
        """Whether a file can be put at a place.

        No other file may be there, nor a name that differs only by case or normal form; the file
        `leaves` does not count. Raises `InvalidFile` if no file can ever be there.
        """

    @abstractmethod
    def kept(self, sha256: str) -> bytes | None:
        """Return the bytes that were kept under a SHA-256."""

    @abstractmethod
    def files(self, mentioning: str) -> Iterator[EntityFile]:
        """As `Store.files`, for one text."""

    @abstractmethod
    def paths(self) -> Iterable[str]:
        """As `Store.paths`."""

    @abstractmethod
    def link_sources(self, where: Callable[[str, bytes], bool]) -> Iterator[LinkSource]:
        """As `Store.link_sources`."""


class Planner:
    """Plans changes in turn. `together` are all changes of one atomic group."""

    def __init__(
        self,
        around: StoreContext,
        *,
        policy: Policy,
        origin: Origin,
        together: Sequence[AnyChange] = (),
    ) -> None:
        self._around = around
        self._policy = policy
        self._origin = origin
        self._going = [
            one
            for one in together
            if isinstance(one, Delete) or (isinstance(one, Move) and one.leaves)
        ]
        self._leaving = {nfc(one.entity_id) for one in self._going}
        self._referred: Referred | None = None
        self._in_group = bool(together)
        self._ids: set[str] = set()
        self._close: dict[str, tuple[str, ...]] = {}
        self._made: list[Entity] = []
        self._places: set[str] = set()

    def plan(self, change: AnyChange, seen: Snapshot | None) -> Plan:
        """Plan one change of the entity `seen`, which is None for a new one.

        Raises what `Store.commit` lists for a change.
        """
        origin = change.origin or self._origin
        self._refuse_done(origin)
        if isinstance(change, Create):
            planned = self._create(change, origin)
        elif isinstance(change, Restore):
            planned = self._restore(change, origin)
        else:
            assert seen is not None, "only what is to come was not seen"
            planned = self._change(change, seen, origin)
        if self._in_group:
            self._take(planned)
        return planned

    def _refuse_done(self, origin: Origin) -> None:
        """Raise `AlreadyDone` where another call has used the origin's idempotency key. What the
        same run has recorded under it is a part of this call."""
        if origin.key is None:
            return
        record = self._around.recorded_with(origin.key)
        if record is not None and record.data.get("run_id") != origin.run_id:
            raise AlreadyDone(f"a call with the key {origin.key!r} was made before", record=record)

    def _change(self, change: AnyChange, seen: Snapshot, origin: Origin) -> Plan:
        said: tuple[str, ...] = ()
        if not isinstance(change, Create | Restore) and change.precondition.conditions:
            plan.refuse_strange(change.precondition, seen.entity, self._around.rules)
        if isinstance(change, Delete):
            from loop_cli.planning import life as plan_life

            if not change.orphan:
                said = self._refuse_referred(seen.entity, change)
            planned = plan_life.delete(seen, change, policy=self._policy, origin=origin)
            return planned.replace(warnings=(*planned.warnings, *said))
        assert not isinstance(change, Create | Restore)
        if isinstance(change, Mend):
            from loop_cli.planning import life as plan_life

            return plan_life.mend(seen, change, policy=self._policy, origin=self._origin)
        if isinstance(change, Move) and change.leaves:
            said = self._refuse_referred(seen.entity, change)
        if isinstance(change, Move) and change.to != seen.entity.path:
            self._refuse_taken(change.to, seen.entity.id, leaves=seen.entity.path)
            if not (self._around.admits(change.to) or change.to.startswith(f"{ARCHIVE}/")):
                raise InvalidFile(change.to, "is not a place for entities")
        made = plan.make(seen, change, policy=self._policy, origin=origin, others=self)
        return made.replace(warnings=(*made.warnings, *said)) if said else made

    def _create(self, change: Create, origin: Origin) -> Plan:
        from loop_cli.planning import life as plan_life

        if change.key is not None:
            record = self._around.created_with(change.key)
            if record is not None:
                return self._made_before(change, record)
        problems = list(change.problems)
        entity_id = self._id_for(change, problems)
        path = (change.path or "").replace("{entity_id}", entity_id)
        if change.path is not None:
            self._look_for_place(path, problems)
        text = self._draft(change, entity_id, problems)
        if problems:
            label = change.entity_id if isinstance(change.entity_id, str) else change.entity_type
            raise _invalid(label, problems)
        made = plan_life.create(
            change,
            text,
            entity_id,
            path,
            history=self._around.history(entity_id),
            policy=self._policy,
            origin=origin,
        )
        return made.replace(warnings=(*made.warnings, *self._new_fields(made.after)))

    def _new_fields(self, entity: Entity) -> list[str]:
        """Sentences about fields of a new entity that an open schema does not know."""
        if not self._around.rules.schema.is_open:
            return []
        from loop_cli.core.schema import open_fields
        from loop_cli.core.schema.rules import Case

        case = Case(entity.fields, entity.type, entity.id)
        return open_fields.warnings(case, self._around.rules)

    def _draft(self, change: Create, entity_id: str, problems: list[dict[str, Any]]) -> str:
        """Return the text of the file; its problems are added to `problems`."""
        from loop_cli.planning import templates

        names = self._policy.names
        identity = {names.id: entity_id} if not names.id_is_stem else {}
        identity |= {names.type: change.entity_type} if not names.type_is_folder else {}
        draft, fields = templates.draft(
            change, identity, entity_id, now=self._policy.clock(), rules=self._around.rules
        )
        for name, line in draft.unknown:
            message = f"{change.source}:{line}: {{{{{name}}}}} stands for nothing that loop knows"
            problems.append(_problem(name, "unknown_placeholder", message))
        problems += self._judged(change, entity_id, fields)
        return draft.text

    def _judged(
        self, change: Create, entity_id: str, fields: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Return the rules' problems with the fields of a new entity, but not with its identity.

        A task without a project gets no second problem about its parent.
        """
        from loop_cli.core.schema import field_rules, references
        from loop_cli.core.schema.rules import Case

        rules, kind = self._around.rules, change.entity_type
        case = Case(
            fields, kind, entity_id, is_new=True, passed=frozenset(self._policy.names.read_only())
        )
        follows = kind == "Task" and not fields.get("project_id")
        for one in (*field_rules.problems(case, rules), *references.problems(case, rules, self)):
            if not (follows and (one.field, one.rule) == ("parent_id", "missing-field")):
                yield one.as_dict()

    def named(self, name: str) -> Sequence[Other]:
        """Return the entities that a reference may mean, with those planned before."""
        found = [one for one in self._around.named(name) if "{" not in one.id]
        stay = [one for one in found if nfc(one.id) not in self._leaving]
        return stay or [one for one in self._made if nfc(one.id) == nfc(name)]

    def nearest(self, name: str) -> tuple[str, ...]:
        """Return ids similar to a missing one; two fields often have the same one."""
        if name not in self._close:
            self._close[name] = tuple(nearest(name, self._around.all_ids()))
        return self._close[name]

    def _look_for_place(self, path: str, problems: list[dict[str, Any]]) -> None:
        try:
            if self._is_planned(path) or not self._around.is_free(path):
                problems.append(_problem("path", "taken", f"{path} {_THERE}"))
            elif not self._around.admits(path):
                words = f"{path} is not a place where loop looks for entities"
                problems.append(_problem("path", "no_place", words))
        except InvalidFile as error:
            problems.append(_problem("path", "no_place", error.message))

    def _restore(self, change: Restore, origin: Origin) -> Plan:
        from loop_cli.planning import life as plan_life

        record = change.record
        sha256 = plan_life.kept_of(record)
        data = None if sha256 is None else self._around.kept(sha256)
        planned = plan_life.restore(change, data, policy=self._policy, origin=origin)
        self._refuse_known(planned.after.id)
        self._refuse_taken(planned.path, planned.after.id)
        return planned

    def _made_before(self, change: Create, record: AuditRecord) -> Plan:
        """Return the plan that does nothing, because an earlier call has made the entity."""
        if change.request != record.metadata.get("request"):
            raise UsageError(
                f"the idempotency key {change.key!r} was used for another call, which made "
                f"{record.entity_id}",
                hint="give every call its own key",
            )
        entity = self._around.find(record.entity_id)
        if entity is None:
            raise EntityNotFound(
                f"the call with the key {change.key!r} made {record.entity_id}, "
                "which is not there any more",
                entity_id=record.entity_id,
                nearest=[],
                hint=Action("list_records", entity_id=record.entity_id),
            )
        return Plan(
            before=entity,
            after=entity,
            source=entity.path,
            target=entity.path,
            data=entity.raw,
            diff={},
            wanted={},
            record={},
            kept={},
            warnings=entity.warnings,
        )

    def _id_for(self, change: Create, problems: list[dict[str, Any]]) -> str:
        """Return the id; empty if there can't be one yet."""
        from loop_cli.core import ids

        rule = change.entity_id
        if rule is None:
            return ""
        if isinstance(rule, str):
            other = self._around.carrier(rule)
            if other is not None or nfc(rule) in self._ids:
                where = f" by {other.path}" if other is not None else ""
                message = f"the id {rule!r} is taken{where}"
                problems.append(_problem(self._policy.names.id, "taken", message))
            return rule
        known = [*self._around.all_ids(), *self._ids] if rule.looks_at_others else []
        for one in ids.candidates(rule, now=self._policy.clock(), ids=known, entropy=os.urandom):
            if not self._is_there(one) and not self._was_there(one):
                return one
        message = f"no id is free: all that begin with {rule.prefix!r} are taken; --id gives one"
        problems.append(_problem(self._policy.names.id, "taken", message))
        return ""

    def _is_there(self, entity_id: str) -> bool:
        """Whether the vault already has a generated id.

        It is not necessary to look at all files: the log knows the ids that loop has made, a
        counted id comes after all files were looked at, and nobody else makes the same millisecond
        of the same project, or the same random digits.
        """
        return nfc(entity_id) in self._ids or self._around.seems_taken(entity_id)

    def _was_there(self, entity_id: str) -> bool:
        """Whether the log knows the id; the new entity then continues that history."""
        return any(one.undoes is None for one in self._around.history(entity_id).records)

    def _refuse_known(self, entity_id: str) -> None:
        other = self._around.carrier(entity_id)
        if other is not None or nfc(entity_id) in self._ids:
            where = f" by {other.path}" if other is not None else ""
            raise _taken(entity_id, "entity_id", f"the id {entity_id!r} is taken{where}")

    def _refuse_taken(self, path: str, entity_id: str, *, leaves: str | None = None) -> None:
        if self._is_planned(path) or not self._around.is_free(path, leaves=leaves):
            raise _taken(entity_id, "path", f"{path} {_THERE}")

    def _is_planned(self, path: str) -> bool:
        """Whether a change that was planned before puts a file there."""
        return one_name(path) in map(one_name, self._places)

    def _refuse_referred(self, entity: Entity, change: Delete | Move) -> tuple[str, ...]:
        """Raise `StillReferred`, or return sentences about links that will lead nowhere."""
        from loop_cli.planning.referred import Referred

        if self._referred is None:
            self._referred = Referred(self._around, self._policy.names, self._going)
        return self._referred.refuse(entity, cascade=change.cascade)

    def _take(self, planned: Plan) -> None:
        for path in {planned.source, planned.target} - {None}:
            if path in self._places and planned.changed:
                raise UsageError(f"an atomic group changes {path} twice")
            self._places.add(path or "")
        if planned.source is None:
            self._ids.add(nfc(planned.after.id))
            self._made.append(planned.after)


def _problem(field: str, problem: str, message: str) -> dict[str, Any]:
    return {"field": field, "problem": problem, "message": message}


def _taken(entity_id: str, field: str, message: str) -> InvalidChange:
    return InvalidChange(
        f"{entity_id}: {message}",
        entity_id=entity_id,
        problems=[_problem(field, "taken", message)],
    )


def _invalid(label: str, problems: list[dict[str, Any]]) -> InvalidChange:
    """Return all problems, each once."""
    unique = list({(one["field"], one["problem"]): one for one in reversed(problems)}.values())
    unique.reverse()
    lines = [
        one["message"] if one["problem"] == "unknown_placeholder"
        else f"{one['field']}: {one['message']}"
        for one in unique
    ]  # fmt: skip
    shown = label if label.isprintable() else repr(label)
    text = f"{shown}: {lines[0]}"
    if len(lines) > 1:
        text = f"{shown}: {len(lines)} problems\n" + "\n".join(f"  {line}" for line in lines)
    return InvalidChange(text, entity_id=label, problems=unique)
