"""What the schema implies for a new entity, and what its template's placeholders stand for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.schema.rules import Rules


def implied(fields: dict[str, Any], entity_type: str, rules: Rules) -> dict[str, Any]:
    """The fields with what the schema implies: a Task's parent, the first status."""
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
    """The status that an entity begins with, if the schema has one."""
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
    """What the placeholders of a template stand for at the instant `now`, whose date is the local
    one; None where a field that one names has no value."""
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
