"""In what order entities are listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core import order
from loop_cli.core.diff import MISSING
from loop_cli.core.order import rank, sort_value
from loop_cli.core.query import is_empty, parse_sort
from loop_cli.errors import UsageError
from tests.core.test_query import VALUES

if TYPE_CHECKING:
    from collections.abc import Sequence

CHOICES = ("a", "true")
NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30),
    st.integers(-300, 300),
    st.floats(allow_nan=False),
    st.sampled_from([2**53, 2**53 + 1, float(2**53), 0.5, -0.5, 1e308, -1e308, 5e-324, 10**400]),
)


def ordered(sort: str, *values: Any, choices: tuple[str, ...] = ()) -> list[Any]:
    return [value for (value,) in by_keys(sort, [(value,) for value in values], choices)]


def by_keys(
    sort: str, rows: Sequence[tuple[Any, ...]], choices: tuple[str, ...] = ()
) -> list[tuple[Any, ...]]:
    rankers = [order.ranker(key, lambda path: choices) for key in parse_sort(sort)]
    return sorted(rows, key=lambda row: [rank(one) for rank, one in zip(rankers, row, strict=True)])


def test_numbers_times_and_texts_each_as_such() -> None:
    assert ordered("f", 10, 9, 9.5) == [9, 9.5, 10]
    assert ordered("f", "2026-01-09T01:00+09:00", "2026-01-08") == [
        "2026-01-08",
        "2026-01-09T01:00+09:00",
    ]
    assert ordered("f", "b", "A", "c") == ["A", "b", "c"]


def test_an_enumeration_in_its_order_and_others_after_it() -> None:
    choices = ("todo", "doing", "done")

    assert ordered("f", "a", "done", "todo", choices=choices) == ["todo", "done", "a"]
    assert ordered("-f", "todo", "a", "done", choices=choices) == ["a", "done", "todo"]


@pytest.mark.parametrize("sort", ["f", "-f"])
def test_what_has_no_value_comes_last_either_way(sort: str) -> None:
    found = ordered(sort, None, "b", MISSING, "a", "", [])

    assert found[2:] == [None, MISSING, "", []]
    assert sorted(found[:2]) == ["a", "b"]


def test_several_fields_and_what_is_the_same_stays_in_order() -> None:
    rows = [(1, 2, "a"), (2, 1, "b"), (1, 2, "c"), (1, 3, "d")]

    def names(sort: str, *columns: int) -> str:
        keyed = [(*(row[at] for at in columns), row[2]) for row in rows]
        return "".join(row[-1] for row in by_keys(f"{sort},n", keyed))

    assert names("x,-y", 0, 1) == "dacb"
    assert names("-x", 0) == "bacd"


@given(values=st.lists(VALUES, max_size=8), sort=st.sampled_from(["f", "-f"]))
def test_whatever_values_there_are_they_can_be_sorted(values: list[Any], sort: str) -> None:
    found = ordered(sort, *values, choices=CHOICES)

    assert sorted(map(repr, found)) == sorted(map(repr, values))
    there = [sort_value(one, CHOICES) for one in found if not is_empty(one)]
    assert there == sorted(there, reverse=sort == "-f")


@pytest.mark.parametrize("descending", [False, True])
@given(
    pair=st.tuples(VALUES, VALUES) | st.tuples(NUMBERS, NUMBERS) | st.tuples(st.text(), st.text())
)
def test_ranks_compare_as_the_values_do(pair: tuple[Any, Any], descending: bool) -> None:
    one, other = pair
    if is_empty(one) or is_empty(other):
        expected = is_empty(one) < is_empty(other), is_empty(one) == is_empty(other)
    else:
        low, high = sort_value(one, CHOICES), sort_value(other, CHOICES)
        expected = (low > high if descending else low < high), low == high
    ranks = [rank(value, CHOICES, descending=descending) for value in pair]

    assert (ranks[0] < ranks[1], ranks[0] == ranks[1]) == expected


@given(place=st.lists(st.binary(), min_size=3, max_size=3).map(tuple))
def test_a_cursor_is_a_place_as_text(place: tuple[bytes, ...]) -> None:
    assert order.parse_cursor(order.cursor_of(place), 1) == place


@pytest.mark.parametrize("text", ["", "x", "6162", "61-62", "61-62-63-64", "6-1-2", "가"])
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(UsageError, match="not a cursor of this list"):
        order.parse_cursor(text, 1)
