"""`loop edit`: what is saved lands as it is, and whatever happens, nothing typed is lost."""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.prompt.conftest import fields, kept, moved
from tests.cli.terminal import ENTER, WHAT_NOW, Terminal, script

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Loop

EDIT = ("edit", "tsk-019-14")
REPLACE = "path.write_text(text.replace({!r}, {!r}))"


def edit(loop: Loop, body: str, *more: str) -> Done:
    """Edit by a program, off a terminal."""
    return loop(*EDIT, *more, env={"LOOP_EDITOR": script(loop.home / "editor", body)})


def at_terminal(loop: Loop, body: str, *more: str, **env: Any) -> Terminal:
    return Terminal(loop, *EDIT, *more, EDITOR=script(loop.home / "editor", body), **env)


class TestSaved:
    def test_every_byte_lands_and_the_diff_is_shown(self, loop: Loop) -> None:
        before = loop.path().read_text()
        body = 'path.write_text(text.replace("status: todo ", "status: hold ")'
        body += '.replace("# 이틀", "# 사흘").replace("## 할 일\\n", "## 남은 일\\n"))'
        done = edit(loop, body)
        assert done.code == 0, done.err
        assert re.search(r"status +todo → hold", done.out)
        assert "+ ## 남은 일" in done.out
        wanted = before.replace("status: todo ", "status: hold ").replace("# 이틀", "# 사흘")
        wanted = wanted.replace("## 할 일\n", "## 남은 일\n")
        without = [re.sub("^updated:.*", "", one, flags=re.M) for one in
                   (wanted, loop.path().read_text())]  # fmt: skip
        assert without[0] == without[1]
        (record,) = loop.records
        assert record["modified_fields"] == ["status", "body"]
        assert record["metadata"]["precondition"] == "etag"
        assert kept(loop) == []

    def test_comments_alone_are_a_change(self, loop: Loop) -> None:
        done = edit(loop, REPLACE.format("# 이틀", "# 사흘"))
        assert "comments or layout of the fields; no value" in done.out
        assert (loop.records[0]["diff"], loop.records[0]["metadata"]["layout"]) == ({}, True)
        assert loop("audit", "verify").code == 0
        assert "comments or layout" in loop("log", "tsk-019-14").out

    def test_the_fields_alone(self, loop: Loop) -> None:
        body = 'assert text.startswith("entity_type: Task\\n") and path.suffix == ".yaml"\n'
        done = edit(loop, body + REPLACE.format("priority: high", "priority: low"), "--fields")
        assert done.code == 0, done.err
        assert fields(loop)["priority"] == "low"
        assert loop.records[0]["modified_fields"] == ["priority"]

    @pytest.mark.parametrize("more", [(), ("--fields",)])
    def test_unchanged_nothing_is_written(self, loop: Loop, more: tuple[str, ...]) -> None:
        before = loop.path().read_bytes()
        done = edit(loop, "path.write_text(text)", *more)
        assert (done.code, done.out) == (0, "")
        assert "nothing was changed" in done.err
        assert loop.path().read_bytes() == before
        assert not (loop.vault / ".loop").exists()
        assert kept(loop) == []

    def test_an_editor_may_replace_the_file(self, loop: Loop) -> None:
        body = 'new = path.with_suffix(".new"); new.write_text(text.replace("high", "low"))'
        assert edit(loop, body + "; os.replace(new, path)").code == 0
        assert fields(loop)["priority"] == "low"

    def test_crlf_and_a_missing_last_newline_stay(self, loop: Loop) -> None:
        data = loop.path().read_bytes().replace(b"\n", b"\r\n").removesuffix(b"\r\n")
        loop.path().write_bytes(data)
        body = 'data = path.read_bytes(); path.write_bytes(data.replace(b"high", b"low"))'
        assert edit(loop, body).code == 0
        after = loop.path().read_bytes()
        assert after.count(b"\r\n") == data.count(b"\r\n")
        assert after.count(b"\n") == after.count(b"\r\n")
        assert after.split(b"\r\n---\r\n")[1] == data.split(b"\r\n---\r\n")[1]


