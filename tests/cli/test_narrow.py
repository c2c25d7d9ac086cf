"""A list on a narrow terminal: ids and names are shortened first, columns dropped last and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from loop_cli.cli.render import list as render_list

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

LONG = "tsk-site-a7k9m2-1765756800000"


def test_a_long_id_leaves_the_columns_at_80(loop: Loop) -> None:
    loop.write_task(LONG, "status: todo", "due: '2026-01-09'", "assignee: 개발팀")
    screen = loop.on_terminal("list", "task")
    head, row = screen.lines[0], next(one for one in screen.lines if "1765756800000"[-6:] in one)
    for name in ("entity_id", "entity_name", "status", "priority", "due", "assignee"):
        assert name in head
    assert "2026-01-09" in row and "개발팀" in row and "…" in row
    assert all(cell_len(one) <= 80 for one in screen.lines if "\x1b" not in one)
    assert "no room" not in screen.text


def test_columns_that_are_dropped_are_told(loop: Loop) -> None:
    screen = loop.on_terminal("list", "task", COLUMNS="48")
    assert "assignee" not in screen.lines[0]
    assert "no room for" in screen.text
    assert "assignee; --columns chooses" in screen.text


def test_columns_that_were_asked_for_stay(loop: Loop) -> None:
    screen = loop.on_terminal("list", "--columns", "entity_id,due,assignee", COLUMNS="48")
    assert "no room" not in screen.text


def test_csv_on_a_terminal_has_no_control_characters(loop: Loop) -> None:
    screen = loop.on_terminal("list", "task", "--csv", "--columns", "entity_id,due")
    assert "\\x0d" not in screen.text
    assert screen.lines[0] == "entity_id,due"
    assert loop("list", "task", "--csv", "--columns", "due").stdout.startswith(b"due\r\n")


@pytest.mark.parametrize("width", range(30, 140, 7))
@pytest.mark.parametrize("first", [5, 25, 60])
def test_what_fits_is_not_wider_than_the_terminal(width: int, first: int) -> None:
    natural = [first, 30, 7, 8, 12, 20]
    found = render_list._fitting(natural, width)
    assert sum(found) + 2 * (len(found) - 1) <= width
    assert all(one <= most for one, most in zip(found, natural, strict=False))


@pytest.mark.parametrize("width", ["60", "80", "130", "200"])
def test_a_board_and_an_agenda_cut_the_name_and_never_the_day_or_the_priority(
    loop: Loop, width: str
) -> None:
    lines = ("status: doing", "due: '2026-01-09'", "priority: critical", "start_date: '2026-01-08'")
    path = loop.write_task("tsk-long", *lines)
    path.write_text(path.read_text().replace("name: made", f"name: {'긴 이름 ' * 30}"))
    for command in ("board", "agenda"):
        screen = loop.on_terminal(command, COLUMNS=width)
        assert "2026-01-09" in screen.text
        assert screen.text.count("…") >= 1
        assert "critical" in screen.text[screen.text.index("tsk-long") :]
        assert all(cell_len(one) <= int(width) for one in screen.lines if "\x1b" not in one)


def test_dates_that_were_asked_for_are_whole_before_an_id_is(loop: Loop) -> None:
    loop.write_task(LONG, "status: todo", "due: '2026-01-09'", "start_date: '2026-01-08'")
    columns = "entity_id,entity_name,due,start_date,assignee,path"
    screen = loop.on_terminal("list", "task", "--columns", columns)
    row = next(one for one in screen.lines if "2026-01-08" in one and "2026-01-09" in one)
    assert LONG not in row and "…" in row
