"""The Markdown vault: entities are files, and a change is compared, staged, recorded and
exchanged under one lock (SPEC §6, "Exactly once").

Which sync guards what: `StagedChange.stage` makes content and intent durable before the
line; `AuditLog.append` the line before the exchange; `StagedChange.exchange` the entity
before it is reported. A crash between any two is mended by `store.recovery`.
"""

from __future__ import annotations

import os

from loop_cli.core import conflict
from loop_cli.core.audit import AuditRecord, History
from loop_cli.core.names import nfc
from loop_cli.errors import (
    ConflictError,
    EntityNotFound,
    LoopError,
    StorageError,
    UsageError,
    VaultLocked,
)
from loop_cli.store import files, plan, recovery, schema_file, staging
from loop_cli.store.base import CommitResult, Store
from loop_cli.store.landing import Moved, discard_unrecorded, land_all
from loop_cli.store.locate import Located, Locator
from loop_cli.store.lock import VaultLock
from loop_cli.store.log import AuditLog, encode
from loop_cli.store.snapshot import Snapshot, etag_of, observe
from loop_cli.store.staging import Intent, StagedChange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from loop_cli.core.audit import Origin
    from loop_cli.core.entity import Entity, FieldNames
    from loop_cli.core.schema import Schema
    from loop_cli.store.base import EntityChange
    from loop_cli.store.plan import Plan, Policy

_TRIES = 3


