"""Histories, differences and records, rebuilt from what a server tells of them."""

from __future__ import annotations

from loop_cli.core.names import nfc
from loop_cli.core.records.record import AuditRecord
from loop_cli.core.records.story import Event
from loop_cli.operations.history import Difference, Story
from loop_cli.remote import answers, rebuilt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from loop_cli.core.entity import Entity

_UNTOLD = ""  # a line that is taken back, whose digest a history does not have
_OF_HTTP = ("user", "details")  # what HTTP adds to a record for older programs


def story(document: Any, entity: Callable[[str], Entity], asked: str) -> Story:
    """The story in a document of `loop history --json`; `entity` reads the one it is about."""
    events, outside = [], False
    for one in rebuilt.objects(document, "events"):
        if one.get("kind") == "edited_outside":
            outside = True
            continue
        events.append(_event(one, outside=outside))
        outside = False
    path = document.get("path")
    entity_id = document.get("entity_id")
    return Story(
        entity_id=nfc(entity_id if isinstance(entity_id, str) else asked),
        entity=entity(path) if isinstance(path, str) else None,
        events=tuple(events),
        more=document.get("more") is True,
        warnings=rebuilt.warnings(document),
    )


def _event(one: dict[str, Any], *, outside: bool) -> Event:
    undoes, undone_by, number = one.get("undoes"), one.get("undone_by"), one.get("number")
    keys = ("run_id", "timestamp", "actor", "source", "action", "modified_fields", "diff")
    data = {key: one[key] for key in keys if one.get(key) is not None}
    metadata = one.get("metadata")
    data["metadata"] = dict(metadata) if isinstance(metadata, dict) else {}
    data = answers.record_of({**data, "agent": one.get("agent")})
    if undoes is not None:
        data["metadata"]["undoes"] = {"run_id": undoes, "lines": [_UNTOLD]}
    return Event(
        record=AuditRecord(data=data, digest=""),
        number=number if isinstance(number, int) else None,
        taken_back=one.get("taken_back") is True,
        undone_by=(
            None if undone_by is None else AuditRecord(data={"run_id": undone_by}, digest="")
        ),
        outside_after=outside,
    )


def gone(document: Any) -> Entity:
    """The entity that a document of `loop diff --json` is about, where it is there no more."""
    return rebuilt.entity({**document, "fields": {}} if isinstance(document, dict) else None)


def difference(document: Any, entity: Entity) -> Difference:
    """The difference in a document of `loop diff --json`, of the entity as it is now."""
    since = document.get("since") if isinstance(document, dict) else None
    unknown = document.get("unknown", []) if isinstance(since, dict) else None
    if not isinstance(since, dict) or not isinstance(unknown, list):
        raise rebuilt.bad_answer()
    updated_at, etag = since.get("updated_at"), since.get("etag")
    return Difference(
        entity=entity,
        updated_at=updated_at if isinstance(updated_at, str) else None,
        etag=etag if isinstance(etag, str) else None,
        diff=rebuilt.diff(document),
        unknown=tuple(map(str, unknown)),
        changes=tuple(
            AuditRecord(data=answers.record_of(one), digest="")
            for one in rebuilt.objects(document, "changes")
        ),
        edited_outside=document.get("edited_outside") is True,
        warnings=rebuilt.warnings(document),
    )


def records(document: Any, key: str = "logs") -> Iterator[AuditRecord]:
    """The records in a document, without what HTTP adds."""
    for one in rebuilt.objects(document, key):
        data = {name: value for name, value in one.items() if name not in _OF_HTTP}
        yield AuditRecord(data=data, digest="")
