"""The methods of `core.upkeep` for a vault; each has its own module."""

from __future__ import annotations

from loop_cli.core.upkeep import KeptCopies, Pruned
from loop_cli.vault.upkeep.log_upkeep import LogUpkeep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from loop_cli.core.check.report import Checked, PassedOver, Scope
    from loop_cli.core.records.record import Origin
    from loop_cli.core.upkeep import Allowed, AllowedField, ClosedSchema, Happening, Kept


class VaultUpkeep(LogUpkeep):
    """The other work of one vault."""

    def template(self, entity_type: str) -> tuple[str, str] | None:
        from loop_cli.vault import template_files

        return template_files.load(self._vault.root, entity_type)

    def members(self) -> dict[str, Any]:
        return self._vault.listed_members()

    def check(self, scope: Scope) -> Checked:
        from loop_cli.vault.upkeep import check

        return check.check(self._vault, scope)

    def passed_over(self) -> PassedOver:
        from loop_cli.vault.files import passed

        return passed.passed_over(self._vault.root, self._vault.schema.places)

    def notes(self) -> int:
        return self._vault.locator().index.notes()

    def allow(self, field: AllowedField, *, origin: Origin, dry_run: bool = False) -> Allowed:
        from loop_cli.vault.upkeep import allow

        return allow.allow(self._vault, field, origin=origin, dry_run=dry_run)

    def close_schema(self, *, origin: Origin, dry_run: bool = False) -> ClosedSchema:
        from loop_cli.vault.upkeep import allow

        return allow.close(self._vault, origin=origin, dry_run=dry_run)

    def settings(self) -> bytes | None:
        from loop_cli.vault.upkeep import settings

        return settings.read(self._vault)

    def replace_settings(self, before: bytes | None, after: bytes) -> None:
        from loop_cli.vault.upkeep import settings

        settings.replace(self._vault, before, after)

    def kept(self) -> KeptCopies:
        from loop_cli.vault.upkeep import kept

        copies = kept.listed(self._vault)
        return KeptCopies(copies=tuple(copies), foreign=tuple(kept.others(self._vault)))

    def prune(self, unwanted: Sequence[Kept]) -> Pruned:
        from loop_cli.vault.upkeep import kept

        gone, staying = kept.prune(self._vault, [*unwanted])
        return Pruned(gone=tuple(gone), staying=tuple(staying))

    def take_aside(self, *, dry_run: bool = False) -> list[str]:
        from loop_cli.vault.upkeep import kept

        return kept.take_aside(self._vault, dry_run=dry_run)

    def happenings(self) -> Iterator[list[Happening]]:
        from loop_cli.vault.upkeep import notify

        return notify.happenings(self._vault)
