"""The operations over a store in this process. Each verb loads its module when it is called."""

from __future__ import annotations

from loop_cli.operations import update
from loop_cli.operations.boundary import Operations
from loop_cli.operations.local_keeping import LocalKeeping
from loop_cli.operations.local_past import LocalPast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.changes import Edits
    from loop_cli.core.check.report import Checked, PassedOver, Scope
    from loop_cli.core.commits import CommitResult, EntityChange, Mend
    from loop_cli.core.entity import Precondition
    from loop_cli.core.query import Query
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.upkeep import Happening
    from loop_cli.operations import create, delete
    from loop_cli.operations.asking import Ask
    from loop_cli.operations.boundary import Progress, Selection
    from loop_cli.operations.bulk import Outcome, Plan
    from loop_cli.operations.create import CreateResult
    from loop_cli.operations.delete import DeleteResult
    from loop_cli.operations.move import Confirm, RelocateResult
    from loop_cli.operations.repair import Repair


class LocalOperations(LocalPast, LocalKeeping, Operations):
    """All of them, with those on one entity."""

    def select(self, query: Query, *, progress: Progress | None = None) -> Selection:
        from loop_cli.operations import selection

        return selection.Selection(self._store, query, told=progress)

    def count(self, query: Query) -> int:
        from loop_cli.core import name_field
        from loop_cli.operations import selection

        schema = self._store.schema
        query = query.replace(types=selection.resolve_types(query.types, schema))
        return self._store.count(name_field.in_query(query, self._store.names, schema))

    def members(self) -> dict[str, Any]:
        return self._store.upkeep.members()

    def recorded_with(self, key: str) -> list[AuditRecord]:
        return [*self._store.records_with_key(key)][::-1]

    def check(self, scope: Scope) -> Checked:
        return self._store.upkeep.check(scope)

    def passed_over(self) -> PassedOver:
        return self._store.upkeep.passed_over()

    def template(self, entity_type: str) -> tuple[str, str] | None:
        return self._store.upkeep.template(entity_type)

    def create(
        self, request: create.Request, *, ask: Ask | None = None, dry_run: bool = False
    ) -> CreateResult:
        from loop_cli.operations import create

        return create.create(self._store, request, origin=self._origin, ask=ask, dry_run=dry_run)

    def mend(self, change: Mend, *, dry_run: bool = False) -> CommitResult:
        return update.mend(self._store, change, origin=self._origin, dry_run=dry_run)

    def delete(
        self,
        request: delete.Request,
        *,
        confirm: Callable[[DeleteResult], bool] | None = None,
        dry_run: bool = False,
    ) -> DeleteResult:
        from loop_cli.operations import delete

        return delete.delete(
            self._store, request, origin=self._origin, confirm=confirm, dry_run=dry_run
        )

    def move(
        self,
        entity_id: str,
        project: str,
        *,
        precondition: Precondition,
        path: str | None = None,
        on_conflict: str = "fail",
        confirm: Confirm | None = None,
        dry_run: bool = False,
    ) -> RelocateResult:
        from loop_cli.operations import move

        return move.move(
            self._store,
            entity_id,
            project,
            origin=self._origin,
            precondition=precondition,
            path=path,
            on_conflict=on_conflict,
            confirm=confirm,
            dry_run=dry_run,
        )

    def rename(
        self,
        entity_id: str | None,
        *,
        precondition: Precondition | None = None,
        path: str | None = None,
        name: str | None = None,
        confirm: Confirm | None = None,
        dry_run: bool = False,
    ) -> RelocateResult:
        from loop_cli.operations import move

        return move.rename(
            self._store,
            entity_id,
            origin=self._origin,
            precondition=precondition,
            path=path,
            name=name,
            confirm=confirm,
            dry_run=dry_run,
        )

    def plan(self, query: Query, edits: Edits, *, progress: Progress | None = None) -> Plan:
        from loop_cli.operations import bulk, selection

        origin = self._origin
        found = selection.Selection(self._store, query, told=progress)
        return bulk.plan(self._store, found, edits, origin=origin)

    def carry_out(
        self,
        changes: Sequence[EntityChange],
        *,
        atomic: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        from loop_cli.operations import bulk

        return bulk.carry_out(
            self._store, changes, origin=self._origin, atomic=atomic, told=progress
        )

    def apply(
        self,
        lines: Iterable[Sequence[str]],
        *,
        today: int,
        now: int,
        force: bool = False,
        atomic: bool = False,
        on_conflict: str = "fail",
        dry_run: bool = False,
    ) -> Iterator[Outcome]:
        from loop_cli.operations import apply, bulk

        how = bulk.LineRules(today=today, now=now, force=force, rebase=on_conflict == "rebase")
        return apply.apply(
            self._store, lines, how=how, origin=self._origin, atomic=atomic, dry_run=dry_run
        )

    def preview_repairs(self, found: Checked) -> list[Repair]:
        from loop_cli.operations import repair

        return repair.preview(self._store, found, origin=self._origin)

    def repair(self, planned: Sequence[Repair]) -> list[Repair]:
        from loop_cli.operations import repair

        return repair.apply(self._store, planned, origin=self._origin)

    def watch(self) -> Iterator[list[Happening]]:
        return self._store.upkeep.happenings()
