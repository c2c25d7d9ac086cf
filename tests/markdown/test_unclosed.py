"""A list or a mapping that nothing closes is told at its own line, not at the next key's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.markdown import reader
from loop_cli.markdown.unclosed import unclosed

LIST, MAPPING = reader.IN_LIST, reader.IN_MAPPING


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("a: [1, 2\nb: x\n", LIST, 1),
        ("a: [1, 2\n", LIST, 1),
        ("x: 1\na: {x: 1\nb: y\n", MAPPING, 2),
        ("a: [1, 2\nb: x\nc: [3]\n", LIST, 1),
        ('q: "]"\na: [1, "[x", 2\nb: 1\n', LIST, 2),
        ("a: [ {b: 1\nc: 2\n", MAPPING, 1),
        ("t: it's [1\na: [2,\n  3\n# c ]\nb: 1\n", LIST, 2),
        ("가: 나\n다: [라, '마'\n바: 1\n", LIST, 2),
        ("a: b: c\n", "a value with ': ' in it needs quotes", 1),
    ],
)
def test_it_is_told_where_it_begins(text: str, reason: str, line: int) -> None:
    with pytest.raises(reader.YamlSyntaxError) as raised:
        reader.read(text)
    assert (raised.value.reason, raised.value.line) == (reason, line)


VALUES = st.recursive(
    st.sampled_from(["1", "가", "'it''s ]'", '"[{\\""', "x]y"[:1]]),
    lambda inner: st.lists(inner, max_size=3).map(lambda some: f"[{', '.join(some)}]"),
    max_leaves=5,
)


@given(st.lists(VALUES, max_size=4))
def test_what_is_closed_is_never_told(values: list[str]) -> None:
    text = "".join(f"k{number}: {value}  # [ here\n" for number, value in enumerate(values))
    assert unclosed(text, len(values)) is None
    reader.read(text)
