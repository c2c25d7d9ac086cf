"""The conflict prompt, where it is about a text: merged by lines, or opened in an editor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.prompt.conftest import MINE, UPDATE, fields, kept, moved
from tests.cli.terminal import (
    ENTER,
    WHAT_NOW,
    WRITE,
    Terminal,
    script,
)

if TYPE_CHECKING:
    from tests.cli.conftest import Loop


class TestBody:
    @pytest.fixture
    def bodies(self, loop: Loop) -> tuple[str, str, str]:
        """The etag before somebody changed the body, and the names of two other bodies: one
        that differs elsewhere, and one in the same line."""
        body = loop("get", "tsk-019-14", "--json").json["body"]
        first, last = "# 규칙 B·C 구현", "- 기록을 거꾸로 따라가면"
        assert body.count(first) == body.count(last) == 1
        theirs = loop.home / "theirs.md"
        theirs.write_text(body.replace(first, "# Theirs"))
        apart, same = loop.home / "apart.md", loop.home / "same.md"
        apart.write_text(body.replace(last, "- Mine"))
        same.write_text(body.replace(first, "# Mine"))
        return moved(loop, "--body-file", str(theirs)), str(apart), str(same)

    def body(self, loop: Loop) -> str:
        return str(loop("get", "tsk-019-14", "--json").json["body"])

    def test_changes_in_different_lines_are_merged(
        self, loop: Loop, bodies: tuple[str, str, str]
    ) -> None:
        terminal = Terminal(loop, *UPDATE, "--body-file", bodies[1], "--if-match", bodies[0])
        shown = terminal.answer(WHAT_NOW, "")
        assert "both changed it, in different lines: merged" in shown
        assert terminal.end()[0] == 0
        assert "# Theirs" in self.body(loop)
        assert "- Mine" in self.body(loop)

    def test_a_clash_is_edited_between_markers_that_must_go(
        self, loop: Loop, bodies: tuple[str, str, str]
    ) -> None:
        editor = script(
            loop.home / "editor",
            """
seen = path.with_name("seen")
seen.write_text(seen.read_text() + text if seen.exists() else text)
if "# Theirs" in text and "!" not in text.split("\\n")[0]:
    path.write_text(text.replace("=======", "======= ="))
elif "!" in text.split("\\n")[0]:
    start, end = text.index("<<<<<<<"), text.index(">>>>>>> yours\\n") + 14
    path.write_text(text[:start] + "# Both\\n" + text[end:])
print("edited", file=sys.stderr)
""",
        )
        terminal = Terminal(
            loop, *UPDATE, "--body-file", bodies[2], "--if-match", bodies[0], EDITOR=editor
        )
        terminal.answer(WHAT_NOW, "f")
        terminal.answer(WHAT_NOW, "e")
        terminal.answer(WRITE, "")
        assert terminal.raw.count("edited") == 2
        assert terminal.end()[0] == 0
        assert "\n# Both\n" in self.body(loop)
        assert "<<<<" not in self.body(loop)

    def test_a_side_has_the_places_that_clash(
        self, loop: Loop, bodies: tuple[str, str, str]
    ) -> None:
        terminal = Terminal(loop, *UPDATE, "--body-file", bodies[2], "--if-match", bodies[0])
        terminal.answer(WHAT_NOW, "m")
        assert terminal.end()[0] == 0
        assert self.body(loop).lstrip().startswith("# Mine")


class TestEdit:
    """`edit` at the prompt: the merged text with both versions as comments."""

    def run(self, loop: Loop, etag: str, body: str) -> Terminal:
        editor = script(loop.home / "editor", body)
        terminal = Terminal(loop, *UPDATE, *MINE, "--if-match", etag, EDITOR=editor)
        assert "edit the merged text in your editor" in terminal.answer(WHAT_NOW, "e")
        return terminal

    def test_what_is_saved_is_shown_and_written(self, loop: Loop, etag: str) -> None:
        terminal = self.run(
            loop,
            etag,
            """
pathlib.Path(sys.argv[0]).with_name("seen").write_text(text)
path.write_text(text.replace("status: doing  ", "status: hold   ").replace("# 이틀", "# 사흘"))
""",
        )
        shown = terminal.answer(WRITE, "")
        assert re.search(r"status +doing → hold", shown)
        assert re.search(r"priority +high → critical", shown)
        assert terminal.end()[0] == 0
        assert (fields(loop)["status"], fields(loop)["priority"]) == ("hold", "critical")
        text = loop.path().read_text()
        assert "# 사흘" in text
        assert "#~" not in text
        seen = (loop.home / "seen").read_text()
        assert (
            "#~ status was changed on both sides\n#~   when you read it: todo\n"
            "#~   now:              doing\n#~   yours:            done\nstatus: doing"
        ) in seen
        assert "priority: critical" in seen
        assert kept(loop) == []

    def test_unchanged_it_takes_theirs_for_the_clashes(self, loop: Loop, etag: str) -> None:
        terminal = self.run(loop, etag, "")
        assert "status" not in terminal.answer(WRITE, "")
        assert terminal.end()[0] == 0
        assert (fields(loop)["status"], fields(loop)["priority"]) == ("doing", "critical")

    def test_what_is_not_valid_is_opened_again_and_kept_if_given_up(
        self, loop: Loop, etag: str
    ) -> None:
        terminal = self.run(
            loop, etag, 'path.write_text(text.replace("status: doing", "status: dne"))'
        )
        shown = terminal.answer(WHAT_NOW, "a")
        assert "That was not used" in shown
        assert "'dne' is not one of todo, doing, hold, done, blocked" in shown.replace("\n", " ")
        (path,) = kept(loop)
        assert f"your text is kept in {path}" in shown
        assert "#~ ! This can't be saved:\n#~ !   status: 'dne' is not one of" in path.read_text()
        assert terminal.end()[0] == 4

    def test_an_editor_that_fails_leads_back_to_the_question(self, loop: Loop, etag: str) -> None:
        terminal = self.run(loop, etag, 'path.write_text(text + "typed"); sys.exit(3)')
        assert "editor failed (exit code 3)" in terminal.answer(WHAT_NOW, "t")
        assert terminal.end()[0] == 0
        assert kept(loop)[0].read_text().endswith("typed")

    def test_no_is_back_to_the_question_with_the_text_kept(self, loop: Loop, etag: str) -> None:
        terminal = self.run(loop, etag, 'path.write_text(text.replace("doing", "hold"))')
        terminal.answer(WRITE, "n")
        terminal.answer(WHAT_NOW, "a")
        assert terminal.end()[0] == 4
        assert "status: hold" in kept(loop)[0].read_text()

    def test_if_it_moves_while_the_editor_is_open_the_edited_text_is_what_is_wanted(
        self, loop: Loop, etag: str
    ) -> None:
        terminal = self.run(
            loop, etag, 'path.write_text(text.replace("status: doing", "status: hold"))'
        )
        terminal.until(WRITE)
        moved(loop, "status=blocked", "due=2026-03-01")
        terminal.type(ENTER)
        shown = terminal.answer(WHAT_NOW, "m")
        assert "it was changed again while you decided" in shown
        assert re.search(r"! +status +doing +blocked +hold", shown)
        assert terminal.end()[0] == 0
        now = fields(loop)
        assert (now["status"], now["priority"], now["due"]) == ("hold", "critical", "2026-03-01")
