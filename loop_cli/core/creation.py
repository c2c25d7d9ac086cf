"""The fields that the schema implies for a new entity, and the values of placeholders."""

from __future__ import annotations

from loop_cli.core.intent import intend
from loop_cli.core.schema.field_rules import id_pattern
from loop_cli.core.schema.rules import Case
from loop_cli.errors import InvalidChange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from loop_cli.core.changes import Change
    from loop_cli.core.schema.rules import Rules

    Problem = dict[str, Any]


def fields_of(
    changes: Iterable[Change], name: str | None, entity_type: str, now: int, rules: Rules
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the typed fields of a new entity at the instant `now`, and the problems.

    The fields include the name and all implied fields, in the schema's order.
    """
    problems: list[Problem] = []
    typed: dict[str, Any] = {}
    for change in changes:  # one change at a time, so that every problem is found
        try:
            made = change.replace(implied=True)
            typed = intend(
                typed, [made], entity_id=entity_type, entity_type=entity_type, rules=rules, now=now
            ).fields
        except InvalidChange as error:
            problems += error.details["problems"]
    if name is not None:
        typed[rules.names.name] = name
    filled = implied(typed, entity_type, rules)
    filled |= rules.dates_due(Case(filled, entity_type, is_new=True), now)
    known = rules.schema.known_fields(entity_type)
    order = [one for one in known if one in filled]
    return {one: filled[one] for one in dict.fromkeys((*order, *filled))}, problems


def id_problems(given: str, entity_type: str, rules: Rules) -> list[Problem]:
    """Return the problems of an id by the schema."""
    return [one.as_dict() for one in id_pattern(Case({}, entity_type, given), rules)]


def implied(fields: dict[str, Any], entity_type: str, rules: Rules) -> dict[str, Any]:
    """Add the implied fields: a Task's parent, the first status."""
    found = dict(fields)
    if entity_type == "Task":
        for one, other in (("parent_id", "project_id"), ("project_id", "parent_id")):
            if found.get(one) is None and found.get(other) is not None:
                found[one] = found[other]
    if found.get("status") is None:
        status = default_status(entity_type, rules)
        if status is not None:
            found["status"] = status
    return found


def default_status(entity_type: str, rules: Rules) -> str | None:
    """Return the status of a new entity, if the schema has one, and the type has that field."""
    if not rules.has_field(entity_type, "status"):
        return None
    default = rules.schema.default(entity_type, "status")
    if default is not None:
        return default
    for form in rules.schema.forms.get(entity_type, ()):
        if form.field == "status" and form.how == "equals":
            return form.text
    choices = rules.schema.spec(entity_type, ("status",), {}).choices
    return choices[0] if choices else None


def words_for(
    fields: Mapping[str, Any], entity_type: str, entity_id: str, *, now: int, rules: Rules
) -> dict[str, Any]:
    """Return the values of a template's placeholders at the instant `now`; dates are local.

    A placeholder is None if its field has no value.
    """
    from loop_cli.core import days, timestamps
    from loop_cli.core.schema.schema import PREFIXES

    names = rules.names
    known = (*rules.schema.known_fields(entity_type), *rules.schema.required_fields(entity_type))
    words: dict[str, Any] = {name.upper(): fields.get(name) for name in (*known, *fields)}
    words |= {f"{name}_NAME": value for name, value in words.items()}
    kinds = {names.id: entity_type, "project_id": "Project"}
    if entity_type in rules.schema.parents:
        kinds["parent_id"] = rules.schema.parents[entity_type]
    values = {**fields, names.id: entity_id}
    for field, kind in reversed(kinds.items()):
        value = values.get(field)
        text = value if isinstance(value, str) and value else None
        number = None if text is None else text.partition("-")[2]
        for label in (kind.upper(), PREFIXES.get(kind, kind).upper()):
            words |= {label: number, f"{label}_NUMBER": number, f"{label}_ID": text}
    name = fields.get(names.name)
    title = dict.fromkeys(("NAME", "TITLE", f"{entity_type.upper()}_NAME"), name)
    own = {"ID": entity_id, names.id.upper(): entity_id}
    last = entity_id.rpartition("-")[2]
    day, exact = days.local_day(now), timestamps.render(now)
    times = {"DATE": day, "TODAY": day, "YEAR": day[:4], "NOW": exact, "DATETIME": exact}
    return {**words, **title, **own, "SEQ": last, "NUMBER": last, **times}
