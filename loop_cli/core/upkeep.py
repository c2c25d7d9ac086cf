"""What a store does besides reading and changing entities, each of which it may refuse in words.

It checks, it keeps what was deleted, it tells of changes as they come, and it looks after its
audit log. What these give is data.
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
    """What a store does besides. Here each is refused; a store overrides what it can do.

    All raise `UsageError` where the store can't, and `StorageError` where the system refuses.
    """

    def template(self, entity_type: str) -> tuple[str, str] | None:
        """The template of a type, its text and what it is called; None where there is none.
        Raises `InvalidFile`."""
        del entity_type
        return None

    def members(self) -> dict[str, Any]:
        """Who is listed as a member, as the file has it; empty where there is none."""
        return {}

    def check(self, scope: Scope) -> Checked:
        """What is wrong with the entities of a scope. Raises `EntityNotFound` for a name that is
        no id, alias or type."""
        raise _can_not("check the files", scope)

    def passed_over(self) -> PassedOver:
        """What is passed over wherever entities are looked for."""
        raise _can_not("tell what it passes over")

    def allow(self, field: AllowedField, *, origin: Origin, dry_run: bool = False) -> Allowed:
        """Allow a field more for a type, in the schema. Raises `UsageError` for a type or kind
        that there is not, `InvalidFile`, `VaultLocked`."""
        raise _can_not("change its schema", field, origin, dry_run)

    def close_schema(self, *, origin: Origin, dry_run: bool = False) -> ClosedSchema:
        """Close an open schema. Raises `UsageError` where the vault has none of its own,
        `InvalidFile`, `VaultLocked`."""
        raise _can_not("change its schema", origin, dry_run)

    def kept(self) -> KeptCopies:
        """What is kept of deleted entities and replaced values."""
        raise _can_not("list what is kept")

    def prune(self, unwanted: Sequence[Kept]) -> Pruned:
        """Remove for good what is still as it was listed. Raises `VaultLocked`."""
        raise _can_not("remove what is kept", unwanted)

    def take_aside(self, *, dry_run: bool = False) -> list[str]:
        """Keep what was staged and can't be finished; the paths. Raises `VaultLocked`."""
        raise _can_not("take anything aside", dry_run)

    def new_records(self) -> Iterator[list[AuditRecord]]:
        """The records that come from now on, in the log's order, a batch each time that it is
        asked; the first one is empty, and so is one where nothing came. Never ends."""
        raise _can_not("follow the log")

    def happenings(self) -> Iterator[list[Happening]]:
        """What changes from now on, inside and outside; some batches are empty, so that the
        caller can see whether anybody still reads. Never ends."""
        raise _can_not("watch for changes")

    def verify(self) -> Verification:
        """Check the chain of the log, its records, and each entity against its last one."""
        raise _can_not("verify the log")

    def rotate(self, *, at_least: int) -> Rotation:
        """Begin a new file of the log, if that has so many bytes. Raises `VaultLocked`."""
        raise _can_not("rotate the log", at_least)

    def redact(self, wanted: ToRedact, *, origin: Origin, dry_run: bool = False) -> Redaction:
        """Put hashes in the place of recorded values. Raises `EntityNotFound`, `InvalidChange`,
        `VaultLocked`."""
        raise _can_not("redact the log", wanted, origin, dry_run)

    def migrate(self, file: str | None, *, dry_run: bool = False) -> Migration:
        """Take the lines of an older log into this one. Raises `EntityNotFound` where there is
        no such file, `VaultLocked`."""
        raise _can_not("migrate a log", file, dry_run)


def _can_not(what: str, *_asked: object) -> UsageError:
    return UsageError(f"this vault's store can't {what}")


