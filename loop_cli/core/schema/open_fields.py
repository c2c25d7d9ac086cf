"""Fields that an open schema does not know: what they hold, and the sentences about them.

A schema is open where its file says `open: true`, as one that `loop init` proposed does.
"""

from __future__ import annotations

from loop_cli.core import digits
from loop_cli.core.fields import FieldSpec
from loop_cli.core.names import nearest
from loop_cli.core.schema.problem import Problem, meant
from loop_cli.errors import Action, Sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.schema.rules import Case, Rules


def unknown(case: Case, rules: Rules) -> list[str]:
    """The fields of a case, there and to be judged, that the schema does not know."""
    return [field for field, _value in case.present() if not rules.has_field(case.type, field)]


def spec_of(text: str) -> FieldSpec:
    """What a new field holds, by its first value: a number, true or false, or text."""
    if text in ("true", "false"):
        return FieldSpec(kind="boolean", inferred=True)
    return FieldSpec(kind="number" if digits.is_exact_number(text) else "any", inferred=True)


def warnings(case: Case, rules: Rules) -> list[str]:
    """A sentence for each such field that a change brings, with how to settle it."""
    found = []
    for field in unknown(case, rules):
        close = tuple(nearest(field, rules.known(case.type), count=1))
        found.append(
            Sentence(
                f"{field} is new: the schema does not know it{meant(close)} ('",
                Action("allow_field", entity_type=case.type, field=field),
                "' settles it)",
            )
        )
    return [*found]


def problems(case: Case, rules: Rules) -> Iterator[Problem]:
    """What `check` says of such fields. A change is free to bring them."""
    if case.before is not None or case.is_new:
        return
    for field in unknown(case, rules):
        close = tuple(nearest(field, rules.known(case.type)))
        message = f"is not in the schema of {case.type}, which is open{meant(close)}"
        yield Problem(rule="open-field", field=field, message=message, at=(field,), nearest=close)
