"""Where YAML 1.1 and 1.2 disagree, and that a value written again reads the same in both."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.markdown import dialects, patch, reader
from loop_cli.markdown.duplicates import without_repeats
from loop_cli.markdown.lines import Lines


def disagreements(text: str) -> list[tuple[tuple[str | int, ...], Any]]:
    found = dialects.disagreements(text, reader.read(text))
    return [(one.at, one.other) for one in found]


@pytest.mark.parametrize(
    ("value", "other"),
    [
        ("yes", True),
        ("off", False),
        ("10:30", 630),
        ("012", 10),
        ("0o14", "0o14"),
        ("1_000", 1000),
        ("1e3", "1e3"),
        ("0b11", 3),
    ],
)
def test_a_value_that_each_reads_its_own_way(value: str, other: object) -> None:
    ((at, read),) = disagreements(f"a: 1\nb: {value}\n")
    assert at == ("b",)
    assert (read if isinstance(read, str | int) else str(read)) == other


@pytest.mark.parametrize(
    "value",
    [
        "'10:30'",
        '"yes"',
        "2026-01-09",
        "2026-01-09T14:35:10.123456Z",
        "2026-01-09 14:35:10",
        "2026-01-09T14:35:10+09:00",
        "1.5",
        "true",
        "null",
        "[a, b]",
        "{x: 1}",
        "|\n  text",
    ],
)
def test_a_value_that_is_the_same_to_both(value: str) -> None:
    assert disagreements(f"b: {value}\n") == []


def test_nested_values_and_keys() -> None:
    assert disagreements("a: {b: yes}\nc: [1, 12:30]\n") == [(("a", "b"), True), (("c", 1), 750)]
    assert disagreements("a: {on: 1}\n") == [(("a", "on"), "another key")]
    assert disagreements("2026-01-09: 1\n2024: 2\n") == []
    assert disagreements("a: &x {b: 1}\nc: {<<: *x, d: 2}\n") == [(("c", "<<"), "another key")]


def test_a_text_that_yaml_1_1_can_not_read() -> None:
    (one,) = dialects.disagreements("a: 1\nb: !own 2\n", {"a": 1, "b": 2})
    assert (one.at, one.line) == ((), 2)


@settings(deadline=None)  # the machine may be busy
@given(
    st.sampled_from(["yes", "NO", "012", "10:30", "1_0", "~", "0x1F", ".5", "=", "1e3"]),
    st.sampled_from(["", "  # why", "\nlast: 'x'  # kept"]),
)
def test_a_value_written_again_reads_the_same_everywhere(value: str, rest: str) -> None:
    text = f"# top\na: {value}{rest}\n"
    fields = reader.read(text)
    after = patch.rewrite(text, ("a",), fields["a"])
    assert reader.read(after) == fields
    assert disagreements(after) == []
    assert after.startswith("# top\na: ")
    assert after.endswith(f"{rest}\n")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a: 1\nb: x\na: 1\n", "b: x\na: 1\n"),
        ("a: 1\na: 1\na: 1  # last\n", "a: 1  # last\n"),
        ("a: [x, y]\n# own\na: [x, y]\n", "# own\na: [x, y]\n"),
        ("a: 1\r\na: 1\r\n", "a: 1\r\n"),
        ("a: 1\na: 2\n", None),
        ("a: 1\na: '1'\n", None),
        ("a: 1  # why\na: 1\n", None),
        ("a:\n  - x\nb: 1\na:\n  - x\n", None),
        ("{a: 1, a: 1}\n", None),
        ("a: &x [1]\na: [1]\nb: *x\n", None),
        ("a: 1\n", None),
        ("a: [\n", None),
    ],
)
def test_a_key_that_says_the_same_twice(text: str, after: str | None) -> None:
    assert without_repeats(text, "a") == (text if after is None else after)
    if after is not None:
        assert patch.rewrite(text, ("a",), reader.read(text)["a"]) == after


def test_lines() -> None:
    lines = Lines("# c\na: 1\nb:\n  c: 2\n  d:\n    - x\n    - y: 1\na: 3\n")
    assert lines.of(("a",)) == 8
    assert lines.of(("b",)) == 3
    assert lines.of(("b", "d", 1)) == 7
    assert lines.of(("b", "d", 1, "y")) == 7
    assert lines.of(("b", "d", 9)) == 5
    assert lines.of(("b", "nothing")) == 3
    assert lines.of(("nothing",)) == 0
    assert Lines("a: [").of(("a",)) in (0, 1)
    assert Lines("").of(("a",)) == 0


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.from_regex(r"[a-z가-힣]{1,5}", fullmatch=True), unique=True, min_size=1))
def test_every_key_is_on_its_line(keys: list[str]) -> None:
    lines = Lines("".join(f"{key}_k: 값\n" for key in keys))
    assert [lines.of((f"{key}_k",)) for key in keys] == list(range(1, len(keys) + 1))
