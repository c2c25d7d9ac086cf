"""Redaction: values of a field in an entity's records become hashes.

The lines are rewritten, and a record tells which line became which, so that the chain still
holds. The record comes first: a crash in between leaves lines for the next run to rewrite.
"""

from __future__ import annotations

import os

from loop_cli.core import audit
from loop_cli.core.audit import AuditRecord
from loop_cli.core.names import BODY, nearest, nfc, split_dotted
from loop_cli.errors import EntityNotFound, InvalidChange, StorageError
from loop_cli.store import plan, rewrite
from loop_cli.store.log import encode, needles_of
from loop_cli.store.segments import Chain, OpenLog, parse, sha256
from loop_cli.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.audit import Origin
    from loop_cli.core.diff import Diff
    from loop_cli.store.vault import VaultStore


class Wanted(Struct):
    """Which values: those of `field` (a dotted name, or `body`) and of what is nested in it,
    in the entity's records, or in those of one run."""

    entity_id: str
    field: str
    run_id: str | None = None


class Line(Struct):
    """A line with values of the field. `after` is the text to come; None where the line is
    another program's, which is never changed."""

    file: str
    number: int
    record: AuditRecord
    fields: tuple[str, ...]
    after: bytes | None

    def as_dict(self) -> dict[str, Any]:
        """The line in the JSON of `loop audit redact`."""
        place = {"file": self.file, "line": self.number, "fields": list(self.fields)}
        if self.after is None:
            return place
        return {**place, "from": self.record.digest, "to": sha256(self.after)}


class Redaction(Struct):
    """What was done, or would be: `lines` are rewritten, `left` are lines of other programs
    with such values, `kept` the kept copies removed (SHA-256)."""

    wanted: Wanted
    run_id: str
    lines: tuple[Line, ...]
    left: tuple[Line, ...]
    kept: tuple[str, ...]
    dry_run: bool

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.lines or self.kept)

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop audit redact`."""
        data = {
            "entity_id": self.wanted.entity_id,
            "field": self.wanted.field,
            "changed": self.changed,
            "run_id": self.run_id,
            "lines": [line.as_dict() for line in self.lines],
            "left": [line.as_dict() for line in self.left],
            "kept_removed": list(self.kept),
        }
        return {**data, "dry_run": True} if self.dry_run else data


def preview(store: VaultStore, wanted: Wanted, *, origin: Origin) -> Redaction:
    """What `redact` would do. Raises `EntityNotFound`, `InvalidChange`, `StorageError`."""
    with OpenLog(store.log) as log:
        found = _Search(wanted, log)
        kept = _kept(store.root, found, log)
    return _result(wanted, found, kept, origin, dry_run=True)


def redact(store: VaultStore, wanted: Wanted, *, origin: Origin) -> Redaction:
    """Rewrite the lines and remove the kept copies. Raises `VaultLocked` too."""
    with store.lock():
        store.recover()
        try:
            rewrite.clear_leftovers(store.root)
            return _redact(store, wanted, origin)
        except OSError as error:
            raise StorageError(f"the audit log can't be rewritten: {error}") from error


def _redact(store: VaultStore, wanted: Wanted, origin: Origin) -> Redaction:
    with OpenLog(store.log) as log:
        found = _Search(wanted, log)
        kept = _kept(store.root, found, log)
    if found.lines:
        records = _records(store, wanted, found, origin)
        changes: dict[str, dict[bytes, bytes]] = {}
        for line in found.lines:
            changes.setdefault(line.file, {})[line.text] = line.after
        rewrite.rewrite(store.root, store.log, changes, records)
    folder = os.path.join(store.root, ".loop", "kept")
    for digest in kept:
        os.unlink(os.path.join(folder, digest))
    return _result(wanted, found, kept, origin, dry_run=False)
