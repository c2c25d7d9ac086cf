"""The rules about one entity's fields. Each is a function from a subject to what is wrong."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.check.finding import Found
from loop_cli.core.check.law import is_empty, is_template
from loop_cli.core.check.repairs import repaired, set_to, unset
from loop_cli.core.creation import MEMBER_FIELDS
from loop_cli.core.fields import Mismatch, allowed, check
from loop_cli.core.names import nearest, nfc
from loop_cli.core.patterns import is_found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from loop_cli.core.check.law import Law, Subject
    from loop_cli.core.fields import FieldSpec
    from loop_cli.core.schema import ConditionalField

MAX_NAME = 200
"""The longest name of an entity, in characters."""
_SHOWN = 60


def rules(subject: Subject, law: Law) -> Iterator[Found]:
    """Everything that is wrong with an entity on its own. Of a template only that it is one."""
    if is_template(subject.id):
        yield Found(
            rule="template",
            message=f"{subject.id} is a template, not an entity",
            allowed="paths.exclude_files of the schema takes its name",
        )
        return
    for rule in _RULES:
        yield from rule(subject, law)


def unknown_type(subject: Subject, law: Law) -> Iterator[Found]:
    types = law.schema.types
    if law.schema.shipped or not types or subject.type in types:
        return
    close = tuple(nearest(subject.type, types, count=1))
    yield Found(
        rule="unknown-type",
        message=f"{subject.type} is not a type of the schema (entity_types){_meant(close)}",
        at=() if law.names.type_is_folder else (law.names.type,),
        allowed=list(types),
        nearest=close,
    )


def unknown_fields(subject: Subject, law: Law) -> Iterator[Found]:
    if not law.schema.knows_type(subject.type):
        return
    known = law.known(subject.type)
    own = {*known, *law.book.derived.get(subject.type, ()), *law.required(subject.type)}
    for field in subject.fields:
        if field not in own:
            close = tuple(nearest(field, known, count=1))
            yield Found(
                rule="unknown-field",
                message=f"{field}: is not a field of {subject.type}{_meant(close)}",
                at=(field,),
                allowed=list(known),
                nearest=close,
            )


def missing_fields(subject: Subject, law: Law) -> Iterator[Found]:
    filled = law.book.filled.get(subject.type, ())
    for field in law.required(subject.type):
        value = subject.fields.get(field)
        if not (value in (None, "") or (field in filled and value == [])):
            continue
        spec = law.schema.spec(subject.type, (field,), {})
        parent, needed = _implied(field, subject, law)
        words = "needs an item" if value == [] else "is required"
        yield Found(
            rule="missing-field",
            message=f"{field}: {words} for {subject.type}",
            at=(field,) if field in subject.fields else (),
            allowed=list(spec.choices) or allowed(spec),
            repair=(set_to(field, parent),) if parent else (),
            if_there=(parent, needed) if parent else None,
        )


def _implied(field: str, subject: Subject, law: Law) -> tuple[str, str]:
    """What another field implies: an entity whose parent is a project names it once."""
    needed = law.book.parents.get(subject.type, "")
    pair = {"parent_id": "project_id", "project_id": "parent_id"}
    other = subject.fields.get(pair.get(field, ""))
    return (other, needed) if needed == "Project" and isinstance(other, str) else ("", "")


def conditional_fields(subject: Subject, law: Law) -> Iterator[Found]:
    for rule in _unmet(subject, law):
        spec = law.schema.spec(subject.type, (rule.field,), {})
        yield Found(
            rule="missing-conditional",
            message=f"{rule.field}: is required when {rule.when}",
            at=(rule.field if rule.field in subject.fields else rule.other,),
            allowed=list(spec.choices) or allowed(spec),
        )


def wrong_values(subject: Subject, law: Law) -> Iterator[Found]:
    if not law.schema.knows_type(subject.type):
        return
    needed = {*law.required(subject.type), *(rule.field for rule in _unmet(subject, law))}
    for field in law.schema.known_fields(subject.type):
        value = subject.fields.get(field)
        elsewhere = field in (*law.names.read_only(), law.names.name)
        if value is None or elsewhere or (value == "" and field in needed):
            continue
        spec = law.schema.spec(subject.type, (field,), {})
        try:
            check(value, spec)
        except Mismatch as mismatch:
            yield _wrong_value(field, value, spec, mismatch, subject, law)


def _wrong_value(
    field: str, value: Any, spec: FieldSpec, mismatch: Mismatch, subject: Subject, law: Law
) -> Found:
    in_list = spec.kind != "list" or isinstance(value, list)
    right = repaired(value, spec, law, subject.type, field)
    close = (str(right),) if isinstance(right, str) else tuple(mismatch.nearest)
    known = right is not None or value == ""  # nothing at all is null
    return Found(
        rule="not-in-enumeration" if spec.choices and in_list else "wrong-type",
        message=f"{field}: {_shown(value)} is not {mismatch.allowed}{_meant(close)}",
        at=(field,),
        allowed=list(spec.choices) or allowed(spec),
        nearest=close,
        repair=(set_to(field, right),) if known else (),
    )


def _unmet(subject: Subject, law: Law) -> list[ConditionalField]:
    return law.schema.unmet(subject.type, subject.fields)


def times(subject: Subject, law: Law) -> Iterator[Found]:
    """Of `created`, which nothing is compared with, the date is enough."""
    for field in (law.names.created, law.names.updated):
        value = subject.fields.get(field)
        if value in (None, ""):
            continue
        text = value if isinstance(value, str) else ""
        part = text[:10] if field == law.names.created else text
        if timestamps.parse(part) is None:
            what = f"a time such as {timestamps.EXAMPLE} or 2026-01-09"
            yield Found(
                rule="wrong-type",
                message=f"{field}: {_shown(value)} is not {what}",
                at=(field,),
                allowed=what,
            )


def forms(subject: Subject, law: Law) -> Iterator[Found]:
    for rule in law.book.forms.get(subject.type, ()):
        value = subject.fields.get(rule.field)
        choices = law.schema.spec(subject.type, (rule.field,), {}).choices
        if is_empty(value) or rule.holds(value) or (choices and value not in choices):
            continue
        yield Found(
            rule="wrong-form",
            message=f"{rule.field}: {_shown(value)} is not {rule.words}",
            at=(rule.field,),
            allowed=rule.words,
            repair=(set_to(rule.field, rule.text),) if rule.how == "equals" else (),
        )


def name_form(subject: Subject, law: Law) -> Iterator[Found]:
    value = subject.fields.get(law.names.name)
    if value in (None, ""):
        return
    problem, right = _name_problem(value)
    if problem:
        yield Found(
            rule="name-form",
            message=f"{law.names.name}: {_shown(value)} {problem}",
            at=(law.names.name,),
            allowed=f"one line of text, of at most {MAX_NAME} characters",
            repair=() if right is None else (set_to(law.names.name, right),),
        )


def _name_problem(value: Any) -> tuple[str, str | None]:
    """What is wrong with a name, and the one that is right where that is certain."""
    if not isinstance(value, str):
        return "is no text", str(value) if type(value) is int else None
    if "\n" in value.strip() or not value.strip().isprintable():
        return "has a line break or a character that can't be printed", None
    if value != value.strip():
        return "begins or ends with a blank", value.strip() or None
    return ("is too long", None) if len(value) > MAX_NAME else ("", None)


def unknown_members(subject: Subject, law: Law) -> Iterator[Found]:
    for field in MEMBER_FIELDS:
        value = subject.fields.get(field)
        if law.members and isinstance(value, str) and value and nfc(value) not in law.members:
            close = tuple(nearest(value, law.members, count=1))
            yield Found(
                rule="unknown-member",
                message=f"{field}: {_shown(value)} is no member of the vault{_meant(close)}",
                at=(field,),
                allowed=list(law.members),
                nearest=close,
            )


def id_pattern(subject: Subject, law: Law) -> Iterator[Found]:
    if law.names.id_is_stem:
        return
    pattern = law.book.pattern(subject.type, subject.id)
    if pattern is None:
        return
    if not is_found(pattern, subject.id):
        yield Found(
            rule="id-pattern",
            message=f"{_shown(subject.id)} does not match the pattern of the schema, {pattern}",
            at=(law.names.id,),
            allowed=pattern,
        )


def derived_fields(subject: Subject, law: Law) -> Iterator[Found]:
    for field in law.book.derived.get(subject.type, ()):
        if not is_empty(subject.fields.get(field)):
            yield Found(
                rule="derived-field",
                message=f"{field}: is computed for {subject.type}, and not to be stored",
                at=(field,),
                repair=(unset(field),),
            )


def forbidden_fields(subject: Subject, law: Law) -> Iterator[Found]:
    for field in law.book.forbidden.get(subject.type, ()):
        if not is_empty(subject.fields.get(field)):
            yield Found(
                rule="forbidden-field",
                message=f"{field}: a {subject.type} must not have it (validation_rules.forbidden)",
                at=(field,),
            )


_RULES: tuple[Callable[[Subject, Law], Iterator[Found]], ...] = (
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


def _meant(close: tuple[str, ...]) -> str:
    return f"; did you mean {close[0]}?" if close else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
