"""Looking after a vault: its overview, schema, views, kept copies and log; over a store in this
process."""

from __future__ import annotations

from loop_cli.operations.update import LocalEntityOperations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from loop_cli.core.upkeep import (
        Allowed,
        AllowedField,
        ClosedSchema,
        Kept,
        KeptCopies,
        Migration,
        Pruned,
        Rotation,
        Verification,
    )
    from loop_cli.operations.boundary import Progress
    from loop_cli.operations.overview import Overview


class LocalKeeping(LocalEntityOperations):
    """A part of `LocalOperations`."""

    def overview(self, *, today: int, since: int, progress: Progress | None = None) -> Overview:
        from loop_cli.operations import overview

        return overview.overview(self._store, self._vault, today=today, since=since, told=progress)

    def allow(self, field: AllowedField, *, dry_run: bool = False) -> Allowed:
        return self._store.upkeep.allow(field, origin=self._origin, dry_run=dry_run)

    def close_schema(self, *, dry_run: bool = False) -> ClosedSchema:
        return self._store.upkeep.close_schema(origin=self._origin, dry_run=dry_run)

    def views(self) -> dict[str, dict[str, Any]]:
        from loop_cli.operations import views

        return views.tables(self._store)

    def save_view(
        self,
        name: str,
        settings: dict[str, Any] | None,
        *,
        before: dict[str, Any] | None,
        dry_run: bool = False,
    ) -> None:
        from loop_cli.operations import views

        views.save(self._store, name, settings, before=before, dry_run=dry_run)

    def kept(self, *, entity_id: str | None = None, before: int | None = None) -> KeptCopies:
        return self._store.upkeep.kept().of(entity_id, before=before)

    def prune(self, unwanted: Sequence[Kept]) -> Pruned:
        return self._store.upkeep.prune(unwanted)

    def take_aside(self, *, dry_run: bool = False) -> list[str]:
        return self._store.upkeep.take_aside(dry_run=dry_run)

    def verify(self) -> Verification:
        return self._store.upkeep.verify()

    def rotate(self, *, at_least: int) -> Rotation:
        return self._store.upkeep.rotate(at_least=at_least)

    def migrate(self, file: str | None, *, dry_run: bool = False) -> Migration:
        return self._store.upkeep.migrate(file, dry_run=dry_run)
