"""YAML is read strictly, as version 1.2, and no text brings the process down."""

from __future__ import annotations

import math
from typing import Any

import pytest

from loop_cli.markdown.duplicates import duplicate_paths
from loop_cli.markdown.limits import MAX_DEPTH, MAX_YAML_BYTES, YamlSyntaxError
from loop_cli.markdown.reader import duplicate_keys, read


def refused(text: str) -> YamlSyntaxError:
    with pytest.raises(YamlSyntaxError) as caught:
        read(text)
    return caught.value


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "\n  # one\n\n"])
def test_nothing_is_an_empty_mapping(text: str) -> None:
    assert read(text) == {}


def test_values_are_those_of_yaml_1_2() -> None:
    text = (
        "a: 012\nb: 10:30\nc: yes\nd: 2026-01-09\ne: 0o17\nf: 1_000\ng: ~\nh: True\n"
        "i: 1e3\nj: .5\nk: null\nl:\nm: 0x1F\n"
    )
    assert read(text) == {
        "a": 12, "b": "10:30", "c": "yes", "d": "2026-01-09", "e": 15, "f": "1_000", "g": None,
        "h": True, "i": 1000.0, "j": 0.5, "k": None, "l": None, "m": 31,
    }  # fmt: skip
    assert math.isnan(read("a: .nan")["a"])


def test_the_whole_mapping_may_be_indented() -> None:
    assert read("# c\n  a: 1\n  b:\n  - x\n# c\n") == {"a": 1, "b": ["x"]}


def test_keys_at_the_top_are_text_and_below_what_they_are() -> None:
    assert read("2024: a\ntrue: b\n~: c\nd: {1: x, 2.5: y}\n") == {
        "2024": "a", "true": "b", "null": "c", "d": {1: "x", 2.5: "y"},
    }  # fmt: skip


def test_tags_and_aliases_are_plain_values() -> None:
    text = "a: !foo bar\nb: !t {x: !u [1]}\nc: &c [1]\nd: *c\n!k e: 1\n"
    assert read(text) == {"a": "bar", "b": {"x": [1]}, "c": [1], "d": [1], "e": 1}


def test_integers_are_exact_at_any_size() -> None:
    big = 123456789012345678901234567890
    text = f"a: {big}\nb: [-{big}, {{c: {2**63}}}]\nd: '{big}'\ne: 0x{2**70:x}\nf: {2**63}.0\n"
    values = read(text)
    assert values == {"a": big, "b": [-big, {"c": 2**63}], "d": str(big), "e": 2**70, "f": 2.0**63}
    assert type(values["f"]) is float
    assert refused("x: 1\na: " + "9" * 5000).line == 2


def test_tabs_after_a_colon_are_read() -> None:
    text = "a:\tb\n한글: \t c # x\n'q':\t'a:\tb'\nnotes: |\n  x:\ty\nlist:\n- k:\t1\n"
    assert read(text) == {
        "a": "b", "한글": "c", "q": "a:\tb", "notes": "x:\ty\n", "list": [{"k": 1}],
    }  # fmt: skip
    assert refused("x: 1\na:\tb: c\n").line == 2


def test_other_line_breaks_of_unicode_are_ordinary_characters() -> None:
    assert read("a: x\u0085y\nb: 'x\u2028y'\n") == {"a": "x\u0085y", "b": "x\u2028y"}
    assert read("a: 1\rb: 2\r") == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\nb: c: d\n", 2, "quotes"),
        ("a: 1\nb: @x\n", 2, "unexpected character"),
        ("a: 1\nb: [x\n", 2, "not closed"),
        ('a: 1\nb: "x\n\n\n', 2, "not closed"),
        ('a: "\\s"\n', 1, "escape"),
        ("a:\n- b\n c: 1\n", 3, "quotes"),
        ("  a: 1\nb: 2\n", 2, "indented"),
        ("# one\n# two\n  a: 1\nb: 2\n", 4, "indented"),
        ("# one\n\n  # two\n  a: 1\nb: 2\n", 5, "indented"),
        ("[a]\n", 1, "not a mapping"),
        ("null\n", 1, "not a mapping"),
        ("just text\n", 1, "not a mapping"),
        ("a: 1\n{{DATE}}: 1\n", 2, "template"),
        ("x: 1\n\ndate: {{DATE}}\n", 3, "template"),
        ("? [a]\n: 1\n", 1, "template"),
        ("a: 1\n--- \nb: 2\n", 2, "second YAML document"),
        ("a: 1\n--- b\n", 2, "second YAML document"),
        ("a: 1\n...\n", 2, "second YAML document"),
        ("%YAML 1.1\na: 1\n", 1, "directive"),
        ("a: 1\nb: x\0y\n", 2, "U+0000"),
        ("a: 1\nb: x\x1b[31my\n", 2, "U+001B"),
        ("a: *nothing\n", 1, "anchor"),
    ],
)
def test_errors_name_line_and_reason(text: str, line: int, word: str) -> None:
    error = refused(text)
    assert error.line == line
    assert word in error.reason
    assert "byte" not in error.reason


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{' ' * level}a:\n" for level in range(10_000)),
        "- " * 100_000,
        "a: " + "[" * 100_000,
        "a: " + "{b: " * 100_000,
        "? " * 10_000,
        "".join(f"{' ' * level}?\n" for level in range(3_000)),
        "".join(f"{' ' * level}-\n{' ' * level} a:\n" for level in range(3_000)),
        "a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        "a: " + "x" * MAX_YAML_BYTES,
        "a: " + "가" * (MAX_YAML_BYTES // 3),
    ],
    ids=range(10),
)
def test_depth_and_size_are_bounded(text: str) -> None:
    assert refused(text).line >= 1


