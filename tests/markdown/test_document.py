"""A file is split into frontmatter and body, and joined again, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.markdown.document import Document, FrontmatterError, split

PLAIN = "---\na: 1\nb: 2\n---\n# 제목\n\n---\nno: yaml\n"


def test_the_pieces_of_an_ordinary_file() -> None:
    document = split(PLAIN)
    assert document.head == "---\n"
    assert document.yaml == "a: 1\nb: 2\n"
    assert document.foot == "---\n"
    assert document.body == "# 제목\n\n---\nno: yaml\n"
    assert document.text == PLAIN
    assert (document.newline, document.yaml_line) == ("\n", 2)


@pytest.mark.parametrize(
    ("text", "yaml", "body"),
    [
        ("\ufeff---\na: 1\n---\nx", "a: 1\n", "x"),
        ("---  \t\na: 1\n--- \nx", "a: 1\n", "x"),
        ("---\r\na: 1\r\n---\r\nx\r\n", "a: 1\r\n", "x\r\n"),
        ("---\n---\n", "", ""),
        ("---\na: 1\n---", "a: 1\n", ""),
        ("---\na: |\n  text\n---\n  more\n---\n", "a: |\n  text\n", "  more\n---\n"),
        ("---\na: ----\n ---\n----\n--- x\n---\n", "a: ----\n ---\n----\n--- x\n", ""),
        ("---\na: 1\n...\n---\n", "a: 1\n", "---\n"),
        ("---\na: 1\n... \nx\n", "a: 1\n", "x\n"),
        ("---\r\na: 1\r\n...\r\nx\n", "a: 1\r\n", "x\n"),
        ("---\na: ....\n ...\n...x\n---\n", "a: ....\n ...\n...x\n", ""),
    ],
)
def test_fences(text: str, yaml: str, body: str) -> None:
    document = split(text)
    assert (document.yaml, document.body, document.text) == (yaml, body, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no frontmatter"),
        ("# title\n---\na: 1\n---\n", "no frontmatter"),
        ("\n---\na: 1\n---\n", "no frontmatter"),
        (" ---\na: 1\n---\n", "no frontmatter"),
        ("----\na: 1\n----\n", "no frontmatter"),
        ("--- a\n---\n", "no frontmatter"),
        ("---\na: 1\n", "frontmatter is not closed"),
        ("---\na: 1\n....\n", "frontmatter is not closed"),
        ("---", "frontmatter is not closed"),
        ("---\n", "frontmatter is not closed"),
    ],
)
def test_what_is_not_a_frontmatter(text: str, reason: str) -> None:
    with pytest.raises(FrontmatterError) as caught:
        split(text)
    assert (str(caught.value), caught.value.reason, caught.value.line) == (reason, reason, 1)


@given(st.text(alphabet="-a: \n\r\t\ufeff가#.", max_size=40))
def test_whatever_can_be_split_joins_to_the_same_text(rest: str) -> None:
    text = "---\n" + rest
    try:
        document = split(text)
    except FrontmatterError:
        return
    assert document.text == text
    assert split(document.text) == document


def test_newline_is_that_of_most_lines() -> None:
    assert split("---\r\n---\r\n").newline == "\r\n"
    assert split("---\na: 1\r\nb: 2\r\n---\n").newline == "\r\n"
    assert split("---\r\na: 1\nb: 2\r\n---\r\n").newline == "\n"


def test_replace_leaves_the_other_pieces_alone() -> None:
    document = split("\ufeff---\r\na: 1\r\n---\r\nbody")
    changed = document.replace(yaml="a: 2\r\n")
    assert changed.text == "\ufeff---\r\na: 2\r\n---\r\nbody"
    assert changed.replace(body="other").text == "\ufeff---\r\na: 2\r\n---\r\nother"
    assert document.replace() == document
    assert document.replace(yaml="a: 2").text == "\ufeff---\r\na: 2\r\n---\r\nbody"


def test_a_fence_that_ends_the_file_is_ended_before_a_body() -> None:
    assert split("---\na: 1\n---").replace(body="x").text == "---\na: 1\n---\nx"
    assert split("---\r\na: 1\r\n---").replace(body="x").text == "---\r\na: 1\r\n---\r\nx"
    assert split("---\na: 1\n---").replace(body="").text == "---\na: 1\n---"


def test_replace_refuses_yaml_that_closes_the_frontmatter() -> None:
    with pytest.raises(ValueError, match="close the frontmatter"):
        split(PLAIN).replace(yaml="a: 1\n---\nb: 2\n")


def test_a_document_is_immutable() -> None:
    document = Document("---\n", "a: 1\n", "---\n", "")
    with pytest.raises(AttributeError):
        document.yaml = "a: 2\n"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del document.body
    assert document == split("---\na: 1\n---\n")
    assert hash(document) == hash(split("---\na: 1\n---\n"))
    assert "a: 1" in repr(document)
