"""Queries: conditions such as `field=value`, and the sort order.

Values are compared by their kind: numbers as numbers, times as instants, a day with the day that a
time belongs to (`days.day_of`), lists by their items, everything else as text in normal form.
"""

from __future__ import annotations

import re

from loop_cli.core import days, said_days, timestamps
from loop_cli.core.diff import MISSING, value_at
from loop_cli.core.digits import NUMBER
from loop_cli.core.names import nearest, nfc, split_dotted, split_listed
from loop_cli.errors import Action, UsageError
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from loop_cli.core.schema.schema import Schema

EXAMPLE = Action("example", of="query")
_OPERATOR = re.compile(r"!=|<=|>=|=|<|>|~")
_PRESENCE = ("has", "missing")
_THERE = "there"
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER = re.compile(NUMBER)
_DIGITS = 1_000
_DAY = 86_400 * timestamps.SECOND
_WEEK = 7  # days


class Operand(Struct):
    """A value of a condition, with all meanings that its text may have.

    `start` is the first instant of the time that it names, `end` the first instant after it. `day`
    is the day, counted from 1970-01-01, if it names a whole day.
    """

    text: str
    number: int | float | None = None
    start: int | None = None
    end: int | None = None
    day: int | None = None


class Condition(Struct):
    """One `--where`.

    `operation` is an operator, `has` or `missing`; or `there`: the entity has the field, with or
    without a value.
    """

    path: tuple[str, ...]
    operation: str
    operands: tuple[Operand, ...] = ()
    given: str = ""

    def admits(self, value: Any) -> bool:
        """Whether an entity with this value fulfils the condition; `MISSING` for no value."""
        if self.operation == _THERE:
            return value is not MISSING
        if self.operation in _PRESENCE:
            return is_empty(value) == (self.operation == "missing")
        if self.operation == "!=":
            return not any(_equal(value, operand) for operand in self.operands)
        test = _TESTS[self.operation]
        return any(test(value, operand) for operand in self.operands)


class SortKey(Struct):
    """One part of `--sort`."""

    path: tuple[str, ...]
    descending: bool = False


