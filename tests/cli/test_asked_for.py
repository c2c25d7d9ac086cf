"""What is asked for and is not there is refused, with the nearest; days may be said."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Loop


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list", "nosuch"), "no type 'nosuch'"),
        (("list", "taks"), "did you mean Task"),
        (("list", "--columns", "nofield"), "--columns: no entity has a field 'nofield'"),
        (("list", "--columns", "entity_id,stauts"), "did you mean status"),
        (("list", "--csv", "--columns", "nofield"), "no entity has a field 'nofield'"),
        (("list", "--columns", "a,,b"), "no entity has a field 'a'"),
        (("list", "--sort", "nofield"), "--sort: no entity has a field 'nofield'"),
        (("list", "--sort", "-duee", "--json"), "did you mean due"),
        (("list", "--sort", ""), "names no field"),
        (("list", "--where", "nofield=x", "--ids"), "no entity has a field 'nofield'"),
        (("list", "--where", "due<2026-13-01"), "due is compared with a date"),
        (("search", "규칙", "--where", "due<x"), "due is compared with a date"),
        (("search", "규칙", "회의"), "loop search '규칙 회의'"),
        (("search", "규칙", "task", "회의"), "no type '회의'"),
        (("update", "--where", "due<tomorow", "status=hold", "--yes"), "due is compared"),
        (("update", "--where", "missing:asignee", "status=hold", "--yes"), "assignee"),
        (("update", "--where", "due<2026-13-01", "status=hold", "--json", "--yes"), "compared"),
    ],
)
def test_what_is_not_there_is_2(loop: Loop, arguments: tuple[str, ...], said: str) -> None:
    done = loop(*arguments)
    assert (done.code, done.stdout) == (2, b"")
    assert said in done.err
    assert loop.records == []


def test_a_type_as_the_second_word_still_narrows_a_search(loop: Loop) -> None:
    assert loop("search", "규칙", "task", "--ids").lines


def test_days_are_said_in_conditions_and_changes(loop: Loop) -> None:
    done = loop("update", "tsk-019-14", "due=+3d", "--force", "--json")
    assert done.json["fields"]["due"] in {
        (date.today() + timedelta(days=days)).isoformat() for days in (2, 3, 4)
    }
    assert "tsk-019-14" in loop("list", "--where", "due>내일", "--ids").lines
    assert "tsk-019-14" not in loop("list", "--where", "due<yesterday", "--ids").lines


def test_what_says_no_day_is_6_and_a_program_says_the_date(loop: Loop) -> None:
    assert loop("update", "tsk-019-14", "due=someday", "--force").code == 6
    assert loop("update", "tsk-019-14", 'due:="fri"', "--force").code == 6
    assert loop.records == []


def test_the_log_since_a_day_that_is_said(loop: Loop) -> None:
    loop("update", "tsk-019-14", "notes=x", "--force")
    assert len(loop("log", "--since", "yesterday", "--json").lines) == 1
    assert loop("log", "--since", "+2d", "--json").lines == []
    assert loop("log", "--since", "yesterdy").code == 2
