"""Say of kept copies what they are, by the records that name them."""

from __future__ import annotations

import re

from loop_cli.core.records import record as audit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.upkeep import Kept

_OURS = re.compile(r"[0-9a-f]{64}")


def described(copies: Iterable[Kept], records: Iterable[AuditRecord]) -> list[Kept]:
    """Return the copies with entity and field, the newest first. The first record that names one
    counts."""
    found = {one.name: one for one in copies}
    for record in records if found else ():
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


def _named(record: AuditRecord) -> Iterator[tuple[str, str]]:
    """Return the hashes in a record, each with its field."""
    values = [(record.metadata.get("kept"), "file")]
    values += [(entry.get("old"), name) for name, entry in record.diff.items()]
    for value, what in values:
        if isinstance(value, dict) and audit.is_digest(value):
            sha256 = str(value["sha256"])
            if _OURS.fullmatch(sha256):
                yield sha256, what