class TestNotSaved:
    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("status: todo ", "status: dne ", "'dne' is not one of todo"),
            ("status: todo ", 'status: "todo ', "broken YAML"),
            ("tsk-019-14", "tsk-019-15", "entity_id: tells which entity it is"),
            ("updated: 2026-01-09", "updated: 2026-01-10", "is set by loop"),
            ("status: todo ", "status: todo\nstatus: done ", "is there twice"),
            ("---\nentity_type", "entity_type", "no frontmatter"),
        ],
    )
    def test_what_is_not_valid_is_6_and_kept(
        self, loop: Loop, old: str, new: str, words: str
    ) -> None:
        before = loop.path().read_bytes()
        done = edit(loop, REPLACE.format(old, new))
        assert (done.code, words in done.err) == (6, True), done.err
        (path,) = kept(loop)
        assert f"your text is kept in {path}\n" in done.err
        assert new in path.read_text()
        assert path.stat().st_mode & 0o777 == 0o600
        assert loop.path().read_bytes() == before
        assert loop.records == []

    @pytest.mark.parametrize(
        ("end", "code", "words"),
        [
            ("sys.exit(3)", 1, "exit code 3"),
            ("os.kill(os.getpid(), signal.SIGKILL)", 1, "failed"),
            ("os.kill(os.getpid(), signal.SIGINT)", 130, "interrupted in the editor"),
        ],
    )
    def test_an_editor_that_fails_or_is_killed(
        self, loop: Loop, end: str, code: int, words: str
    ) -> None:
        done = edit(loop, f'path.write_text(text + "typed"); signal.signal(2, 0); {end}')
        assert (done.code, words in done.err) == (code, True), done.err
        assert kept(loop)[0].read_text().endswith("typed")
        assert loop.records == []

    def test_a_next_edit_tells_of_what_was_kept(self, loop: Loop) -> None:
        edit(loop, 'path.write_text(text + "typed"); sys.exit(1)')
        done = edit(loop, "", "--fields")
        assert f"an earlier text, or one that is still open, is in {kept(loop)[0]}\n" in done.err

    def test_one_that_is_not_there(self, loop: Loop) -> None:
        done = loop(*EDIT, env={"LOOP_EDITOR": "no-such-editor"})
        assert (done.code, kept(loop)) == (1, [])
        assert "hint: name yours: export LOOP_EDITOR=vim" in done.err

    def test_a_window_that_does_not_wait_is_told_what_makes_it(self, loop: Loop) -> None:
        (loop.home / "code").write_text("#!/bin/sh\n")
        (loop.home / "code").chmod(0o755)
        done = loop(*EDIT, env={"LOOP_EDITOR": f"{loop.home}/code -n"})
        assert done.code == 1
        assert "code has returned at once" in done.err
        assert f"export LOOP_EDITOR='{loop.home}/code -n --wait'" in done.err
        assert len(kept(loop)) == 1  # its window may still be open on it
        done = loop(*EDIT, env={"LOOP_EDITOR": f"{loop.home}/code --wait"})
        assert (done.code, "give it its option to wait" in done.err) == (0, True)

    def test_without_a_terminal_only_an_editor_that_was_named_for_loop(self, loop: Loop) -> None:
        done = loop(*EDIT, env={"EDITOR": "vim", "VISUAL": "vim"})
        assert (done.code, "loop update" in done.err) == (9, True)

    def test_a_vault_may_not_name_the_editor(self, loop: Loop) -> None:
        loop.write(".loop/config.toml", 'editor = "touch /tmp/owned"\n')
        done = loop(*EDIT)
        assert done.code == 2
        assert ".loop/config.toml: a vault may not set editor" in done.err

    def test_the_order_of_editors(self, loop: Loop) -> None:
        first = script(loop.home / "first", 'print("first")')
        other = script(loop.home / "other", 'print("other")')
        (loop.home / "config/loop").mkdir(parents=True)
        (loop.home / "config/loop/config.toml").write_text(f'editor = "{other}"\n')
        assert loop(*EDIT, env={"LOOP_EDITOR": first, "EDITOR": other}).err.startswith("first\n")
        assert loop(*EDIT, env={"EDITOR": first}).err.startswith("other\n")
        assert loop(*EDIT, "--editor", first).err.startswith("first\n")


