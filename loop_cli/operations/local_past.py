"""The operations on what was: history, log and undo, over a store in this process."""

from __future__ import annotations

from loop_cli.operations.update import LocalEntityOperations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loop_cli.core.entity import Entity
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.upkeep import Redaction
    from loop_cli.operations.history import Difference, Since, Story
    from loop_cli.operations.log import LogQuery
    from loop_cli.operations.undo import Target, UndoPlan, UndoResult


class LocalPast(LocalEntityOperations):
    """A part of `LocalOperations`."""

    def history(self, entity_id: str, *, limit: int | None, path: str | None = None) -> Story:
        from loop_cli.operations import history

        return history.history(self._store, entity_id, limit=limit, path=path)

    def difference(self, entity_id: str, since: Since, *, path: str | None = None) -> Difference:
        from loop_cli.operations import history

        return history.difference(self._store, entity_id, since, path=path)

    def state_after(self, record: AuditRecord) -> Entity:
        from loop_cli.operations import history

        return history.state_after(self._store, record)

    def log(self, query: LogQuery) -> Iterator[AuditRecord]:
        from loop_cli.operations import log

        return log.log(self._store, query)

    def follow(self, query: LogQuery) -> Iterator[list[AuditRecord]]:
        from loop_cli.operations import log

        return log.follow(self._store, query)

    def undo(
        self,
        target: Target,
        *,
        on_conflict: str = "fail",
        confirm: Callable[[UndoPlan], bool] | None = None,
        dry_run: bool = False,
    ) -> UndoResult:
        from loop_cli.operations import undo

        return undo.undo(
            self._store,
            target,
            origin=self._origin,
            on_conflict=on_conflict,
            confirm=confirm,
            dry_run=dry_run,
        )

    def redact(
        self, entity_id: str, field: str, *, run_id: str | None = None, dry_run: bool = False
    ) -> Redaction:
        from loop_cli.operations import log

        wanted = log.to_redact(self._store, entity_id, field, run_id=run_id)
        return self._store.upkeep.redact(wanted, origin=self._origin, dry_run=dry_run)
