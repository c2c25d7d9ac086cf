"""The reference store of the test suite: the contract without files, locks or syncs."""

from __future__ import annotations

import json
import os

from loop_cli.core import conflict, links, order
from loop_cli.core.commits import CommitResult, Create, EntityChange, Mend, Restore
from loop_cli.core.evaluate import evaluate
from loop_cli.core.listed import Hit, Listed, list_entity
from loop_cli.core.names import is_hidden, nfc, one_name
from loop_cli.core.query import Query
from loop_cli.core.records.record import AuditRecord, History
from loop_cli.core.records.story import undo_of
from loop_cli.core.references import referred
from loop_cli.core.schema.rules import Rules
from loop_cli.core.store import Store, passed_over
from loop_cli.core.wanted import Wanted
from loop_cli.errors import (
    ConflictError,
    EntityNotFound,
    InvalidFile,
    LoopError,
    NoEntity,
    failing_at,
)
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.jsontext import as_json
from loop_cli.planning import plan, resolution, snapshot
from loop_cli.planning.broken import unread
from loop_cli.planning.hits import hit_of
from loop_cli.planning.planner import Planner, StoreContext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from loop_cli.core.commits import AnyChange, Delete
    from loop_cli.core.entity import Entity, EntityFile, FieldNames
    from loop_cli.core.links import Files, LinkSource
    from loop_cli.core.records.record import Origin
    from loop_cli.core.schema.schema import Schema
    from loop_cli.planning.plan import Plan
    from loop_cli.planning.resolution import Located


