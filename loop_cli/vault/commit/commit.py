"""A commit to the vault: compared, staged, recorded and exchanged under one lock (SPEC §6).

Which sync guards what, if you change it. Each makes its step durable before the next begins:

- `VaultLock`, `Folders.make_own`: the names of `.loop/`, `staged/` and `_build/`, once.
- `StagedCommit.stage`: intents, contents, then their folders; so a record in the log always
  finds what it needs to be landed. Outside `.loop` the intents are first, so that nothing lies
  about unnamed.
- `AuditLog.append`: the line, and with the first line the log's own name. Recovery repeats
  it for a line that it finds, since the crash may have come before the sync.
- `StagedChange.note`: all folders, so that the entities are new before we say so.
- `StagedCommit.mark_undone`: the mark, before what that failed is taken back.
- Removing staged files and intents is not synced: what comes back is removed again.

A crash between any two is mended by `vault.commit.recovery`; `tests/faults` stops at each of them.

`writes` takes the steps. Changes that are committed together share the file of intents and the
syncs of each step: one of the log, one of each folder, and the files are waited for together.
"""

from __future__ import annotations

from loop_cli.core.commits import Create, EntityChange, Mend, Restore
from loop_cli.core.names import nfc
from loop_cli.errors import (
    ConflictError,
    EntityNotFound,
    InvalidFile,
    LoopError,
    StorageError,
    failing_at,
)
from loop_cli.lean.basics import suppress
from loop_cli.planning import plan
from loop_cli.planning.planner import Planner
from loop_cli.vault.commit.staging import ConcurrentWrite, LogSwapped
from loop_cli.vault.commit.writes import land, recover, warnings_of
from loop_cli.vault.index.locate import located_unread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from loop_cli.core.commits import AnyChange, CommitResult, Delete
    from loop_cli.core.records.record import Origin
    from loop_cli.planning.plan import Plan
    from loop_cli.planning.resolution import Located
    from loop_cli.vault.commit.staging import StagedCommit
    from loop_cli.vault.handle import Vault
    from loop_cli.vault.index.locate import Locator

    Place = Located | None  # the entity's path, None for a new one
    Batch = list[tuple[AnyChange, Place | LoopError]]

AT_ONCE = 100  # updates that share their syncs
_TRIES = 3


