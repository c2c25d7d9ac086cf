"""Plan a change of any kind, with the knowledge of the whole store.

That is: which ids and places are taken, which entities refer to which, and which bytes were kept.
One planner serves all changes of an atomic group, so that they see each other's ids and places.
Modules that an update does not need are imported when they are needed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from loop_cli.core.commits import Create, Delete, Mend, Move, PutBack, Restore
from loop_cli.core.names import ARCHIVE, nearest, nfc, one_name
from loop_cli.errors import InvalidChange, InvalidFile, UsageError
from loop_cli.planning import plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from loop_cli.core.commits import AnyChange
    from loop_cli.core.entity import Entity, EntityFile
    from loop_cli.core.links import Files, LinkSource
    from loop_cli.core.records.record import AuditRecord, History, Origin
    from loop_cli.core.schema.references import Other
    from loop_cli.core.schema.rules import Rules
    from loop_cli.planning.plan import Plan, Policy
    from loop_cli.planning.referred import Referred
    from loop_cli.planning.snapshot import Snapshot


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
    def alike(self, entity_id: str) -> Sequence[EntityFile]:
        """Return the files that have the id, or one that differs from it only by case."""

    @abstractmethod
    def find(self, entity_id: str) -> Entity | None:
        """Return the entity of that file."""

    @abstractmethod
    def seems_taken(self, entity_id: str) -> bool:
        """Whether a file has the id, or one that differs only by case, by the last look at all
        files."""

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
    def referring_to(self, entity_id: str) -> Iterator[EntityFile]:
        """As `Store.files`, for one id."""

    @abstractmethod
    def has_field(self, name: str) -> bool:
        """Whether any entity has a field."""

    @abstractmethod
    def link_targets(self) -> Files:
        """As `Store.link_targets`."""

    @abstractmethod
    def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]:
        """As `Store.links_to`."""


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
        self._ids: dict[str, str] = {}  # of new entities, by how they read without case
        self._close: dict[str, tuple[str, ...]] = {}
        self._fields: dict[str, bool] = {}
        self._made: list[Entity] = []
        self._after: dict[str, Entity] = {}
        self._places: set[str] = set()

    def plan(self, change: AnyChange, seen: Snapshot | None) -> Plan:
        """Plan one change of the entity `seen`, which is None for a new one.

        Raises what `Store.commit` lists for a change.
        """
        origin = change.origin or self._origin
        self._refuse_done(origin)
        if isinstance(change, Create):
            from loop_cli.planning.creating import Creating

            taken = (self._is_taken, self.why_taken)
            creating = Creating(self._around, self._policy, self, self._ids, *taken)
            planned = creating.plan(change, origin)
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
            from loop_cli.failures import AlreadyDone

            raise AlreadyDone(f"a call with the key {origin.key!r} was made before", record=record)

    def _change(self, change: AnyChange, seen: Snapshot, origin: Origin) -> Plan:
        said: tuple[str, ...] = ()
        assert not isinstance(change, Create | Restore)
        if change.precondition.conditions:
            from loop_cli.planning import conditions

            given = conditions.with_names(change.precondition, self._around.rules)
            change = change.replace(precondition=given)
            conditions.refuse_unknown(seen, change, self._around.rules, self._has_field)
        if isinstance(change, Delete):
            from loop_cli.planning import life as plan_life

            if not change.orphan:
                said = self._refuse_referred(seen.entity, change)
            planned = plan_life.delete(
                seen,
                change,
                policy=self._policy,
                origin=origin,
                shared=self._is_shared(change, seen),
            )
            return planned.replace(warnings=(*planned.warnings, *said))
        if isinstance(change, Mend):
            from loop_cli.planning import life as plan_life

            return plan_life.mend(seen, change, policy=self._policy, origin=self._origin)
        if isinstance(change, Move) and change.leaves:
            said = self._refuse_referred(seen.entity, change)
        if isinstance(change, Move) and change.to != seen.entity.path:
            self._refuse_taken(change.to, seen.entity.id, leaves=seen.entity.path)
            if not (self._around.admits(change.to) or change.to.startswith(f"{ARCHIVE}/")):
                raise InvalidFile(change.to, "is not a place for entities")
        if isinstance(change, PutBack):
            from loop_cli.planning import life as plan_life

            return plan_life.put_back(seen, change, policy=self._policy, origin=origin)
        made = plan.make(seen, change, policy=self._policy, origin=origin, others=self)
        return made.replace(warnings=(*made.warnings, *said)) if said else made

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

    def _has_field(self, name: str) -> bool:
        """Whether any entity has a field; lines of one stream often ask for the same."""
        if name not in self._fields:
            self._fields[name] = self._around.has_field(name)
        return self._fields[name]

    def _restore(self, change: Restore, origin: Origin) -> Plan:
        from loop_cli.planning import life as plan_life

        record = change.record
        sha256 = plan_life.kept_of(record)
        data = None if sha256 is None else self._around.kept(sha256)
        planned = plan_life.restore(change, data, policy=self._policy, origin=origin)
        shared = plan_life.was_shared(record)
        if not shared:
            self._refuse_known(planned.after.id)
        self._refuse_taken(planned.path, planned.after.id)
        return planned.replace(beside=shared)

    def _is_shared(self, change: Delete, seen: Snapshot) -> bool:
        """Whether other files carry the id of one that goes; then a path has chosen it."""
        entity = seen.entity
        others = self._around.named(entity.id) if change.path is not None else []
        return any(nfc(one.id) == nfc(entity.id) and one.path != entity.path for one in others)

    def _refuse_known(self, entity_id: str) -> None:
        why = self.why_taken(entity_id)
        if why is not None:
            raise _taken(entity_id, "entity_id", why)

    def why_taken(self, entity_id: str) -> str | None:
        """Why no new entity can have an id: another one has it, or will have it, or one that
        differs only by case and does not go in the same group. None if it is free."""
        wanted, message = nfc(entity_id), f"the id {entity_id!r} is taken"
        alike = ""
        for other in self._around.alike(entity_id):
            own = nfc(other.id)
            if own == wanted:
                return f"{message} by {other.path}"
            if own not in self._leaving:
                alike = f"{message}: {other.id} of {other.path} differs from it only by case"
        return alike or (message if one_name(entity_id) in self._ids else None)

    def _refuse_taken(self, path: str, entity_id: str, *, leaves: str | None = None) -> None:
        if self._is_taken(path, leaves=leaves):
            raise _taken(entity_id, "path", f"{path} {plan.IS_THERE}")

    def _is_taken(self, path: str, *, leaves: str | None = None) -> bool:
        """Whether no file can be put at a place: another one is there, or will be, under that name
        or one that differs only by case or normal form. Raises what `is_free` raises."""
        if self._is_planned(path):
            return True
        if self._around.is_free(path, leaves=leaves):
            return False
        folder, _slash, name = path.rpartition("/")
        for one in self._places_left():
            other, _slash, own = one.rpartition("/")
            is_alike = other == folder and own != name and one_name(own) == one_name(name)
            if is_alike and self._around.is_free(path, leaves=one):
                return False
        return True

    def _places_left(self) -> Iterator[str]:
        """Yield the places of files that go in the same atomic group."""
        for one in self._going:
            there = self._around.carrier(one.entity_id) if one.path is None else None
            place = one.path if there is None else there.path
            if place is not None:
                yield place

    def _is_planned(self, path: str) -> bool:
        """Whether a change that was planned before puts a file there."""
        return one_name(path) in map(one_name, self._places)

    def _refuse_referred(self, entity: Entity, change: Delete | Move) -> tuple[str, ...]:
        """Raise `StillReferred`, or return sentences about links that will lead nowhere."""
        from loop_cli.planning.referred import Referred

        if self._referred is None:
            self._referred = Referred(
                self._around, self._policy.names, self._going, self._after, self._made
            )
        return self._referred.refuse(entity, cascade=change.cascade)

    def _take(self, planned: Plan) -> None:
        for path in {planned.source, planned.target} - {None}:
            if path in self._places and planned.changed:
                raise UsageError(f"an atomic group changes {path} twice")
            self._places.add(path or "")
        if planned.source is None:
            self._ids[one_name(planned.after.id)] = nfc(planned.after.id)
            self._made.append(planned.after)
        elif planned.target is not None and planned.changed:
            self._after[planned.source] = planned.after


def _taken(entity_id: str, field: str, message: str) -> InvalidChange:
    return InvalidChange(
        f"{entity_id}: {message}",
        entity_id=entity_id,
        problems=[{"field": field, "problem": "taken", "message": message}],
    )
