"""Notes in a text that is about to be edited: they come out again, and nothing else does."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.markdown import notes

YAML = "a: 1\nnotes: |\n  x\n\n  y\n# about it\nstatus: todo  # why\nouter:\n  inner: 1\n"
TEXTS = st.text(st.sampled_from("a: #~!\n\r-한\u2028"))


def test_a_note_stands_above_the_field_that_it_is_about() -> None:
    noted = notes.above(YAML, {"status": ["one", "two"], "gone": ["no such field"]}, "#~")
    assert noted == (
        "#~ no such field\na: 1\nnotes: |\n  x\n\n  y\n# about it\n#~ one\n#~ two\n"
        "status: todo  # why\nouter:\n  inner: 1\n"
    )


def test_lines_end_as_those_of_the_text() -> None:
    assert notes.on_top("a\r\nb\r\n", ["one"], "#~") == "#~ one\r\na\r\nb\r\n"


def test_a_line_is_found_again_among_notes() -> None:
    noted = notes.on_top(notes.above(YAML, {"status": ["one"]}, "#~"), ["x", "y"], "#~")
    line = YAML.split("\n").index("status: todo  # why") + 1
    assert noted.split("\n")[notes.line_among(noted, "#~", line) - 1] == "status: todo  # why"


@settings(deadline=None)
@given(text=TEXTS, lines=st.lists(st.text(st.characters(exclude_characters="\n\r")), max_size=3))
def test_without_its_notes_a_text_is_what_it_was(text: str, lines: list[str]) -> None:
    mark = notes.mark_for(text)
    assert notes.without(text, mark) == text
    assert notes.without(notes.on_top(text, lines, mark), mark) == text


@settings(deadline=None)
@given(values=st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["1", "|\n  x\n", "[1]"])))
def test_notes_within_fields_come_out_again(values: dict[str, str]) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in values.items())
    noted = notes.above(text, {key: ["seen", "said"] for key in "abcd"}, notes.mark_for(text))
    assert notes.without(noted, notes.mark_for(text)) == text
    assert noted.count("seen") == 4
