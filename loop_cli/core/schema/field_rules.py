"""The rules about the fields of one entity.

Each rule is a function that yields `Problem`s, with the same words for every command.
"""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.fields import Mismatch, allowed, check
from loop_cli.core.names import nearest, nfc
from loop_cli.core.schema.problem import Problem, meant, shown, unknown_field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from loop_cli.core.changes import Change
    from loop_cli.core.fields import FieldSpec
    from loop_cli.core.schema.rules import Case, Rules

    Rule = Callable[[Case, Rules], Iterator[Problem]]

MEMBER_FIELDS = ("assignee", "owner")
_MOST_TYPES = 20
_PARENTS = {"parent_id": "project_id", "project_id": "parent_id"}  # a task has the parent twice


def problems(case: Case, rules: Rules) -> Iterator[Problem]:
    """Yield all problems of an entity by itself."""
    for rule in _RULES:
        yield from rule(case, rules)


def unknown_type(case: Case, rules: Rules) -> Iterator[Problem]:
    """The type must be in the schema."""
    schema, field = rules.schema, rules.names.type
    if schema.shipped or not schema.types or case.type in schema.types or not case.asks(field):
        return
    yield no_such_type(case.type, rules)


def unknown_fields(case: Case, rules: Rules) -> Iterator[Problem]:
    """A field must be one of its type.

    If the schema knows only the common fields of a type, a new entity may have no others.
    """
    schema = rules.schema
    if schema.is_open:
        from loop_cli.core.schema import open_fields

        yield from open_fields.problems(case, rules)
        return
    common = case.is_new and not schema.shipped and bool(schema.known_fields(case.type))
    if schema.knows_type(case.type) or common:
        for field, _value in case.present():
            if not rules.has_field(case.type, field):
                yield unknown_field(field, case.type, rules.known(case.type))


def new_fields(case: Case, rules: Rules) -> list[str]:
    """Sentences about fields that a change brings to an entity of an open schema."""
    from loop_cli.core.schema import open_fields

    return open_fields.warnings(case, rules)


def new_spec(change: Change, spec: FieldSpec, entity_type: str, rules: Rules) -> FieldSpec:
    """What a field holds that an open schema does not know and that has no value yet."""
    from loop_cli.core.schema import open_fields

    known = len(change.path) > 1 or rules.has_field(entity_type, change.path[0])
    return spec if known else open_fields.spec_of(change.value)


def missing_fields(case: Case, rules: Rules) -> Iterator[Problem]:
    """A required field must have a value.

    A change may not empty a list. An empty list that is there already is wrong only if the schema
    says that it needs an item.
    """
    filled = rules.schema.filled.get(case.type, ())
    for field in rules.required(case.type):
        value = case.fields.get(field)
        if not is_empty(value) or not case.asks(field):
            continue
        emptied = case.is_new or (case.before is not None and not is_empty(case.before.get(field)))
        if value in (None, "") or emptied or (field in filled and value == []):
            words = "is required" if value in (None, "") else "needs an item"
            parent, kind = _implied(field, case, rules)
            yield _needed(field, f"{words} for {case.type}", "missing-field", case, rules).replace(
                repair=_set_to(field, parent) if parent else (),
                needs=(parent, kind) if parent else None,
            )


def conditional_fields(case: Case, rules: Rules) -> Iterator[Problem]:
    """A field that another one requires must have a value.

    A change is judged that empties it, also where the same change makes it required. For a field
    that is no date it only warns: then nothing can fill it in (SPEC §4).
    """
    for rule in rules.unmet(case):
        emptied = rule.field in (case.given or ()) and case.asks(rule.other)
        asked = emptied or case.asks(rule.field)
        if asked and rule.field not in rules.required(case.type):
            words = f"is required when {rule.when}"
            problem = _needed(rule.field, words, "missing-conditional", case, rules)
            mild = not rules.is_date(case.type, rule.field)
            yield problem.replace(at=problem.at or (rule.other,), only_warns=mild)


