"""Which entities a query asks for, and in what order."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loop_cli.core import query as queries
from loop_cli.core import timestamps
from loop_cli.core.diff import MISSING
from loop_cli.core.query import Query, equals, parse_condition, parse_sort
from loop_cli.core.schema.schema import build
from loop_cli.errors import UsageError

NOW = timestamps.parse("2026-01-09") or 0
OWN = {"entity_id": "tsk-1", "path": "a/b.md", "etag": "0" * 16}


def admits(text: str, **fields: Any) -> bool:
    return Query(conditions=(parse_condition(text, today=NOW),)).admits(fields, OWN)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        # text
        ("f=done", "done", True),
        ("f=done", "Done", False),
        ("f=todo,done", "done", True),
        ("f=todo,done", "hold", False),
        ("f!=todo,done", "hold", True),
        ("f!=todo,done", "todo", False),
        (r"f=a\,b", "a,b", True),
        (r"f=a\,b", "a", False),
        (r"f=a\,b,c", "c", True),
        ("f=a=b", "a=b", True),
        ("f=한글", unicodedata.normalize("NFD", "한글"), True),
        ("f=K", "\u212a", True),
        ("f<b", "a", True),
        ("f<b", "b", False),
        ("f<=b", "b", True),
        ("f>b", "c", True),
        ("f>=b", "a", False),
        ("f<나", "가", True),
        # a week
        ("f=2026-W03", "2026-01-12", True),
        ("f=2026-W03", "2026-01-18", True),
        ("f=2026-W03", "2026-01-18T10:00:00+09:00", True),
        ("f=2026-W03", "2026-01-19", False),
        ("f=2026-W03", "2026-W03", True),
        ("f=2026-W03", ["2026-01-01", "2026-01-15"], True),
        ("f=2026-W02,2026-W03", "2026-01-07", True),
        ("f!=2026-W03", "2026-01-15", False),
        ("f!=2026-W03", "2026-01-11", True),
        ("f<2026-W03", "2026-01-12", False),
        ("f>=2026-W03", "2026-01-12", True),
        # numbers, and texts that are numbers
        ("f=5", 5, True),
        ("f=5.0", 5, True),
        ("f=5", 5.0, True),
        ("f=5", "5", True),
        ("f<10", 9, True),
        ("f<10", "9", True),
        ("f<1e2", 99.5, True),
        ("f>-1", 0, True),
        ("f>=9007199254740993", 9007199254740992, False),
        ("f=9007199254740993", 9007199254740993, True),
        ("f<b", 5, False),
        ("f=" + "9" * 5000, 5, False),
        ("f<" + "9" * 5000, 5, True),
        # true and false
        ("f=true", True, True),
        ("f=true", False, False),
        ("f=1", True, False),
        ("f<2", True, False),
        ("f!=true", False, True),
        # dates and times: a date is all of its day
        ("f=2026-01-09", "2026-01-09T23:59:59Z", True),
        ("f=2026-01-09", "2026-01-10", False),
        ("f=2026-01-09T10:00", "2026-01-09 19:00+09:00", True),
        ("f<2026-01-09", "2026-01-08T23:59:59.999999Z", True),
        ("f<2026-01-09", "2026-01-09", False),
        ("f<=2026-01-09", "2026-01-09T12:00", True),
        ("f>2026-01-09", "2026-01-09T12:00", False),
        ("f>2026-01-09", "2026-01-10", True),
        ("f>=2026-01-09", "2026-01-09", True),
        ("f<2026-01-09", "someday", False),
        ("f>=2026-01-09", "someday", False),
        ("f=today", "2026-01-09T08:00", True),
        ("f<today", "2026-01-08", True),
        ("f<=today+7", "2026-01-16T20:00", True),
        ("f<=today+7d", "2026-01-17", False),
        ("f>=today-1", "2026-01-08", True),
        ("f=today", "today", True),
        # lists: one of the items
        ("f=b", ["a", "b"], True),
        ("f=c", ["a", "b"], False),
        ("f=c,a", ["a", "b"], True),
        ("f!=a", ["a", "b"], False),
        ("f!=c", ["a", "b"], True),
        ("f<2", [5, 1], True),
        ("f~B", ["abc"], True),
        # contains
        ("f~의", "주간회의", True),
        ("f~REVIEW", "a review", True),
        ("f~x,y", "why", True),
        ("f~20", 2026, True),
        ("f~a", {"a": "a"}, False),
        ("f~ㄱ", "가", False),
        # nothing
        ("f=", "", True),
        ("f=", None, True),
        ("f=", MISSING, True),
        ("f=", [], True),
        ("f=", "x", False),
        ("f=a,", None, True),
        ("f!=", "x", True),
        ("f!=", MISSING, False),
        ("f!=a", MISSING, True),
        ("f=a", MISSING, False),
        ("f<a", MISSING, False),
        ("f~a", None, False),
        ("has:f", "x", True),
        ("has:f", 0, True),
        ("has:f", False, True),
        ("has:f", "", False),
        ("has:f", None, False),
        ("has:f", [], False),
        ("has:f", {}, False),
        ("missing:f", MISSING, True),
        ("missing:f", "x", False),
    ],
)
def test_a_condition(text: str, value: Any, holds: bool) -> None:
    fields = {} if value is MISSING else {"f": value}

    assert admits(text, **fields) is holds


def test_nested_fields_and_keys_with_dots() -> None:
    fields = {"a": {"b": "x", "c.d": 1}, "a.b": "flat"}

    assert admits("a.b=x", **fields)
    assert admits(r"a.c\.d=1", **fields)
    assert admits(r"a\.b=flat", **fields)
    assert admits("missing:a.b.c", **fields)
    assert admits("has:a", **fields)


def test_what_every_entity_has_can_be_asked_for_too() -> None:
    assert admits("entity_id=tsk-1")
    assert admits("path~A/")
    assert admits("entity_id=tsk-1", entity_id="another")


def test_all_conditions_must_hold() -> None:
    conditions = tuple(parse_condition(text, today=NOW) for text in ("a=1", "b=2"))
    query = Query(conditions=conditions)

    assert query.admits({"a": 1, "b": 2}, OWN)
    assert not query.admits({"a": 1, "b": 3}, OWN)
    assert Query().admits({}, OWN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a condition"),
        ("status", "is not a condition"),
        ("status:todo", "is not a condition"),
        ("=x", "names no field"),
        ("has:", "names no field"),
        ("a..b=x", "names no field"),
        (".=x", "names no field"),
        ("due<a,b", "one value"),
        ("due>=", "one value"),
        ("status==done", "a single ="),
        ("status!==done", "a single ="),
    ],
)
def test_what_is_no_condition(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        parse_condition(text, today=NOW)

    assert caught.value.hint == queries.EXAMPLE


def test_the_condition_of_an_id_takes_it_as_it_is() -> None:
    condition = equals("project_id", "a,b today")

    assert condition.admits("a,b today")
    assert condition.admits(["x", "a,b today"])
    assert not condition.admits("a")
    assert equals("project_id", "12").admits(12)
    assert not equals("project_id", "today").admits("2026-01-09")


# -- properties -------------------------------------------------------------------------

LETTERS = 'aKkb;`"\\,.+-0159:T 가각\u212a\u037eéé<=~'
SCALARS = st.one_of(
    st.text(alphabet=LETTERS, max_size=6),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.sampled_from(["2026-01-09", "2026-01-09T10:00Z", "true", "today", "1e3", ".5"]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.just({"f": "a"}), st.just(MISSING))
GIVEN = st.one_of(
    st.text(alphabet=LETTERS, max_size=6),
    st.integers(-99, 99).map(str),
    st.sampled_from(["2026-01-09", "today", "true", "a,b", "K", "abc"]),
)


def conditions(text: str) -> queries.Condition:
    try:
        return parse_condition(text, today=NOW)
    except UsageError:
        assume(False)
        raise


@given(given_=GIVEN, value=VALUES)
def test_different_is_not_equal(given_: str, value: Any) -> None:
    equal, different = conditions(f"f={given_}"), conditions(f"f!={given_}")

    assert equal.admits(value) != different.admits(value)


@given(value=VALUES)
def test_missing_is_not_there(value: Any) -> None:
    assert conditions("has:f").admits(value) != conditions("missing:f").admits(value)


NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.floats(-1e9, 1e9))
DATES = st.dates(min_value=date(1000, 1, 1)).map(str)
TIMES = st.datetimes(min_value=datetime(1000, 1, 1)).map(
    lambda moment: moment.isoformat(timespec="seconds")
)
WORDS = st.text(alphabet="abcxyz가나다각", min_size=1, max_size=5)


@given(
    pair=st.one_of(
        st.tuples(NUMBERS, NUMBERS),
        st.tuples(st.one_of(DATES, TIMES), st.one_of(DATES, TIMES)),
        st.tuples(WORDS, WORDS),
    )
)
def test_of_two_values_of_a_kind_exactly_one_relation_holds(pair: tuple[Any, Any]) -> None:
    value, other = pair
    holds = {
        sign: conditions(f"f{sign}{other}").admits(value) for sign in ("<", "=", ">", "<=", ">=")
    }

    assert [holds["<"], holds["="], holds[">"]].count(True) == 1
    assert holds["<="] == (holds["<"] or holds["="])
    assert holds[">="] == (holds[">"] or holds["="])


# -- order ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", ",", "a,,b", "-"])
def test_what_is_no_order(text: str) -> None:
    with pytest.raises(UsageError):
        parse_sort(text)


def test_the_choices_of_a_field_are_those_of_the_types_asked_for() -> None:
    schema = build(
        {
            "entity_types": ["Task", "Project"],
            "task": {"status": ["todo", "done"]},
            "project": {"status": ["open", "shut"]},
            "priority": {"values": ["high", "low"]},
        }
    )

    assert queries.choices_of(schema, ("Project",))(("status",)) == ("open", "shut")
    assert queries.choices_of(schema, ())(("status",)) == ("todo", "done")
    assert queries.choices_of(schema, ("Task",))(("priority",)) == ("high", "low")
    assert queries.choices_of(schema, ("Task",))(("a", "status")) == ()
    assert queries.choices_of(schema, ())(("nothing",)) == ()


@given(st.dates(date(1971, 1, 11), date(9998, 12, 20)), st.integers(-20, 20))
def test_a_week_is_its_seven_days(day: date, distance: int) -> None:
    year, week, _weekday = day.isocalendar()
    other = date.fromordinal(day.toordinal() + distance)
    same = other.isocalendar()[:2] == (year, week)
    assert admits(f"f={year}-W{week:02}", f=other.isoformat()) is same
    assert admits(f"f!={year}-w{week}", f=other.isoformat()) is not same
