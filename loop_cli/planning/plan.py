"""What one change does to one snapshot: the checks of SPEC §3 in their order, the new
bytes, and the record to come. Pure; every store calls it under its lock.

Updates and moves are here, what makes and removes an entity in `planning.life`.
"""

from __future__ import annotations

from loop_cli.core import conflict, timestamps
from loop_cli.core.diff import MISSING, diff_body, value_at
from loop_cli.core.entity import Revision
from loop_cli.core.intent import intend
from loop_cli.core.names import BODY, join_dotted, split_dotted
from loop_cli.core.records import record as audit
from loop_cli.core.records.hashed import as_logged, comparable_digest, digest_of, value_bytes
from loop_cli.core.store import CommitResult, EntityChange, Move
from loop_cli.errors import ConflictError, InvalidChange, InvalidFile, PreconditionRequired
from loop_cli.lean.plain import same
from loop_cli.lean.records import Struct
from loop_cli.markdown import patch, reader
from loop_cli.markdown.document import split
from loop_cli.markdown.scalars import is_plain
from loop_cli.planning.snapshot import MAX_FILE_BYTES, etag_of, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from loop_cli.core.changes import BodyChange, Layout
    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import Entity, FieldNames, Precondition
    from loop_cli.core.intent import Intent
    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.schema.references import Others
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.store import Delete
    from loop_cli.markdown.document import Document
    from loop_cli.planning.snapshot import Snapshot


class Policy(Struct):
    """What a store brings to every plan: its rules, its clock (microseconds) and the fields
    whose values are recorded as hashes."""

    rules: Rules
    clock: Callable[[], int]
    private: tuple[str, ...] = ()

    @property
    def names(self) -> FieldNames:
        """Which fields carry identity and time."""
        return self.rules.names


class Plan(Struct):
    """A change that passed every check.

    `source` is the file that it begins with, None for a create; `target` the one that it
    ends with, None for a delete; `data` the bytes to come there. `wanted` maps the names of
    diffs to the values asked for; `record` is the record's data, still without `previous`;
    `kept` are the values, by SHA-256, that the record holds only the hash of; `document`
    the pieces of `data`, where they are known.
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

    @property
    def changed(self) -> bool:
        """Whether there is anything to write: a value, the way values are laid out, a place."""
        return self.data != self.before.raw or self.source != self.target

    @property
    def path(self) -> str:
        """Where the change begins, or where it ends if there is nothing before."""
        return self.source or self.target or ""

    def result(self, record: AuditRecord | None, *, warnings: tuple[str, ...] = ()) -> CommitResult:
        """What became of it: `record` is None where nothing was written; `warnings` are those
        that were met on the way to it."""
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
    """The plan for one update or move; `others` are whom the entity may refer to. Raises
    `InvalidChange`, `InvalidFile`, `PreconditionRequired`, `ConflictError`."""
    before = snapshot.entity
    now = policy.clock()
    intent = intend(
        before.fields,
        change.edits.changes,
        entity_id=before.id,
        entity_type=before.type,
        rules=policy.rules,
        others=others,
        now=now,
    )
    body = _new_body(snapshot, change.edits.body)
    diff = {**intent.diff, **_other_digits(snapshot, intent), **diff_body(before.body, body)}
    target = change.to if isinstance(change, Move) else before.path
    document = made = _laid_out(snapshot, change.edits.layout, intent)
    laid_out = document != snapshot.document
    after = before
    if diff or laid_out or target != before.path:
        instant = _next_instant(snapshot, now)
        after, made = _after(snapshot, document, intent, body, instant, policy)
    wanted = {**intent.wanted, **({} if change.edits.body is None else {BODY: body})}
    used = check_precondition(snapshot, change, wanted, updated=policy.names.updated)
    recorded, kept, marks = recordable(diff, policy.private, yaml=snapshot.document.yaml)
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


def check_precondition(
    snapshot: Snapshot,
    change: EntityChange | Delete,
    wanted: dict[str, Any],
    *,
    updated: str | None = None,
) -> str:
    """What was used of the precondition: `etag`, `updated_at`, `literal` or `none`."""
    precondition = change.precondition
    entity = snapshot.entity
    if precondition.forced:
        return "none"
    if not precondition.given:
        import shlex

        raise PreconditionRequired(
            f"{entity.id}: nobody can be asked here, so say which revision you have seen: "
            "--if-match ETAG or --expected-updated-at TIME, as 'loop get' reports them; "
            "--force does without",
            entity_id=entity.id,
            hint=shlex.join(["loop", "get", entity.id, "--json"]),
        )
    reason, used = _compare(snapshot, precondition)
    if reason is None:
        return used
    raise ConflictError(
        conflict.build(
            entity,
            reason=reason,
            precondition=precondition,
            wanted=wanted,
            history=snapshot.history.records,
            seen=change.seen if isinstance(change, EntityChange) else None,
            updated=updated,
        )
    )


def _compare(snapshot: Snapshot, precondition: Precondition) -> tuple[conflict.Reason | None, str]:
    revision = snapshot.entity.revision
    if precondition.if_match is not None and precondition.if_match != revision.etag:
        return ("edited_outside" if snapshot.edited_outside else "etag_changed"), "none"
    if precondition.expected_updated_at is None:
        return None, "etag"
    expected = timestamps.parse(precondition.expected_updated_at)
    used = "updated_at"
    if expected != timestamps.parse(revision.updated_at):
        never_recorded = snapshot.history.last is None
        if not (never_recorded and expected is not None and expected == snapshot.literal):
            return ("edited_outside" if snapshot.stand_in else "updated_changed"), "none"
        used = "literal"
    return None, "etag" if precondition.if_match is not None else used


def _next_instant(snapshot: Snapshot, now: int) -> int:
    """Later than the file's value, the reported one and every recorded one (SPEC §3)."""
    reported = timestamps.parse(snapshot.entity.revision.updated_at)
    _refuse_late(snapshot, reported)
    known = (reported, snapshot.literal, snapshot.history.ceiling)
    return later_than(known, now, path=snapshot.entity.path)