def nested_aliases(levels: int, template: str) -> str:
    rows = [template.format(name="a", items=", ".join("x" * 9))]
    for level in range(1, levels):
        below, name = chr(96 + level), chr(97 + level)
        rows.append(template.format(name=name, items=", ".join([f"*{below}"] * 9)))
    return "".join(rows)


@pytest.mark.parametrize(
    "template",
    [
        "{name}: &{name} [{items}]\n",
        "{name}: &{name}\n- [{items}]\n",
        "{name}: &{name}\n  - k: [{items}]\n",
        "{name}: &{name} [[z],\n[{items}]]\n",
        '{name}: &{name} ["]", [z],\n  [{items}]]\n',
        "{name}: &{name}\r\n- [{items}]\r\n",
    ],
)
def test_aliases_that_explode_are_refused(template: str) -> None:
    assert "aliases" in refused(nested_aliases(9, template)).reason


def test_aliases_in_use_are_read() -> None:
    text = "base: &base\n- x\n- y\n" + "".join(f"k{n}: *base\n" for n in range(60))
    assert read(text)["k59"] == ["x", "y"]
    bold = "notes: |\n  R&D &x **bold** *it*\n" + "  **bold** a\n" * 500
    assert len(read(bold)["notes"]) > 500


def test_what_lies_deep_in_a_text_block_is_no_nesting() -> None:
    drawing = "".join(f"  {' ' * (level % 180)}*\n" for level in range(1_000))
    assert read("a: |\n" + drawing)["a"].count("*") == 1_000
    assert read("a: '" + "[" * 500 + "'")["a"] == "[" * 500


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\nb: 2\n", {}),
        ("a: 1\nb: 2\na: 3\n", {("a",): [1, 3]}),
        ("a: 1\n'a': 2\n\"\\x61\": 3\n", {("a",): [1, 2, 3]}),
        ("a:\n  b: 1\n  c: 2\n  b: 3\nb: 1\n", {("a", "b"): [2, 4]}),
        ("a:\n- b: 1\n- b: 1\n", {}),
        ("a:\n- b: 1\n  b: 1\n", {("a", "0", "b"): [2, 3]}),
        ("a: {b: 1, b: 2}\n", {("a", "b"): [1, 1]}),
        ("1: a\n'1': b\n", {("1",): [1, 2]}),
        ("a: {1: a, '1': b}\n", {}),
        ("? a\n: 1\na: 2\n", {("a",): [1, 3]}),
        ("a: |\n  b: 1\n  b: 2\n", {}),
        ("# a: 1\na: 'a: 1'\n", {}),
        ("", {}),
        ("# only\n", {}),
    ],
)
def test_duplicates(text: str, found: dict[tuple[str, ...], list[int]]) -> None:
    assert duplicate_paths(text) == found
    at_top = {p[0]: lines for p, lines in found.items() if len(p) == 1}
    assert duplicate_keys(text) == at_top
    assert duplicate_keys(text, read(text)) == at_top


def test_of_a_repeated_key_the_last_value_counts() -> None:
    values: dict[str, Any] = read("a: 1\nb: 2\na: 3\n")
    assert values == {"a": 3, "b": 2}