def wrong_values(case: Case, rules: Rules) -> Iterator[Problem]:
    """A value must be of its field's type, and in its enumeration."""
    if not rules.schema.knows_type(case.type):
        return
    elsewhere = (*rules.names.read_only(), rules.names.name)
    needed = {*rules.required(case.type), *(rule.field for rule in rules.unmet(case))}
    for field, _value in case.present():
        value = case.new(field)
        if value is None or field in elsewhere or (value == "" and field in needed):
            continue
        spec = rules.schema.spec(case.type, (field,), {})
        if isinstance(value, list) and case.before and isinstance(case.before.get(field), list):
            spec = spec.replace(kind="list")  # unchanged
        if not rules.has_field(case.type, field) or _stays_mapping(value, case, field):
            continue
        try:
            check(value, spec)
        except Mismatch as mismatch:
            yield wrong_value(field, value, spec, mismatch, case.type, rules)


def _stays_mapping(value: Any, case: Case, field: str) -> bool:
    """Whether a change is within a value that was a mapping before, against the schema."""
    before = None if case.before is None else case.before.get(field)
    return isinstance(value, dict) and isinstance(before, dict)


def times(case: Case, rules: Rules) -> Iterator[Problem]:
    """The times of an entity must be times. For `created`, a date is enough."""
    for field in (rules.names.created, rules.names.updated):
        value = case.fields.get(field)
        if value in (None, "") or not case.asks(field):
            continue
        text = value if isinstance(value, str) else ""
        part = text[:10] if field == rules.names.created else text
        if timestamps.parse(part) is None:
            what = f"a time such as {timestamps.EXAMPLE} or 2026-01-09"
            message = f"{shown(value)} is not {what}"
            yield _wrong("wrong-type", field, message, value, what)


def forms(case: Case, rules: Rules) -> Iterator[Problem]:
    """A text must have the form that the schema says in words."""
    for rule in rules.schema.forms.get(case.type, ()):
        value = case.fields.get(rule.field)
        choices = rules.schema.spec(case.type, (rule.field,), {}).choices
        outside = choices and value not in choices  # another rule reports it
        if is_empty(value) or outside or rule.holds(value) or not case.asks(rule.field):
            continue
        message = f"{shown(value)} is not {rule.words}"
        repair = _set_to(rule.field, rule.text) if rule.how == "equals" else ()
        yield _wrong("wrong-form", rule.field, message, value, rule.words).replace(repair=repair)


def name_form(case: Case, rules: Rules) -> Iterator[Problem]:
    """A name must be one line of text."""
    field = rules.names.name
    value = case.fields.get(field)
    if value in (None, "") or not case.asks(field):
        return
    from loop_cli.core.schema.names import WORDS, name_problem, right_name

    words = name_problem(value)
    if words is not None:
        right = right_name(value)
        repair = () if right is None else _set_to(field, right)
        message = f"{shown(value)} {words}"
        yield _wrong("name-form", field, message, value, WORDS).replace(repair=repair)


def unknown_members(case: Case, rules: Rules) -> Iterator[Problem]:
    """A person must be a member of the vault, if the vault lists its members."""
    for field in MEMBER_FIELDS:
        value = case.fields.get(field)
        if not isinstance(value, str) or not value or not case.asks(field) or not rules.members:
            continue
        if nfc(value) not in rules.members:
            close = tuple(nearest(value, rules.members))
            message = f"{shown(value)} is not a member of 00_Meta/members.yaml{meant(close)}"
            found = _wrong("unknown-member", field, message, value, list(rules.members))
            yield found.replace(nearest=close)


def id_pattern(case: Case, rules: Rules) -> Iterator[Problem]:
    """An id must match the schema's pattern for its type."""
    field = rules.names.id
    if rules.names.id_is_stem or not case.asks(field):
        return
    pattern = rules.pattern(case.type, case.id)
    if pattern is None:
        return
    from loop_cli.core.patterns import is_found

    if not is_found(pattern, case.id):
        message = f"{shown(case.id)} does not match the pattern of the schema, {pattern}"
        yield _wrong("id-pattern", field, message, case.id, pattern)


