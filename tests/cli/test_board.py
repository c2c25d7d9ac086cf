"""`loop board`, `loop agenda`, `loop stats`: where the work stands."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from loop_cli.wire import find as models

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop


def day(offset: int) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(time.time() + offset * 86_400))


def test_a_board_has_the_columns_of_the_schema_and_every_task_once(read_only: Loop) -> None:
    found = read_only("board", "--json").json
    models.BoardDocument.model_validate(found)
    assert [one["value"] for one in found["columns"]] == [
        "todo", "doing", "hold", "done", "blocked",
    ]  # fmt: skip
    ids = [card["entity_id"] for one in found["columns"] for card in one["cards"]]
    assert sorted(ids) == sorted(read_only("list", "task", "--ids").lines)
    for one in found["columns"]:
        listed = read_only("list", "task", "--where", f"status={one['value']}", "--ids").lines
        assert sorted(card["entity_id"] for card in one["cards"]) == sorted(listed)


def test_any_field_makes_columns_and_a_list_is_in_each_of_its_own(loop: Loop) -> None:
    loop.write_task("tsk-019-80", "tags: [a, b]")
    found = loop("board", "--by", "tags", "--json").json
    columns = {
        one["value"]: [card["entity_id"] for card in one["cards"]] for one in found["columns"]
    }
    assert columns["a"] == columns["b"] == ["tsk-019-80"]
    assert "tsk-019-80" not in columns[None]
    assert list(columns)[-1] is None


def test_conditions_and_projects_narrow_it(read_only: Loop) -> None:
    found = read_only("board", "--project", "prj-020", "--where", "status=doing", "--json").json
    cards = [card for one in found["columns"] for card in one["cards"]]
    assert [one["entity_id"] for one in cards] == ["tsk-020-01"]
    assert cards[0]["etag"] == read_only.etag("tsk-020-01")


@pytest.mark.parametrize("columns", ["30", "80", "200"])
def test_lines_fit_the_terminal_with_hangul_in_them(loop: Loop, columns: str) -> None:
    screen = loop.on_terminal("board", COLUMNS=columns, NO_COLOR="1")
    assert screen.code == 0
    assert "규칙" in screen.text
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in screen.lines]
    assert max(map(cell_len, lines)) <= int(columns)


def test_plain_has_no_boxes(loop: Loop) -> None:
    shown = loop.on_terminal("board", "--plain").text
    assert "─" not in shown
    assert "tsk-019-14" in shown


def test_an_agenda_has_each_day_in_its_group(loop: Loop) -> None:
    loop.write_task("tsk-019-80", f"due: {day(-1)}")
    loop.write_task("tsk-019-81", f"due: {day(0)}")
    loop.write_task("tsk-019-82", f"start_date: {day(30)}", f"due: {day(40)}")
    loop.write_task("tsk-019-83", "due: 예제")
    path = loop.write_task("tsk-019-84", f"due: {day(-1)}")
    path.write_text(path.read_text().replace("status: todo", "status: done"))
    found = loop("agenda", "--json").json
    models.AgendaDocument.model_validate(found)
    groups = {
        name: [(one["entity_id"], one["what"], one["day"]) for one in found[name]]
        for name in ("overdue", "due_today", "week", "later")
    }
    assert found["today"] == day(0)
    assert ("tsk-019-80", "due", day(-1)) in groups["overdue"]
    assert groups["due_today"] == [("tsk-019-81", "due", day(0))]
    assert groups["later"] == [
        ("tsk-019-82", "start", day(30)),
        ("tsk-019-82", "due", day(40)),
    ]
    everything = [one[0] for group in groups.values() for one in group]
    assert not {"tsk-019-83", "tsk-019-84"} & {*everything}
    assert "Overdue" in loop("agenda").out


def test_the_week_ends_on_sunday(loop: Loop) -> None:
    weekday = time.localtime().tm_wday  # Monday is 0
    for number in range(1, 9):
        loop.write_task(f"tsk-019-9{number}", f"due: {day(number)}")
    found = loop("agenda", "--json").json
    week = [one["day"] for one in found["week"]]
    assert week == [day(number) for number in range(1, 7 - weekday)]


def test_stats_count_the_records_of_each_day(loop: Loop) -> None:
    loop("update", "tsk-019-14", "status=done", "--force")
    loop("create", "Task", "project_id=prj-019", "assignee=ops", "--name", "new")
    found = loop("stats", "--days", "3", "--json").json
    models.StatsDocument.model_validate(found)
    assert [one["day"] for one in found["days"]] == [day(-2), day(-1), day(0)]
    last = found["days"][-1]
    assert (last["records"], last["update"], last["create"], last["finished"]) == (2, 1, 1, 1)
    assert sum(found["actors"].values()) == 2
    assert "█" in loop("stats").out
    assert "█" not in loop("stats", "--plain").out


@pytest.mark.parametrize("count", ["0", "999999"])
def test_days_that_can_not_be_counted_are_a_usage_error(read_only: Loop, count: str) -> None:
    assert read_only("stats", "--days", count).code == 2


def test_cards_are_in_the_order_of_priority_and_due_day(loop: Loop) -> None:
    loop.write_task("tsk-019-81", "priority: low")
    loop.write_task("tsk-019-82", "priority: high", "due: 2026-03-02")
    loop.write_task("tsk-019-83", "priority: high", "due: 2026-03-01")

    found = loop("board", "--json").json

    wanted = loop("list", "task", "--where", "status=todo", "--sort", "priority,due", "--ids").lines
    cards = [one["entity_id"] for one in found["columns"][0]["cards"]]
    assert cards == wanted
    assert len(cards) > 3
    assert cards.index("tsk-019-83") < cards.index("tsk-019-82") < cards.index("tsk-019-81")


def test_no_entity_needs_the_fields_that_nobody_asked_for(loop: Loop, own: Path) -> None:
    (own / "a.md").write_text("---\nstatus: open\ntitle: a\n---\nbody\n")
    assert loop("init", str(own), "--yes").code == 0

    done = loop("board", "--json", "--vault", str(own))

    assert done.code == 0, done.err
    assert [(one["value"], len(one["cards"])) for one in done.json["columns"]] == [("open", 1)]
    assert loop("agenda", "--json", "--vault", str(own)).code == 0
