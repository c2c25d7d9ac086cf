"""The methods of `core.upkeep` for a vault in PostgreSQL. What is about files needs a folder."""

from __future__ import annotations

import os

from loop_cli.core.names import SETTINGS
from loop_cli.core.upkeep import KeptCopies, Pruned, Upkeep
from loop_cli.errors import Action, InvalidFile, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from loop_cli.core.check.report import Checked, PassedOver, Scope
    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.upkeep import (
        Allowed,
        AllowedField,
        ClosedSchema,
        Happening,
        Kept,
        Migration,
        Redaction,
        Rotation,
        ToRedact,
        Verification,
    )
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.handle import Handle

_TEMPLATES = "00_Meta/_TEMPLATES"
_NOTES = "SELECT count(*) FROM file WHERE kind = %s AND admitted"
_DATA = "SELECT data FROM file WHERE path = %s"


class PostgresUpkeep(Upkeep):
    """The other work of one vault."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def template(self, entity_type: str) -> tuple[str, str] | None:
        path = f"{_TEMPLATES}/template_{entity_type.lower()}.md"

        def work(connection: Connection) -> bytes | None:
            row = connection.execute(_DATA, (os.fsencode(path),)).fetchone()
            return None if row is None else row[0]

        data = self._handle.database.read(work)
        try:
            return None if data is None else (data.decode("utf-8-sig"), path)
        except UnicodeDecodeError:
            raise InvalidFile(path, "is not UTF-8 text") from None

    def members(self) -> dict[str, Any]:
        from loop_cli.planning import membership

        self._handle.database.read(self._handle.renew)
        return membership.listed(self._handle.members)

    def check(self, scope: Scope) -> Checked:
        from loop_cli.postgres import checking

        return checking.check(self._handle, scope)

    def passed_over(self) -> PassedOver:
        from loop_cli.postgres import checking

        return checking.passed_over(self._handle)

    def notes(self) -> int:
        from loop_cli.postgres.projection import NOTE

        def work(connection: Connection) -> int:
            row = connection.execute(_NOTES, (NOTE,)).fetchone()
            return 0 if row is None else int(row[0])

        return self._handle.database.read(work)

    def allow(self, field: AllowedField, *, origin: Origin, dry_run: bool = False) -> Allowed:
        from loop_cli.postgres import allowance

        return allowance.allow(self._handle, field, origin=origin, dry_run=dry_run)

    def close_schema(self, *, origin: Origin, dry_run: bool = False) -> ClosedSchema:
        from loop_cli.postgres import allowance

        return allowance.close(self._handle, origin=origin, dry_run=dry_run)

    def settings(self) -> bytes | None:
        def work(connection: Connection) -> bytes | None:
            row = connection.execute(_DATA, (os.fsencode(SETTINGS),)).fetchone()
            return None if row is None else row[0]

        return self._handle.database.read(work)

    def replace_settings(self, before: bytes | None, after: bytes) -> None:
        from loop_cli.postgres import outside

        outside.replace(self._handle, SETTINGS, before, after, self._handle.clock())

    def kept(self) -> KeptCopies:
        from loop_cli.postgres import keeping

        return KeptCopies(copies=tuple(keeping.listed(self._handle)))

    def prune(self, unwanted: Sequence[Kept]) -> Pruned:
        from loop_cli.postgres import keeping

        gone, staying = keeping.prune(self._handle, unwanted)
        return Pruned(gone=tuple(gone), staying=tuple(staying))

    def take_aside(self, *, dry_run: bool = False) -> list[str]:
        del dry_run
        return []  # nothing is ever staged

    def new_records(self) -> Iterator[list[AuditRecord]]:
        from loop_cli.postgres import following

        return following.new_records(self._handle)

    def happenings(self) -> Iterator[list[Happening]]:
        from loop_cli.postgres import following

        return following.happenings(self._handle)

    def verify(self) -> Verification:
        from loop_cli.postgres import checking

        return checking.verify(self._handle)

    def rotate(self, *, at_least: int) -> Rotation:
        del at_least
        raise _needs_folder("rotating the log")

    def redact(self, wanted: ToRedact, *, origin: Origin, dry_run: bool = False) -> Redaction:
        del wanted, origin, dry_run
        raise _needs_folder("redacting the log")

    def migrate(self, file: str | None, *, dry_run: bool = False) -> Migration:
        del file, dry_run
        raise _needs_folder("migrating an older log")


def _needs_folder(what: str) -> UsageError:
    return UsageError(
        f"{what} works on files, and this vault is in PostgreSQL: it needs a folder",
        hint=Action("bring_to_folder"),
    )
