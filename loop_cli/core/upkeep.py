"""The work of a store besides reading and changing entities.

A store checks, keeps deleted entities, reports changes as they come, and looks after its audit log.
It may refuse each of these with a message. All results are data.
"""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.names import nfc
from loop_cli.errors import UsageError
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from loop_cli.core.check.report import Checked, PassedOver, Scope
    from loop_cli.core.diff import Diff
    from loop_cli.core.records.record import AuditRecord, Origin


class Upkeep:
    """The other work of a store. Here each method refuses; a store overrides what it can do.

    All raise `UsageError` if the store can't do it, and `StorageError` if the system refuses.
    """

    def template(self, entity_type: str) -> tuple[str, str] | None:
        """Return the template of a type, its text and its name; None if there is none.

        Raises `InvalidFile`.
        """
        del entity_type
        return None

    def members(self) -> dict[str, Any]:
        """Who is listed as a member, as the file has it; empty where there is none."""
        return {}

    def check(self, scope: Scope) -> Checked:
        """Check the entities of a scope. Raises `EntityNotFound` for an unknown name."""
        raise _can_not("check the files", scope)

    def passed_over(self) -> PassedOver:
        """Return the files that are left out wherever loop looks for entities."""
        raise _can_not("tell what it passes over")

    def notes(self) -> int:
        """Count the Markdown files that can be read and are no entities, as when the vault was last
        looked at; 0 where the store does not know."""
        return 0

    def allow(self, field: AllowedField, *, origin: Origin, dry_run: bool = False) -> Allowed:
        """Allow another field for a type, in the schema.

        Raises `UsageError` for an unknown type or kind, `InvalidFile`, `VaultLocked`.
        """
        raise _can_not("change its schema", field, origin, dry_run)

    def close_schema(self, *, origin: Origin, dry_run: bool = False) -> ClosedSchema:
        """Close an open schema. Raises `UsageError` where the vault has none of its own,
        `InvalidFile`, `VaultLocked`."""
        raise _can_not("change its schema", origin, dry_run)

    def settings(self) -> bytes | None:
        """Return the vault's file of settings; None if it has none."""
        raise _can_not("tell its settings")

    def replace_settings(self, before: bytes | None, after: bytes) -> None:
        """Write the vault's file of settings in the place of what was read; None if there was none.

        Raises `ChangedMeanwhile`, `VaultLocked`.
        """
        raise _can_not("change its settings", before, after)

    def kept(self) -> KeptCopies:
        """Return the kept copies of deleted entities and replaced values."""
        raise _can_not("list what is kept")

    def prune(self, unwanted: Sequence[Kept]) -> Pruned:
        """Remove kept copies for good, if they have not changed since they were listed.

        Raises `VaultLocked`.
        """
        raise _can_not("remove what is kept", unwanted)

    def take_aside(self, *, dry_run: bool = False) -> list[str]:
        """Keep staged files that can't be finished; return the paths. Raises `VaultLocked`."""
        raise _can_not("take anything aside", dry_run)

    def new_records(self) -> Iterator[list[AuditRecord]]:
        """Yield new records in the log's order, in batches, for ever.

        The first batch is empty, and so is one when there is nothing new.
        """
        raise _can_not("follow the log")

    def happenings(self) -> Iterator[list[Happening]]:
        """Yield all changes from now on, inside and outside, for ever.

        Some batches are empty, so that the caller can see whether anybody still reads.
        """
        raise _can_not("watch for changes")

    def verify(self) -> Verification:
        """Check the chain of the log, its records, and each entity against its last record."""
        raise _can_not("verify the log")

    def rotate(self, *, at_least: int) -> Rotation:
        """Begin a new file of the log, if the old one is large enough. Raises `VaultLocked`."""
        raise _can_not("rotate the log", at_least)

    def redact(self, wanted: ToRedact, *, origin: Origin, dry_run: bool = False) -> Redaction:
        """Replace recorded values by hashes. Raises `EntityNotFound`, `InvalidChange`,
        `VaultLocked`."""
        raise _can_not("redact the log", wanted, origin, dry_run)

    def migrate(self, file: str | None, *, dry_run: bool = False) -> Migration:
        """Copy the lines of an older log into this one.

        Raises `EntityNotFound` if there is no such file, `VaultLocked`.
        """
        raise _can_not("migrate a log", file, dry_run)


def _can_not(what: str, *_asked: object) -> UsageError:
    return UsageError(f"this vault's store can't {what}")


class Kept(Struct):
    """One file of `.loop/kept/`, with its time, and its entity, if records tell it.

    `what` is `file` for a whole entity, or else the field. It is None if no record names the file:
    it comes from a change that did not land, or is a text of another program. `stamp` shows whether
    a file has changed or was kept again.
    """

    name: str
    size: int
    kept_at: int
    stamp: tuple[int, ...]
    entity_id: str | None = None
    entity_name: str | None = None
    what: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "name": self.name,
            "bytes": self.size,
            "kept_at": timestamps.render(self.kept_at),
            "entity_id": self.entity_id,
            "entity_name": self.entity_name,
            "what": self.what,
        }


class KeptCopies(Struct):
    """The kept copies, and the names of other files there."""

    copies: tuple[Kept, ...]
    foreign: tuple[str, ...] = ()

    def of(self, entity_id: str | None, *, before: int | None) -> KeptCopies:
        """Return the copies of one entity, or those kept before an instant."""
        known = None if entity_id is None else nfc(entity_id)
        chosen = [
            one
            for one in self.copies
            if (known is None or one.entity_id == known)
            and (before is None or one.kept_at < before)
        ]
        return self.replace(copies=tuple(chosen))


