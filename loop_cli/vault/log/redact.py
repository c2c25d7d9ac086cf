"""Redaction: replace values of a field in an entity's records by hashes.

The lines are rewritten, and a record says which line became which, so that the chain still holds.
The record comes first. After a crash in between, the next run rewrites the lines.
"""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.names import nearest
from loop_cli.core.records import record as audit
from loop_cli.core.records.hashed import comparable_digest
from loop_cli.core.upkeep import RedactedLine, Redaction, ToRedact
from loop_cli.errors import EntityNotFound, InvalidChange, StorageError
from loop_cli.lean.basics import sha256_hex
from loop_cli.vault.commit import keeping
from loop_cli.vault.commit.recovery import recover
from loop_cli.vault.log import rewrite
from loop_cli.vault.log.lines import encode, needles_of, parse_line
from loop_cli.vault.log.segments import OpenLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.vault.handle import Vault


def preview(vault: Vault, wanted: ToRedact, *, origin: Origin) -> Redaction:
    """Show what `redact` would do. Raises `EntityNotFound`, `InvalidChange`, `StorageError`."""
    found, kept = _look(vault, wanted)
    return _result(found, kept, origin, dry_run=True)


def redact(vault: Vault, wanted: ToRedact, *, origin: Origin) -> Redaction:
    """Rewrite the lines and remove the kept copies. Also raises `VaultLocked`."""
    with vault.lock():
        recover(vault)
        found, kept = _look(vault, wanted)
        try:
            rewrite.clear_leftovers(vault.log)
            if found.lines:
                records = [encode(one) for one in _records(vault, found, origin)]
                rewrite.rewrite(vault, found.texts(), records)
            if kept:
                keeping.remove(vault.root, kept)
        except OSError as error:
            raise StorageError(f"the audit log can't be rewritten: {error}") from error
        return _result(found, kept, origin, dry_run=False)


def _look(vault: Vault, wanted: ToRedact) -> tuple[_Found, list[str]]:
    with OpenLog(vault.log) as log:
        found = _Found(wanted, named_by=vault.names.name)
        for place in log.lines(*needles_of(wanted.entity_id)):
            found.add(*place)
        found.refuse_nothing()
        kept = keeping.among(vault.root, found.digests)
        for _file, _number, text in log.lines(*(digest.encode() for digest in kept)):
            rest = found.without_values(text)
            kept -= {digest for digest in kept if digest.encode() in rest}
    return found, sorted(kept)