def later_than(known: Iterable[int | None], now: int, *, path: str) -> int:
    """Now, or right after the last of the instants that are known. Raises `InvalidFile` where that
    can't be written, or the clock is in the last year there is."""
    if now >= timestamps.TOO_LATE:
        raise InvalidFile(path, f"the clock says {timestamps.render(now)}: no change can be later")
    later = max([now, *(instant + 1 for instant in known if instant is not None)])
    if later > timestamps.LATEST:
        raise InvalidFile(path, "its time is the last there is: no change can be later")
    return later


def _refuse_late(snapshot: Snapshot, reported: int | None) -> None:
    """Raise `InvalidFile` for a file that is dated in the last year there is, unless our own
    records led there: a change would be later, and nothing after it."""
    ceiling = snapshot.history.ceiling or 0
    for instant, what in ((snapshot.literal, "its `updated`"), (reported, "its modification time")):
        if instant is None or instant < timestamps.TOO_LATE:
            continue
        if instant > ceiling + 2 * timestamps.SECOND:  # by which a stand-in is later than a record
            last = timestamps.render(instant)
            reason = f"{what} is {last}, and no change can be later: correct it outside loop"
            raise InvalidFile(snapshot.entity.path, reason)


def _other_digits(snapshot: Snapshot, intent: Intent) -> Diff:
    """What is the same number and shall be written otherwise: `1.10` for 1.1."""
    found: Diff = {}
    for path, token in intent.written:
        names = tuple(part for part in path if isinstance(part, str))
        name = join_dotted(names)
        value = value_at(intent.fields, names)
        if len(names) < len(path) or not same(value_at(snapshot.entity.fields, names), value):
            continue
        from loop_cli.markdown import spelling

        if spelling.token_at(snapshot.document.yaml, path) not in (token, None):
            found[name] = {"old": value, "new": value}
    return found


def _new_body(snapshot: Snapshot, change: BodyChange | None) -> str:
    body = snapshot.entity.body
    if change is None:
        return body
    if change.exact or not change.text:
        return change.text if not change.append else body
    newline = _newline(body) or snapshot.document.newline
    text = change.text.replace("\r\n", "\n")
    if change.append:
        if body and not body.endswith("\n"):
            body += newline
        return body + text.replace("\n", newline)
    if text == body.replace("\r\n", "\n"):
        return body
    _refuse_frontmatter(snapshot.entity, text)
    return text.replace("\n", newline)


def _newline(body: str) -> str:
    """The line ending that most lines of a body have; empty where it has one line."""
    lines = body.count("\n")
    return "" if not lines else "\r\n" if 2 * body.count("\r\n") > lines else "\n"


def _refuse_frontmatter(entity: Entity, text: str) -> None:
    """Raise where a new body is a whole file: it would have the frontmatter twice."""
    if not text.startswith(("---", "\ufeff---")):
        return
    try:
        fields = reader.read(split(text).yaml)
    except ValueError:
        return
    shared = [name for name in fields if name in entity.fields]
    if not shared:
        return
    words = f"begins with frontmatter ({shared[0]}, ...), which the file has already"
    problem = {"field": BODY, "problem": "frontmatter", "message": words}
    raise InvalidChange(
        f"{entity.id}: the body {words}",
        entity_id=entity.id,
        problems=[problem],
        hint=f"loop edit {entity.id} takes the whole file; 'loop get --field body' gives the body",
    )


def _laid_out(snapshot: Snapshot, layout: Layout | None, intent: Intent) -> Document:
    """The document with another layout, if that is asked for, and the values to come; all the
    same the document itself where its layout is what it was."""
    document = snapshot.document
    if layout is None:
        return document
    from loop_cli.planning import edited

    try:
        return edited.laid_out(document, layout, intent.fields)
    except patch.PatchError as error:
        raise _can_not(snapshot, document, error) from None


