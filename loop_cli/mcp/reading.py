"""The tools that read. Answers are small unless more is asked for."""

from __future__ import annotations

from loop_cli.core import describe
from loop_cli.core import query as queries
from loop_cli.core.check.report import Scope
from loop_cli.core.diff import MISSING, value_at
from loop_cli.core.entity import OWN
from loop_cli.core.names import nearest, split_dotted
from loop_cli.core.query import Query
from loop_cli.errors import Action, EntityNotFound, UsageError
from loop_cli.mcp.answers import shortened, with_warnings
from loop_cli.operations import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from loop_cli.core.entity import Entity
    from loop_cli.core.evaluate import Selected
    from loop_cli.core.schema.rules import Rules
    from loop_cli.operations.boundary import Operations

    Given = dict[str, Any]

_SHOWN = ("status", "priority", "due", "assignee")  # fields of a list that asks for none
_ALL = "*"
_ROOM = 400  # characters of the line that a search has found


def search(loop: Operations, given: Given) -> Given:
    """Find entities by words."""
    limit = given.get("limit", 10)
    query = _query(given, limit).replace(text=given["text"])
    selection = loop.select(query)
    found = [*selection]
    answer = {"results": [_hit(one) for one in found[:limit]], "more": len(found) > limit}
    return with_warnings(answer, selection.warnings, loop.take_warnings())


def list_entities(loop: Operations, given: Given) -> Given:
    """List a page of entities."""
    limit = given.get("limit", 20)
    query = _query(given, limit)
    if "sort" in given:
        query = query.replace(sort=queries.parse_sort(given["sort"]))
    selection = loop.select(query.replace(cursor=given.get("cursor")))
    found = [*selection]
    page = found[:limit]
    shown = given.get("fields")
    _refuse_unknown(shown or (), [one.fields for one in page], loop, query.types)
    whole = query.cursor is None and "cursor" not in given and len(found) <= limit
    answer = {
        "entities": [_listed(one, shown) for one in page],
        "total": len(page) if whole else loop.count(query),
        "next": selection.cursor_after(page[-1]) if len(found) > limit else None,
    }
    return with_warnings(answer, selection.warnings, loop.take_warnings())


def get(loop: Operations, given: Given) -> Given:
    """Read one entity."""
    entity = loop.get(given["id"], path=given.get("path"))
    shown = given.get("fields")
    if shown is not None:
        _refuse_unknown(shown, [entity.fields], loop, (entity.type,))
    answer = of_entity(entity)
    answer["fields"] = entity.fields if shown is None else _chosen(entity.fields, shown)
    if given.get("body"):
        answer["body"] = entity.body
    else:
        answer["body_characters"] = len(entity.body)
    return with_warnings(answer, entity.warnings, loop.take_warnings())


def history(loop: Operations, given: Given) -> Given:
    """Tell who changed an entity."""
    story = loop.history(given["id"], limit=given.get("limit", 10), path=given.get("path"))
    answer = story.as_dict()
    for event in answer["events"]:
        found = event.pop("diff", None)
        if given.get("diffs") and found is not None:
            event["diff"] = shortened(found)
    return with_warnings(answer, story.warnings, loop.take_warnings())


def check(loop: Operations, given: Given) -> Given:
    """Check entities, errors first."""
    found = loop.check(Scope(names=tuple(given.get("names", ())), paths=()))
    limit = given.get("limit", 20)
    answer = found.as_dict()
    findings = sorted(answer["findings"], key=lambda one: one["severity"] != "error")
    told = {key: answer[key] for key in ("ok", "files", "entities", "counts")}
    told |= {"findings": findings[:limit], "more": len(findings) > limit}
    return with_warnings(told, loop.take_warnings())


def schema(loop: Operations, given: Given) -> Given:
    """Tell the types, or one of them in full."""
    rules = loop.rules
    types = _types(rules)
    if "type" not in given:
        own = rules.names.read_only()
        required = {
            name: [field for field in rules.required(name) if field not in own] for name in types
        }
        return {"schema": {"types": list(types), "required": required}}
    kind = rules.spelling(given["type"])
    if kind not in types:
        close = nearest(given["type"], types, count=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        message = f"{given['type']!r} is not a type of the schema{meant}"
        raise EntityNotFound(message, hint=f"types: {', '.join(types)}", nearest=close)
    return {"schema": describe.json_schema(describe.describe(kind, rules), rules)}


def of_entity(entity: Entity) -> Given:
    """What tells which entity it is, in which revision."""
    return {
        "entity_id": entity.id,
        "entity_type": entity.type,
        "path": entity.path,
        "updated_at": entity.revision.updated_at,
        "etag": entity.revision.etag,
    }


def _types(rules: Rules) -> tuple[str, ...]:
    others = (name for name in rules.schema.known if name != "all")
    return tuple(dict.fromkeys((*rules.schema.types, *others)))


def _query(given: Given, limit: int) -> Query:
    """The query, for one entity more than asked for, which tells whether there are more."""
    conditions = queries.parse_conditions(
        given.get("where", ()), today=clock.today(), option="where"
    )
    return Query(types=tuple(given.get("type", ())), conditions=conditions, limit=limit + 1)


def _hit(one: Selected) -> Given:
    hit: Any = one.listed
    found = {"entity_id": hit.id, "entity_type": hit.type, "name": hit.name, "etag": hit.etag}
    if hit.line is not None:
        found |= {"line": hit.line, "text": (hit.text or "")[:_ROOM]}
    return found


def _listed(one: Selected, shown: list[str] | None) -> Given:
    listed = one.listed
    own = {"entity_id": listed.id, "entity_type": listed.type, "name": listed.name}
    own["etag"] = listed.etag
    if shown is None:
        present = {key: one.fields[key] for key in _SHOWN if one.fields.get(key) is not None}
        return {**own, "fields": present}
    extra = {key: listed.own[key] for key in shown if key in listed.own}
    return {**own, **extra, "fields": _chosen(one.fields, shown)}


def _chosen(fields: Given, shown: list[str]) -> Given:
    """The fields with these names, that are there; nested ones by their dotted names."""
    if _ALL in shown:
        return fields
    found = {name: value_at(fields, split_dotted(name)) for name in shown}
    return {name: value for name, value in found.items() if value is not MISSING}


def _refuse_unknown(
    shown: Iterable[str], there: list[Given], loop: Operations, types: tuple[str, ...]
) -> None:
    """Raises `UsageError` for a field that neither the schema nor an entity has."""
    unknown = [
        name
        for name in shown
        if name != _ALL
        and name not in OWN
        and not any(split_dotted(name)[0] in fields for fields in there)
    ]
    if not unknown:
        return
    rules = loop.rules
    kinds = [rules.spelling(one) for one in types] or list(_types(rules))
    known = dict.fromkeys(name for kind in kinds for name in rules.known(kind))
    for name in unknown:
        if split_dotted(name)[0] not in known:
            close = nearest(name, (*known, *OWN))
            meant = f"; did you mean {' or '.join(close)}?" if close else ""
            raise UsageError(f"fields: no entity has a field {name!r}{meant}", hint=_SCHEMA)


_SCHEMA = Action("show_schema")
