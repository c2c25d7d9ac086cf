"""The methods of `core.upkeep` for the log of a vault; each has its own module."""

from __future__ import annotations

from loop_cli.core.upkeep import Upkeep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.upkeep import Migration, Redaction, Rotation, ToRedact, Verification
    from loop_cli.vault.handle import Vault


class LogUpkeep(Upkeep):
    """A part of `VaultUpkeep`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def new_records(self) -> Iterator[list[AuditRecord]]:
        from loop_cli.vault.log import follow

        return follow.new_records(self._vault.log)

    def verify(self) -> Verification:
        from loop_cli.vault.log import verify

        return verify.verify(self._vault)

    def rotate(self, *, at_least: int) -> Rotation:
        from loop_cli.vault.log import rotate

        return rotate.rotate(self._vault, at_least=at_least)

    def redact(self, wanted: ToRedact, *, origin: Origin, dry_run: bool = False) -> Redaction:
        from loop_cli.vault.log import redact

        make = redact.preview if dry_run else redact.redact
        return make(self._vault, wanted, origin=origin)

    def migrate(self, file: str | None, *, dry_run: bool = False) -> Migration:
        from loop_cli.vault.log import migrate

        return migrate.migrate(self._vault, file, dry_run=dry_run)