class TestAtTerminal:
    def test_what_is_not_valid_opens_again_with_the_reasons_on_top(self, loop: Loop) -> None:
        body = """
notes = [line for line in text.split("\\n") if line.startswith("#~")]
path.with_name("notes").write_text("\\n".join(notes))
if notes:
    path.write_text(text.replace("dne", "done"))
else:
    path.write_text(text.replace("status: todo", "status: dne"))
pathlib.Path(sys.argv[0]).with_name(f"seen-{len(notes)}").write_text(text)
"""
        terminal = at_terminal(loop, body)
        code, shown = terminal.end()
        assert code == 0, shown
        assert fields(loop)["status"] == "done"
        assert "#~" not in loop.path().read_text()
        (seen,) = [one for one in loop.home.glob("seen-*") if one.name != "seen-0"]
        assert seen.read_text().startswith(
            "#~ ! This can't be saved:\n#~ !   status: 'dne' is not one of todo, doing, hold, done,"
        )
        assert kept(loop) == []

    def test_the_line_it_names_is_that_of_the_text_with_the_reasons(self, loop: Loop) -> None:
        body = """
pathlib.Path(sys.argv[0]).with_name("seen").write_text(text)
if "#~" not in text:
    path.write_text(text.replace("status: todo", 'status: "todo'))
"""
        code, shown = at_terminal(loop, body).end()
        assert code == 6
        assert "your text is kept in" in shown
        seen = (loop.home / "seen").read_text()
        line = re.search(r"line (\d+): broken YAML", seen)
        assert line is not None
        assert int(line[1]) >= 1 + seen.split("\n").index(
            'status: "todo               # todo | doing | hold | done | blocked'
        )

    def test_an_entity_that_moves_meanwhile_leads_to_the_prompt(self, loop: Loop) -> None:
        ready, go = loop.home / "ready", loop.home / "go"
        body = f"""
pathlib.Path({str(ready)!r}).touch()
while not pathlib.Path({str(go)!r}).exists():
    time.sleep(0.02)
path.write_text(text.replace("status: todo", "status: done").replace("# 이틀", "# 사흘"))
"""
        terminal = at_terminal(loop, body)
        while not ready.exists():
            time.sleep(0.02)
        moved(loop, "status=doing", "priority=low")
        go.touch()
        shown = terminal.answer(WHAT_NOW, "m")
        assert re.search(r"! +status +todo +doing +done", shown)
        assert "changed status, priority through cli" in shown
        assert terminal.end()[0] == 0
        assert (fields(loop)["status"], fields(loop)["priority"]) == ("done", "low")
        assert "# 사흘" in loop.path().read_text()
        assert kept(loop) == []

    @pytest.mark.parametrize("key", ["a", "\x04", "\x03"])
    def test_a_conflict_that_is_left_keeps_the_text(self, loop: Loop, key: str) -> None:
        terminal = at_terminal(loop, self.moving(loop))
        terminal.until(WHAT_NOW)
        terminal.type(key + (ENTER if key == "a" else ""))
        code, shown = terminal.end()
        assert code == (130 if key == "\x03" else 4)
        (path,) = kept(loop)
        assert f"your text is kept in {path}\n" in shown
        assert "status: done" in path.read_text()

    def test_off_a_terminal_a_conflict_is_4_and_keeps_the_text(self, loop: Loop) -> None:
        done = edit(loop, self.moving(loop))
        assert done.code == 4
        assert "when you read it" in done.err
        assert "status: done" in kept(loop)[0].read_text()

    @staticmethod
    def moving(loop: Loop) -> str:
        """An editor that takes so long that another program changes the file."""
        own = 'path.write_text(text.replace("status: todo", "status: done"))'
        return loop.replacing("status: todo", "status: doing") + own

    @pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
    def test_a_terminal_that_goes_away_leaves_the_text(self, loop: Loop, number: int) -> None:
        body = 'path.write_text(text + "typed"); print("typing", flush=True); time.sleep(30)'
        terminal = at_terminal(loop, body)
        terminal.until("typing")
        terminal.hang_up(number)
        assert terminal.end()[0] == 128 + number
        assert kept(loop)[0].read_text().endswith("typed")
        assert loop.records == []

    def test_ctrl_c_in_the_editor_is_the_editors(self, loop: Loop) -> None:
        body = """
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"heard\\n"))
print("typing", flush=True)
time.sleep(0.5)
path.write_text(text.replace("high", "low"))
"""
        terminal = at_terminal(loop, body)
        terminal.until("typing")
        terminal.type("\x03")
        terminal.until("heard")
        assert terminal.end()[0] == 0
        assert fields(loop)["priority"] == "low"


@pytest.mark.parametrize(
    ("was", "saved"),
    [
        ("  2025: z", "  2025: z\n  2031: new"),
        ("  2024: x", "  2023: x"),
        ("{1: a, 2: b}", "{1: a, 2: b, 3: c}"),
        ("  true: w", "  false: w"),
        ("  2025: z", "  2025: {1: q}"),
        ("  2025: z", "  2025: zz"),
    ],
)
def test_keys_that_are_no_texts_land_as_they_were_saved(loop: Loop, was: str, saved: str) -> None:
    text = (
        "---\nentity_type: Memo\nentity_id: memo\nentity_name: x\nupdated: 2026-01-01\nm:\n"
        "  2024: x\n  2025: z\n  2026: {1: a, 2: b}\n  true: w\n---\n"
    )
    path = loop.write("memo.md", text)
    body = f"path.write_text(text.replace({was!r}, {saved!r}))"
    done = loop("edit", "memo", env={"LOOP_EDITOR": script(loop.home / "editor", body)})
    assert done.code == 0, done.err
    timeless = re.compile("^updated:.*\n", re.MULTILINE)
    assert timeless.sub("", path.read_text()) == timeless.sub("", text.replace(was, saved))
    assert loop.records[-1]["metadata"]["inexact"] == ["m"]
