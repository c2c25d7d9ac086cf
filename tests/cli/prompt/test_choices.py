"""The conflict prompt, as a person meets it: the real program on a real terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.prompt.conftest import MINE, UPDATE, fields, moved
from tests.cli.terminal import (
    ASK,
    CTRL_C,
    CTRL_D,
    ENTER,
    WHAT_NOW,
    WRITE,
    Terminal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Loop


class TestTwoTerminals:
    """A changes the status, B the priority; then both the same field."""

    def overtaken(self, loop: Loop, change: str) -> Terminal:
        """The terminal of B, who says yes after A did."""
        a = Terminal(loop, *UPDATE, "status=doing")
        b = Terminal(loop, *UPDATE, change)
        a.until(ASK)
        b.until(ASK)
        a.type("y" + ENTER)
        assert a.end()[0] == 0
        b.type("y" + ENTER)
        return b

    def test_disjoint_changes_come_together_by_enter(self, loop: Loop) -> None:
        b = self.overtaken(loop, "priority=critical")
        shown = b.answer(WHAT_NOW, "")
        assert "it was changed since you read it" in shown
        assert re.search(r"changed status through cli, just now", shown)
        assert "Others have changed nothing that you change." in shown
        assert "apply your change on top" in shown
        assert b.end()[0] == 0
        assert (fields(loop)["status"], fields(loop)["priority"]) == ("doing", "critical")
        assert [record["modified_fields"] for record in loop.records] == [["status"], ["priority"]]
        assert loop.records[-1]["metadata"]["rebased_from"]["etag"] is not None

    def test_the_same_field_is_asked_about(self, loop: Loop) -> None:
        b = self.overtaken(loop, "status=done")
        shown = b.answer(WHAT_NOW, "m")
        assert re.search(r"! +status +todo +doing +done", shown)
        assert not re.search(r"\n +updated ", shown)
        assert "1 field that you change was changed by others too." in shown
        assert b.end()[0] == 0
        assert fields(loop)["status"] == "done"

    def test_an_outside_edit_leaves_no_base_unknown_at_a_terminal(self, loop: Loop) -> None:
        b = Terminal(loop, *UPDATE, "status=done", "priority=low")
        b.until(ASK)
        text = loop.path().read_text()
        loop.path().write_text(text.replace("status: todo", "status: blocked"))
        b.type("y" + ENTER)
        shown = b.answer(WHAT_NOW, "a")
        assert re.findall("somebody edited the file outside loop, (.*);", shown) == ["just now"]
        assert re.search(r"! +status +todo +blocked +done", shown)
        assert re.search(r"\n +priority +high +high +low", shown)
        assert "not known" not in shown
        assert b.end()[0] == 4


class TestChoices:
    def test_abort_is_4_and_leaves_it(self, loop: Loop, etag: str) -> None:
        before = loop.path().read_bytes()
        for answer in ("a", "abort", "q", "ㅁ", CTRL_D):
            terminal = Terminal(loop, *UPDATE, *MINE, "--if-match", etag)
            terminal.answer(WHAT_NOW, answer)
            code, last = terminal.end()
            assert (code, "tsk-019-14 was left as it is" in last) == (4, True), answer
            assert "when you read it" not in last
        assert loop.path().read_bytes() == before
        assert len(loop.records) == 1

    def test_an_interrupt_is_130(self, loop: Loop, etag: str) -> None:
        terminal = Terminal(loop, *UPDATE, *MINE, "--if-match", etag)
        terminal.answer(WHAT_NOW, CTRL_C)
        code, last = terminal.end()
        assert (code, "Traceback" in last) == (130, False)
        assert len(loop.records) == 1

    @pytest.mark.parametrize(
        ("answer", "status"), [("t", "doing"), ("ㅅ", "doing"), ("m", "done"), ("MINE", "done")]
    )
    def test_one_side_for_all(self, loop: Loop, etag: str, answer: str, status: str) -> None:
        terminal = Terminal(loop, *UPDATE, *MINE, "--if-match", etag)
        shown = terminal.answer(WHAT_NOW, answer)
        assert "take theirs for it, and apply the rest of your change" in shown
        assert terminal.end()[0] == 0
        assert (fields(loop)["status"], fields(loop)["priority"]) == (status, "critical")

    def test_theirs_where_that_is_all_writes_nothing(self, loop: Loop, etag: str) -> None:
        terminal = Terminal(loop, *UPDATE, "status=done", "--if-match", etag)
        terminal.answer(WHAT_NOW, "t")
        assert terminal.end()[0] == 0
        assert len(loop.records) == 1

    def test_the_whole_difference_is_shown_and_asked_again(self, loop: Loop, etag: str) -> None:
        terminal = Terminal(loop, *UPDATE, *MINE, "--if-match", etag)
        terminal.answer(WHAT_NOW, "d")
        shown = terminal.answer(WHAT_NOW, "a")
        theirs, yours = shown.split("Your change, on top of the current state, would change:")
        assert re.search(r"status +todo → doing", theirs)
        assert re.search(r"status +doing → done", yours)
        assert re.search(r"priority +high → critical", yours)
        terminal.end()

    def test_what_is_no_answer_is_asked_again_and_the_rest_of_a_paste_is_dropped(
        self, loop: Loop, etag: str
    ) -> None:
        terminal = Terminal(loop, *UPDATE, *MINE, "--if-match", etag)
        terminal.answer(WHAT_NOW, "x" * 3000 + ENTER + "m")
        shown = terminal.answer(WHAT_NOW, "아니요")
        assert "Answer with e, d, f, t, m, a, q or Enter." in shown
        terminal.answer(WHAT_NOW, "a")
        assert terminal.end()[0] == 4

    def test_list_changes_go_on_top_of_each_other(self, loop: Loop) -> None:
        seen = moved(loop, "tags+=theirs")
        terminal = Terminal(loop, *UPDATE, "tags+=mine", "--if-match", seen)
        shown = terminal.answer(WHAT_NOW, "")
        assert "your change is added to the current value" in shown
        assert terminal.end()[0] == 0
        assert fields(loop)["tags"][-2:] == ["theirs", "mine"]

    def test_what_both_changed_alike_is_no_question(self, loop: Loop, etag: str) -> None:
        terminal = Terminal(loop, *UPDATE, "status=doing", "due=2026-02-01", "--if-match", etag)
        shown = terminal.answer(WHAT_NOW, "")
        assert "= both sides made the same of it" in shown
        assert terminal.end()[0] == 0
        assert loop.records[-1]["modified_fields"] == ["due"]

    @pytest.mark.parametrize("option", ["--no-input", "--json", "--on-conflict=fail", "--dry-run"])
    def test_it_is_not_asked_where_it_may_not(self, loop: Loop, etag: str, option: str) -> None:
        terminal = Terminal(loop, *UPDATE, *MINE, "--if-match", etag, option)
        code, shown = terminal.end()
        assert (code, WHAT_NOW in shown) == (4, False)

    def test_rebase_asks_only_about_an_overlap(self, loop: Loop, etag: str) -> None:
        rebase = ("--if-match", etag, "--on-conflict=rebase")
        assert Terminal(loop, *UPDATE, "priority=low", *rebase).end()[0] == 0
        terminal = Terminal(loop, *UPDATE, "status=done", *rebase)
        terminal.answer(WHAT_NOW, "a")
        assert terminal.end()[0] == 4

    def test_an_entity_that_is_gone_is_no_question(self, loop: Loop) -> None:
        terminal = Terminal(loop, *UPDATE, *MINE)
        terminal.until(ASK)
        loop.path().unlink()
        terminal.type("y" + ENTER)
        assert terminal.end()[0] in (3, 4)


class TestFieldByField:
    @pytest.fixture
    def terminal(self, loop: Loop) -> Iterator[Terminal]:
        """At the first question, of three fields that both sides have changed."""
        seen = moved(loop, "status=doing", "priority=low", "estimated_hours=20")
        mine = ("status=done", "priority=critical", "estimated_hours=8", "due=2026-02-01")
        terminal = Terminal(loop, *UPDATE, *mine, "--if-match", seen)
        shown = terminal.answer(WHAT_NOW, "")
        assert "3 fields that you change were changed by others too." in shown
        yield terminal
        terminal.kill()

    def test_each_is_asked_and_the_result_is_shown_before_it_is_written(
        self, loop: Loop, terminal: Terminal
    ) -> None:
        assert "1 of 3: status" in terminal.answer(WHAT_NOW, "m")
        assert "2 of 3: priority" in terminal.answer(WHAT_NOW, "t")
        assert "3 of 3: estimated_hours" in terminal.answer(WHAT_NOW, "v")
        terminal.answer("estimated_hours= (Enter: back) ", "much")
        assert "'much' is not a number" in terminal.until("(Enter: back) ")
        terminal.type("12" + ENTER)
        shown = terminal.answer(WRITE, "")
        assert re.search(r"status +doing → done", shown)
        assert re.search(r"estimated_hours +20 → 12", shown)
        assert "priority" not in shown
        assert terminal.end()[0] == 0
        now = fields(loop)
        assert (now["status"], now["priority"], now["estimated_hours"]) == ("done", "low", 12)
        assert now["due"] == "2026-02-01"

    @pytest.mark.parametrize(("answer", "wanted"), [("tt", "low"), ("mm", "critical")])
    def test_one_answer_for_all_that_follow(
        self, loop: Loop, terminal: Terminal, answer: str, wanted: str
    ) -> None:
        terminal.answer(WHAT_NOW, "m")
        terminal.answer(WHAT_NOW, answer)
        terminal.answer(WRITE, "y")
        assert terminal.end()[0] == 0
        assert (fields(loop)["status"], fields(loop)["priority"]) == ("done", wanted)

    def test_back_and_no_lead_to_the_main_question_with_the_choices_kept(
        self, loop: Loop, terminal: Terminal
    ) -> None:
        terminal.answer(WHAT_NOW, "t")
        terminal.answer(WHAT_NOW, "b")
        assert "2 fields still to decide." in terminal.answer(WHAT_NOW, "f")
        assert "1 of 2: priority" in terminal.answer(WHAT_NOW, "mm")
        terminal.answer(WRITE, "n")
        assert "Everything is decided." in terminal.answer(WHAT_NOW, "")
        assert terminal.end()[0] == 0
        assert (fields(loop)["status"], fields(loop)["priority"]) == ("doing", "critical")

    @pytest.mark.parametrize("place", ["field", "value", "write"])
    @pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
    def test_leaving_at_each_question_writes_nothing(
        self, loop: Loop, terminal: Terminal, place: str, key: str
    ) -> None:
        if place == "value":
            terminal.answer(WHAT_NOW, "v")
            terminal.answer("status= (Enter: back) ", key)
        elif place == "write":
            terminal.answer(WHAT_NOW, "mm")
            terminal.answer(WRITE, key)
        else:
            terminal.answer(WHAT_NOW, key)
        if key == CTRL_D:  # leads back, question by question
            terminal.answer(WHAT_NOW, key)
            if place == "value":
                terminal.answer(WHAT_NOW, key)
        assert terminal.end()[0] == (130 if key == CTRL_C else 4)
        assert len(loop.records) == 1

    def test_a_line_that_a_terminal_can_not_take_is_not_used(
        self, loop: Loop, terminal: Terminal
    ) -> None:
        terminal.answer(WHAT_NOW, "v")
        terminal.answer("status= (Enter: back) ", "x" * 5000)
        assert "longer than a terminal takes" in terminal.until("status= (Enter: back) ")
        terminal.type(CTRL_C)
        assert terminal.end()[0] == 130


class TestMovingTarget:
    def test_it_says_so_and_starts_over_with_the_choices_kept(self, loop: Loop, etag: str) -> None:
        terminal = Terminal(loop, *UPDATE, *MINE, "due=2026-02-01", "--if-match", etag)
        terminal.answer(WHAT_NOW, "")
        terminal.answer(WHAT_NOW, "t")
        terminal.until(WRITE)
        moved(loop, "due=2026-05-05")
        terminal.type(ENTER)
        shown = terminal.answer(WHAT_NOW, "")
        assert "it was changed again while you decided" in shown
        assert "Your choices are kept: status (theirs)." in shown
        assert "changed due through cli, just now" in shown
        assert "changed status" not in shown
        assert "1 field still to decide." in shown
        assert "1 of 1: due" in terminal.answer(WHAT_NOW, "m")
        terminal.answer(WRITE, "")
        assert terminal.end()[0] == 0
        now = fields(loop)
        assert (now["status"], now["priority"], now["due"]) == ("doing", "critical", "2026-02-01")

    def test_a_choice_about_a_field_that_moved_is_asked_again(self, loop: Loop, etag: str) -> None:
        terminal = Terminal(loop, *UPDATE, *MINE, "--if-match", etag)
        terminal.answer(WHAT_NOW, "")
        terminal.answer(WHAT_NOW, "m")
        terminal.until(WRITE)
        moved(loop, "status=blocked")
        terminal.type(ENTER)
        shown = terminal.answer(WHAT_NOW, "a")
        assert re.search(r"! +status +todo +blocked +done", shown)
        assert "1 field that you change was changed by others too." in shown
        assert terminal.end()[0] == 4
        assert fields(loop)["status"] == "blocked"