def derived_fields(case: Case, rules: Rules) -> Iterator[Problem]:
    """A computed field is not stored."""
    for field in rules.schema.derived.get(case.type, ()):
        value = case.fields.get(field)
        if case.asks(field) and not is_empty(value):
            message = f"is computed for {case.type}, and not to be stored"
            yield Problem(
                rule="derived-field",
                field=field,
                message=message,
                at=(field,),
                value=value,
                repair=_set_to(field, None, unset=True),
            )


def forbidden_fields(case: Case, rules: Rules) -> Iterator[Problem]:
    """A type must not have its forbidden fields."""
    for field in rules.schema.forbidden.get(case.type, ()):
        value = case.fields.get(field)
        if case.asks(field) and not is_empty(value):
            message = f"a {case.type} must not have it (validation_rules.forbidden)"
            yield Problem(
                rule="forbidden-field", field=field, message=message, at=(field,), value=value
            )


_RULES: tuple[Rule, ...] = (
    unknown_type,
    unknown_fields,
    missing_fields,
    conditional_fields,
    wrong_values,
    times,
    forms,
    name_form,
    unknown_members,
    id_pattern,
    derived_fields,
    forbidden_fields,
)


def no_such_type(entity_type: str, rules: Rules) -> Problem:
    """Return the problem that the schema has no such type."""
    from loop_cli.core.schema import open_fields

    schema, names = rules.schema, rules.names
    known = open_fields.known_types(schema)
    close = tuple(nearest(entity_type, known))
    others = f": {', '.join(known[:_MOST_TYPES])}" if known and not close else ""
    more = ", ..." if others and len(known) > _MOST_TYPES else ""
    message = (
        f"{entity_type} is not a type of the schema (entity_types){meant(close)}{others}{more}"
    )
    return Problem(
        rule="unknown-type",
        field=names.type,
        message=message,
        at=() if names.type_is_folder else (names.type,),
        value=entity_type,
        allowed=list(known),
        nearest=close,
    )


def wrong_value(
    field: str, value: Any, spec: FieldSpec, mismatch: Mismatch, entity_type: str, rules: Rules
) -> Problem:
    """Return the problem that a value has the wrong type or is not in the enumeration.

    It has the right value, if there is one.
    """
    from loop_cli.core.schema.repairs import repaired

    right = repaired(value, spec, rules.schema, entity_type, field)
    close = (str(right),) if isinstance(right, str) else tuple(mismatch.nearest)
    in_list = spec.kind != "list" or isinstance(value, list)
    rule = "not-in-enumeration" if spec.choices and in_list else "wrong-type"
    message = f"{shown(value)} is not {mismatch.allowed}{meant(close)}"
    certain = right is not None or value == ""  # no value at all is null
    return _wrong(rule, field, message, value, list(spec.choices) or allowed(spec)).replace(
        nearest=close, repair=_set_to(field, right) if certain else ()
    )


def is_empty(value: Any) -> bool:
    """Whether a field has no value, although it is present."""
    return value is None or value in ("", [], {})


def _needed(field: str, message: str, rule: str, case: Case, rules: Rules) -> Problem:
    spec = rules.schema.spec(case.type, (field,), {})
    words = list(spec.choices) or allowed(spec)
    if field in MEMBER_FIELDS and rules.members:
        words = list(rules.members)
    at = (field,) if field in case.fields else ()
    return Problem(rule=rule, field=field, message=message, at=at, allowed=words)


def _implied(field: str, case: Case, rules: Rules) -> tuple[str, str]:
    """Return a value that another field implies: a project that is the parent is named only
    once."""
    kind = rules.schema.parents.get(case.type, "")
    other = case.fields.get(_PARENTS.get(field, ""))
    return (other, kind) if kind == "Project" and isinstance(other, str) else ("", "")


def _wrong(
    rule: str, field: str, message: str, value: Any, what: str | list[str] | None
) -> Problem:
    return Problem(rule=rule, field=field, message=message, at=(field,), value=value, allowed=what)


def _set_to(field: str, value: Any, *, unset: bool = False) -> tuple[Change, ...]:
    """Return the change that sets the right value of a field, or removes the field."""
    from loop_cli.core.changes import Change

    if unset:
        return (Change(path=(field,), operation="unset", implied=True),)
    return (Change(path=(field,), operation="set", value=value, typed=True, implied=True),)
