"""A record is what a frozen, keyword-only dataclass is."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loop_cli.lean.records import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = st.sampled_from(("a", "b", "c", "d"))
VALUES = st.one_of(st.integers(0, 3), st.text(max_size=1), st.none(), st.booleans())
FIELDS = st.dictionaries(NAMES, st.one_of(st.just(...), VALUES), max_size=4)  # ... is no default
GIVEN = st.dictionaries(st.one_of(NAMES, st.just("other")), VALUES, max_size=4)


def _classes(*layers: dict[str, Any]) -> tuple[Any, Any]:
    """A record and a dataclass with the fields and defaults of each layer, one above the other."""
    record: Any = Struct
    standard: Any = object
    for fields in layers:
        body = {"__annotations__": dict.fromkeys(fields, "Any")}
        body |= {name: value for name, value in fields.items() if value is not ...}
        record = type("Made", (record,), dict(body))
        standard = dataclasses.dataclass(frozen=True, kw_only=True)(
            type("Made", (standard,), dict(body))
        )
    return record, standard


def _outcome(make: Any, values: dict[str, Any]) -> Any:
    """The values that come of it, or the kind of error."""
    try:
        made = make(**values)
    except TypeError:
        return TypeError
    return {name: getattr(made, name) for name in "abcd" if hasattr(made, name)}


@given(FIELDS, FIELDS, GIVEN)
@example(above={"a": 1}, below={"a": ...}, values={})
@example(above={"a": ...}, below={"b": 1, "a": 2}, values={})
def test_it_is_made_in_the_same_way(
    above: dict[str, Any], below: dict[str, Any], values: dict[str, Any]
) -> None:
    record, standard = _classes(above, below)

    assert _outcome(record, values) == _outcome(standard, values)
    assert list(record._fields) == [one.name for one in dataclasses.fields(standard)]


@given(FIELDS, GIVEN, GIVEN)
def test_it_is_compared_hashed_and_replaced_in_the_same_way(
    fields: dict[str, Any], one: dict[str, Any], other: dict[str, Any]
) -> None:
    record, standard = _classes({name: None if v is ... else v for name, v in fields.items()})
    one, other = ({k: v for k, v in values.items() if k in fields} for values in (one, other))

    assert (record(**one) == record(**other)) is (standard(**one) == standard(**other))
    if record(**one) == record(**other):
        assert hash(record(**one)) == hash(record(**other))
    changed = record(**one).replace(**other)
    assert changed == record(**{**one, **other})
    assert type(changed) is record
    assert repr(changed) == repr(dataclasses.replace(standard(**one), **other)).replace(
        f"{_classes.__qualname__}.<locals>.", ""
    )


class Point(Struct):
    x: int
    y: int = 0
    _hidden: int = 5


class Same(Struct):
    x: int
    y: int = 0


def test_a_class_below_overrides_a_default_without_an_annotation() -> None:
    named: Any = type("Named", (Point,), {"y": 7, "__annotations__": {"name": "str"}})

    assert named(x=1, name="n").y == 7
    assert Point(x=1).y == 0


def test_records_of_two_classes_are_not_equal() -> None:
    assert Point(x=1) != Same(x=1)
    assert Point(x=1) != (1, 0)


def test_it_does_not_change() -> None:
    point = Point(x=1)
    changes: tuple[Callable[[], None], ...] = (
        lambda: setattr(point, "x", 2),
        lambda: setattr(point, "other", 2),
        lambda: delattr(point, "x"),
    )
    for change in changes:
        with pytest.raises(AttributeError, match="Point is immutable"):
            change()
    assert point == Point(x=1)
    assert {point, Point(x=1)} == {point}


@pytest.mark.parametrize(
    ("values", "message"),
    [({}, "Point\\(\\) needs x="), ({"x": 1, "z": 2}, "Point\\(\\) has no z")],
)
def test_what_is_missing_or_unknown_is_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Point(**values)
    with pytest.raises(TypeError, match="has no z"):
        Point(x=1).replace(z=2)