class Kept(Struct):
    """One file of `.loop/kept/`, kept at an instant; of which entity, as far as records tell.

    `what` is `file` for a whole entity, else the field; None for what no record names: it is
    of a change that did not land, or the text of somebody else. `stamp` tells one content from
    another, and a file from one that was kept anew.
    """

    name: str
    size: int
    kept_at: int
    stamp: tuple[int, ...]
    entity_id: str | None = None
    entity_name: str | None = None
    what: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "name": self.name,
            "bytes": self.size,
            "kept_at": timestamps.render(self.kept_at),
            "entity_id": self.entity_id,
            "entity_name": self.entity_name,
            "what": self.what,
        }


class KeptCopies(Struct):
    """What is kept, and the names of what lies there and is not loop's."""

    copies: tuple[Kept, ...]
    foreign: tuple[str, ...] = ()

    def of(self, entity_id: str | None, *, before: int | None) -> KeptCopies:
        """Those of one entity, and those kept before an instant."""
        known = None if entity_id is None else nfc(entity_id)
        chosen = [
            one
            for one in self.copies
            if (known is None or one.entity_id == known)
            and (before is None or one.kept_at < before)
        ]
        return self.replace(copies=tuple(chosen))


class Pruned(Struct):
    """What was removed, and what stays since it was kept anew or changed since."""

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

    def as_dict(self) -> dict[str, Any]:
        """One line of `loop watch --json`."""
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
    """What is wrong at a line of ours; `problem` is `chain`, `schema` or `rolled_back`."""

    file: str
    line: int
    problem: str
    message: str


class RecordedPlace(Struct):
    """An entity's file, as its last record names it."""

    entity_id: str
    path: str


class Verification(Struct):
    """What was found. `records` are the lines that are records, `own` those of them that the
    chain joins, `migrated` and `foreign` the others, `unreadable` the lines that are none."""

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
        """Whether no line of ours is altered, missing or invalid."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop audit verify`."""
        listed = ("problems", "edited_outside", "gone")
        return {
            "ok": self.ok,
            **self.__dict__,
            **{key: [one.__dict__ for one in getattr(self, key)] for key in listed},
        }


class Rotation(Struct):
    """What was done. `size` is that of the active file in bytes, before."""

    rotated: bool
    segment: str | None
    size: int

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop audit rotate`."""
        return {"rotated": self.rotated, "segment": self.segment, "bytes": self.size}


class ToRedact(Struct):
    """Which values: those of `field` (a dotted name, or `body`) and of what is nested in it,
    in the entity's records, or in those of one run."""

    entity_id: str
    field: str
    run_id: str | None = None


class RedactedLine(Struct):
    """A line with values of the field. `after` is the text to come; None where the line is
    another program's, which is never changed."""

    file: str
    number: int
    text: bytes
    record: AuditRecord
    fields: tuple[str, ...]
    after: bytes | None

    def as_dict(self) -> dict[str, Any]:
        """The line in the JSON of `loop audit redact`."""
        place = {"file": self.file, "line": self.number, "fields": list(self.fields)}
        if self.after is None:
            return place
        return {**place, "from": self.record.digest, "to": sha256_hex(self.after)}


class Redaction(Struct):
    """What was done, or would be: `lines` are rewritten, `left` are lines of other programs
    with such values, `kept` the kept copies removed (SHA-256)."""

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


class SkippedLine(Struct):
    """A line that became no record, and why."""

    line: int
    reason: str


class Migration(Struct):
    """What was done, or would be: `migrated` lines became records, `known` are in the log
    already, `skipped` can't be told as records."""

    file: str
    migrated: int
    known: int
    skipped: tuple[SkippedLine, ...]
    dry_run: bool

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop audit migrate`."""
        data = {**self.__dict__, "skipped": [one.__dict__ for one in self.skipped]}
        if not data.pop("dry_run"):
            return data
        return {**data, "dry_run": True}


class AllowedField(Struct):
    """A field that a type shall have; of that kind where one is given."""

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
    """What was allowed: the sections of the schema that were changed, as a diff."""

    field: AllowedField
    path: str
    diff: Diff
    run_id: str
    dry_run: bool

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop schema allow`."""
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
