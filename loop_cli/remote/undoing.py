"""Undo over HTTP: the plan is what the server says that it would do."""

from __future__ import annotations

from loop_cli.core.entity import Precondition
from loop_cli.core.records.inverse import EntityUndo
from loop_cli.core.records.record import AuditRecord
from loop_cli.errors import ConflictError
from loop_cli.failures import ConfirmationRefused
from loop_cli.lean.http import quoted
from loop_cli.operations.undo import UndoPlan
from loop_cli.remote import life

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.operations.undo import Target, Undone, UndoResult

    Write = Callable[..., Any]


def undo(
    write: Write,
    target: Target,
    *,
    on_conflict: str,
    confirm: Callable[[UndoPlan], bool] | None,
    dry_run: bool,
) -> UndoResult:
    """Put back what a run or a change found. Raises what the server raised, and
    `ConfirmationRefused`."""
    if confirm is not None and not dry_run:
        planned = _ask(write, target, on_conflict, dry_run=True)
        if not planned.changed:
            return planned.replace(dry_run=False)
        plan = UndoPlan(run_id=planned.undone, entities=tuple(map(_planned, planned.entities)))
        if not confirm(plan):
            raise ConfirmationRefused("nothing was undone")
    return _ask(write, target, on_conflict, dry_run=dry_run)


def _ask(write: Write, target: Target, on_conflict: str, *, dry_run: bool) -> UndoResult:
    query = [("on_conflict", on_conflict)] if on_conflict != "fail" else []
    if target.path is not None:
        query.append(("path", target.path))
    body: dict[str, Any] = {}
    where = "/api/undo"
    entity_id = target.entity_id or (target.given if target.path is not None else None)
    if entity_id is not None:  # a path chooses among the files of an entity, and of no run
        where = f"/api/entities/{quoted(entity_id)}/undo"
    elif target.last:
        body = {"last": True}
    else:
        body = {"run_id": target.run_id or target.given}
    body |= _seen(target)
    try:
        found = write("POST", where, *query, body=body, dry_run=dry_run)
    except ConflictError as error:
        first, *others = (one.replace(undo=True) for one in (error.conflict, *error.others))
        raise ConflictError(first, hint=error.hint, others=tuple(others)) from None
    return life.undone(found, dry_run=dry_run)


def _seen(target: Target) -> dict[str, Any]:
    """The revisions that the caller has read, as the server takes them."""
    seen = target.seen or Precondition()
    said = {
        "expected_updated_at": seen.expected_updated_at,
        "if_match": dict(target.etags) or seen.if_match,
        "if": [one.given for one in seen.conditions] or None,
    }
    return {key: value for key, value in said.items() if value is not None}


def _planned(one: Undone) -> EntityUndo:
    """What is to be done to an entity, as far as it is shown."""
    return EntityUndo(
        entity=one.entity,
        records=(),
        diff=one.diff,
        left=one.left,
        later=(),
        by_path=False,
        to=one.entity.path if one.action == "move" else None,
        gone=one.action == "delete",
        restores=AuditRecord(data={}, digest="") if one.action == "restore" else None,
    )
