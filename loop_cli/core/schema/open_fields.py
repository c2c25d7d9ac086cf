"""Fields that an open schema does not know: what they hold, and the sentences about them.

A schema is open where its file says `open: true`, as one that `loop init` proposed does.
"""

from __future__ import annotations

from loop_cli.core import digits
from loop_cli.core.fields import FieldSpec
from loop_cli.core.names import SLIP, nearest
from loop_cli.core.schema.problem import Problem, meant
from loop_cli.errors import Action, Sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.schema.rules import Case, Rules
    from loop_cli.core.schema.schema import Schema


def unknown(case: Case, rules: Rules) -> list[str]:
    """The fields of a case, there and to be judged, that the schema does not know."""
    return [field for field, _value in case.present() if not rules.has_field(case.type, field)]


def spec_of(text: str) -> FieldSpec:
    """What a new field holds, by its first value: a number, true or false, or text."""
    if text in ("true", "false"):
        return FieldSpec(kind="boolean", inferred=True)
    return FieldSpec(kind="number" if digits.is_exact_number(text) else "any", inferred=True)


def takes_fields(schema: Schema, entity_type: str) -> bool:
    """Whether `loop schema allow` adds fields to a type: one that the schema knows, or that an open
    schema gets with them. What is probably a slip of a type that is there becomes none."""
    if schema.knows_type(entity_type):
        return True
    return schema.is_open and not nearest(entity_type, known_types(schema), alike=SLIP)


def known_types(schema: Schema) -> tuple[str, ...]:
    """The types that the schema mentions."""
    return tuple(dict.fromkeys((*schema.types, *(one for one in schema.known if one != "all"))))


def warnings(case: Case, rules: Rules) -> list[str]:
    """A sentence for each such field that a change brings, with how to settle it."""
    settled = takes_fields(rules.schema, case.type)
    found: list[str] = []
    for field in unknown(case, rules):
        close = tuple(nearest(field, rules.known(case.type), count=1, alike=SLIP))
        said = f"{field} is new: the schema does not know it{meant(close)}"
        how = Action("allow_field", entity_type=case.type, field=field)
        found.append(Sentence(f"{said} (to allow it: ", how, ")") if settled else said)
    return found


def problems(case: Case, rules: Rules) -> Iterator[Problem]:
    """What `check` says of such fields. A change is free to bring them."""
    if case.before is not None or case.is_new:
        return
    for field in unknown(case, rules):
        close = tuple(nearest(field, rules.known(case.type), alike=SLIP))
        message = f"is not in the schema of {case.type}, which is open{meant(close)}"
        yield Problem(rule="open-field", field=field, message=message, at=(field,), nearest=close)
