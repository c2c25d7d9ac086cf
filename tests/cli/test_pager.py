"""What is longer than a screen is shown in a pager, as git does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

LONG = ("schema", "Task")


@pytest.fixture
def pager(tmp_path: Path) -> str:
    """A pager that marks what it shows."""
    program = tmp_path / "a pager"
    program.write_text("#!/bin/sh\necho PAGED\ncat\n")
    program.chmod(0o755)
    return f"'{program}'"


def fill(loop: Loop, count: int) -> None:
    for number in range(count):
        loop.write(
            f"60_Hypotheses/2026/n{number}.md",
            f"---\nentity_id: hyp-2-{number + 10}\nentity_type: Hypothesis\n"
            f"entity_name: 가설 {number}\n---\n",
        )


@pytest.mark.parametrize("name", ["PAGER", "LOOP_PAGER"])
def test_a_long_list_at_a_terminal(loop: Loop, pager: str, name: str) -> None:
    fill(loop, 40)

    shown = loop.on_terminal("list", replies=(), **{"PAGER": "false", name: pager})

    assert shown.code == 0
    assert shown.lines[0] == "PAGED"
    assert "hyp-2-49" in shown.text


def test_what_fits_on_the_screen_needs_no_pager(loop: Loop, pager: str) -> None:
    shown = loop.on_terminal("list", "track", LOOP_PAGER=pager)

    assert shown.code == 0
    assert "PAGED" not in shown.text
    assert "trk-1" in shown.text


@pytest.mark.parametrize(
    "arguments", [("list", "--no-pager"), ("list", "--json"), ("list", "--ids"), ("log", "--json")]
)
def test_programs_and_those_who_say_so_get_none(
    loop: Loop, pager: str, arguments: tuple[str, ...]
) -> None:
    fill(loop, 40)

    shown = loop.on_terminal(*arguments, LOOP_PAGER=pager)

    assert shown.code == 0
    assert "PAGED" not in shown.text


def test_never_in_a_pipe(loop: Loop, pager: str) -> None:
    fill(loop, 40)

    done = loop("list", env={"LOOP_PAGER": pager})

    assert "PAGED" not in done.out
    assert len(loop("list", "--json", env={"LOOP_PAGER": pager}).lines) > 40
    assert all(map(json.loads, loop("list", "--json", env={"LOOP_PAGER": pager}).lines))


@pytest.mark.parametrize("nothing", ["", "cat"])
def test_none_is_wanted(loop: Loop, nothing: str) -> None:
    fill(loop, 40)

    shown = loop.on_terminal("list", LOOP_PAGER=nothing)

    assert (shown.code, "hyp-2-49" in shown.text) == (0, True)


def test_one_that_is_not_there_is_no_obstacle(loop: Loop) -> None:
    fill(loop, 40)

    shown = loop.on_terminal("list", LOOP_PAGER="no-such-pager")

    assert shown.code == 0
    assert "hyp-2-49" in shown.text
    assert "'no-such-pager' can't be run" in shown.text


def test_who_leaves_the_pager_early_ends_the_command_without_an_error(loop: Loop) -> None:
    fill(loop, 150)

    shown = loop.on_terminal("list", LOOP_PAGER="head -1")

    assert shown.code == 0
    assert "error" not in shown.text
    assert "hyp-2-159" not in shown.text


def test_warnings_and_errors_come_after_it_with_the_exit_code(
    loop: Loop, tmp_path: Path, pager: str
) -> None:
    for number in range(40):
        loop.write(f"60_Hypotheses/2026/b{number}.md", "---\nentity_id: x\nentity_type: No\n---\n")

    shown = loop.on_terminal("check", LOOP_PAGER=pager)

    assert shown.code == 6
    assert shown.lines[0] == "PAGED"
    assert "error" in shown.lines[-1] or "error" in shown.lines[-2]


def test_in_less_a_person_pages(loop: Loop) -> None:
    fill(loop, 80)
    terminal = Terminal(loop, "list", PAGER="less", LESS="FRX")

    terminal.until("hyp-2-10")
    terminal.type("G")
    terminal.until("(END)")
    terminal.type("q")

    assert terminal.end()[0] == 0


def test_colours_go_through_it_and_the_width_is_that_of_the_terminal(
    loop: Loop, pager: str
) -> None:
    fill(loop, 40)

    shown = loop.on_terminal("list", LOOP_PAGER=pager)

    assert "\x1b[" in shown.text
