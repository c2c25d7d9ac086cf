"""JSON text as `json` has it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loop_cli.lean import jsontext

TEXTS = st.text(st.characters(codec=None), max_size=8)  # lone surrogates too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


def _outcome(read: Any, text: Any) -> tuple[str, object]:
    """The value that a text has, spelled out, or the error that it is."""
    try:
        return "value", repr(read(text))
    except (ValueError, RecursionError) as error:
        return "error", (type(error), str(error))


@given(VALUES)
def test_a_value_is_written_as_json_writes_it(value: Any) -> None:
    written = jsontext.dumps(value)

    assert written == json.dumps(value, ensure_ascii=False)
    assert repr(jsontext.loads(written)) == repr(value)


@given(TEXTS)
def test_a_text_alone(value: str) -> None:
    assert jsontext.text(value) == json.dumps(value, ensure_ascii=False)
    assert jsontext.ascii_text(value) == json.dumps(value)


@given(
    st.one_of(st.text(max_size=12), st.text('{}[]",:0123456789.eE+-truefalsn \\u\n\t', max_size=12))
)
@example("")
@example("NaN")
@example("[-Infinity, Infinity]")
@example("1 2")
@example("\ufeff1")
@example('{"a": 1, "a": 2}')
@example(" \r\n\t[1] \n")
@example('"\n"')
@example("[" * 100_000)
@example("1" * 5000)
def test_any_text_is_read_or_refused_as_json_does(text: str) -> None:
    assert _outcome(jsontext.loads, text) == _outcome(json.loads, text)


@given(st.binary(max_size=8) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_bytes_are_utf_8(data: bytes) -> None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        with pytest.raises(UnicodeDecodeError):
            jsontext.loads(data)
    else:
        assert _outcome(jsontext.loads, data) == _outcome(json.loads, text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [-float("inf")]])
def test_what_json_has_no_number_for_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        jsontext.dumps(value)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", {(1, 2): 3}])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        jsontext.dumps(value)


@given(VALUES)
def test_harmless_text_means_the_same_and_no_terminal_acts_on_it(value: Any) -> None:
    written = jsontext.dumps(value)
    harmless = jsontext.harmless(written)

    assert repr(json.loads(harmless)) == repr(value)
    assert jsontext.is_harmless(harmless)
    assert jsontext.is_harmless(written) is (harmless == written)
    harmless.encode()  # no lone surrogate is left
    assert not {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u2028"} & {*harmless}