class VaultStore(Store):
    """The vault at `root`. `lock_timeout` is in seconds, `clock` gives microseconds;
    `private` names the fields that are recorded as hashes."""

    def __init__(
        self,
        root: str,
        *,
        names: FieldNames,
        clock: Callable[[], int],
        lock_timeout: float = 10.0,
        private: tuple[str, ...] = (),
    ) -> None:
        self.root = root
        self.names = names
        self.log = AuditLog(root)
        self._clock = clock
        self._lock_timeout = lock_timeout
        self._private = private
        self._schema: Schema | None = None
        self._notices: list[str] = []

    @property
    def schema(self) -> Schema:
        if self._schema is None:
            self._schema = schema_file.load(self.root)
        return self._schema

    @property
    def warnings(self) -> list[str]:
        passed_over = self.log.unreadable
        lines = "a line" if passed_over == 1 else f"{passed_over} lines"
        found = [f"{lines} of the audit log can't be read; passed over"] if passed_over else []
        return [*self._notices, *found]

    def find(self, entity_id: str, *, path: str | None = None) -> Entity:
        unsettled = self._recover_if_free()
        located = self._locator().find(entity_id, path=path)
        entity = self._observe(located, unsettled=unsettled).entity
        return entity.replace(warnings=(*located.warnings, *entity.warnings))

    def records(self) -> Iterator[AuditRecord]:
        self._recover_if_free()
        return self.log.records()

    def ids(self) -> list[str]:
        """Every id that a file seems to carry."""
        return self._locator().ids()

    def commit(
        self,
        changes: Sequence[EntityChange],
        *,
        origin: Origin,
        atomic: bool = False,
        dry_run: bool = False,
    ) -> list[CommitResult | LoopError]:
        policy = self._policy()
        located = [self._locate(change) for change in changes]
        if dry_run:
            return self._each(changes, located, policy, origin, self._preview, atomic=atomic)
        failed = next((one for one in located if isinstance(one, LoopError)), None)
        if failed is not None and (atomic or len(located) == 1):
            return _raise_or_list(failed, atomic=atomic)
        with VaultLock(self.root, wait=self._lock_timeout, clock=self._clock):
            self._recover()
            if atomic:
                places = [place for place in located if isinstance(place, Located)]
                return self._commit_group(changes, places, policy, origin)
            return self._each(changes, located, policy, origin, self._commit_one, atomic=atomic)

    # -- one change -------------------------------------------------------------------

    def _each(
        self,
        changes: Sequence[EntityChange],
        located: Sequence[Located | LoopError],
        policy: Policy,
        origin: Origin,
        step: Callable[[EntityChange, Located, Policy, Origin], CommitResult],
        *,
        atomic: bool,
    ) -> list[CommitResult | LoopError]:
        outcomes: list[CommitResult | LoopError] = []
        for change, place in zip(changes, located, strict=True):
            try:
                if isinstance(place, LoopError):
                    raise place
                outcomes.append(step(change, place, policy, origin))
            except LoopError as error:
                if atomic:
                    raise
                outcomes.append(error)
        return outcomes

    def _preview(
        self, change: EntityChange, place: Located, policy: Policy, origin: Origin
    ) -> CommitResult:
        planned = plan.make(self._observe(place), change, policy=policy, origin=origin)
        return result_of(planned, place, record=None)

    def _commit_one(
        self, change: EntityChange, place: Located, policy: Policy, origin: Origin
    ) -> CommitResult:
        for _attempt in range(_TRIES):
            place = self._reread(change, place)
            planned = plan.make(self._observe(place), change, policy=policy, origin=origin)
            if not planned.changed:
                return result_of(planned, place, record=None)
            try:
                return result_of(planned, place, record=self._land(planned))
            except Moved:
                continue
        raise self._kept_moving(change, self._reread(change, place))

    def _land(self, planned: Plan) -> AuditRecord:
        """Stage, record, exchange. Raises `Moved`, `StorageError`."""
        descriptor = self.log.open()
        try:
            staged, record = self.stage(planned, previous=self.log.previous())
            land_all(self, [staged], descriptor)
            return record
        finally:
            os.close(descriptor)

    # -- an atomic group ----------------------------------------------------------------

    def _commit_group(
        self,
        changes: Sequence[EntityChange],
        places: Sequence[Located],
        policy: Policy,
        origin: Origin,
    ) -> list[CommitResult | LoopError]:
        """All or none: planned together, recorded by one append, then exchanged."""
        for _attempt in range(_TRIES):
            places = [self._reread(*pair) for pair in zip(changes, places, strict=True)]
            _refuse_twice(places)
            plans = [
                plan.make(self._observe(place), change, policy=policy, origin=origin)
                for change, place in zip(changes, places, strict=True)
            ]
            try:
                records = self._land_group([one for one in plans if one.changed])
            except Moved:
                continue
            return [
                result_of(one, place, record=records.pop(0) if one.changed else None)
                for one, place in zip(plans, places, strict=True)
            ]
        raise self._kept_moving(changes[0], places[0])

    def _land_group(self, plans: Sequence[Plan]) -> list[AuditRecord]:
        descriptor = self.log.open()
        group, previous = os.urandom(16).hex(), self.log.previous()
        staged: list[StagedChange] = []
        records: list[AuditRecord] = []
        try:
            for index, one in enumerate(plans):
                place = {"id": group, "index": index, "count": len(plans)}
                change, record = self.stage(one, previous=previous, group=place)
                staged.append(change)
                records.append(record)
                previous = record.digest
            land_all(self, staged, descriptor)
            return records
        except StorageError:
            discard_unrecorded(staged, self.log)
            raise
        finally:
            os.close(descriptor)

    # -- steps of both --------------------------------------------------------------------

    def stage(
        self, planned: Plan, *, previous: str | None, group: dict[str, object] | None = None
    ) -> tuple[StagedChange, AuditRecord]:
        """The planned change on the disk, beside the vault's files; and its record to come."""
        os.makedirs(staging.staged_folder(self.root), mode=0o700, exist_ok=True)
        for sha256, data in planned.kept.items():
            staging.keep(self.root, data, sha256=sha256)
        record = planned.record
        record["metadata"]["previous"] = previous
        if group is not None:
            record["metadata"]["group"] = group
        line = encode(record)
        name = os.urandom(16).hex()
        path = os.path.relpath(files.inside(self.root, planned.before.path), self._real_root())
        staged = StagedChange(
            self.root,
            Intent(
                name=name,
                path=path,
                staged=staging.staged_place(self.root, path, name),
                etag_before=planned.before.revision.etag,
                etag_after=planned.after.revision.etag,
                line=line.decode(),
                group=group,
            ),
        )
        staged.stage(planned.data)
        return staged, AuditRecord(data=record, digest=_digest(line))

    # -- reading ------------------------------------------------------------------------

    def _locator(self) -> Locator:
        return Locator(self.root, self.schema, self.names)

    def _policy(self) -> Policy:
        return plan.Policy(
            schema=self.schema, names=self.names, clock=self._clock, private=self._private
        )

    def _locate(self, change: EntityChange) -> Located | LoopError:
        try:
            return self._locator().find(change.entity_id, path=change.path)
        except LoopError as error:
            return error

    def _reread(self, change: EntityChange, place: Located) -> Located:
        """The same file as it is now, under the lock; looked for again where it has moved."""
        try:
            now = self._locator().read(place.parsed.path)
            if nfc(now.parsed.id) == nfc(place.parsed.id):
                return now.replace(shared=place.shared, warnings=place.warnings)
        except EntityNotFound:
            pass
        try:
            return self._locator().find(change.entity_id, path=change.path)
        except EntityNotFound:
            gone = self._observe(place).entity
            raise ConflictError(conflict.deleted(gone, precondition=change.precondition)) from None

    def _observe(self, place: Located, *, unsettled: bool = False) -> Snapshot:
        parsed = place.parsed
        records = self.log.records_of(parsed.id, path=parsed.path if place.shared else None)
        history = History(records)
        if unsettled and history.last and history.last.etag_before == etag_of(parsed.data):
            history = History(_after_first(history))
        return observe(parsed, modified=place.modified, history=history, names=self.names)

    def _real_root(self) -> str:
        return os.path.realpath(self.root)

    # -- recovery -----------------------------------------------------------------------

    def _recover(self) -> None:
        if recovery.pending(self.root):
            self._run_recovery(lambda found: found.run())

    def _recover_if_free(self) -> bool:
        """Recover what a crash left; True where a writer is at work instead."""
        if not recovery.pending(self.root):
            return False
        try:
            with VaultLock(self.root, wait=0, clock=self._clock):
                self._recover()
        except (VaultLocked, StorageError):
            return True
        return False

    def undo(self, staged: Sequence[StagedChange]) -> None:
        """Take recorded changes back, the newest first. Raises `StorageError`."""
        self._run_recovery(lambda found: found.undo(staged))

    def _run_recovery(self, step: Callable[[recovery.Recovery], None]) -> None:
        found = recovery.Recovery(self.root, self.log, self._clock)
        try:
            step(found)
        except OSError as error:
            raise StorageError(f"what was staged can't be put right: {error}") from error
        self._notices += [f"text found in no record was kept in {path}" for path in found.kept]

    def _kept_moving(self, change: EntityChange, place: Located) -> ConflictError:
        return ConflictError(
            conflict.build(
                self._observe(place).entity,
                reason="edited_outside",
                precondition=change.precondition,
                wanted={one.name: one.value for one in change.edits.changes},
                history=(),
            )
        )


def result_of(planned: Plan, place: Located, *, record: AuditRecord | None) -> CommitResult:
    """What became of a plan."""
    return CommitResult(
        before=planned.before,
        after=planned.after,
        diff=planned.diff,
        changed=planned.changed,
        record=record,
        warnings=(*place.warnings, *planned.warnings),
    )


def _refuse_twice(places: Sequence[Located]) -> None:
    paths = [place.parsed.path for place in places]
    for path in paths:
        if paths.count(path) > 1:
            raise UsageError(f"an atomic group changes {path} twice")


def _after_first(history: History) -> Iterator[AuditRecord]:
    return iter([record for record in history.records if record is not history.last])


def _raise_or_list(error: LoopError, *, atomic: bool) -> list[CommitResult | LoopError]:
    if atomic:
        raise error
    return [error]


def _digest(line: bytes) -> str:
    import hashlib

    return hashlib.sha256(line).hexdigest()
