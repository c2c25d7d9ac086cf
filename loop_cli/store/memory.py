"""The reference store of the test suite: the contract without files, locks or syncs."""

from __future__ import annotations

import hashlib
import json

from loop_cli.core.audit import AuditRecord, History
from loop_cli.core.names import nfc
from loop_cli.errors import EntityNotFound, InvalidFile, LoopError
from loop_cli.store import locate, plan, schema_file, snapshot
from loop_cli.store.base import CommitResult, Store
from loop_cli.store.log import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from loop_cli.core.audit import Origin
    from loop_cli.core.entity import Entity, FieldNames
    from loop_cli.core.schema import Schema
    from loop_cli.store.base import EntityChange
    from loop_cli.store.locate import Located
    from loop_cli.store.plan import Plan


class MemoryStore(Store):
    """Files and log lines in memory. `clock` gives microseconds."""

    def __init__(
        self,
        texts: Mapping[str, bytes],
        *,
        names: FieldNames,
        clock: Callable[[], int],
        schema: Schema | None = None,
    ) -> None:
        self.names = names
        self.lines: list[bytes] = []
        self._clock = clock
        self._schema = schema or schema_file.shipped()
        self._files = {path: (data, clock()) for path, data in texts.items()}

    @property
    def schema(self) -> Schema:
        return self._schema

    @property
    def warnings(self) -> list[str]:
        return []

    def edit_outside(self, path: str, data: bytes) -> None:
        """Write a file as another program would: no check, no record."""
        self._files[path] = (data, self._clock())

    def find(self, entity_id: str, *, path: str | None = None) -> Entity:
        return self._observe(self._locate(entity_id, path)).entity

    def records(self) -> Iterator[AuditRecord]:
        for line in reversed(self.lines):
            yield AuditRecord(data=json.loads(line), digest=hashlib.sha256(line).hexdigest())

    def commit(
        self,
        changes: Sequence[EntityChange],
        *,
        origin: Origin,
        atomic: bool = False,
        dry_run: bool = False,
    ) -> list[CommitResult | LoopError]:
        before = dict(self._files), list(self.lines)
        outcomes: list[CommitResult | LoopError] = []
        for change in changes:
            try:
                outcomes.append(self._commit_one(change, origin, dry_run=dry_run))
            except LoopError as error:
                if atomic:
                    self._files, self.lines = before
                    raise
                outcomes.append(error)
        return outcomes

    def _commit_one(self, change: EntityChange, origin: Origin, *, dry_run: bool) -> CommitResult:
        place = self._locate(change.entity_id, change.path)
        policy = plan.Policy(schema=self.schema, names=self.names, clock=self._clock)
        planned = plan.make(self._observe(place), change, policy=policy, origin=origin)
        record = self._write(planned) if planned.changed and not dry_run else None
        return CommitResult(
            before=planned.before,
            after=planned.after,
            diff=planned.diff,
            changed=planned.changed,
            record=record,
            warnings=planned.warnings,
        )

    def _write(self, planned: Plan) -> AuditRecord:
        last = hashlib.sha256(self.lines[-1]).hexdigest() if self.lines else None
        planned.record["metadata"]["previous"] = last
        line = encode(planned.record)
        self.lines.append(line)
        self._files[planned.before.path] = (planned.data, self._clock())
        return AuditRecord(data=planned.record, digest=hashlib.sha256(line).hexdigest())

    def _locate(self, entity_id: str, path: str | None) -> Located:
        found = self._parsed()
        if path is None:
            match = locate.choose(entity_id, found)
            if match is None:
                raise locate.no_such_entity(entity_id, [one.parsed.id for one in found])
            return match
        for one in found:
            if one.parsed.path == path:
                if nfc(entity_id) not in (nfc(one.parsed.id), *locate.aliases(one.parsed)):
                    raise locate.wrong_file(entity_id, one)
                ids = [nfc(other.parsed.id) for other in found]
                return one.replace(shared=ids.count(nfc(one.parsed.id)) > 1)
        raise EntityNotFound(f"{path} is not there")

    def _parsed(self) -> list[Located]:
        found = []
        for path, (data, modified) in self._files.items():
            try:
                parsed = snapshot.parse(data, path, self.names)
            except InvalidFile:
                continue
            found.append(locate.Located(parsed=parsed, modified=modified))
        return found

    def _observe(self, place: Located) -> snapshot.Snapshot:
        path = place.parsed.path if place.shared else None
        records = (one for one in self.records() if one.is_of(place.parsed.id, path))
        return snapshot.observe(
            place.parsed, modified=place.modified, history=History(records), names=self.names
        )
