"""The changes and new entities that bodies ask for."""

from __future__ import annotations

from loop_cli.core.changes import Layout, parse_changes
from loop_cli.core.entity import Entity, Revision, precondition_of
from loop_cli.core.numbers import in_json
from loop_cli.errors import UsageError
from loop_cli.operations import bulk, clock, create
from loop_cli.server import older

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.changes import Change
    from loop_cli.core.commits import EntityChange
    from loop_cli.core.entity import FieldNames
    from loop_cli.operations.boundary import Operations
    from loop_cli.wire import http


def wanted(body: http.ChangeBody, given: dict[str, Any], text: str) -> EntityChange:
    """The change that a body asks for. Raises `UsageError`."""
    more = ("layout", "seen", "rebased_from")
    said = {key: one for key, one in given.items() if one is not None and key not in more}
    rules = bulk.LineRules(today=clock.today(), now=clock.now())
    if body.layout is None:
        decided = body.rebased_from is not None  # where all that was wanted may be given up
        found = bulk.change_of(said, rules, line=text, may_be_empty=decided)
    else:  # somebody edited the whole text, so it says each byte of the body too
        found = bulk.change_of(said, rules, line=text, may_be_empty=True)
        layout = Layout(text=body.layout.text, base=body.layout.base)
        exact = found.edits.body and found.edits.body.replace(exact=True)
        found = found.replace(edits=found.edits.replace(layout=layout, body=exact))
    if body.rebased_from is not None:
        before = body.rebased_from
        found = found.replace(rebased_from=precondition_of(before.updated_at, before.etag))
    if body.seen is None:
        return found
    seen = Entity(
        id=found.entity_id,
        type="",
        name=None,
        path=found.path or "",
        fields=body.seen.fields,
        body=body.seen.body,
        raw=b"",
        revision=Revision(updated_at="", etag=found.precondition.if_match or ""),
    )
    return found.replace(seen=seen)


def typed(fields: dict[str, Any], text: str | None) -> tuple[Change, ...]:
    """The changes that set fields to JSON values, with the digits that their numbers have in the
    text, if there is one."""
    written = () if text is None else in_json(text)
    return parse_changes(
        (), fields=fields, written=[one for one in written if one[0][0] in fields], read=str
    )


def edits_of(said: Any) -> tuple[Change, ...]:
    """The fields of a new entity, as a line says them. Raises `UsageError`."""
    if not said:
        return ()
    line = {"id": "-", **{key: one for key, one in said.items() if one is not None}}
    rules = bulk.LineRules(today=clock.today(), now=clock.now())
    return bulk.change_of(line, rules, may_be_empty=True).edits.changes


def creation(
    loop: Operations, entity_type: str, given: dict[str, Any], body: str | None
) -> create.Request:
    """The request to make an entity with some fields. Raises `UsageError`."""
    kind = loop.rules.spelling(entity_type)
    names: FieldNames = loop.names
    fields = older.without_unknown(given, loop.schema.writable_fields(kind, given))
    entity_id, name = fields.pop(names.id, None), fields.pop(names.name, None)
    for key, value in ((names.id, entity_id), (names.name, name)):
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{key} must be a text")
    return create.Request(
        entity_type=kind,
        name=name,
        now=clock.now(),
        fields=typed(fields, None),
        entity_id=entity_id,
        template=loop.template(kind),
        body=body,
    )