class Query(Struct):
    """The entities of a list, and their order; data that every store evaluates itself.

    `types` (empty: all); `conditions`, all of which must hold; `text`, the words of a search; at
    most `limit` entities, after the one that `cursor` names (`order.cursor_of`). Without `sort` the
    order is by id, or the order of a search. `core.evaluate` defines what a query means.
    """

    types: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    text: str | None = None
    sort: tuple[SortKey, ...] = ()
    limit: int | None = None
    cursor: str | None = None

    def admits(self, row: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
        """Whether the conditions hold for these fields; `own` are the values for `OWN`."""
        return all(one.admits(value_of(one.path, row, own)) for one in self.conditions)


def parse_condition(text: str, *, today: int) -> Condition:
    """Parse one `--where`. `today` is the instant at which the day began. Raises `UsageError`."""
    word, colon, name = text.partition(":")
    if colon and word in _PRESENCE:
        return Condition(path=_path(name, text), operation=word, given=text)
    match = _OPERATOR.search(text)
    if match is None:
        raise UsageError(
            f"--where: {text!r} is not a condition: it has none of = != < <= > >= ~ and does not "
            "begin with has: or missing:",
            hint=EXAMPLE,
        )
    values = split_listed(text[match.end() :])
    if values[0].startswith("=") and match[0] in ("=", "!="):
        raise UsageError(f"--where: {text!r}: equal is a single =", hint=EXAMPLE)
    if match[0] in ("<", "<=", ">", ">=") and (len(values) > 1 or not values[0]):
        raise UsageError(f"--where: {text!r} must compare with one value", hint=EXAMPLE)
    return Condition(
        path=_path(text[: match.start()], text),
        operation=match[0],
        operands=tuple(one for value in values for one in _operands(value, match[0], today)),
        given=text,
    )


def parse_conditions(
    texts: Iterable[str], *, today: int, option: str = "--where"
) -> tuple[Condition, ...]:
    """All conditions of an option, or key, called so. Raises `UsageError`."""
    try:
        return tuple(parse_condition(text, today=today) for text in texts)
    except UsageError as error:
        error.message = error.message.replace("--where", option, 1)
        raise


def equals(name: str, *values: str) -> Condition:
    """Make the condition that a field has exactly one of some texts, or a list contains it."""
    return Condition(
        path=(name,),
        operation="=",
        operands=tuple(Operand(text=nfc(one), number=_number(one)) for one in values),
        given=f"{name}={','.join(values)}",
    )


def no_field(name: str, known: Iterable[str], *, given: str) -> UsageError:
    """What is said of a name that is no field of any entity; `given` is how it was asked for."""
    close = nearest(name, known)
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    message = f"{given}no entity has a field {name!r}{meant}"
    return UsageError(message, hint=Action("show_schema"), field=name)


def is_there(path: tuple[str, ...], *, given: str = "") -> Condition:
    """The condition that an entity has a field, whatever its value; `given` is how it was asked
    for."""
    return Condition(path=path, operation=_THERE, given=given)


def parse_sort(text: str) -> tuple[SortKey, ...]:
    """Parse `--sort`: fields with commas; `-` means the greatest first. Raises `UsageError`."""
    return tuple(
        SortKey(path=_sorted_by(name.removeprefix("-"), text), descending=name.startswith("-"))
        for name in text.split(",")
    )


def _sorted_by(name: str, source: str) -> tuple[str, ...]:
    path = split_dotted(name.strip())
    if not all(path):
        raise UsageError(f"--sort: {source!r} names no field", hint="--sort due,-priority")
    return path


def value_of(path: tuple[str, ...], row: Mapping[str, Any], own: Mapping[str, Any]) -> Any:
    """Return the value at a path of an entity's fields, or one of its `OWN`; else `MISSING`."""
    if len(path) == 1 and path[0] in own:
        return own[path[0]]
    return value_at(row, path)


def choices_of(schema: Schema, types: tuple[str, ...]) -> Callable[[tuple[str, ...]], Any]:
    """Return the enumeration of a field in the schema's order, for these types or for any."""

    def choices(path: tuple[str, ...]) -> tuple[str, ...]:
        if len(path) > 1:
            return ()
        for entity_type in types or schema.types:
            found = schema.spec(entity_type, path, {}).choices
            if found:
                return found
        return ()

    return choices


def _path(name: str, source: str) -> tuple[str, ...]:
    path = split_dotted(name.strip())
    if not all(path):
        raise UsageError(f"{source!r} names no field", hint=EXAMPLE)
    return path


def _operands(text: str, operation: str, today: int) -> list[Operand]:
    """The operand of a value; where a week is compared for equality, one for each of its days."""
    first = _operand(text, today)
    if operation not in ("=", "!=") or first.day is None or not said_days.is_week(text):
        return [first]
    rest = range(first.day + 1, first.day + _WEEK)
    return [first, *(_operand(timestamps.render(day * _DAY)[:10], today) for day in rest)]


def _operand(text: str, today: int) -> Operand:
    day = start = None
    if _DATE.fullmatch(text) is not None:
        day = days.day_of(text)
    else:
        start = timestamps.parse(text)
        if start is None and text and _NUMBER.fullmatch(text) is None:
            day = said_days.day(text, today=today // _DAY)
    end = None if start is None else start + 1
    return Operand(text=nfc(text), number=_number(text), start=start, end=end, day=day)


def _number(text: str) -> int | float | None:
    """Keep integers exact: a float has only 53 bits."""
    if _NUMBER.fullmatch(text) is None:
        return None
    whole = text.lstrip("+-").isdigit() and len(text) <= _DIGITS
    return int(text) if whole else float(text)


def number_of(text: str) -> int | float | None:
    """Return the number that a text says, as conditions compare it; None if it says none."""
    return _number(text)


def is_empty(value: Any) -> bool:
    """Whether a field with this value counts as empty."""
    return value is MISSING or value is None or value in ("", [], {})


def _equal(value: Any, operand: Operand) -> bool:
    if not operand.text:
        return is_empty(value)
    if isinstance(value, list):
        return any(_equal(item, operand) for item in value)
    if isinstance(value, str):
        if nfc(value) == operand.text:
            return True
        if operand.day is not None:
            return days.day_of(value) == operand.day
        return operand.start is not None and days.moment(value) == operand.start
    if isinstance(value, bool):
        return operand.text == ("true" if value else "false")
    return isinstance(value, int | float) and operand.number == value


def _contains(value: Any, operand: Operand) -> bool:
    if isinstance(value, list):
        return any(_contains(item, operand) for item in value)
    if value is MISSING or value is None or isinstance(value, dict):
        return False
    return operand.text.casefold() in nfc(str(value)).casefold()


def _less(value: Any, operand: Operand) -> bool:
    return _compare(value, operand, lambda one, start, _end: one < start)


def _at_most(value: Any, operand: Operand) -> bool:
    return _compare(value, operand, lambda one, start, end: one < end or one == start)


def _greater(value: Any, operand: Operand) -> bool:
    return _compare(value, operand, lambda one, start, end: one >= end and one != start)


def _at_least(value: Any, operand: Operand) -> bool:
    return _compare(value, operand, lambda one, start, _end: one >= start)


def _compare(value: Any, operand: Operand, test: Callable[[Any, Any, Any], bool]) -> bool:
    """Compare a value with the bounds of an operand of the same kind."""
    if isinstance(value, list):
        return any(_compare(item, operand, test) for item in value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    if not isinstance(value, str):
        return operand.number is not None and test(value, operand.number, operand.number)
    if operand.day is not None:
        day = days.day_of(value)
        return day is not None and test(day, operand.day, operand.day + 1)
    if operand.start is not None:
        instant = days.moment(value)
        return instant is not None and test(instant, operand.start, operand.end)
    if operand.number is not None and _NUMBER.fullmatch(value):
        return test(_number(value), operand.number, operand.number)
    return test(nfc(value), operand.text, operand.text)


_TESTS: dict[str, Callable[[Any, Operand], bool]] = {
    "=": _equal,
    "~": _contains,
    "<": _less,
    "<=": _at_most,
    ">": _greater,
    ">=": _at_least,
}
