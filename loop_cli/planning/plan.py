"""Plan one change of one snapshot: the checks of SPEC §3 in their order, the new bytes, the record.

All is pure; every store calls it under its lock. Updates and moves are here; `planning.life` has
creations and deletions.
"""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.commits import CommitResult, EntityChange, Move
from loop_cli.core.diff import diff_body
from loop_cli.core.intent import intend, untouched
from loop_cli.core.names import BODY
from loop_cli.core.records import hashed
from loop_cli.core.records import record as audit
from loop_cli.errors import InvalidFile
from loop_cli.lean.records import Struct
from loop_cli.planning import new_text, precondition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import Entity, FieldNames
    from loop_cli.core.intent import Intent
    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.schema.references import Others
    from loop_cli.core.schema.rules import Rules
    from loop_cli.markdown.document import Document
    from loop_cli.planning.snapshot import Snapshot

IS_THERE = "exists already, or a name that differs from it only by case or normal form"
"""What is said of a place that is taken."""


class Policy(Struct):
    """What a store gives to every plan: its rules, its clock (microseconds), and its private
    fields.

    Records have only hashes of private fields.
    """

    rules: Rules
    clock: Callable[[], int]
    private: tuple[str, ...] = ()

    @property
    def names(self) -> FieldNames:
        """The fields that carry identity and time."""
        return self.rules.names


class Plan(Struct):
    """A change that passed every check.

    `source` is its old file, None for a create; `target` its new file, None for a delete; `data`
    the new bytes. `wanted` maps the names of diffs to the requested values. `record` is the
    record's data, still without `previous`. `kept` are the values, by SHA-256, of which the record
    has only hashes. `document` are the pieces of `data`, if known. `beside` means that the file
    comes beside others with its id.
    """

    before: Entity
    after: Entity
    source: str | None
    target: str | None
    data: bytes
    diff: Diff
    wanted: dict[str, Any]
    record: dict[str, Any]
    kept: dict[str, bytes]
    warnings: tuple[str, ...]
    document: Document | None = None
    beside: bool = False

    @property
    def changed(self) -> bool:
        """Whether there is anything to write: a value, a layout, a place."""
        return self.data != self.before.raw or self.source != self.target

    @property
    def path(self) -> str:
        """The old path, or the new one if there is no old one."""
        return self.source or self.target or ""

    def result(self, record: AuditRecord | None, *, warnings: tuple[str, ...] = ()) -> CommitResult:
        """Return the result: `record` is None if nothing was written.

        `warnings` are added to those of the plan.
        """
        return CommitResult(
            before=self.before,
            after=self.after,
            diff=self.diff,
            changed=self.changed,
            record=record,
            warnings=(*warnings, *self.warnings),
        )


def make(
    snapshot: Snapshot,
    change: EntityChange,
    *,
    policy: Policy,
    origin: Origin,
    others: Others | None = None,
) -> Plan:
    """Plan one update or move; `others` are the entities that it may refer to.

    Raises `InvalidChange`, `InvalidFile`, `PreconditionRequired`, `ConflictError`.
    """
    before = snapshot.entity
    now = policy.clock()
    intent = untouched() if change.note else _intent(before, change, policy, others, now)
    body = new_text.new_body(snapshot, change.edits.body)
    digits, written = new_text.other_digits(snapshot, intent)
    diff = {**intent.diff, **digits, **diff_body(before.body, body)}
    target = change.to if isinstance(change, Move) else before.path
    document = made = new_text.laid_out(snapshot, change.edits.layout, intent)
    laid_out = document != snapshot.document
    after = before
    if diff or laid_out or target != before.path:
        after, made = _new_state(snapshot, change, document, intent, body, policy, now)
    wanted = {**intent.wanted, **({} if change.edits.body is None else {BODY: body})}
    used = precondition.check(
        snapshot, change, wanted, rules=policy.rules, updated=policy.names.updated
    )
    recorded, kept, marks = hashed.recordable(diff, policy.private, written=written)
    after = after.replace(path=target)
    metadata = _metadata(snapshot, change, after, used, laid_out=laid_out)
    return Plan(
        before=before,
        after=after,
        source=before.path,
        target=target,
        data=after.raw,
        diff=diff,
        wanted=wanted,
        record=audit.compose(
            action="update" if target == before.path else "move",
            before=as_recorded(before, policy),
            diff=recorded,
            origin=origin,
            timestamp=now,
            metadata={**metadata, **marks},
        ),
        kept=kept,
        warnings=(*before.warnings, *intent.warnings),
        document=made,
    )


