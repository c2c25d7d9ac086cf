"""Diffs of long texts: bounded work, some lines, and how many more there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.cli.render import diffs, words

if TYPE_CHECKING:
    from tests.cli.conftest import Loop


def shown(old: Any, new: Any, name: str = "body") -> list[str]:
    return diffs.change(name, {"old": old, "new": new}).plain.split("\n")


def lines(word: str, count: int) -> list[str]:
    return [f"{word} {number}" for number in range(count)]


@pytest.mark.parametrize(
    ("old", "new"), [(5000, 5000), (100_000, 3), (3, 100_000), (61, 0), (0, 61)]
)
def test_of_many_lines_some_are_shown_and_all_counted(old: int, new: int) -> None:
    found = shown("\n".join(lines("a", old)), "\n".join(lines("b", new)))
    differing = [one for one in found if one.startswith(("- ", "+ "))]
    assert len(differing) == 60
    assert found[-1] == f"... and {old + new - 60:,} more lines that differ; --json has all"
    for sign, count in (("- ", old), ("+ ", new)):
        assert any(one.startswith(sign) for one in differing) is (count > 0)


def test_what_is_too_much_to_compare_is_not_compared() -> None:
    before, after = lines("a", 5000), lines("b", 5000)
    ends = ["same"] * 9
    assert [*diffs.grouped([*ends, *before, *ends], [*ends, *after, *ends])] == [
        [("replace", 7, 5011, 7, 5011)]
    ]


def test_a_small_change_in_a_long_text_is_shown_as_one() -> None:
    before = lines("a", 200_000)
    after = [*before[:100_000], "new", *before[100_000:]]
    found = shown("\n".join(before), "\n".join(after))
    assert found == ["line 99999", "  a 99998", "  a 99999", "+ new", "  a 100000", "  a 100001"]


def test_of_a_very_long_line_the_beginning_is_shown() -> None:
    assert len(words.cut("x" * 2000)) == 2000
    assert words.cut("x" * 3000) == "x" * 2000 + "... (1,000 more characters)"
    found = shown("short", "x" * 5_000_000)
    assert max(map(len, found)) < 2100
    assert found[-1].endswith("... (4,998,000 more characters)")


def test_of_very_long_lines_what_is_around_the_difference() -> None:
    same = "가 " * 1_000_000
    for name in ("body", "notes"):
        old, new = (one for one in shown(same + "old", same + "new", name) if one[0] in "-+")
        assert old.startswith("- ...") and old.endswith("old")
        assert new.startswith("+ ...") and new.endswith("new")
        assert len(old) == len(new) < 200


def test_of_many_items_some_are_named_and_all_counted() -> None:
    (found,) = shown([], lines("tag", 100_000), "tags")
    assert found.endswith("... and 99,940 more  ")
    (found,) = shown(lines("tag", 100_000), [*lines("tag", 100_000), "new"], "tags")
    assert found == "+ new  "


@pytest.mark.parametrize("value", [{"a": "x" * 9000}, ["x" * 9000], "x" * 9000])
def test_other_values_are_cut_as_well(value: Any) -> None:
    assert sum(map(len, shown(None, value, "notes"))) < 2200
    assert sum(map(len, shown(value, None, "notes"))) < 2200


TEXTS = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=12)


@given(TEXTS, TEXTS)
def test_groups_lead_from_one_text_to_the_other(before: list[str], after: list[str]) -> None:
    made, at = [], 0
    for group in diffs.grouped(before, after):
        for _tag, i, j, k, m in group:
            made += before[at:i] + after[k:m]
            at = j
    assert made + before[at:] == after


def test_many_refusals_of_one_reason_are_one_line_with_a_count(loop: Loop) -> None:
    for number in range(30, 50):
        loop.write_task(f"tsk-019-{number}", "status: todo")
    where = ("--where", "entity_type=Task")
    for more in (("--yes",), ("--dry-run",)):
        done = loop("update", *where, "status=nope", *more)
        assert done.code == 6
        told = [one for one in done.lines if "'nope'" in one]
        count = len(loop("list", "task", "--ids").lines)
        assert len(told) == 1
        assert told[0].startswith(f"{count} entities (tsk-019-01, ")
