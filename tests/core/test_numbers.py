"""Numbers keep the digits that they are written with."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core import numbers
from loop_cli.lean.jsontext import as_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("text", ["1.10", "[1, 2.50]", '{"a": {"b": [0.10, "1.10"]}, "c": 3.0}'])
def test_a_text_is_written_as_it_was_read(text: str) -> None:
    assert numbers.as_written(json.loads(text), dict(numbers.in_json(text)), as_json) == text


@given(VALUES)
def test_any_other_value_is_json(value: Any) -> None:
    assert json.loads(numbers.as_written(value, {}, as_json)) == value
