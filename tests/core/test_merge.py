"""Merging by lines: nothing of either side is lost, and what clashes is not decided."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.core.merge import Clash, marker_lines, merge

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "한글", "x\r"]), max_size=8)


@st.composite
def texts(draw: st.DrawFn) -> str:
    lines = draw(LINES)
    return "\n".join(lines) + ("\n" if draw(st.booleans()) else "")


def test_changes_in_different_places_come_together() -> None:
    found = merge("one\ntwo\nthree\nfour\n", "ONE\ntwo\nthree\nfour\n", "one\ntwo\nthree\nFOUR")
    assert (found.clashes, found.taking("mine")) == (0, "ONE\ntwo\nthree\nFOUR")


def test_the_same_change_on_both_sides_is_no_clash() -> None:
    assert merge("a\nb\n", "a\nB\n", "a\nB\n").pieces == ("a\nB\n",)


def test_different_changes_of_a_line_clash() -> None:
    found = merge("a\nb\nc\n", "a\ntheirs\nc\n", "a\nmine\nc")
    assert found.pieces[1] == Clash(theirs="theirs\nc\n", mine="mine\nc")
    assert found.marked(theirs="now", mine="yours") == (
        "a\n<<<<<<< now\ntheirs\nc\n=======\nmine\nc\n>>>>>>> yours\n"
    )


def test_without_a_base_whatever_differs_clashes() -> None:
    found = merge(None, "a\nb\n", "a\nc\n")
    assert found.pieces == ("a\n", Clash(theirs="b\n", mine="c\n"))


@settings(deadline=None)
@given(base=texts(), changed=texts())
def test_a_side_that_changed_nothing_takes_the_others_text(base: str, changed: str) -> None:
    for found in (merge(base, changed, base), merge(base, base, changed)):
        assert found.clashes == 0
        assert found.taking("theirs") == found.taking("mine") == changed


@settings(deadline=None)
@given(base=st.none() | texts(), theirs=texts(), mine=texts())
def test_the_two_sides_mirror_each_other(base: str | None, theirs: str, mine: str) -> None:
    one, other = merge(base, theirs, mine), merge(base, mine, theirs)
    if base is None:  # which lines two texts share may be told in two ways, each right
        assert (one.taking("theirs"), one.taking("mine")) == (theirs, mine)
    assert (one.clashes == 0) == (other.clashes == 0)


@settings(deadline=None)
@given(base=texts(), theirs=texts(), mine=texts())
def test_every_new_line_of_both_sides_is_in_the_merge(base: str, theirs: str, mine: str) -> None:
    marked = merge(base, theirs, mine).marked(theirs="now", mine="yours").split("\n")
    for text in (theirs, mine):
        for line in set(text.split("\n")) - set(base.split("\n")) - {""}:
            assert marked.count(line) >= 1


@settings(deadline=None)
@given(base=texts(), theirs=texts(), mine=texts())
def test_a_marked_text_is_settled_only_without_its_markers(
    base: str, theirs: str, mine: str
) -> None:
    found = merge(base, theirs, mine)
    marked = found.marked(theirs="now", mine="yours")
    assert bool(marker_lines(marked)) == bool(found.clashes)
    assert marker_lines(found.taking("mine")) == []


def test_markers_that_were_in_the_text_before_are_no_clash() -> None:
    about_git = "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n"
    assert marker_lines(about_git, about_git) == []
    assert marker_lines(about_git + about_git, about_git) == [1, 3, 5, 6, 8, 10]
    assert marker_lines("Title\n=======\n") == []


@settings(deadline=None)
@given(base=texts(), ours=texts(), tail=texts())
def test_long_texts_with_one_change_each_end_never_clash(base: str, ours: str, tail: str) -> None:
    middle = "".join(f"line {number}\n" for number in range(300))
    old, theirs, mine = f"{middle}{base}", f"{ours}\n{middle}{base}", f"{middle}{tail}"
    assert merge(old, theirs, mine).taking("mine") == f"{ours}\n{middle}{tail}"