class Pruned(Struct):
    """What was removed, and what stays because it was kept again or has changed."""

    gone: tuple[Kept, ...]
    staying: tuple[Kept, ...]


class Happening(Struct):
    """One change. `record` is that of the audit log for a change inside; outside nobody knows
    who it was, `fields` are the names of what changed, None where that can't be told, and `etag` is
    that of the file now, None where it is gone."""

    timestamp: str
    action: str
    path: str
    entity_id: str | None
    entity_type: str | None
    record: AuditRecord | None = None
    fields: tuple[str, ...] | None = None
    etag: str | None = None

    @classmethod
    def inside(cls, record: AuditRecord) -> Happening:
        """That which a record tells of."""
        path, kind = record.metadata.get("path"), record.data.get("entity_type")
        return cls(
            timestamp=str(record.data.get("timestamp")),
            action="undo" if record.undoes else str(record.data.get("action")),
            path=path if isinstance(path, str) else "",
            entity_id=record.entity_id,
            entity_type=kind if isinstance(kind, str) else None,
            record=record,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return one line of `loop watch --json`."""
        data = self.record.data if self.record is not None else {}
        names = self.record.modified_fields if self.record is not None else self.fields
        return {
            "event": "outside" if self.record is None else "inside",
            "timestamp": self.timestamp,
            "actor": data.get("actor"),
            "source": data.get("source"),
            "action": self.action,
            "entity_id": self.entity_id,
            "entity_type": self.entity_type,
            "path": self.path,
            "modified_fields": None if names is None else list(names),
            "diff": self.record.diff if self.record is not None else None,
            "run_id": data.get("run_id"),
        }


class LogProblem(Struct):
    """A problem with one of loop's lines; `problem` is `chain`, `schema` or `rolled_back`."""

    file: str
    line: int
    problem: str
    message: str


class RecordedPlace(Struct):
    """The file of an entity by its last record."""

    entity_id: str
    path: str


class Verification(Struct):
    """The result of verifying.

    `records` counts the lines that are records. Of these, `own` are in the chain; `migrated` and
    `foreign` are the others. `unreadable` counts the lines that are not records.
    """

    files: tuple[str, ...]
    records: int
    own: int
    migrated: int
    foreign: int
    unreadable: int
    problems: tuple[LogProblem, ...]
    edited_outside: tuple[RecordedPlace, ...]
    gone: tuple[RecordedPlace, ...]

    @property
    def ok(self) -> bool:
        """Whether no line of loop is altered, missing or invalid."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop audit verify`."""
        listed = ("problems", "edited_outside", "gone")
        return {
            "ok": self.ok,
            **self.__dict__,
            **{key: [one.__dict__ for one in getattr(self, key)] for key in listed},
        }


class Rotation(Struct):
    """The result of a rotation. `size` is that of the active file in bytes, before."""

    rotated: bool
    segment: str | None
    size: int

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop audit rotate`."""
        return {"rotated": self.rotated, "segment": self.segment, "bytes": self.size}


class ToRedact(Struct):
    """The values to redact: those of `field` (a dotted name, or `body`) and its nested fields.

    In all records of the entity, or in those of one run.
    """

    entity_id: str
    field: str
    run_id: str | None = None


class RedactedLine(Struct):
    """A line with values of the field.

    `after` is the new text; None if the line belongs to another program, because such lines are
    never changed.
    """

    file: str
    number: int
    text: bytes
    record: AuditRecord
    fields: tuple[str, ...]
    after: bytes | None

    def as_dict(self) -> dict[str, Any]:
        """Return the line in the JSON of `loop audit redact`."""
        place = {"file": self.file, "line": self.number, "fields": list(self.fields)}
        if self.after is None:
            return place
        return {**place, "from": self.record.digest, "to": sha256_hex(self.after)}


class Redaction(Struct):
    """The result of a redaction, or of a dry run.

    `lines` are rewritten; `left` are lines of other programs with such values; `kept` are the
    removed kept copies (SHA-256).
    """

    wanted: ToRedact
    run_id: str
    lines: tuple[RedactedLine, ...]
    left: tuple[RedactedLine, ...]
    kept: tuple[str, ...]
    dry_run: bool

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.lines or self.kept)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop audit redact`."""
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


class SkippedLine(Struct):
    """A line that became no record, and the reason."""

    line: int
    reason: str


class Migration(Struct):
    """The result of a migration, or of a dry run.

    `migrated` lines became records; `known` are already in the log; `skipped` can't become records.
    """

    file: str
    migrated: int
    known: int
    skipped: tuple[SkippedLine, ...]
    dry_run: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop audit migrate`."""
        data = {**self.__dict__, "skipped": [one.__dict__ for one in self.skipped]}
        if not data.pop("dry_run"):
            return data
        return {**data, "dry_run": True}


class AllowedField(Struct):
    """A field to allow for a type, with a kind, if one is given."""

    entity_type: str
    name: str
    kind: str | None = None


class ClosedSchema(Struct):
    """That a schema takes no fields more than it knows; no diff where it took none before."""

    path: str
    diff: Diff
    run_id: str
    dry_run: bool

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop schema close`."""
        said = {"path": self.path, "changed": bool(self.diff), "run_id": self.run_id}
        return {**said, "diff": self.diff, **({"dry_run": True} if self.dry_run else {})}


class Allowed(Struct):
    """The changed sections of the schema, as a diff."""

    field: AllowedField
    path: str
    diff: Diff
    run_id: str
    dry_run: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop schema allow`."""
        said = {
            "entity_type": self.field.entity_type,
            "field": self.field.name,
            "type": self.field.kind,
            "path": self.path,
            "changed": bool(self.diff),
            "run_id": self.run_id,
            "diff": self.diff,
        }
        return {**said, "dry_run": True} if self.dry_run else said
