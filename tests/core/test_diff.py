"""Differences as data (SPEC §6): strict sameness, dotted names, and the way back."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core.diff import (
    MISSING,
    diff_body,
    diff_fields,
    undo,
    value_at,
)
from loop_cli.lean.plain import same

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b.c", "body", "\\", "한"]), inner, max_size=4)
    ),
    max_leaves=12,
)
mappings = st.dictionaries(st.sampled_from(["x", "y", "body", "a.b", "\\y"]), values, max_size=5)


@given(mappings, mappings)
def test_undoing_every_entry_gives_the_old_mapping_back(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    state = copy.deepcopy(new)

    for name, entry in diff_fields(old, new).items():
        undo(state, name, entry)

    assert same(state, old)


def test_undoing_leaves_the_entries_alone() -> None:
    entries: dict[str, dict[str, Any]] = {
        "meta": {"old": {"a": {"b": 1}}},
        "meta.a": {"old": {}},
        "meta.a.b": {"old": 2},
    }
    before = copy.deepcopy(entries)
    state: dict[str, Any] = {}

    for name, entry in entries.items():
        undo(state, name, entry)

    assert state == {"meta": {"a": {"b": 2}}}
    assert entries == before


@given(mappings, mappings)
def test_undoing_works_from_the_log_too(old: dict[str, Any], new: dict[str, Any]) -> None:
    recorded = json.loads(json.dumps(diff_fields(old, new)))
    state = copy.deepcopy(new)

    for name, entry in recorded.items():
        undo(state, name, entry)

    assert same(state, old)


@given(mappings, mappings)
def test_a_diff_is_empty_where_nothing_differs(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert diff_fields(old, copy.deepcopy(old)) == {}
    assert bool(diff_fields(old, new)) == (not same(old, new))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        (1, 1.0),
        (1, "1"),
        ("", None),
        ([], None),
        ({}, None),
        ([], {}),
        ([1], [True]),
        ({"a": 1}, {"a": 1.0}),
        ([1, 2], [2, 1]),
        ({"a": None}, {}),
        ("é", "e\u0301"),
        (math.nan, 1.0),
        (math.inf, -math.inf),
    ],
)
def test_values_that_read_differently_are_not_the_same(one: Any, other: Any) -> None:
    assert not same(one, other)
    assert not same(other, one)


@pytest.mark.parametrize(
    "value", [1, 1.5, True, None, "x", [], [1, ["a"]], {"a": {"b": []}}, math.nan, [math.nan]]
)
def test_a_value_is_the_same_as_its_copy(value: Any) -> None:
    assert same(value, copy.deepcopy(value))


def test_the_order_of_keys_is_no_difference() -> None:
    assert same({"a": 1, "b": 2}, {"b": 2, "a": 1})


def test_added_removed_and_changed() -> None:
    old = {"gone": 1, "null": None, "kept": [1], "changed": "a"}
    new = {"kept": [1], "changed": "b", "null": 0, "new": None}

    assert diff_fields(old, new) == {
        "gone": {"old": 1, "new": None, "removed": True},
        "null": {"old": None, "new": 0},
        "changed": {"old": "a", "new": "b"},
        "new": {"old": None, "new": None, "added": True},
    }


def test_nested_changes_use_dotted_names_and_lists_are_whole() -> None:
    old = {"m": {"a": 1, "b.c": {"d": 2}, "list": [1, 2]}, "empty": {}}
    new = {"m": {"a": 1, "b.c": {"d": 3}, "list": [1, 2, 3], "e": 5}, "empty": {"x": 1}}

    assert diff_fields(old, new) == {
        r"m.b\.c.d": {"old": 2, "new": 3},
        "m.list": {"old": [1, 2], "new": [1, 2, 3]},
        "m.e": {"old": None, "new": 5, "added": True},
        "empty": {"old": {}, "new": {"x": 1}},
    }


def test_the_body_is_not_the_field_body() -> None:
    assert diff_body("a", "b") == {"body": {"old": "a", "new": "b"}}
    assert diff_body("a", "a") == {}
    assert diff_fields({"body": 1}, {"body": 2}) == {r"\body": {"old": 1, "new": 2}}


def test_a_value_is_found_by_its_path() -> None:
    fields = {"m": {"a": None}, "list": [1]}

    assert value_at(fields, ("m", "a")) is None
    assert value_at(fields, ()) == fields
    assert value_at(fields, ("m", "b")) is MISSING
    assert value_at(fields, ("m", "a", "b")) is MISSING
    assert value_at(fields, ("list", "0")) is MISSING
    assert repr(MISSING) == "MISSING"
