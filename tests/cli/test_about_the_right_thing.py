"""Messages are about what is wrong, and one thing looks one way everywhere."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import loop_cli
from loop_cli.wire import life as models
from tests.cli.prompt.conftest import kept
from tests.cli.terminal import ENTER, WHAT_NOW, Terminal, script

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Loop

TASK = "tsk-019-14"
NEW = ("create", "Task", "--name", "새 일", "project_id=prj-019", "assignee=ops")


def tags(loop: Loop) -> list[str]:
    found: list[str] = json.loads(loop("get", TASK, "--field", "tags").out)
    return found


class TestItems:
    """`+=` and `-=` split at commas, as `=` does."""

    @pytest.mark.parametrize(
        ("before", "change", "after"),
        [
            ("a", "tags+=b,c", ["a", "b", "c"]),
            ("a", "tags+=b, a ,c", ["a", "b", "c"]),
            ("a", "tags+=나,다", ["a", "나", "다"]),
            ("a", "tags+=b,", ["a", "b"]),
            ("a,b,c", "tags-=a,c", ["b"]),
            ("a,b,c", "tags-=c, x", ["a", "b"]),
            ("a", "tags+=b", ["a", "b"]),
        ],
    )
    def test_split(self, loop: Loop, before: str, change: str, after: list[str]) -> None:
        assert loop("update", TASK, f"tags={before}", "--force").code == 0
        assert loop("update", TASK, change, "--force").code == 0
        assert tags(loop) == after

    def test_an_item_with_a_comma_is_one_where_it_is_there(self, loop: Loop) -> None:
        loop("update", TASK, 'tags:=["a,b", "a", "b"]', "--force")
        assert loop("update", TASK, "tags+=a,b", "--force", "--json").json["changed"] is False
        assert loop("update", TASK, "tags-=a,b", "--force").code == 0
        assert tags(loop) == ["a", "b"]

    @pytest.mark.parametrize(("key", "after"), [("add", ["a", "b", "b,c"]), ("remove", ["a", "b"])])
    def test_json_names_one_item(self, loop: Loop, key: str, after: list[str]) -> None:
        loop("update", TASK, "tags=a,b", "--force")
        line = json.dumps({"id": TASK, key: {"tags": ["b,c"]}})
        assert loop("apply", "-", "--force", stdin=line).code == 0
        assert tags(loop) == after

    def test_numbers(self, loop: Loop) -> None:
        loop("update", TASK, "tags:=[1, 2.50]", "--force")
        assert loop("update", TASK, "tags-=2.50,1", "tags+=x", "--force").code == 0
        assert tags(loop) == ["x"]

    def test_each_part_is_judged(self, loop: Loop) -> None:
        assert loop("update", TASK, "priority+=high,low", "--force").code == 6


class TestWords:
    @pytest.mark.parametrize("change", ["body=hi", "body+=hi", "body:=1", "body!", "body=@x"])
    def test_the_body_is_no_field(self, loop: Loop, change: str) -> None:
        done = loop("update", TASK, change, "--force")
        assert (done.code, "--body-file" in done.err) == (2, True), done.err
        assert "schema allow" not in done.err
        line = json.dumps({"id": TASK, "changes": [change]})
        assert loop("apply", "-", "--force", stdin=line).code == 2

    def test_a_field_of_that_name_can_be_meant(self, loop: Loop) -> None:
        done = loop("update", TASK, "\\body=hi", "--force")
        assert (done.code, "is not a field of Task" in done.err) == (6, True)

    @pytest.mark.parametrize("change", ["notes=@", "status=@", "a.b=@"])
    def test_a_file_that_is_not_named(self, loop: Loop, change: str) -> None:
        done = loop("update", TASK, change, "--force")
        assert (done.code, f"'{change}' names no file" in done.err) == (2, True)

    def test_the_text_of_one_sign_is_possible(self, loop: Loop) -> None:
        assert loop("update", TASK, "notes=@@", "--force").code == 0
        assert loop("get", TASK, "--field", "notes").out == "@\n"

    @pytest.mark.parametrize("line", ["nonsense", "{", '{"id": "x"', "'a'", "\ufeffid: x"])
    def test_a_line_of_apply_that_is_no_json(self, loop: Loop, line: str) -> None:
        done = loop("apply", "-", "--force", stdin=line)
        assert done.code == 2
        for said in (json.loads(done.out), json.loads(done.err)):
            assert "is not JSON" in said["error"]
            assert '"id"' in said["hint"]
            assert "loop update" not in said["hint"]

    @pytest.mark.parametrize("verb", [("list",), ("get", "x"), ("create", "Task"), ("check",)])
    def test_a_vault_that_is_not_there(self, loop: Loop, verb: tuple[str, ...]) -> None:
        done = loop(*verb, "--vault", "nonexist", env={"LOOP_VAULT": None})
        assert (done.code, "nonexist, which is not a folder" in done.err) == (3, True)

    @pytest.mark.parametrize("given", ["Note", "Widget", "메모"])
    def test_a_type_that_is_not_there(self, loop: Loop, given: str) -> None:
        done = loop("create", given)
        assert (done.code, "Task" in done.err, "entity_name" in done.err) == (6, True, False)

    @pytest.mark.parametrize("day", ["tomorrow", "내일", "fri", "+3d", "eom"])
    def test_a_new_entity_takes_days_as_people_say_them(self, loop: Loop, day: str) -> None:
        made = loop(*NEW, f"due={day}", "--json").json
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", made["fields"]["due"])


class TestOneRun:
    def test_a_repeated_create_names_the_run_of_the_record(self, loop: Loop) -> None:
        first = loop(*NEW, "--idempotency-key", "k", "--json").json
        again = loop(*NEW, "--idempotency-key", "k", "--json").json
        (record,) = loop.records
        assert (again["created"], again["run_id"]) == (False, first["run_id"])
        assert record["run_id"] == again["run_id"]
        assert first["run_id"] in loop(*NEW, "--idempotency-key", "k").out


class TestNothing:
    """No value is one sign."""

    def test_in_every_table(self, loop: Loop) -> None:
        made = loop(*NEW)
        entity_id = made.out.split()[0]
        assert re.search(r"due +—", made.out)
        assert re.search(r"due +—", loop("get", entity_id).out)
        listed = loop("list", "--columns", "entity_id,due,tags,notes").out
        assert "—" in listed
        changed = loop("update", entity_id, "due=2026-02-01", "--force")
        assert re.search(r"due +— → 2026-02-01", changed.out)
        for said in (made.out, listed, changed.out, loop("history", entity_id).out):
            assert "null" not in said
            assert not re.search(r"(?m)(^|  )·( |$)", said)

    @pytest.mark.parametrize("command", [("list", "--columns", "due,notes"), ("get", "tsk-019-01")])
    def test_in_words_for_screen_readers(self, loop: Loop, command: tuple[str, ...]) -> None:
        out = loop("--plain", *command).out
        assert ("—" in out, "·" in out) == (False, False)


class TestKeptEdits:
    def edit(self, loop: Loop, body: str = 'path.write_text(text + "typed"); sys.exit(1)') -> Done:
        return loop("edit", TASK, env={"LOOP_EDITOR": script(loop.home / "editor", body)})

    def test_each_is_mentioned_once(self, loop: Loop) -> None:
        self.edit(loop)
        assert "an earlier text" in self.edit(loop, "").err
        assert "an earlier text" not in self.edit(loop, "").err
        self.edit(loop)
        done = self.edit(loop, "")
        assert ("an earlier text" in done.err, "loop kept --edits" in done.err) == (True, True)
        assert "an earlier text" not in self.edit(loop, "").err

    def test_they_are_listed_and_removed(self, loop: Loop) -> None:
        assert self.listed(loop)["edits"] == []
        self.edit(loop)
        (text,) = kept(loop)
        (one,) = self.listed(loop)["edits"]
        assert (one["path"], one["open"], one["bytes"]) == (str(text), False, text.stat().st_size)
        assert str(text) in loop("kept", "--edits").out.replace("\n", "")
        assert self.listed(loop, "tsk-019-1")["edits"] == []
        assert self.listed(loop, "--older-than", "1")["edits"] == []
        assert self.listed(loop, "--prune", "--dry-run")["pruned"] is False
        assert loop("kept", "--edits", "--prune").code == 9
        assert text.exists()
        assert self.listed(loop, TASK, "--prune", "--yes")["pruned"] is True
        assert (kept(loop), self.listed(loop)["edits"]) == ([], [])

    def test_one_that_is_open_stays(self, loop: Loop) -> None:
        body = "import subprocess\npath.write_text(text)\n"
        body += PRUNE.format(sys.executable, str(loop.vault))
        done = self.edit(loop, body + "\nsys.exit(1 if found.returncode else 0)")
        assert done.code == 0, done.err
        assert "is open in an editor" in done.err

    def test_without_a_vault(self, loop: Loop) -> None:
        self.edit(loop)
        done = loop("kept", "--edits", "--json", env={"LOOP_VAULT": None})
        assert len(done.json["edits"]) == 1

    @staticmethod
    def listed(loop: Loop, *more: str) -> Any:
        found = loop("kept", "--edits", *more, "--json").json
        models.EditsDocument.model_validate(found)
        return found


PRUNE = """found = subprocess.run(
    [{!r}, "-m", "loop_cli", "kept", "--edits", "--prune", "--yes", "--vault", {!r}]
)
assert path.exists()"""


class TestZones:
    def test_kept_and_log_have_one(self, loop: Loop) -> None:
        assert loop("delete", TASK, "--force", "--yes", "--orphan").code == 0
        for command in ("kept", "log"):
            assert "(UTC)" in loop(command, env={"TZ": "Asia/Seoul"}).out
            assert "(UTC)" not in loop.on_terminal(command, TZ="Asia/Seoul").text


class TestPrompt:
    def test_a_key_that_no_page_has_is_no_answer(self, loop: Loop) -> None:
        etag = loop.etag()
        loop("update", TASK, "priority=low", "--force")
        terminal = Terminal(loop, "update", TASK, "status=doing", "--if-match", etag)
        shown = terminal.answer(WHAT_NOW, "o")
        assert "Enter" in shown
        assert "Answer with" in terminal.answer(WHAT_NOW, "a")
        assert terminal.end()[0] == 4

    def test_each_key_is_on_the_page(self) -> None:
        page = (Path(loop_cli.__file__).parent / "docs/solving-conflicts.md").read_text()
        for key in ("f", "t", "m", "e", "d", "a", "q", "v", "tt", "mm", "b"):
            assert f"`{key}`" in page, key

    def test_changed_by_others_only_where_a_record_says_so(self, loop: Loop) -> None:
        etag = loop.etag()
        path = loop.path()
        path.write_text(path.read_text().replace("status: todo", "status: hold"))
        terminal = Terminal(loop, "update", TASK, "status=doing", "--if-match", etag)
        shown = terminal.answer(WHAT_NOW, "a")
        assert "1 field that you change may have changed since you read it." in shown
        assert "by others" not in shown
        assert terminal.end()[0] == 4


def test_the_line_of_a_refused_text_is_that_of_the_kept_file(loop: Loop) -> None:
    """Also after the reasons were put on top of it."""
    editor = script(loop.home / "editor", 'path.write_text(text.replace("due:", "du e: [1", 1))')
    terminal = Terminal(loop, "edit", TASK, EDITOR=editor)
    code, shown = terminal.end()
    assert code == 6, shown
    (text,) = kept(loop)
    line = int(re.findall(r"your text:(\d+)", shown)[-1])
    lines = text.read_text().splitlines()
    assert "du e: [1" in "\n".join(lines[line - 2 : line + 1]), (line, lines[:12])


class TestInit:
    """What `init` makes of values that were all of one kind."""

    POST = "---\ntitle: {0}\ndate: 2024-01-0{1}\ndraft: true\nweight: {1}\ncats: [a]\n{2}---\nhi\n"

    def folder(self, loop: Loop, more: str = "", name: str = "posts/{}.md") -> None:
        shutil.rmtree(loop.vault)
        for number in (1, 2, 3):
            loop.write(name.format(f"p{number}"), self.POST.format(f"P{number}", number, more))
        assert loop("init", str(loop.vault), "--yes").code == 0

    def test_a_new_one_has_the_same_kinds(self, loop: Loop) -> None:
        self.folder(loop)
        values = ("draft=true", "weight=4", "cats=b", "date=tomorrow")
        made = loop("create", "posts", "--name", "새 글", *values, "--json")
        found = made.json["fields"]
        assert (found["draft"], found["weight"], found["cats"]) == (True, 4, ["b"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["date"])
        text = (loop.vault / "posts/새 글.md").read_text()
        assert "draft: true\n" in text
        assert "weight: 4\n" in text
        assert loop("check").code == 0

    @pytest.mark.parametrize("change", ["draft=maybe", "weight=heavy", "date=soon"])
    def test_what_is_none_of_them_is_refused(self, loop: Loop, change: str) -> None:
        self.folder(loop)
        assert loop("update", "p1", change, "--force").code == 6

    def test_mixed_values_bind_nobody(self, loop: Loop) -> None:
        self.folder(loop)
        loop.write("posts/p1.md", "---\ntitle: x\ndraft: perhaps\n---\n")
        shutil.rmtree(loop.vault / ".loop")
        assert loop("init", str(loop.vault), "--yes").code == 0
        assert "  draft: " not in (loop.vault / ".loop/schema.yaml").read_text()
        assert loop("update", "p1", "draft=maybe", "--force").code == 0
        assert loop("create", "posts", "--name", "new", "draft=maybe").code == 0

    @pytest.mark.parametrize("more", ["", "created: 2023-01-01\n"])
    def test_a_date_stays_the_authors(self, loop: Loop, more: str) -> None:
        self.folder(loop, more)
        assert loop("update", "p1", "date=2025-05-05", "--force").code == 0
        assert 'created = "created"' in (loop.vault / ".loop/config.toml").read_text()

    def test_bundles_have_ids_of_their_own(self, loop: Loop) -> None:
        self.folder(loop, name="posts/{}/index.md")
        assert sorted(loop("list", "--ids").lines) == ["p1", "p2", "p3"]

    def test_the_line_of_the_readme(self, loop: Loop) -> None:
        self.folder(loop)
        assert loop("update", "p1", "rating:=5", "--force").code == 0
        assert loop("get", "p1", "--field", "rating").out == "5\n"


def test_enter_means_the_capital_letter(loop: Loop) -> None:
    """No, for every question but the last one about a conflict."""
    sources = Path(loop_cli.__file__).parent.rglob("*.py")
    asked = [one.name for one in sources if re.search(r"\[[yY]/[nN]\]", one.read_text())]
    assert asked == ["keys.py"]
    terminal = Terminal(loop, "update", TASK, "priority=low")
    terminal.until("[y/N] ")
    terminal.type(ENTER)
    assert terminal.end()[0] == 9
