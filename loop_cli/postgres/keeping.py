"""The kept copies of deleted entities and replaced values, as rows."""

from __future__ import annotations

import re

from loop_cli.core.records import record as audit
from loop_cli.core.upkeep import Kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.handle import Handle

_ALL = "SELECT name, length(data), kept_at FROM kept"
_REMOVE = "DELETE FROM kept WHERE name = %s AND kept_at = %s"
_THERE = "SELECT 1 FROM kept WHERE name = %s"
_OURS = re.compile(r"[0-9a-f]{64}")


def listed(handle: Handle) -> list[Kept]:
    """Return all kept copies, the newest first."""
    rows = handle.database.read(lambda connection: connection.execute(_ALL).fetchall())
    found = {
        name: Kept(name=name, size=size, kept_at=kept_at, stamp=(kept_at,))
        for name, size, kept_at in rows
    }
    for record in handle.log().records() if found else ():
        for sha256, what in _named(record):
            one = found.get(sha256)
            if one is not None and one.what is None:
                name = record.data.get("entity_name")
                found[sha256] = one.replace(
                    entity_id=record.entity_id,
                    entity_name=name if isinstance(name, str) else None,
                    what=what,
                )
    return sorted(found.values(), key=lambda one: (-one.kept_at, one.name))


def prune(handle: Handle, unwanted: Sequence[Kept]) -> tuple[list[Kept], list[Kept]]:
    """Remove copies for good, if they were not kept again since; return those and the others."""
    gone: list[Kept] = []
    staying: list[Kept] = []

    def work(connection: Connection) -> None:
        with connection.transaction():
            gone.clear()
            staying.clear()
            for one in unwanted:
                if connection.execute(_REMOVE, (one.name, one.stamp[0])).rowcount:
                    gone.append(one)
                elif connection.execute(_THERE, (one.name,)).fetchone():
                    staying.append(one)

    handle.database.read(work)
    return gone, staying


def _named(record: AuditRecord) -> Iterator[tuple[str, str]]:
    """Return the hashes in a record, each with its field."""
    values = [(record.metadata.get("kept"), "file")]
    values += [(entry.get("old"), name) for name, entry in record.diff.items()]
    for value, what in values:
        if isinstance(value, dict) and audit.is_digest(value):
            sha256 = str(value["sha256"])
            if _OURS.fullmatch(sha256):
                yield sha256, what
