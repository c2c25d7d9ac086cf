"""`Operations` over HTTP. What needs the vault's files says so."""

from __future__ import annotations

from loop_cli.operations.boundary import Operations
from loop_cli.remote.bulk import RemoteBulk
from loop_cli.remote.changing import RemoteChanges
from loop_cli.remote.files import needs_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loop_cli.core.check.report import Checked
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.store import CommitResult, Mend
    from loop_cli.core.upkeep import (
        Allowed,
        AllowedField,
        ClosedSchema,
        Happening,
        Kept,
        KeptCopies,
        Migration,
        Pruned,
        Redaction,
        Rotation,
        Verification,
    )
    from loop_cli.operations.boundary import Progress
    from loop_cli.operations.log import LogQuery
    from loop_cli.operations.overview import Overview
    from loop_cli.operations.repair import Repair


class RemoteOperations(RemoteBulk, RemoteChanges, Operations):
    """All of them. What is not here raises `UsageError`: it needs the vault's files."""

    def overview(self, *, today: int, since: int, progress: Progress | None = None) -> Overview:
        del today, since, progress
        needs_files("the overview")

    def mend(self, change: Mend, *, dry_run: bool = False) -> CommitResult:
        del change, dry_run
        needs_files("loop edit")

    def preview_repairs(self, found: Checked) -> list[Repair]:
        del found
        needs_files("loop check --fix")

    def repair(self, planned: Sequence[Repair]) -> list[Repair]:
        del planned
        needs_files("loop check --fix")

    def recorded_with(self, key: str) -> list[AuditRecord]:
        """The records of the call with an idempotency key."""
        del key
        needs_files("this")

    def state_after(self, record: AuditRecord) -> Entity:
        """The entity as a record left it."""
        del record
        needs_files("this")

    def follow(self, query: LogQuery) -> Iterator[list[AuditRecord]]:
        del query
        needs_files("loop log --follow")

    def watch(self) -> Iterator[list[Happening]]:
        needs_files("loop watch")

    def close_schema(self, *, dry_run: bool = False) -> ClosedSchema:
        del dry_run
        needs_files("loop schema close")

    def allow(self, field: AllowedField, *, dry_run: bool = False) -> Allowed:
        del field, dry_run
        needs_files("loop schema allow")

    def kept(self, *, entity_id: str | None = None, before: int | None = None) -> KeptCopies:
        del entity_id, before
        needs_files("loop kept")

    def prune(self, unwanted: Sequence[Kept]) -> Pruned:
        del unwanted
        needs_files("loop kept")

    def take_aside(self, *, dry_run: bool = False) -> list[str]:
        del dry_run
        needs_files("loop kept --aside")

    def verify(self) -> Verification:
        needs_files("loop audit verify")

    def rotate(self, *, at_least: int) -> Rotation:
        del at_least
        needs_files("loop audit rotate")

    def redact(
        self, entity_id: str, field: str, *, run_id: str | None = None, dry_run: bool = False
    ) -> Redaction:
        del entity_id, field, run_id, dry_run
        needs_files("loop audit redact")

    def migrate(self, file: str | None, *, dry_run: bool = False) -> Migration:
        del file, dry_run
        needs_files("loop audit migrate")