def _new_bytes(
    snapshot: Snapshot,
    document: Document,
    intent: Intent,
    fields: dict[str, Any],
    body: str,
    names: FieldNames,
) -> tuple[bytes, Document]:
    edits: list[patch.Set | patch.Remove] = []
    if document is snapshot.document:
        edits = [
            patch.Remove(path) if value is MISSING else patch.Set(path, value)
            for path, value in intent.edits
        ]
    edits.append(patch.Set((names.updated,), fields[names.updated]))
    try:
        yaml = document.yaml
        for path, value in intent.rewrites:
            yaml = patch.rewrite(yaml, path, value, newline=document.newline)
        known = yaml is snapshot.document.yaml
        old = snapshot.entity.fields if known else reader.read(yaml)
        yaml, read = patch.patched(yaml, old, edits, newline=document.newline)
        if intent.written:
            from loop_cli.markdown import spelling

            yaml = spelling.respelled(yaml, dict(intent.written))
    except patch.PatchError as error:
        raise _can_not(snapshot, document, error) from None
    made = document.replace(yaml=yaml, body=body)
    text = made.text
    data = text.encode()
    if len(data) > MAX_FILE_BYTES:
        size = f"{len(data):,} bytes; loop reads entities of up to {MAX_FILE_BYTES:,}"
        raise InvalidFile(snapshot.entity.path, f"would become too large: {size}")
    if not (same(read, fields) and _is_split_into(text, made)):
        reason = "could not be written without changing something else"
        raise InvalidFile(snapshot.entity.path, reason)
    return data, made


def _can_not(snapshot: Snapshot, document: Document, error: patch.PatchError) -> InvalidFile:
    line = None if error.line is None else document.yaml_line + error.line - 1
    what = f"{join_dotted(error.path)}: {error.reason}" if error.path else error.reason
    return InvalidFile(snapshot.entity.path, what, line=line)


def _is_split_into(text: str, made: Document) -> bool:
    """Whether the text of a file is this frontmatter and this body, and nothing else."""
    try:
        return split(text) == made
    except ValueError:
        return False


def _after(
    snapshot: Snapshot,
    document: Document,
    intent: Intent,
    body: str,
    updated: int,
    policy: Policy,
) -> tuple[Entity, Document]:
    names = policy.names
    rendered = timestamps.render(updated)
    fields = {**intent.fields, names.updated: rendered}
    data, made = _new_bytes(snapshot, document, intent, fields, body, names)
    after = snapshot.entity.replace(
        fields=fields,
        name=name_of(intent.fields, names),
        body=body,
        raw=data,
        revision=Revision(updated_at=rendered, etag=etag_of(data)),
    )
    return after, made


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
    return metadata


def as_recorded(entity: Entity, policy: Policy) -> Entity:
    """The entity as a record speaks of it: without its name where that is private."""
    hidden = hides_name(entity.name, policy.names, policy.private)
    return entity.replace(name=None) if hidden else entity


def hides_name(name: object, names: FieldNames, private: tuple[str, ...]) -> bool:
    """Whether records are without the entity's name, because that is a private field."""
    return audit.is_private(join_dotted((names.name,)), name, private)


def recordable(
    diff: Diff, private: tuple[str, ...], *, yaml: str | None = None
) -> tuple[Diff, dict[str, bytes], dict[str, Any]]:
    """The diff as it is recorded, where all keys are texts; what undo needs of the values it only
    hashes, by hash; and which old ones are kept and no texts, or are more than JSON can say, and
    how those were written in `yaml` whose JSON does not tell it."""
    recorded: Diff = {}
    kept: dict[str, bytes] = {}
    marks: dict[str, Any] = {}
    for name, entry in diff.items():
        shown = dict(entry)
        for side in ("old", "new"):
            value = entry[side]
            data = value_bytes(value)
            logged = as_logged(value, data)
            if side == "old" and not same(value, logged):
                marks.setdefault("inexact", []).append(name)
            hidden = audit.is_private(name, value, private)
            if value is None or (not hidden and len(data) <= audit.PLAIN_LIMIT):
                shown[side] = logged
                if side == "old" and yaml is not None and not hidden and "added" not in entry:
                    marks.setdefault("written", {}).update(_written(yaml, name, value))
                continue
            shown[side] = digest_of(data) if side == "old" else comparable_digest(value)
            if side == "old":
                kept[shown[side]["sha256"]] = data
                if not isinstance(value, str):
                    marks.setdefault("kept_as_json", []).append(name)
        recorded[name] = shown
    if not marks.get("written", True):
        del marks["written"]
    return recorded, kept, marks


def _written(yaml: str, name: str, value: Any) -> dict[str, dict[str, str]]:
    """How an old value was written, under its name: by places within it, empty for the whole."""
    if name == BODY or (isinstance(value, str) and is_plain(value)):
        return {}
    from loop_cli.markdown import spelling

    path = split_dotted(name)
    found = spelling.spelled(yaml, path, value)
    places = {join_dotted(map(str, at[len(path) :])): token for at, token in found.items()}
    return {name: places} if places else {}