class MemoryStore(Store):
    """Files and log lines in memory. `clock` gives microseconds; `private` names the fields
    that are recorded as hashes."""

    def __init__(
        self,
        texts: Mapping[str, bytes],
        *,
        names: FieldNames,
        clock: Callable[[], int],
        schema: Schema,
        private: tuple[str, ...] = (),
    ) -> None:
        self.names = names
        self.private = private
        self.lines: list[bytes] = []
        self._kept: dict[str, bytes] = {}
        self._passed_over = 0
        self._clock = clock
        self._schema = schema
        self._files = {path: (data, clock()) for path, data in texts.items()}

    @property
    def schema(self) -> Schema:
        return self._schema

    @property
    def rules(self) -> Rules:
        return Rules(self.schema, self.names)

    def take_warnings(self) -> list[str]:
        count, self._passed_over = self._passed_over, 0
        return passed_over(count)

    def edit_outside(self, path: str, data: bytes) -> None:
        """Write a file as another program would: no check, no record."""
        self._files[path] = (data, self._clock())

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        return self._files[path][0]

    def has(self, path: str) -> bool:
        """Whether a file is there."""
        return path in self._files

    def remove_outside(self, path: str) -> None:
        """Remove a file as another program would."""
        del self._files[path]

    def find(self, entity_id: str, *, path: str | None = None) -> Entity:
        place = self._locate(entity_id, path)
        entity = self._observe(place).entity
        return entity.replace(warnings=(*place.warnings, *entity.warnings))

    def note(self, path: str) -> Entity:
        return self._observe(self._note(path)).entity

    def scan(
        self, query: Query | None = None, *, told: Callable[[int], None] | None = None
    ) -> Iterator[Listed]:
        yield from evaluate(self._all(told), query or Query(), self.schema)

    def search(self, query: Query, *, told: Callable[[int], None] | None = None) -> Iterator[Hit]:
        wanted = Wanted(query.text or "")
        read = [hit_of(listed, self.read(listed.path), wanted) for listed in self._all(told)]
        found = [hit for hit in read if hit is not None]
        in_order = sorted(found, key=lambda hit: not hit.in_names)
        yield from evaluate(in_order, query, self.schema)

    def _all(self, told: Callable[[int], None] | None) -> Iterator[Listed]:
        """Every entity, by id and path."""
        self._passed_over = 0
        found = []
        for count, (path, (data, modified)) in enumerate(self._files.items(), start=1):
            try:
                parsed = snapshot.parse(data, path, self.names)
            except InvalidFile as error:
                self._passed_over += not isinstance(error, NoEntity)
                continue
            finally:
                if told is not None:
                    told(count)
            place = resolution.Located(parsed=parsed, modified=modified)
            found.append(self._observe(self._with_shared(place)).entity)
        listed = map(list_entity, found)
        return iter(sorted(listed, key=lambda one: order.tie(one.id, one.path)))

    def records(self, entity_id: str | None = None) -> Iterator[AuditRecord]:
        for line in reversed(self.lines):
            record = AuditRecord(data=json.loads(line), digest=sha256_hex(line))
            if entity_id is None or record.is_of(entity_id, None):
                yield record

    def records_of_run(self, run_id: str) -> Iterator[AuditRecord]:
        for record in self.records():
            if (
                record.data.get("run_id") == run_id
                or undo_of(record).get("run_id") == run_id
                or record.redacted
            ):
                yield record

    def kept(self, sha256: str) -> bytes | None:
        return self._kept.get(sha256)

    def forget(self, sha256: str) -> None:
        """Remove what is kept of a value."""
        del self._kept[sha256]

    def files(self, *, referring_to: Sequence[str] | None = None) -> Iterator[EntityFile]:
        wanted = None if referring_to is None else set(map(nfc, referring_to))
        for path, (data, _modified) in list(self._files.items()):
            try:
                found = snapshot.parse(data, path, self.names).file
            except InvalidFile:
                continue
            texts = (text for _path, text in referred(found.fields, self.names))
            if wanted is None or wanted & {nfc(found.id), *texts}:
                yield found

    def paths(self) -> Iterator[str]:
        return iter(list(self._files))

    def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]:
        may_link = links.may_link(paths)
        for path, (data, _modified) in list(self._files.items()):
            if path.endswith(links.SOURCES) and may_link(path, data):
                try:
                    found = snapshot.parse(data, path, self.names).file
                except InvalidFile:
                    found = None
                yield links.LinkSource(path=path, data=data, entity=found)

    def commit(
        self,
        changes: Sequence[AnyChange],
        *,
        origin: Origin,
        atomic: bool = False,
        dry_run: bool = False,
    ) -> list[CommitResult | LoopError]:
        if atomic:
            return self._commit_group(changes, origin, dry_run=dry_run)
        outcomes: list[CommitResult | LoopError] = []
        for change in changes:
            try:
                place, planned = self._plan(self._planner(origin), change)
                record = self._write(planned) if planned.changed and not dry_run else None
                outcomes.append(planned.result(record, warnings=place.warnings if place else ()))
            except LoopError as error:
                outcomes.append(error)
        return outcomes

    def _commit_group(
        self, changes: Sequence[AnyChange], origin: Origin, *, dry_run: bool
    ) -> list[CommitResult | LoopError]:
        planner = self._planner(origin, changes)
        group = []
        for at, change in enumerate(changes):
            with failing_at(at):
                group.append(self._plan(planner, change))
        count = sum(planned.changed for _place, planned in group)
        identity = os.urandom(16).hex()
        outcomes: list[CommitResult | LoopError] = []
        index = 0
        for place, planned in group:
            record = None
            if planned.changed and not dry_run:
                member = {"id": identity, "index": index, "count": count}
                record = self._write(planned, member)
                index += 1
            outcomes.append(planned.result(record, warnings=place.warnings if place else ()))
        return outcomes

    def _planner(self, origin: Origin, together: Sequence[AnyChange] = ()) -> Planner:
        policy = plan.Policy(rules=self.rules, clock=self._clock, private=self.private)
        return Planner(_Around(self), policy=policy, origin=origin, together=together)

    def _plan(self, planner: Planner, change: AnyChange) -> tuple[Located | None, Plan]:
        if isinstance(change, Create | Restore):
            return None, planner.plan(change, None)
        place = self._broken(change) if isinstance(change, Mend) else self._locate_change(change)
        return place, planner.plan(change, self._observe(place))

    def _write(self, planned: Plan, group: dict[str, object] | None = None) -> AuditRecord:
        last = sha256_hex(self.lines[-1]) if self.lines else None
        planned.record["metadata"]["previous"] = last
        if group is not None:
            planned.record["metadata"]["group"] = group
        line = as_json(planned.record).encode()
        self.lines.append(line)
        self._kept.update(planned.kept)
        if planned.source is not None:
            del self._files[planned.source]
        if planned.target is not None:
            self._files[planned.target] = (planned.data, self._clock())
        return AuditRecord(data=planned.record, digest=sha256_hex(line))

    def _locate_change(self, change: EntityChange | Delete) -> Located:
        if isinstance(change, EntityChange) and change.note:
            return self._note(change.entity_id)
        return self._locate(change.entity_id, change.path)

    def _note(self, path: str) -> Located:
        resolution.refuse_no_note(path)
        if path not in self._files:
            raise EntityNotFound(f"{path} is not there")
        data, modified = self._files[path]
        parsed = snapshot.parse_note(data, path, self.names)
        return resolution.Located(parsed=parsed, modified=modified, note=True)

    def _broken(self, change: Mend) -> Located:
        try:
            whole = self._locate(change.entity_id, change.path)
        except InvalidFile as error:
            return resolution.Located(
                parsed=unread(error, change.entity_id), modified=self._clock()
            )
        found = conflict.build(
            self._observe(whole).entity,
            reason="edited_outside",
            precondition=change.precondition,
            wanted={},
            history=(),
        )
        raise ConflictError(found)

    def _locate(self, entity_id: str, path: str | None) -> Located:
        found, broken = self._parsed(nfc(entity_id))
        if path is None:
            match = resolution.choose(entity_id, found, broken)
            if match is None:
                raise resolution.no_such_entity(entity_id, [one.parsed.id for one in found])
            return match
        if is_hidden(path):
            raise resolution.not_a_place(path)
        for one in found:
            if one.parsed.path == path:
                if not resolution.is_meant(one, nfc(entity_id)):
                    raise resolution.wrong_file(entity_id, one)
                return self._with_shared(one)
        if path in self._files:
            snapshot.parse(self.read(path), path, self.names)  # raises what is wrong with it
        raise EntityNotFound(f"{path} is not there")

    def _with_shared(self, place: Located) -> Located:
        found, _broken = self._parsed("")
        ids = [nfc(other.parsed.id) for other in found]
        return place.replace(shared=ids.count(nfc(place.parsed.id)) > 1)

    def _parsed(self, wanted: str) -> tuple[list[Located], list[resolution.Broken]]:
        """All entities, and the files that seem to be the one wanted but can't be read."""
        found = []
        broken = []
        for path, (data, modified) in self._files.items():
            try:
                parsed = snapshot.parse(data, path, self.names)
            except InvalidFile as error:
                certain = resolution.claims(data, path, wanted, self.names)
                if certain or resolution.is_named(path, wanted):
                    broken.append(resolution.Broken(error=error, claims=certain))
                continue
            found.append(resolution.Located(parsed=parsed, modified=modified))
        return found, broken

    def _observe(self, place: Located) -> snapshot.Snapshot:
        path = place.parsed.path if place.shared else None
        records = (one for one in self.records() if one.is_of(place.parsed.id, path))
        return snapshot.observe(
            place.parsed, modified=place.modified, history=History(records), names=self.names
        )