class _Found:
    """The values in the log. `digests` are the hashes that the lines will have."""

    def __init__(self, wanted: ToRedact, *, named_by: str) -> None:
        self.wanted = wanted
        self.lines: list[RedactedLine] = []
        self.left: list[RedactedLine] = []
        self.digests: set[str] = set()
        self.newest: AuditRecord | None = None
        self.told: dict[str, str] = {}  # rewritten lines in redaction records: new, old
        self.hides_name = wanted.field == named_by
        self._named = False
        self._names: set[str] = set()

    def add(self, file: str, number: int, text: bytes) -> None:
        """Add the next line that may belong to the entity."""
        record = parse_line(text)
        if record is None or not record.is_of(self.wanted.entity_id, None):
            return
        self.newest = record
        self.told.update(record.redacted)
        if self.wanted.run_id not in (None, record.data.get("run_id")):
            return
        self._names.update(record.diff)
        fields = [name for name in record.diff if _holds(name, record.diff[name], self.wanted)]
        self._named = self._named or bool(fields)
        data = self._hidden(record, fields)
        if data == record.data:
            return
        ours = record.is_own or "migrated_from" in record.metadata
        line = RedactedLine(
            file=file,
            number=number,
            text=text,
            record=record,
            fields=tuple(fields),
            after=encode(data) if ours else None,
        )
        (self.lines if ours else self.left).append(line)

    def _hidden(self, record: AuditRecord, fields: list[str]) -> dict[str, Any]:
        """Return the record's data with hashes for values."""
        diff: dict[str, Any] = {**record.data["diff"]} if fields else {}
        for name in fields:
            entry = diff[name] = dict(diff[name])
            for side in ("old", "new"):
                value = entry.get(side)
                if value is None or not audit.touches(name, value, self.wanted.field):
                    continue
                if not audit.is_digest(value):
                    entry[side] = comparable_digest(value)
                self.digests.add(str(entry[side]["sha256"]))
        data = {**record.data, "diff": diff} if fields else dict(record.data)
        written = {name: one for name, one in record.written.items() if name not in fields}
        if len(written) < len(record.written):
            metadata = {**record.metadata, "written": written}
            if not written:
                del metadata["written"]
            data["metadata"] = metadata
        if self.hides_name and data.get("entity_name") is not None:
            data["entity_name"] = None
            self._named = True
        return data

    def refuse_nothing(self) -> None:
        """Raise if no record has the entity or the field: it may be misspelt."""
        wanted = self.wanted
        if self.newest is None:
            raise EntityNotFound(f"no record of {wanted.entity_id!r}", entity_id=wanted.entity_id)
        if self._named:
            return
        close = nearest(wanted.field, self._names)
        meant = f"; did you mean {' or '.join(close)}?" if close else ""
        where = "no record" if wanted.run_id is None else f"no record of run {wanted.run_id}"
        message = f"{where} of {wanted.entity_id} has a value of {wanted.field!r}{meant}"
        problem = {"field": wanted.field, "problem": "unknown_field", "message": message}
        raise InvalidChange(
            message, entity_id=wanted.entity_id, problems=[{**problem, "nearest": close}]
        )

    def texts(self) -> dict[str, dict[bytes, bytes]]:
        """Return the lines to rewrite and their new text, by file."""
        changes: dict[str, dict[bytes, bytes]] = {}
        for line in self.lines:
            if line.after is not None:
                changes.setdefault(line.file, {})[line.text] = line.after
        return changes

    def without_values(self, text: bytes) -> bytes:
        """Return a line without the entries whose kept copies are no longer needed."""
        record = parse_line(text)
        wanted = self.wanted
        if record is None or not record.is_of(wanted.entity_id, None):
            return text
        if wanted.run_id not in (None, record.data.get("run_id")):
            return text
        diff = {
            name: entry for name, entry in record.diff.items() if not _holds(name, entry, wanted)
        }
        return encode({**record.data, "diff": diff})


def _holds(name: str, entry: Mapping[str, Any], wanted: ToRedact) -> bool:
    """Whether an entry of a diff has a value of the field."""
    return any(audit.touches(name, entry.get(side), wanted.field) for side in ("old", "new"))


def _records(vault: Vault, found: _Found, origin: Origin) -> list[dict[str, Any]]:
    """Make the redaction records, one for each path.

    If several files have an id, its records are looked up by path.
    """
    pairs: dict[str, list[dict[str, str]]] = {}
    for line in found.lines:
        before, after = line.record.digest, sha256_hex(line.after or b"")
        if found.told.get(after) != before:
            path = line.record.metadata.get("path")
            named = path if isinstance(path, str) else ""
            pairs.setdefault(named, []).append({"from": before, "to": after})
    records: list[dict[str, Any]] = []
    link = vault.log.link()
    for path, listed in pairs.items():
        records.append(_record(vault, found, origin, path, {**link, "redacted": listed}))
        link = {"previous": sha256_hex(encode(records[-1]))}
    return records


def _record(
    vault: Vault, found: _Found, origin: Origin, path: str, metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """Make one redaction record; without etags, because it says nothing of the entity's state."""
    last = {} if found.newest is None else found.newest.data
    name = last.get("entity_name")
    return {
        "run_id": origin.run_id,
        "timestamp": timestamps.render(vault.clock()),
        "actor": origin.actor,
        "source": origin.source,
        "entity_type": str(last.get("entity_type") or ""),
        "entity_id": found.wanted.entity_id,
        "entity_name": name if isinstance(name, str) and not found.hides_name else None,
        "action": "update",
        "modified_fields": [],
        "diff": {},
        "metadata": {
            "path": path,
            "etag_before": None,
            "etag_after": None,
            "updated_before": None,
            "updated_after": None,
            "precondition": "none",
            **metadata,
            "redacted_field": found.wanted.field,
            "tty": origin.tty,
            "invoked_by": origin.invoked_by,
        },
    }


def _result(found: _Found, kept: list[str], origin: Origin, *, dry_run: bool) -> Redaction:
    return Redaction(
        wanted=found.wanted,
        run_id=origin.run_id,
        lines=tuple(found.lines),
        left=tuple(found.left),
        kept=tuple(kept),
        dry_run=dry_run,
    )