def _new_state(
    snapshot: Snapshot,
    change: EntityChange,
    document: Document,
    intent: Intent,
    body: str,
    policy: Policy,
    now: int,
) -> tuple[Entity, Document]:
    """Return the entity after a change, and the pieces of its file."""
    instant = next_instant(snapshot, now)
    if change.note:
        return new_text.note(snapshot, body, instant, policy.names)
    after, made = new_text.after(snapshot, document, intent, body, instant, policy.names)
    if change.undoes is None:
        return after, made
    etag = _etag_before(snapshot, change.undoes)
    return new_text.without_frontmatter(after, made, policy.names, etag=etag)


def _etag_before(snapshot: Snapshot, undoes: Mapping[str, Any]) -> str | None:
    """The etag before the oldest of the records that are taken back, which come newest first."""
    oldest = [*undoes.get("lines", ())][-1:]
    found = (one for one in snapshot.history.records if one.digest in oldest)
    record = next(found, None)
    return None if record is None else record.etag_before


def _intent(
    before: Entity, change: EntityChange, policy: Policy, others: Others | None, now: int
) -> Intent:
    return intend(
        before.fields,
        change.edits.changes,
        entity_id=before.id,
        entity_type=before.type,
        rules=policy.rules,
        others=others,
        now=now,
    )


def next_instant(snapshot: Snapshot, now: int) -> int:
    """Return an instant later than the file's, the reported one and every recorded one (SPEC §3).

    Raises `InvalidFile` if no change can be later.
    """
    reported = timestamps.parse(snapshot.entity.revision.updated_at)
    _refuse_late(snapshot, reported)
    known = (reported, snapshot.literal, snapshot.history.ceiling)
    return later_than(known, now, path=snapshot.entity.path)


def later_than(known: Iterable[int | None], now: int, *, path: str) -> int:
    """Return now, or the instant right after the last known one.

    Raises `InvalidFile` if that can't be written, or if the clock is in the last year.
    """
    if now >= timestamps.TOO_LATE:
        raise InvalidFile(path, f"the clock says {timestamps.render(now)}: no change can be later")
    later = max([now, *(instant + 1 for instant in known if instant is not None)])
    if later > timestamps.LATEST:
        raise InvalidFile(path, "its time is the last there is: no change can be later")
    return later


def _refuse_late(snapshot: Snapshot, reported: int | None) -> None:
    """Raise `InvalidFile` for a file with a date in the last possible year.

    A change would get a later time, and nothing could come after it. It is allowed if our own
    records led there.
    """
    ceiling = snapshot.history.ceiling or 0
    for instant, what in ((snapshot.literal, "its `updated`"), (reported, "its modification time")):
        if instant is None or instant < timestamps.TOO_LATE:
            continue
        # so much later than a record a stand-in may be
        if instant > ceiling + 2 * timestamps.SECOND:
            last = timestamps.render(instant)
            reason = f"{what} is {last}, and no change can be later: correct it outside loop"
            raise InvalidFile(snapshot.entity.path, reason)


def _metadata(
    snapshot: Snapshot, change: EntityChange, after: Entity, used: str, *, laid_out: bool
) -> dict[str, Any]:
    before = snapshot.entity
    moved = {"path": after.path, "path_before": before.path} if after.path != before.path else {}
    metadata: dict[str, Any] = {
        **moved,
        "etag_before": before.revision.etag,
        "etag_after": after.revision.etag,
        "updated_before": before.revision.updated_at,
        "updated_after": after.revision.updated_at,
        "precondition": used,
        "previous": None,
    }
    if change.precondition.forced:
        metadata["forced"] = True
    if snapshot.edited_outside:
        metadata["edited_outside"] = True
    if snapshot.history.last is None and snapshot.literal is not None:
        metadata["literal_before"] = timestamps.render(snapshot.literal)
    if change.rebased_from is not None:
        metadata["rebased_from"] = {
            "updated_at": change.rebased_from.expected_updated_at,
            "etag": change.rebased_from.if_match,
        }
    if change.undoes is not None:
        metadata["undoes"] = change.undoes
    if laid_out:
        metadata["layout"] = True
    if change.note:
        metadata["note"] = True
    return metadata


def as_recorded(entity: Entity, policy: Policy) -> Entity:
    """Return the entity for a record: without its name, if that is private."""
    hidden = hashed.hides_name(entity.name, policy.names, policy.private)
    return entity.replace(name=None) if hidden else entity
