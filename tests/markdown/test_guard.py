"""Whatever a parser raises for a text, that text can't be read: one kind of error."""

from __future__ import annotations

import weakref

import pytest

from loop_cli.markdown import (
    dialects,
    duplicates,
    lines,
    notes,
    patch,
    reader,
)
from loop_cli.markdown.limits import YamlSyntaxError, guarded

# What YAML 1.1's parser raises for these is none of its own errors.
ODD = [
    ("x: !!timestamp no", "AttributeError"),
    ("x: !!timestamp ''", "AttributeError"),
    ("? !!timestamp no\n: y", "AttributeError"),
    ("x: [{y: !<tag:yaml.org,2002:timestamp> no}]", "AttributeError"),
    ("x: !!int ''", "IndexError"),
    ("x: !!int '-'", "IndexError"),
    ("x: !!bool ''", "KeyError"),
    ("x: 1" + ":59" * 3000 + ".5", "OverflowError"),
]
REFUSED = [
    "x: 2026-13-45",
    "x: 2026-01-01T00:00:00+99:99",
    "x: !!timestamp 0000-00-00",
    "x: !!int no",
    "x: !!python/object:os.system a",
    "<<: a",
    "? [a]\n: b",
    "x: {[a]: b}",
    "x: =",
    "x: " + "9" * 4400,
    "x: 0b" + "1" * 20_000,
]


@pytest.mark.parametrize(("text", "kind"), ODD, ids=[kind for _text, kind in ODD])
def test_a_value_that_yaml_1_1_fails_on_is_a_disagreement(text: str, kind: str) -> None:
    (one,) = dialects.disagreements(text, reader.read(text))
    assert one.line == 1
    assert kind in one.other
    assert "\n" not in one.other


@pytest.mark.parametrize("text", [*(text for text, _kind in ODD), *REFUSED])
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        fields = reader.read(text + "\n")
    except YamlSyntaxError:
        fields = {"a": 1}
    dialects.disagreements(text, fields)
    duplicates.duplicate_paths(text)
    duplicates.without_repeats(text, "x")
    lines.Lines(text).of(("x", 0, "y"))
    notes.above(text, {"x": ["note"]}, "#~")


@pytest.mark.parametrize(("text", "kind"), ODD, ids=[kind for _text, kind in ODD])
def test_such_a_text_can_be_edited_elsewhere(text: str, kind: str) -> None:
    """The second reader, which could not read it before either, is no reason to refuse."""
    edited = patch.patch(text + "\n", [patch.Set(("m",), {"a": {"b": "10:30"}})])
    assert edited.startswith(text + "\n")
    assert reader.read(edited)["m"] == {"a": {"b": "10:30"}}


def test_what_the_parser_says_is_said_with_its_line() -> None:
    (one,) = dialects.disagreements("a: b\nx: !!int no\n", {})
    assert one.line in (1, 2)
    (one,) = dialects.disagreements("a: b\nc: d\nx: !nope no\n", {})
    assert (one.line, "nope" in one.other) == (3, True)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("it is so"), "it is so"),
        (ValueError(), "it can't be read"),
        (AttributeError("'NoneType'\nmore"), "the parser fails on it (AttributeError: 'NoneType')"),
        (KeyError(), "the parser fails on it (KeyError)"),
        (RecursionError("maximum"), "nested too deeply"),
        (MemoryError(), "too large for the memory"),
        (type("PanicException", (BaseException,), {})("at 3"), "PanicException: at 3"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), "utf-8"),
    ],
)
def test_every_error_has_its_reason(error: BaseException, reason: str) -> None:
    def parse(_text: str) -> None:
        raise error

    with pytest.raises(YamlSyntaxError) as caught:
        guarded(parse, "x")
    assert reason in caught.value.reason
    assert caught.value.line == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), patch.PatchError("no")])
def test_what_ends_the_program_and_our_own_refusals_go_through(error: BaseException) -> None:
    def parse(_text: str) -> None:
        raise error

    with pytest.raises(type(error)):
        guarded(parse, "x")


@pytest.mark.parametrize("number", ["0x" + "f" * 3900, "-" + "9" * 4001, "0o" + "7" * 4500])
def test_a_number_that_python_would_not_write_in_decimal_is_refused(number: str) -> None:
    if number.startswith("-"):
        number = number[1:]
    with pytest.raises(YamlSyntaxError, match="too many digits") as caught:
        reader.read(f"a: b\nx: {number}\n")
    assert caught.value.line == 2


def test_the_longest_number_can_be_written() -> None:
    value = reader.read("x: 0x" + "f" * 3300)["x"]
    assert len(str(value)) < 4300


class _Node:
    """Like a node of yaml-edit, which only its own thread may drop."""


class TestAnErrorKeepsNoNodes:
    """An error goes to other threads, and nodes must not."""

    @pytest.mark.parametrize(
        "raised",
        [YamlSyntaxError("bad", 1), patch.PatchError("no"), ValueError("odd"), KeyboardInterrupt()],
        ids=lambda error: type(error).__name__,
    )
    @pytest.mark.parametrize("wrapped", [False, True], ids=["", "raised while another is handled"])
    def test_whatever_is_raised(self, raised: BaseException, *, wrapped: bool) -> None:
        nodes: list[weakref.ref[_Node]] = []

        def fails(error: BaseException) -> None:
            node = _Node()
            nodes.append(weakref.ref(node))
            raise error

        def parse() -> None:
            try:
                fails(ValueError("first") if wrapped else raised)
            except ValueError:
                node = _Node()
                nodes.append(weakref.ref(node))
                raise raised from None

        with pytest.raises((YamlSyntaxError, patch.PatchError, KeyboardInterrupt)) as caught:
            guarded(parse)

        assert caught.value is not None
        assert nodes
        assert [one() for one in nodes] == [None] * len(nodes)
