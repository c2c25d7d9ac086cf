"""At a terminal an id that lacks is chosen, and a part of one is enough; programs get neither."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.terminal import ASK, CTRL_C, ENTER, Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

DOWN, ESC = "\x1b[B", "\x1b"
ID = "tsk-019-14"


class TestChoosing:
    def test_by_first_consonants(self, loop: Loop) -> None:
        terminal = Terminal(loop, "get", columns=120)

        terminal.until("Which entity?")
        terminal.type("ㅇㅁㅇㄴㅅ")
        terminal.until("1 of")
        terminal.type(ENTER)
        terminal.until("etag")
        assert terminal.end()[0] == 0
        assert "prj-020" in terminal.raw

    def test_the_one_that_changed_last_comes_first(self, loop: Loop) -> None:
        loop("update", "trk-2", "status=hold", "--force")
        terminal = Terminal(loop, "get")

        terminal.until("> trk-2")
        terminal.type(ENTER)
        terminal.until("etag")
        assert terminal.end()[0] == 0

    def test_options_may_stand_before_the_command(self, loop: Loop) -> None:
        loop("update", "trk-2", "status=hold", "--force")
        terminal = Terminal(loop, "--no-pager", "--vault", str(loop.vault), "get")

        terminal.until("> trk-2")
        terminal.type(ENTER)
        terminal.until("etag")
        assert terminal.end()[0] == 0

    def test_the_preview_shows_the_fields_without_control_characters(self, loop: Loop) -> None:
        loop.write("60_Hypotheses/2026/n.md", "---\nentity_id: hyp-9-01\nentity_type: Hypothesis\n"
                   'entity_name: "빨강\\e[31m"\nnotes: 메모 하나\n---\n')  # fmt: skip
        terminal = Terminal(loop, "get")

        terminal.until("Which entity?")
        terminal.type("hyp-9")
        terminal.until("메모 하나")
        terminal.type(ENTER)
        terminal.end()
        assert "\x1b[31m\x1b" not in terminal.raw
        assert "\\x1b[31m" in terminal.raw

    def test_an_update_without_an_id(self, loop: Loop) -> None:
        terminal = Terminal(loop, "update", "status=hold")

        terminal.until("Which entity?")
        terminal.type("trk")
        terminal.until("of 22")
        terminal.type(DOWN)
        terminal.until("> trk-2")
        terminal.type(ENTER)
        terminal.answer(ASK, "y")
        assert terminal.end()[0] == 0
        assert loop("get", "trk-2", "--field", "status").out == "hold\n"

    @pytest.mark.parametrize(
        "words", [("history",), ("diff",), ("backlinks",), ("delete",), ("edit",), ("rename",),
                  ("undo",), ("move", "--project", "prj-020")]
    )  # fmt: skip
    @pytest.mark.parametrize("key", [ESC, CTRL_C])
    def test_who_leaves_changes_nothing(self, loop: Loop, words: tuple[str, ...], key: str) -> None:
        terminal = Terminal(loop, *words)

        terminal.until("Which entity?")
        terminal.until("of 22")
        terminal.type(key)
        terminal.until("nothing was chosen")
        assert terminal.end()[0] == 130
        assert loop.records == []

    def test_a_project_to_move_to(self, loop: Loop) -> None:
        terminal = Terminal(loop, "move", "tsk-020-01")

        terminal.until("Which project?")
        terminal.type("019" + ENTER)
        terminal.answer("[y/N] ", "y")
        assert terminal.end()[0] == 0
        assert loop("get", "tsk-020-01", "--field", "project_id").out == "prj-019\n"

    @pytest.mark.parametrize(
        "words", [("get",), ("delete",), ("update",), ("rename",), ("undo",), ("get", "--json")]
    )
    def test_in_a_pipe_it_is_an_error(self, loop: Loop, words: tuple[str, ...]) -> None:
        assert loop(*words).code == 2

    @pytest.mark.parametrize("words", [("get", "--json"), ("update", "--no-input")])
    def test_with_json_and_no_input_too(self, loop: Loop, words: tuple[str, ...]) -> None:
        shown = loop.on_terminal(*words)

        assert shown.code == 2
        assert "Which entity" not in shown.text

    @pytest.mark.parametrize(
        ("words", "env"),
        [(("get", "--plain"), {}), (("get",), {"LOOP_PLAIN": "1"}), (("get",), {"TERM": "dumb"})],
    )
    def test_no_screen_is_drawn_for_a_screen_reader(
        self, loop: Loop, words: tuple[str, ...], env: dict[str, str]
    ) -> None:
        shown = loop.on_terminal(*words, replies=(), **env)

        assert shown.code == 2
        assert "Missing argument" in shown.text

    def test_without_the_library_it_says_what_to_install(self, loop: Loop, tmp_path: Path) -> None:
        (tmp_path / "prompt_toolkit.py").write_text("raise ImportError\n")
        path = f"{tmp_path}:{loop.environment['PYTHONPATH']}"

        shown = loop.on_terminal("get", replies=(), PYTHONPATH=path)

        assert shown.code == 2
        assert "loop-cli[pick]" in shown.text


class TestPartsOfIds:
    @pytest.mark.parametrize("part", ["tsk-019-14", "19-14", "9-14"])
    def test_an_end_that_only_one_has(self, loop: Loop, part: str) -> None:
        shown = loop.on_terminal("get", part, "--field", "due")

        assert shown.code == 0
        assert (f"{part} is {ID}" in shown.text) is (part != ID)
        assert "2026-01-23" in shown.text

    def test_a_beginning_and_an_update_that_shows_the_whole(self, loop: Loop) -> None:
        shown = loop.on_terminal("update", "hyp-2", "status=learning", replies=(("[y/N] ", "n\r"),))

        assert "hyp-2 is hyp-2-01" in shown.text
        assert "hyp-2-01" in shown.lines[1]

    def test_several_are_listed(self, loop: Loop) -> None:
        shown = loop.on_terminal("get", "tsk-019")

        assert shown.code == 7
        assert "5 ids begin or end with 'tsk-019'" in shown.text
        assert "tsk-019-01  규칙 A" in shown.text

    def test_an_exact_id_is_never_a_part_of_another(self, loop: Loop) -> None:
        loop.write("60_Hypotheses/2026/n.md",
                   "---\nentity_id: hyp-2\nentity_type: Hypothesis\n---\n")  # fmt: skip

        shown = loop.on_terminal("get", "hyp-2", "--field", "path")

        assert "n.md" in shown.text

    @pytest.mark.parametrize(
        "words",
        [("delete", "19-14", "--force"), ("update", "19-14", "status=hold", "--yes"),
         ("get", "19-14", "--json"), ("get", "4"), ("get", "x-14-x")],
    )  # fmt: skip
    def test_where_no_question_shows_the_whole_it_must_be_whole(
        self, loop: Loop, words: tuple[str, ...]
    ) -> None:
        assert loop.on_terminal(*words).code == 3
        assert loop.records == []

    def test_programs_give_whole_ids(self, loop: Loop) -> None:
        done = loop("get", "19-14")
        assert done.code == 3
        assert json.loads(loop("get", "19-14", "--json").err)["nearest"] == [ID]
