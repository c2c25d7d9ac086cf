"""Plain values: copied as `copy` does; the same where Python spells them alike."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loop_cli.lean import plain

SCALARS = (
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | st.sampled_from((0.0, -0.0, 1.0))
    | st.text("ab1", max_size=2)
)  # fmt: skip
KEYS = (
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from((0.0, 1.0))
    | st.text("ab1", max_size=2)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def _spelled(value: Any) -> object:
    """A value by its types and Python's own spelling, whatever the order of keys."""
    if isinstance(value, dict):
        return {(type(key), key): _spelled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    return type(value), repr(value)


@given(VALUES, VALUES)
def test_values_are_the_same_where_they_are_spelled_alike(one: Any, other: Any) -> None:
    assert plain.same(one, other) is (_spelled(one) == _spelled(other))
    assert plain.same(one, copy.deepcopy(one))


@given(VALUES)
def test_a_copy_is_that_of_the_standard_library(value: Any) -> None:
    copied = plain.copied(value)

    assert _spelled(copied) == _spelled(copy.deepcopy(value))
    assert not {*_containers(copied)} & {*_containers(value)}


@given(
    st.dictionaries(KEYS, VALUES, max_size=4), st.lists(st.sampled_from(("a", "1", "true", "null")))
)
def test_a_copy_at_some_keys_shares_the_rest(mapping: dict[Any, Any], parts: list[str]) -> None:
    made = plain.copied_at(mapping, parts)

    assert _spelled(made) == _spelled(mapping)
    named = {plain.key_in(mapping, part) for part in parts}
    for key, value in mapping.items():
        if isinstance(value, dict | list):
            assert (made[key] is value) is (key not in named)


@given(st.dictionaries(KEYS, st.none(), max_size=4), KEYS)
def test_a_key_is_found_by_its_text(mapping: dict[Any, Any], key: Any) -> None:
    text = plain.key_text(key)
    found = plain.key_in(mapping, text)

    assert plain.key_text(found) == text
    assert (found in mapping) is (text in {plain.key_text(one) for one in mapping})


def _containers(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [id(value), *(one for item in value.values() for one in _containers(item))]
    if isinstance(value, list):
        return [id(value), *(one for item in value for one in _containers(item))]
    return []
