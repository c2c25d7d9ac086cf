"""What is a link in a Markdown text, and where it says what it leads to."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.markdown import links


def found(text: str) -> list[str]:
    """What stands in the text where the links say what they lead to."""
    return [text[link.start : link.end] for link in links.find(text)]


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("[[a b]] ![[c.png|100]] [[d#e|f]] [[g^h]]", ["a b", "c.png", "d", "g"]),
        ("| [[a\\|x]] | [[b#c\\|x]] |\n| - | - |\n| [[d\\|x]] | `[[e\\|x]]` |", ["a", "b", "d"]),
        ("[[../a]] [[./b]] [[/c/d]]", ["../a", "./b", "/c/d"]),
        ("[x](a(b)c.md) [x](a\\(b.md) [x](<a b.md>)", ["a(b)c.md", "a\\(b.md", "a b.md"]),
        ("[x](a.md 'T') [x]( a.md#b ) ![x](c?d)", ["a.md", "a.md", "c"]),
        ("[a\\]](b) [a `]` c](d) [![e](f)](g)", ["b", "d", "f", "g"]),
        ("[[1]](a.md)", ["1", "a.md"]),
        ("[a]: b.md 'T'\n[c]:\n  <d e.md>\n> [f]: g.md\n", ["b.md", "d e.md", "g.md"]),
        ("> [x](\n> a.md)", ["a.md"]),
        ("- [^1]\n\n[^1]: [[a]]", ["a"]),
        ("```a``` b\n\n[[c]]", ["c"]),
        ("\\` [[a]] \\`", ["a"]),
        ("- a\n\n      [[code]]\n\n    [[b]]", ["b"]),
        ("한글 [[글]] [x](한%20글.md)", ["글", "한%20글.md"]),
        ("a %% b [[c]]", ["c"]),
        ("$5 and [[a]] $6", ["a"]),
        ("\ufeff한 [[a]]", ["a"]),
    ],
)
def test_links(text: str, there: list[str]) -> None:
    assert found(text) == there


@pytest.mark.parametrize(
    "text",
    [
        "`[[a]]` ``[x](a)``",
        "- a\n  ```\n  [[a]]\n\n  [[a]]\n  ```",
        "    [[a]]",
        "\ufeff    [[a]]",
        "~~~\n[[a]]",
        "<!-- [[a]] -->",
        "<div>\n[[a]]\n</div>",
        "\\[[a]] [\\[a]] \\[x](a)",
        "a %%[[b]]%% c",
        "%%\n\n[[a]]\n\n%%",
        "$$[[a]]$$",
        "<https://a.b> [x](https://a.b/c.md) [x](mailto:a@b.c) [x](//a.b) [x](#a) [[#a]]",
        "[[]] [[a\nb]] [x]",
    ],
)
def test_none(text: str) -> None:
    assert found(text) == []


def test_escapes_are_undone() -> None:
    text = "[x](a\\(b&#39;c%20d.md#e) [[a%20b]]"

    assert [link.path for link in links.find(text)] == ["a(b'c d.md", "a%20b"]


@given(st.text(alphabet="[]()|#^`~\n \\/.ab일%2가<>!:&;$\ud800\0\r", max_size=80))
def test_any_text_is_read_and_put_together_again(text: str) -> None:
    there = links.find(text)

    assert links.replaced(text, []) == text
    assert all(0 <= link.start < link.end <= len(text) for link in there)
    assert all(one.end <= other.start for one, other in pairwise(there))
    for link in there:
        new = links.replaced(text, [(link, "q")])
        assert (new[: link.start], new[len(new) - len(text) + link.end :]) == (
            text[: link.start],
            text[link.end :],
        )


ODD = "[]()|#^`~\n \\/.ab일%2<>!:&;$'\"\ud800\0\r-"
PIECES = ("[[a]]", "[[a|b]]", "[[a\\|b]]", "](", "[x](a)", "[x](<a b>)", "[[", "]]", "[a]: b", "\n")


@given(
    st.lists(st.sampled_from(PIECES) | st.text(alphabet=ODD, max_size=6), max_size=12).map("".join)
)
def test_what_is_said_without_the_parser_is_at_least_what_it_finds(text: str) -> None:
    said = links.said(text)

    if said is not None:
        assert {(link.kind, link.path) for link in links.find(text)} <= set(said)


@pytest.mark.parametrize("text", ["[[a]] [x](b%20c.md#d 'T') `[[e]]`", "한글 [[글|x]]\n"])
def test_plain_links_need_no_parser(text: str) -> None:
    assert links.said(text) is not None