class _Around(StoreContext):
    """What a plan asks of a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    @property
    def rules(self) -> Rules:
        return self._store.rules

    def named(self, name: str) -> list[EntityFile]:
        wanted, everybody = nfc(name), list(self._store.files())
        found = [one for one in everybody if nfc(one.id) == wanted]
        return found or [one for one in everybody if wanted in resolution.aliases(one.fields)]

    def carrier(self, entity_id: str) -> EntityFile | None:
        wanted = nfc(entity_id)
        return next((one for one in self._store.files() if nfc(one.id) == wanted), None)

    def alike(self, entity_id: str) -> list[EntityFile]:
        wanted = one_name(entity_id)
        return [one for one in self._store.files() if one_name(one.id) == wanted]

    def find(self, entity_id: str) -> Entity | None:
        found = self.carrier(entity_id)
        return None if found is None else self._store.find(found.id, path=found.path)

    def seems_taken(self, entity_id: str) -> bool:
        return bool(self.alike(entity_id))

    def all_ids(self) -> Iterable[str]:
        return [one.id for one in self._store.files()]

    def history(self, entity_id: str) -> History:
        return History(self._store.records(entity_id))

    def recorded_with(self, key: str) -> AuditRecord | None:
        return next(self._store.records_with_key(key), None)

    def admits(self, path: str) -> bool:
        return True

    def is_free(self, path: str, *, leaves: str | None = None) -> bool:
        resolution.refuse_no_place(path)
        wanted = one_name(path)
        there = (one for one in self._store.paths() if one_name(one) == wanted)
        return not self._store.has(path) and not any(one != leaves for one in there)

    def kept(self, sha256: str) -> bytes | None:
        return self._store.kept(sha256)

    def referring_to(self, entity_id: str) -> Iterator[EntityFile]:
        return self._store.files(referring_to=(entity_id,))

    def has_field(self, name: str) -> bool:
        return any(name in one.fields for one in self._store.files())

    def link_targets(self) -> Files:
        return self._store.link_targets()

    def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]:
        return self._store.links_to(paths)