class Commit:
    """One call of `VaultStore.commit`."""

    def __init__(self, vault: Vault, origin: Origin) -> None:
        self._vault = vault
        self._origin = origin
        self._unsettled = False
        self.begun: list[StagedCommit] = []
        self._policy = plan.Policy(rules=vault.rules, clock=vault.clock, private=vault.private)

    def run(
        self, changes: Sequence[AnyChange], *, atomic: bool, dry_run: bool
    ) -> list[CommitResult | LoopError]:
        """Return the outcomes, as `Store.commit` says."""
        if dry_run:
            from loop_cli.vault.find import recover_if_free

            self._unsettled = recover_if_free(self._vault)
            self._refresh(changes)
        places = [self._locate(change, closely=dry_run) for change in changes]
        failures = [place for place in places if isinstance(place, LoopError)]
        if dry_run or (failures and atomic):  # one before the first of these may fail, too
            return self._each(changes, places, atomic=atomic, dry_run=True)
        if len(failures) == len(changes):
            return list(failures)
        with self._vault.lock():
            own = [
                place.parsed.path for place in places if place and not isinstance(place, LoopError)
            ]
            self._refresh(changes, own)  # the caller looks up again what it has located before
            if atomic:
                recover(self._vault)
                found = [place for place in places if not isinstance(place, LoopError)]
                return self._as_group(changes, found)
            return self._each(changes, places, atomic=False, dry_run=False)

    def _each(
        self,
        changes: Sequence[AnyChange],
        places: Sequence[Place | LoopError],
        *,
        atomic: bool,
        dry_run: bool,
    ) -> list[CommitResult | LoopError]:
        pairs = zip(changes, places, strict=True)
        if not dry_run:
            return [one for batch in batches(pairs) for one in self._together(batch)]
        outcomes: list[CommitResult | LoopError] = []
        planner = self._planner(changes if atomic else ())
        for at, (change, place) in enumerate(pairs):
            try:
                with failing_at(at):
                    if isinstance(place, LoopError):
                        raise place
                    planned = self._plan(planner, change, place)
                outcomes.append(planned.result(None, warnings=warnings_of(place)))
            except LoopError as error:
                if atomic:
                    raise
                outcomes.append(error)
        return outcomes

    # -- changes that share their syncs ---------------------------------------------------

    def _together(self, batch: Batch) -> list[CommitResult | LoopError]:
        """Land the changes that can land together; if something is in the way, land each alone.

        If an earlier failure was not taken back completely, that is done first. Otherwise a change
        that seems to have landed would be lost with it.
        """
        if len(batch) > 1:
            try:
                recover(self._vault)
                return self._at_once(batch)
            except (ConcurrentWrite, LoopError):
                pass
        outcomes: list[CommitResult | LoopError] = []
        for change, place in batch:
            try:
                if isinstance(place, LoopError):
                    raise place
                recover(self._vault)
                outcomes.append(self._one(change, place))
            except LoopError as error:
                outcomes.append(error)
        return outcomes

    def _at_once(self, batch: Batch) -> list[CommitResult | LoopError]:
        """Land changes in one commit.

        Raises `ConcurrentWrite`, or `LoopError` if nothing has landed, although not every change
        has a problem.
        """
        planner = self._planner()
        planned: list[tuple[Plan, Place] | LoopError] = []
        for change, place in batch:
            try:
                if isinstance(place, LoopError):
                    raise place
                now = self._reread(change, place)
                planned.append((self._plan(planner, change, now), now))
            except LoopError as error:
                planned.append(error)
        return self._land(planned)

    # -- one change -----------------------------------------------------------------------

    def _one(self, change: AnyChange, place: Place) -> CommitResult | LoopError:
        for _attempt in range(_TRIES):
            place = self._reread(change, place)
            planned = self._plan(self._planner(), change, place)
            try:
                (outcome,) = self._land([(planned, place)])
            except ConcurrentWrite as error:
                why = error
                continue
            if planned.changed and place is not None and planned.document and not place.note:
                with suppress(Exception):  # it has landed: read the cached data again
                    if planned.source == planned.target:
                        self._vault.locator().wrote(place, planned.after, planned.document)
            return outcome
        raise self._kept_moving(change, place, planned, why)

    # -- an atomic group ------------------------------------------------------------------

    def _as_group(
        self, changes: Sequence[AnyChange], places: Sequence[Place]
    ) -> list[CommitResult | LoopError]:
        """Land all or none: plan together, record with one append, then exchange."""
        for _attempt in range(_TRIES):
            places, plans = self._plan_group(changes, places)
            try:
                return self._land(list(zip(plans, places, strict=True)), group=True)
            except ConcurrentWrite as error:
                why = error
        raise self._kept_moving(changes[0], places[0], plans[0], why)

    def _plan_group(
        self, changes: Sequence[AnyChange], places: Sequence[Place]
    ) -> tuple[list[Place], list[Plan]]:
        """Read the files again, and plan. Raises the first error, with the place of its change."""
        now: list[Place] = []
        plans: list[Plan] = []
        for at, pair in enumerate(zip(changes, places, strict=True)):
            with failing_at(at):
                now.append(self._reread(*pair))
        planner = self._planner(changes)
        for at, pair in enumerate(zip(changes, now, strict=True)):
            with failing_at(at):
                plans.append(self._plan(planner, *pair))
        return now, plans

    # -- steps of both --------------------------------------------------------------------

    def _land(
        self, planned: Sequence[tuple[Plan, Place] | LoopError], *, group: bool = False
    ) -> list[CommitResult | LoopError]:
        """Land changes. Raises `ConcurrentWrite`, `StorageError`; then nothing has landed."""
        return land(self._vault, planned, begun=self.begun, group=group)

    def _planner(self, together: Sequence[AnyChange] = ()) -> Planner:
        from loop_cli.vault.context import VaultContext

        around = VaultContext(self._vault)
        return Planner(around, policy=self._policy, origin=self._origin, together=together)

    def _plan(self, planner: Planner, change: AnyChange, place: Place) -> Plan:
        seen = None if place is None else self._vault.observe(place, unsettled=self._unsettled)
        return planner.plan(change, seen)

    def _refresh(self, changes: Sequence[AnyChange], own: Sequence[str] = ()) -> None:
        """Look for new files in all folders, if a change does not name the bytes of its file.

        So a change never writes to one of two files with the same id. Its `own` files are read
        again anyway.
        """
        if not all(map(_names_bytes, changes)):
            self._vault.locator().index.refresh_folders(besides=own)

    def _locate(self, change: AnyChange, *, closely: bool) -> Place | LoopError:
        """Find the entity's file; not `closely`, if the file will be read again anyway."""
        if isinstance(change, Create | Restore):
            return None
        locator = self._vault.locator()
        etag = change.precondition.if_match
        try:
            if isinstance(change, Mend):
                return self._broken(change)
            if etag is not None and _names_bytes(change) and change.path is None and not closely:
                before = locator.found_before(change.entity_id, etag)
                if before is not None:
                    return before
            return _find(locator, change)
        except LoopError as error:
            return error

    def _broken(self, change: Mend) -> Located:
        """Return the unreadable file that a change repairs, as it is now.

        Raises its error if it is not a text, and `ConflictError` if it can be read by now.
        """
        locator = self._vault.locator()
        try:
            whole = locator.find(change.entity_id, path=change.path)
        except InvalidFile as error:
            return located_unread(error, change.entity_id, self._vault.root)
        from loop_cli.core import conflict

        raise ConflictError(
            conflict.build(
                self._vault.observe(whole).entity,
                reason="edited_outside",
                precondition=change.precondition,
                wanted={},
                history=(),
            )
        )

    def _reread(self, change: AnyChange, place: Place) -> Place:
        """Read the file again under the lock; look for the entity again if it has moved."""
        if place is None or isinstance(change, Create | Restore):
            return None
        locator = self._vault.locator()
        if isinstance(change, Mend):
            return self._broken(change)
        try:
            now = locator.read_again(place)
            if place.remembered:
                same = now.parsed is place.parsed and self._vault.is_told_of(now)
            else:
                same = nfc(now.parsed.id) == nfc(place.parsed.id) and _names_bytes(change)
            if same:
                return now
        except EntityNotFound:
            pass
        except InvalidFile:
            if not place.remembered:
                raise  # it was read a moment ago; otherwise another file may be there now
        try:
            return _find(locator, change)
        except EntityNotFound:
            from loop_cli.core import conflict

            gone = self._vault.observe(place).entity
            raise ConflictError(conflict.deleted(gone, precondition=change.precondition)) from None

    def _kept_moving(
        self, change: AnyChange, place: Place, planned: Plan, why: ConcurrentWrite
    ) -> LoopError:
        """Report that the edits of others made the change impossible, with or without `--force`."""
        if isinstance(why, LogSwapped):
            from loop_cli.failures import LogReplaced

            return LogReplaced(
                f"{planned.path} was left as it is: another program replaced the audit log "
                f"{_TRIES} times while the change was made"
            )
        now = self._reread(change, place)
        if now is None or isinstance(change, Create | Restore):
            return StorageError(f"{planned.path} can't be made: its place changes all the time")
        from loop_cli.core import conflict

        found = conflict.build(
            self._vault.observe(now).entity,
            reason="edited_outside",
            precondition=change.precondition,
            wanted=planned.wanted,
            history=(),
        )
        return ConflictError(found.replace(kept_moving=True))


def batches(pairs: Iterable[tuple[AnyChange, Place | LoopError]]) -> Iterator[Batch]:
    """Yield changes in order, grouped so that they can land together: updates of different
    files."""
    batch: Batch = []
    seen: set[str] = set()
    for change, place in pairs:
        path = None if place is None or isinstance(place, LoopError) else place.parsed.path
        alone = type(change) is not EntityChange
        if batch and (alone or len(batch) == AT_ONCE or path in seen):
            yield batch
            batch, seen = [], set()
        batch.append((change, place))
        seen |= set() if path is None else {path}
        if alone:
            yield batch
            batch, seen = [], set()
    if batch:
        yield batch


def _find(locator: Locator, change: EntityChange | Delete) -> Located:
    """Find the file of a change. Raises `LoopError`."""
    if isinstance(change, EntityChange) and change.note:
        return locator.note(change.entity_id)
    return locator.find(change.entity_id, path=change.path)


def _names_bytes(change: AnyChange) -> bool:
    """Whether the caller named the bytes of the file, or the file is new."""
    return isinstance(change, Create | Restore) or change.precondition.names_bytes
