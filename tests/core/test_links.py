"""Links that name a file that moves: the name changes, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core import links
from loop_cli.planning import relinking

HOME = "50_Projects/prj-1/project.md"
OLD, NEW = "50_Projects/prj-1/Tasks/일 하나.md", "50_Projects/prj-2/Tasks/tsk-1.md"
OTHERS = [HOME, "50_Projects/prj-2/project.md", "notes/other.md"]


def relinked(text: str, *, home: str = HOME, old: str = OLD, new: str = NEW) -> str:
    return relinking.relinked(
        text, home, links.Moving({old: new}, links.Files([*OTHERS, old]))
    ).text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[[일 하나]]", "[[tsk-1]]"),
        ("![[일 하나]]", "![[tsk-1]]"),
        ("[[일 하나|이름]]", "[[tsk-1|이름]]"),
        ("[[일 하나#절]]", "[[tsk-1#절]]"),
        ("[[일 하나#^block|x]]", "[[tsk-1#^block|x]]"),
        ("[[일 하나.md]]", "[[tsk-1.md]]"),
        ("[[50_Projects/prj-1/Tasks/일 하나]]", "[[50_Projects/prj-2/Tasks/tsk-1]]"),
        ("[[50_Projects/prj-1/Tasks/일 하나.md|x]]", "[[50_Projects/prj-2/Tasks/tsk-1.md|x]]"),
        ("[x](<Tasks/일 하나.md>)", "[x](<../prj-2/Tasks/tsk-1.md>)"),
        ("[x](Tasks/일%20하나.md)", "[x](../prj-2/Tasks/tsk-1.md)"),
        ("[x](./Tasks/일%20하나.md#절 \"title\")", '[x](../prj-2/Tasks/tsk-1.md#절 "title")'),
        ("[x](/50_Projects/prj-1/Tasks/일%20하나.md)", "[x](/50_Projects/prj-2/Tasks/tsk-1.md)"),
        ("[x](Tasks/%EC%9D%BC%20%ED%95%98%EB%82%98.md)", "[x](../prj-2/Tasks/tsk-1.md)"),
    ],
)  # fmt: skip
def test_a_link_follows(before: str, after: str) -> None:
    assert relinked(f"see {before}, and") == f"see {after}, and"


@pytest.mark.parametrize(
    "text",
    [
        "[[일 하나 둘]]",
        "[[other]]",
        "`[[일 하나]]`",
        "``a ` [[일 하나]]``",
        "```\n[[일 하나]]\n```\n",
        "~~~md\n[x](Tasks/일%20하나.md)\n~~~\n",
        "[x](https://example.com/Tasks/일%20하나.md)",
        "[x](#일-하나)",
        "[x](mailto:a@example.com)",
        "[x](../../../../etc/passwd)",
        "[일 하나](other.md)",
        "[[]] [[ ]] [](",
    ],
)
def test_what_names_something_else_stays(text: str) -> None:
    assert relinked(text) == text


def test_a_backtick_hides_only_its_paragraph() -> None:
    assert relinked("a ` lone one\n\n[[일 하나]] ` b") == "a ` lone one\n\n[[tsk-1]] ` b"


def test_in_either_normal_form() -> None:
    import unicodedata

    decomposed = unicodedata.normalize("NFD", "일 하나")

    assert relinked(f"[[{decomposed}]]") == "[[tsk-1]]"


def test_a_new_name_that_others_have_is_written_with_its_path() -> None:
    new = "notes/prj-3/project.md"

    assert relinked("[[일 하나]]", new=new) == "[[notes/prj-3/project]]"


def test_a_name_that_several_files_have_is_left_alone() -> None:
    found = links.Moving({HOME: "elsewhere/p.md"}, links.Files(OTHERS))

    assert relinking.relinked("[[project]]", "notes/other.md", found).text == "[[project]]"


def test_links_of_the_file_that_moves_lead_where_they_led() -> None:
    text = "[a](../project.md) [b](../../prj-2/project.md) ![c](그림.png) [d](#here)"

    assert relinked(text, home=OLD) == (
        "[a](../../prj-1/project.md) [b](../project.md) ![c](../../prj-1/Tasks/그림.png) [d](#here)"
    )


def test_of_a_spelling_in_ascii() -> None:
    new = "50_Projects/prj-1/Tasks/새 일.md"

    assert relinked("[x](Tasks/%EC%9D%BC%20%ED%95%98%EB%82%98.md)", new=new) == (
        "[x](Tasks/%EC%83%88%20%EC%9D%BC.md)"
    )


@given(st.text(alphabet="[]()|#^`~\n /.ab일%2가<>!", max_size=80))
def test_any_text_is_read_to_its_end(text: str) -> None:
    """And where nothing moves, nothing changes."""
    relinked(text)
    assert relinking.relinked(text, HOME, links.Moving({}, links.Files(OTHERS))).text == text


part = st.text(alphabet="ab 일하나-", min_size=1, max_size=6).filter(lambda one: one == one.strip())
parts = st.lists(part, min_size=2, max_size=3)


@given(parts, parts)
def test_there_and_back_is_nothing(one: list[str], other: list[str]) -> None:
    old, new = "/".join(one) + "x.md", "/".join(other) + "y.md"
    text = f"[[{old}]] [x](<{old}>)"

    there = relinking.relinked(
        text, "home.md", links.Moving({old: new}, links.Files(["home.md", old]))
    ).text
    back = relinking.relinked(
        there, "home.md", links.Moving({new: old}, links.Files(["home.md", new]))
    ).text

    assert back == text
    assert new in there


@given(
    st.lists(
        st.sampled_from(
            ["[[", "]]", "](", ")", "<", ">", "일 하나", "일 하나", "%EC%9D%BC%20하나", "일%20하나",
             "50_Projects/prj-1/", "Tasks/", ".md", "|x", "`", " ", "Abc", "aBC"]
        ),
        max_size=12,
    ),
    st.sampled_from([OLD, "50_Projects/prj-1/Tasks/abc.md"]),
)  # fmt: skip
def test_a_text_that_changes_is_admitted_before_it_is_read(pieces: list[str], old: str) -> None:
    text = "".join(pieces)
    admits = links.may_link([old])

    assert relinked(text, old=old) == text or admits(HOME, text.encode())
    assert not admits(HOME, b"without a link")
    assert not admits(HOME, b"[[another]]")
    assert admits(old, b"")


def test_many_that_move_are_each_found() -> None:
    old = [f"notes/n{number}.md" for number in range(200)]
    found = links.Moving(
        {one: one.replace("notes", "kept") for one in old}, links.Files([HOME, *old])
    )

    assert links.may_link(old)(HOME, b"[[n7]]")
    assert (
        relinking.relinked("[[notes/n7]] [[n8]] [[N9]]", HOME, found).text
        == "[[kept/n7]] [[n8]] [[N9]]"
    )
