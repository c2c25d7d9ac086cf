"""The tools that write. Each needs to be told what was read, but a create."""

from __future__ import annotations

from loop_cli.core.changes import Change
from loop_cli.core.conflict import POLICIES
from loop_cli.core.entity import precondition_of
from loop_cli.errors import Action, EntityNotFound, Sentence, UsageError
from loop_cli.failures import PreconditionRequired
from loop_cli.mcp.answers import shortened, with_warnings
from loop_cli.mcp.reading import of_entity
from loop_cli.operations import bulk, clock, create
from loop_cli.operations.undo import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.commits import EntityChange
    from loop_cli.mcp.asking import Decision
    from loop_cli.operations.boundary import Operations
    from loop_cli.operations.undo import UndoPlan, UndoResult

    Given = dict[str, Any]


def create_entity(loop: Operations, given: Given) -> Given:
    """Make an entity."""
    kind = loop.rules.spelling(given["type"])
    fields = dict(given.get("fields", {}))
    name = given.get("name", fields.pop(loop.names.name, None))
    if name is not None and not isinstance(name, str):
        raise UsageError(f"{loop.names.name} must be a text")
    request = create.Request(
        entity_type=kind,
        name=name,
        now=clock.now(),
        fields=tuple(Change.to((key,), value) for key, value in fields.items()),
        entity_id=given.get("id"),
        template=loop.template(kind),
        body=given.get("body"),
        key=given.get("idempotency_key"),
    )
    done = loop.create(request, dry_run=given.get("dry_run", False))
    answer = {**of_entity(done.entity), "created": done.created, "run_id": done.run_id}
    if done.dry_run:
        answer |= {"dry_run": True, "fields": done.entity.fields}
    return with_warnings(answer, done.warnings, loop.take_warnings())


def update(loop: Operations, given: Given, decided: Decision | None = None) -> Given:
    """Change an entity; as a person has `decided` about a conflict, if one has."""
    dry_run = given.get("dry_run", False)
    change = _change(loop, given)
    if decided is not None:
        change = decided.applied_to(change)
    policy = POLICIES[given.get("on_conflict", "fail")]
    done = loop.update(change, resolve=policy, dry_run=dry_run)
    answer = {
        **of_entity(done.entity),
        "changed": done.changed,
        "run_id": done.run_id,
        "diff": shortened(done.diff),
    }
    if dry_run:
        answer["dry_run"] = True
    return with_warnings(answer, done.warnings, loop.take_warnings())


def _change(loop: Operations, given: Given) -> EntityChange:
    """The change that the arguments, which are a line of `apply`, ask for. Raises
    `PreconditionRequired` where they name nothing that was read, also where the store would do
    without."""
    line = {key: value for key, value in given.items() if key in bulk.KEYS}
    change = bulk.change_of(line, bulk.LineRules(today=clock.today(), now=clock.now()))
    if not change.precondition.given:
        found = loop.preview(change)  # says first what else is wrong
        raise PreconditionRequired(
            Sentence(f"{found.before.id}: ", Action("name_precondition")),
            entity_id=found.before.id,
            hint=Action("read_again", entity_id=found.before.id),
        )
    return change


def undo(loop: Operations, given: Given) -> Given:
    """Take back an entity's last change, or a run."""
    if ("id" in given) == ("run_id" in given):
        raise UsageError("say what to undo: id, or run_id")
    etag = given.get("if_match")
    several = etag if isinstance(etag, dict) else {}
    for one in several.values():
        precondition_of(None, one)
    expected = given.get("expected_updated_at")
    seen = precondition_of(expected, etag if isinstance(etag, str) else None)
    dry_run = given.get("dry_run", False)
    target = Target(
        entity_id=given.get("id"),
        given=given.get("run_id"),
        path=given.get("path"),
        seen=seen if seen.given else None,
        etags=several,
    )

    def was_read(plan: UndoPlan) -> bool:
        changing = [one.entity.id for one in plan.to_change if one.restores is None]
        missing = [one for one in changing if one not in several]
        if missing and not (seen.given and len(plan.to_change) == 1):
            raise PreconditionRequired(
                f"say which revision of {', '.join(missing)} you have read: if_match",
                entities=missing,
                hint="call undo with dry_run: it shows what would change, and the etags",
            )
        return True

    policy = given.get("on_conflict", "fail")
    done = loop.undo(target, on_conflict=policy, confirm=was_read, dry_run=dry_run)
    answer = done.as_dict()
    answer["entities"] = _undone(loop, done)
    return with_warnings(answer, done.warnings, loop.take_warnings())


def _undone(loop: Operations, done: UndoResult) -> list[Given]:
    """What was, or would be, done to each entity. A plan has the etag that there is now."""
    told = []
    for one in done.as_dict()["entities"]:
        one["diff"] = shortened(one["diff"])
        if done.dry_run:
            try:
                now = loop.get(one["entity_id"]).revision
                one |= {"etag": now.etag, "updated_at": now.updated_at}
            except EntityNotFound:  # it would come back
                one |= {"etag": None, "updated_at": None}
        told.append(one)
    return told
