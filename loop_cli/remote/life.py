"""What was made, deleted, moved and undone, rebuilt from what a server tells of it."""

from __future__ import annotations

from loop_cli.core.commits import CommitResult
from loop_cli.core.entity import Entity, Revision
from loop_cli.operations.delete import DeleteResult, Removed
from loop_cli.operations.move import RelocateResult
from loop_cli.operations.undo import Undone, UndoResult
from loop_cli.remote import answers, rebuilt
from loop_cli.remote.rebuilt import RemoteEntity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.diff import Diff


def deleted(document: Any, names: Mapping[str, str | None], *, dry_run: bool) -> DeleteResult:
    """What a document of `loop delete --json` tells; `names` of the entities that are known."""
    removed = []
    for one in rebuilt.objects(document, "removed"):
        rebuilt.texts(one, "entity_id", "entity_type", "path", "etag")
        entity = _entity(one, name=names.get(one["entity_id"]))
        removed.append(Removed(entity=entity, to=one.get("to"), kept=one.get("kept")))
    if not removed:
        raise rebuilt.bad_answer()
    return DeleteResult(
        removed=tuple(removed),
        archived=document.get("archived") is True,
        dry_run=dry_run,
        run_id=rebuilt.texts(document, "run_id")["run_id"],
        warnings=rebuilt.warnings(document),
    )


def relocated(document: Any, *, dry_run: bool) -> RelocateResult:
    """What a document of `loop move --json` tells."""
    moved = [_moved(one) for one in rebuilt.objects(document, "moved")]
    relinked = [_moved(one) for one in rebuilt.objects(document, "relinked")]
    return RelocateResult(
        moved=tuple(moved),
        relinked=tuple(relinked),
        dry_run=dry_run,
        run_id=rebuilt.texts(document, "run_id")["run_id"],
        warnings=rebuilt.warnings(document),
    )


def _moved(one: dict[str, Any]) -> CommitResult:
    """What moved; of links that were put right only the names of fields are told."""
    rebuilt.texts(one, "entity_id", "path")
    diff = rebuilt.diff(one) if "diff" in one else _names(one)
    after = _entity(one)
    before = after.replace(path=one.get("path_before") or after.path)
    return CommitResult(before=before, after=after, diff=diff, changed=True, record=None)


def changed(document: Any) -> CommitResult:
    """What a line of `loop apply` tells."""
    rebuilt.texts(document, "entity_id", "path", "updated_at", "etag")
    after = _entity(document)
    return CommitResult(
        before=after,
        after=after,
        diff=_names(document),
        changed=document.get("changed") is True,
        record=None,
        warnings=rebuilt.warnings(document),
    )


def undone(document: Any, *, dry_run: bool) -> UndoResult:
    """What a document of `loop undo --json` tells."""
    own = rebuilt.texts(document, "run_id", "undoes")
    return UndoResult(
        run_id=own["run_id"],
        undone=own["undoes"],
        entities=tuple(_undone(one) for one in rebuilt.objects(document, "entities")),
        dry_run=dry_run,
        warnings=rebuilt.warnings(document),
    )


def _undone(one: dict[str, Any]) -> Undone:
    rebuilt.texts(one, "entity_id", "path")
    left = map(answers.conflict_field, rebuilt.objects(one, "left"))
    action = one.get("action")
    return Undone(
        entity=_entity(one),
        action=action if isinstance(action, str) else None,
        diff=rebuilt.diff(one),
        left=tuple(left),
    )


def _names(one: dict[str, Any]) -> Diff:
    """The diff of which the names alone are told."""
    names = one.get("modified_fields")
    if not isinstance(names, list):
        raise rebuilt.bad_answer()
    return {name: {"old": None, "new": None} for name in map(str, names)}


def _entity(one: dict[str, Any], *, name: str | None = None) -> Entity:
    """An entity of which little is told."""
    return RemoteEntity(
        id=one["entity_id"],
        type=one.get("entity_type") or "",
        name=name,
        path=one["path"],
        fields={},
        body="",
        raw=b"",
        revision=Revision(updated_at=one.get("updated_at") or "", etag=one.get("etag") or ""),
    )
