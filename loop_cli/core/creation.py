"""What a new entity must be: everything that is wrong with it, at once (SPEC §2, §4).

Conditional rules bind here; an update only warns of them.
"""

from __future__ import annotations

import re

from loop_cli.core.fields import Mismatch, allowed, check
from loop_cli.core.names import nearest, nfc
from loop_cli.core.patterns import is_whole
from loop_cli.core.places import name_problem
from loop_cli.core.references import TARGETS, referred
from loop_cli.lean.plain import key_text
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.core.rulebook import Rulebook
    from loop_cli.core.schema import Schema

    Problem = dict[str, Any]

MEMBER_FIELDS = ("assignee", "owner")


class Reference(Struct):
    """A field that names another entity, and the type that it must have, None for any."""

    field: str
    target: str
    wanted: str | None


class Law(Struct):
    """What a vault demands of a new entity. `members` are the people it lists, if it does."""

    schema: Schema
    book: Rulebook
    names: FieldNames
    members: tuple[str, ...] | None = None

    def spelling(self, entity_type: str) -> str:
        """The schema's spelling of a type; one that it does not know as it is given."""
        known = (*self.schema.types, *self.schema.known)
        if entity_type in known:
            return entity_type
        folded = entity_type.casefold()
        return next((one for one in known if one.casefold() == folded), entity_type)


def problem(field: str, code: str, message: str, **more: Any) -> Problem:
    """An entry of `InvalidChange.problems`."""
    return {"field": field, **more, "problem": code, "message": message}


def problems_of(fields: Mapping[str, Any], entity_type: str, law: Law) -> list[Problem]:
    """Everything that the fields alone show to be wrong."""
    found = [
        *_missing(fields, entity_type, law),
        *_values(fields, entity_type, law),
        *_rules(fields, entity_type, law),
        *_members(fields, law),
    ]
    name = fields.get(law.names.name)
    wrong = name_problem(name) if isinstance(name, str) and name else None
    if wrong is not None:
        found.append(problem(law.names.name, "name", wrong, value=name))
    return found


def references_of(fields: Mapping[str, Any], entity_type: str, law: Law) -> Iterator[Reference]:
    """What the entity refers to, as far as it is known to be another's id."""
    for path, text in referred(fields, law.names):
        field = path[0]
        wanted = TARGETS.get(field) or None
        if field == "parent_id":
            wanted = law.book.parents.get(entity_type)
        prefix = re.split("[-:]", text, maxsplit=1)[0]
        pattern = law.book.patterns.get(prefix)
        if wanted or (pattern is not None and is_whole(pattern, text)):
            yield Reference(field=field, target=text, wanted=wanted)


def implied(fields: dict[str, Any], entity_type: str, law: Law) -> dict[str, Any]:
    """The fields with what the schema implies: a Task's parent, the first status."""
    found = dict(fields)
    if entity_type == "Task":
        for one, other in (("parent_id", "project_id"), ("project_id", "parent_id")):
            if found.get(one) is None and found.get(other) is not None:
                found[one] = found[other]
    if found.get("status") is None:
        status = default_status(entity_type, law)
        if status is not None:
            found["status"] = status
    return found


def default_status(entity_type: str, law: Law) -> str | None:
    """The status that an entity begins with, if the schema has one."""
    default = law.book.defaults.get((entity_type.lower(), "status"))
    if default is not None:
        return default
    for form in law.book.forms.get(entity_type, ()):
        if form.field == "status" and form.how == "equals":
            return form.text
    choices = law.schema.spec(entity_type, ("status",), {}).choices
    return choices[0] if choices else None


def _missing(fields: Mapping[str, Any], entity_type: str, law: Law) -> Iterator[Problem]:
    names = law.names
    if law.schema.shipped and not law.schema.knows_type(entity_type):
        return  # a type of the vault's own, and no schema that says anything of it
    made = (names.id, names.type, names.created, names.updated)
    required = [name for name in law.schema.required_fields(entity_type) if name not in made]
    filled = law.book.filled.get(entity_type, ())
    for name in dict.fromkeys((*required, *filled)):
        follows = (name, entity_type) == ("parent_id", "Task") and not fields.get("project_id")
        if fields.get(name) in (None, "", []) and not follows:
            yield _required(name, f"is required for {entity_type}", entity_type, law)
    for rule in law.schema.unmet(entity_type, fields):
        if rule.field not in required:
            yield _required(rule.field, f"is required when {rule.when}", entity_type, law)


def _required(name: str, message: str, entity_type: str, law: Law) -> Problem:
    spec = law.schema.spec(entity_type, (name,), {})
    words = list(spec.choices) or allowed(spec)
    if name in MEMBER_FIELDS and law.members:
        words = list(law.members)
    return problem(name, "required", message, allowed=words)


def _values(fields: Mapping[str, Any], entity_type: str, law: Law) -> Iterator[Problem]:
    for key, value in fields.items():
        name = key_text(key)
        if name in law.names.read_only():
            continue
        spec = law.schema.spec(entity_type, (name,), {})
        try:
            check(value, spec)
        except Mismatch as mismatch:
            meant = f"; did you mean {mismatch.nearest[0]}?" if mismatch.nearest else ""
            code = "not_in_enumeration" if spec.choices else "wrong_type"
            message = f"{value!r} is not {mismatch.allowed}{meant}"
            yield problem(
                name, code, message, value=value, allowed=list(spec.choices) or allowed(spec)
            )


def _rules(fields: Mapping[str, Any], entity_type: str, law: Law) -> Iterator[Problem]:
    for form in law.book.forms.get(entity_type, ()):
        value = fields.get(form.field)
        if value not in (None, "") and not form.holds(value):
            message = f"{value!r} is not {form.words}"
            yield problem(form.field, "form", message, value=value, allowed=form.words)
    for why, table in (("derived", law.book.derived), ("forbidden", law.book.forbidden)):
        for name in table.get(entity_type, ()):
            if fields.get(name) not in (None, "", [], {}):
                words = "is worked out from others and never stored"
                message = words if why == "derived" else f"has no place in a {entity_type}"
                yield problem(name, why, message, value=fields[name])


def _members(fields: Mapping[str, Any], law: Law) -> Iterator[Problem]:
    for name in MEMBER_FIELDS:
        value = fields.get(name)
        if law.members and isinstance(value, str) and value and nfc(value) not in law.members:
            close = nearest(value, law.members)
            meant = f"; did you mean {' or '.join(close)}?" if close else ""
            message = f"{value!r} is no member of 00_Meta/members.yaml{meant}"
            yield problem(
                name, "no_member", message, value=value, allowed=list(law.members), nearest=close
            )


def words_for(
    fields: Mapping[str, Any], entity_type: str, entity_id: str, *, now: str, law: Law
) -> dict[str, Any]:
    """What the placeholders of a template stand for, at the time `now`; None where a field
    that one names has no value."""
    from loop_cli.core.rulebook import PREFIXES

    names = law.names
    known = (*law.schema.known_fields(entity_type), *law.schema.required_fields(entity_type))
    words: dict[str, Any] = {name.upper(): fields.get(name) for name in (*known, *fields)}
    words |= {f"{name}_NAME": value for name, value in words.items()}
    kinds = {names.id: entity_type, "project_id": "Project"}
    if entity_type in law.book.parents:
        kinds["parent_id"] = law.book.parents[entity_type]
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
    times = {"DATE": now[:10], "TODAY": now[:10], "YEAR": now[:4], "NOW": now, "DATETIME": now}
    return {**words, **title, **own, "SEQ": last, "NUMBER": last, **times}
