"""`loop create` at a terminal: what is missing is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.terminal import Terminal

if TYPE_CHECKING:
    from tests.cli.conftest import Loop


class TestOnATerminal:
    def test_missing_fields_are_asked_for_with_choices(self, loop: Loop) -> None:
        replies = (
            ("entity_name: ", "물어본 일\n"),
            ("assignee: ", "개발팀\n"),
            ("project_id: ", "1\n"),
        )

        screen = loop.on_terminal("create", "Task", replies=replies)

        assert screen.code == 0, screen.text
        assert "prj-019" in screen.text
        record = loop.records[-1]
        assert record["entity_name"] == "물어본 일"
        assert record["diff"]["project_id"]["new"] == "prj-019"

    def test_what_only_some_types_need(self, loop: Loop) -> None:
        """A name first, several choices by their numbers, a mapping as JSON."""
        replies = (
            ("entity_name: ", "물어본 과제\n"),
            ("owner: ", "개발팀\n"),
            ("parent_id: ", "2\n"),
            ("conditions_3y: ", "1, 1\n"),
            ("expected_impact (JSON", '{"metric": "수"}\n'),
        )

        screen = loop.on_terminal("create", "Project", replies=replies)

        assert screen.code == 0, screen.text
        diff = loop.records[-1]["diff"]
        assert diff["entity_name"]["new"] == "물어본 과제"
        assert (diff["parent_id"]["new"], diff["expected_impact"]["new"]) == (
            "trk-2",
            {"metric": "수"},
        )
        assert set(diff["conditions_3y"]["new"]) == {"cond-a"}

    def test_a_wrong_answer_is_asked_for_again_and_the_others_stay(self, loop: Loop) -> None:
        replies = (
            ("entity_name: ", "물어본 일\n"),
            ("assignee: ", "개발\n"),
            ("project_id: ", "9\n"),
            ("project_id: ", "prj-091\n"),
            ("assignee: ", "개발팀\n"),
            ("project_id: ", "2\n"),
        )

        screen = loop.on_terminal("create", "Task", replies=replies)

        assert screen.code == 0, screen.text
        for words in ("number from 1 to 3", "did you mean 개발팀", "there is no Project prj-091"):
            assert words in screen.text
        assert screen.text.count("entity_name: ") == 1
        assert loop.records[-1]["diff"]["project_id"]["new"] == "prj-020"

    def test_what_no_line_can_hold_is_asked_for_again(self, loop: Loop) -> None:
        terminal = Terminal(loop, "create", "Task", "assignee=ops", "project_id=prj-019")
        terminal.answer("entity_name: ", "x" * 5000)
        assert "longer than a terminal takes" in terminal.until("entity_name: ")
        terminal.type("\udcff\r")
        assert "not UTF-8 text" in terminal.answer("entity_name: ", "이제 맞는 일")
        assert terminal.end()[0] == 0
        assert loop.records[-1]["entity_name"] == "이제 맞는 일"

    def test_what_no_answer_helps_is_said_at_once(self, loop: Loop) -> None:
        screen = loop.on_terminal("create", "Task", "assigne=ops")

        assert screen.code == 6
        assert "assigne: is not a field of Task" in screen.text
        assert "Ctrl-D" not in screen.text

    def test_the_end_of_the_input_makes_nothing(self, loop: Loop) -> None:
        screen = loop.on_terminal("create", "Task", replies=(("entity_name: ", "\x04"),))

        assert screen.code == 130
        assert "nothing was created" in screen.text
        assert "required" not in screen.text
        assert loop.records == []

    def test_an_interrupt_makes_nothing(self, loop: Loop) -> None:
        screen = loop.on_terminal("create", "Task", replies=(("entity_name: ", "\x03"),))

        assert screen.code == 130
        assert loop.records == []
