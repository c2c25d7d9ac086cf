"""The conflict prompt on screens and keyboards of every kind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.prompt.conftest import MINE, UPDATE, fields, moved
from tests.cli.terminal import (
    ENTER,
    WHAT_NOW,
    WRITE,
    Terminal,
    plain,
)

if TYPE_CHECKING:
    from tests.cli.conftest import Loop


def test_hangul_is_typed_like_anything_else(loop: Loop) -> None:
    seen = moved(loop, "assignee=디자인팀")
    terminal = Terminal(loop, *UPDATE, "assignee=자동화", "--if-match", seen)
    terminal.answer(WHAT_NOW, "ㄹ")
    terminal.answer(WHAT_NOW, "ㅍ")
    terminal.answer("assignee= (Enter: back) ", "빌드 서버")
    terminal.answer(WRITE, "ㅛ")
    assert terminal.end()[0] == 0
    assert fields(loop)["assignee"] == "빌드 서버"


class TestScreen:
    def test_at_60_columns_the_states_are_below_one_another(self, loop: Loop, etag: str) -> None:
        terminal = Terminal(loop, *UPDATE, *MINE, "--if-match", etag, columns=60)
        shown = terminal.answer(WHAT_NOW, "a")
        assert (
            "! status\n    when you read it: todo\n    now:              doing\n"
            "    yours:            done\n"
        ) in shown
        assert max(map(len, shown.split("\n"))) <= 60
        terminal.end()

    def test_a_window_may_change_its_size_in_the_middle(self, loop: Loop, etag: str) -> None:
        terminal = Terminal(loop, *UPDATE, *MINE, "--if-match", etag, columns=200)
        terminal.until(WHAT_NOW)
        terminal.resize(60)
        terminal.type("d" + ENTER)
        shown = terminal.answer(WHAT_NOW, "m")
        assert max(map(len, shown.split("\n"))) <= 60
        assert terminal.end()[0] == 0

    @pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_without_colour_it_says_the_same(
        self, loop: Loop, etag: str, env: dict[str, Any]
    ) -> None:
        shown = []
        for more in ({}, env):
            terminal = Terminal(loop, *UPDATE, *MINE, "--if-match", etag, **more)
            terminal.answer(WHAT_NOW, "a")
            terminal.end()
            shown.append(terminal.raw)
        assert "\x1b[" in shown[0]
        assert "\x1b[3" not in shown[1]
        assert "! changed since you read it" in plain(shown[1])
        words = [[line.rstrip() for line in plain(one).split("\n")] for one in shown]
        assert words[0] == words[1]

    def test_200_fields_are_one_question_and_the_clashes_come_first(self, loop: Loop) -> None:
        names = [f"field_{number}" for number in range(200)]
        path = loop.write_task("tsk-019-90", *(f"{name}: 1" for name in names))
        text = path.read_text().replace("entity_type: Task", "entity_type: Free")
        path.write_text(text)
        seen = loop.etag("tsk-019-90")
        changes = [f"{name}:=2" for name in names[50:]]
        assert loop("update", "tsk-019-90", *changes, "--if-match", seen).code == 0
        mine = [f"{name}:=3" for name in names[:60]]
        terminal = Terminal(loop, "update", "tsk-019-90", *mine, "--if-match", seen)
        shown = terminal.answer(WHAT_NOW, "")
        assert "10 fields that you change were changed by others too." in shown
        assert "and 128 more that only others changed" in shown
        rows = re.findall(r"field_\d+", shown[shown.index("when you read it") :])
        assert rows[:10] == names[50:60]
        terminal.answer(WHAT_NOW, "mm")
        terminal.answer(WRITE, "")
        assert terminal.end()[0] == 0
        now = loop("get", "tsk-019-90", "--json").json["fields"]
        assert [now[name] for name in names] == [3] * 60 + [2] * 140

    def test_what_is_hostile_is_shown_not_interpreted(self, loop: Loop) -> None:
        evil = "\x1b]0;owned\x07[bold]x[/]\u202e"
        seen = moved(loop, f"notes={evil}\n{evil}")
        terminal = Terminal(loop, *UPDATE, f"notes={evil}", "--if-match", seen)
        terminal.answer(WHAT_NOW, "d")
        terminal.answer(WHAT_NOW, "f")
        terminal.answer(WHAT_NOW, "b")
        terminal.answer(WHAT_NOW, "a")
        terminal.end()
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", plain(terminal.raw))
        assert "[bold]x[/]" in terminal.raw
