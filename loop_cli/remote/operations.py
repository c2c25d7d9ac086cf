"""`Operations` over HTTP. What needs the vault's files says so."""

from __future__ import annotations

from loop_cli.operations.boundary import Operations
from loop_cli.remote.bulk import RemoteBulk
from loop_cli.remote.changing import RemoteChanges
from loop_cli.remote.files import needs_files
from loop_cli.remote.following import RemoteFollowing
from loop_cli.remote.keeping import RemoteKeeping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.core.check.report import Checked
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.upkeep import (
        Migration,
        Redaction,
        Rotation,
        Verification,
    )
    from loop_cli.operations.repair import Repair


class RemoteOperations(RemoteBulk, RemoteChanges, RemoteFollowing, RemoteKeeping, Operations):
    """All of them. What is not here raises `UsageError`: it needs the vault's files."""

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
