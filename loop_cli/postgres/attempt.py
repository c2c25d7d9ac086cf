"""Plan changes by what the database says now, without a lock or within one."""

from __future__ import annotations

from loop_cli.core.commits import Create, EntityChange, Mend, Restore
from loop_cli.core.names import nfc
from loop_cli.errors import ConflictError, InvalidFile, LoopError, failing_at
from loop_cli.lean.records import Struct
from loop_cli.planning.broken import unread
from loop_cli.planning.planner import Planner
from loop_cli.planning.resolution import Located
from loop_cli.postgres.context import PostgresContext
from loop_cli.postgres.locating import Found, Locator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.commits import AnyChange
    from loop_cli.core.records.record import Origin
    from loop_cli.planning.plan import Plan
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.handle import Handle

AT_ONCE = 100  # updates that share a transaction
_HEAD = ("version", "rules", "seq", "digest", "own")


class Planned(Struct):
    """A change that is planned; `found` is its entity, None for a new one."""

    plan: Plan
    found: Found | None
    origin: Origin

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings about the entity."""
        return () if self.found is None else self.found.located.warnings


class Attempt:
    """Reads and plans over one connection; `asked` tells whether the plans depend on more than
    their own entities."""

    def __init__(self, handle: Handle, connection: Connection) -> None:
        self._handle = handle
        self._connection = connection
        self._log = handle.log_over(connection)
        self._locator = Locator(connection, handle.names, self._log)
        self.asked = False

    def look(self, changes: Sequence[AnyChange]) -> tuple[Any, ...]:
        """Read the entities of changes and the head of the log, as they are at one moment; return
        the head."""
        return self._locator.prepare_with(_HEAD, _named(changes))

    def plan(
        self, changes: Sequence[AnyChange], origin: Origin, *, group: bool
    ) -> list[Planned | LoopError]:
        """Plan all changes. In a `group` the first error is raised."""
        named = _named(changes)
        if len(named) > 1:
            self._locator.prepare(named)
        handle = self._handle
        context = PostgresContext(
            self._connection,
            handle.reader_over(self._connection),
            self._locator,
            self._log,
            handle.rules,
        )
        planner = Planner(
            context, policy=handle.policy, origin=origin, together=changes if group else ()
        )
        try:
            return self._all(planner, changes, origin, group=group)
        finally:
            self.asked = context.asked

    def _all(
        self, planner: Planner, changes: Sequence[AnyChange], origin: Origin, *, group: bool
    ) -> list[Planned | LoopError]:
        planned: list[Planned | LoopError] = []
        for at, change in enumerate(changes):
            try:
                with failing_at(at):
                    planned.append(self._one(planner, change, origin))
            except LoopError as error:
                if group:
                    raise
                planned.append(error)
        return planned

    def _one(self, planner: Planner, change: AnyChange, origin: Origin) -> Planned:
        origin = change.origin or origin
        if isinstance(change, Create | Restore):
            return Planned(plan=planner.plan(change, None), found=None, origin=origin)
        found = self._broken(change) if isinstance(change, Mend) else self._find(change)
        snapshot = self._locator.observe(found)
        return Planned(plan=planner.plan(change, snapshot), found=found, origin=origin)

    def _find(self, change: AnyChange) -> Found:
        assert not isinstance(change, Create | Restore)
        if isinstance(change, EntityChange) and change.note:
            return self._locator.note(change.entity_id)
        return self._locator.find(change.entity_id, change.path)

    def _broken(self, change: Mend) -> Found:
        """Return the unreadable file that a change repairs. Raises `ConflictError` if it can be
        read by now."""
        from loop_cli.core import conflict

        try:
            whole = self._locator.find(change.entity_id, change.path)
        except InvalidFile as error:
            parsed = unread(error, change.entity_id)
            (place,) = self._locator.places_at((parsed.path,))
            return Found(located=Located(parsed=parsed, modified=place.modified), place=place)
        raise ConflictError(
            conflict.build(
                self._locator.observe(whole).entity,
                reason="edited_outside",
                precondition=change.precondition,
                wanted={},
                history=(),
            )
        )


def _named(changes: Sequence[AnyChange]) -> list[str]:
    """Return the ids by which changes name their entities."""
    return [
        one.entity_id
        for one in changes
        if not isinstance(one, Create | Restore) and one.path is None
    ]


def batches(changes: Iterable[AnyChange]) -> Iterator[list[AnyChange]]:
    """Yield changes in order, grouped so that they can share a transaction: updates of different
    entities."""
    batch: list[AnyChange] = []
    seen: set[str] = set()
    for change in changes:
        alone = type(change) is not EntityChange
        name = "" if alone or isinstance(change, Create | Restore) else nfc(change.entity_id)
        if batch and (alone or len(batch) == AT_ONCE or name in seen):
            yield batch
            batch, seen = [], set()
        batch.append(change)
        seen.add(name)
        if alone:
            yield batch
            batch, seen = [], set()
    if batch:
        yield batch
