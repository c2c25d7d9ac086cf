"""Whether a condition compares a field with what its kind of values can be compared with.

A date is compared with a day, a number with a number. What is neither would select by letters, and
so everything or nothing: it is refused before anything is selected (SPEC §4).
"""

from __future__ import annotations

from loop_cli.core.entity import OWN
from loop_cli.core.said_days import EXAMPLES
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from loop_cli.core.entity import FieldNames
    from loop_cli.core.query import Condition, Operand
    from loop_cli.core.schema.schema import Schema

_ORDERS = ("<", "<=", ">", ">=")
_WORDS = {"date": "a date", "number": "a number", "time": "a time", "boolean": "true or false"}
_HINTS = {"date": f"such as {EXAMPLES}", "time": "such as 14:30", "number": "such as 3 or 2.5"}


def check(
    condition: Condition,
    *,
    schema: Schema,
    names: FieldNames,
    types: Iterable[str] = (),
    option: str = "--where",
) -> None:
    """Raises `UsageError`, which names the `option`, for an operand that is not a value of the
    field's kind, in all the types or in any."""
    if condition.operation not in (*_ORDERS, "=", "!="):
        return
    ordered = condition.operation in _ORDERS
    of_types = tuple(types) or schema.types
    kinds = _kinds(condition.path, of_types, schema, names)
    choices = _choices(condition.path, of_types, schema) if ordered else ()
    field = ".".join(condition.path)
    if choices:
        raise UsageError(
            f"{_given(condition, option)}{field} has values that are not ordered by letters",
            hint=f"name those that are asked for: {option} '{field}={','.join(choices[:2])}'",
        )
    for operand in condition.operands:
        if operand.text and not any(_fits(operand, kind, ordered=ordered) for kind in kinds):
            what = " or ".join(_WORDS.get(kind, "a date or a number") for kind in sorted(kinds))
            hint = next((_HINTS[kind] for kind in sorted(kinds) if kind in _HINTS), _HINTS["date"])
            said = f"{field} is compared with {what}, and {operand.text!r} is none"
            raise UsageError(_given(condition, option) + said, hint=hint)


def _given(condition: Condition, option: str) -> str:
    return f"{option} {condition.given!r}: " if condition.given else ""


def _kinds(
    path: tuple[str, ...], types: Iterable[str], schema: Schema, names: FieldNames
) -> set[str]:
    name = path[0]
    if path == ("updated_at",) or name in (names.created, names.updated):
        return {"date"}
    if path in {(one,) for one in OWN} or name in (names.id, names.type, names.name):
        return {"text"}
    return {schema.spec(one, path, {}).kind for one in types} or {"any"}


def _choices(path: tuple[str, ...], types: Iterable[str], schema: Schema) -> tuple[str, ...]:
    if len(path) > 1:
        return ()
    found = [schema.spec(one, path, {}).choices for one in types]
    return found[0] if found and all(found) else ()


def _fits(operand: Operand, kind: str, *, ordered: bool) -> bool:
    is_day = operand.day is not None or operand.start is not None
    is_number = operand.number is not None
    if kind == "date":
        return is_day
    if kind == "number":
        return is_number
    if kind == "boolean":
        return not ordered and operand.text in ("true", "false")
    if kind == "time":
        return is_day or operand.text.replace(":", "").isdigit()
    return not ordered or kind == "text" or is_day or is_number
