"""`loop undo`: a recorded change that puts back what was there; nothing newer is overwritten."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.wire import models
from loop_cli.wire import past as models_past
from tests.cli.terminal import script
from tests.cli.undoing import RUN, change, field, undo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

STYLE = re.compile(r"\x1b\[[0-9;]*m")
QUESTION = "Put this back? [y/N] "
OTHER = "tsk-019-01"


class TestWhat:
    """A run, an entity's last change, or one's own last run."""

    def test_an_entity_s_last_change_and_no_other_byte(self, loop: Loop) -> None:
        text = loop.path().read_text()
        change(loop, "estimated_hours:=99")
        done = undo(loop, "tsk-019-14")
        assert done["entities"][0]["diff"]["estimated_hours"]["old"] == 99
        timeless = re.compile("^updated:.*$", re.MULTILINE)
        assert timeless.sub("", loop.path().read_text()) == timeless.sub("", text)

    def test_keys_that_are_numbers_stay_numbers(self, loop: Loop) -> None:
        """The log is JSON, where they are texts; a year is a key of that kind."""
        head = "---\nentity_type: Memo\nentity_id: memo\nentity_name: x\nmeta:\n"
        text = head + "  2024: 1  # kept\n  true: {5: a, 6: b}\n  x: 3\n---\n"
        path = loop.write("memo.md", text)
        change(loop, "meta.2024=5", "meta.true.5=z", entity_id="memo")
        undone = undo(loop, "memo")
        timeless = re.compile("^updated:.*\n", re.MULTILINE)
        assert timeless.sub("", path.read_text()) == text
        undo(loop, undone["run_id"])
        assert "  2024: 5  # kept\n  true: {5: z, 6: b}\n" in path.read_text()

    @pytest.mark.parametrize(
        "taken", ["m.2024!", 'm:={"x": 1}', 'm:={"2024": "a"}', 'm:={"2024": "a", "x": [1]}']
    )
    def test_what_json_can_not_say_is_not_put_back_as_something_else(
        self, loop: Loop, taken: str
    ) -> None:
        """A key that is gone, or is a text now, may have been a number."""
        head = "---\nentity_type: Memo\nentity_id: memo\nentity_name: x\n"
        path = loop.write("memo.md", head + "m: {2024: a, x: [1]}\n---\n")
        change(loop, taken, entity_id="memo")
        changed = path.read_text()
        error = loop("undo", "memo", "--yes", "--json").error
        models.InvalidChangeDocument.model_validate(error)
        assert [one["problem"] for one in error["problems"]] == ["not_exact"]
        assert path.read_text() == changed

    @pytest.mark.parametrize(
        ("text", "taken"),
        [
            ("m:\n  2024: a\n  summary: b\n", "m.summary!"),
            ("m:\n  2024:\n    open: b\n    done: a\n", "m.2024.done!"),
            ("m:\n  2024: a\n  1: b\n  '1': c\n  d: e\n", None),
        ],
    )
    @pytest.mark.parametrize("private", ["", "m"])
    def test_a_key_that_reads_like_no_number_is_a_text(
        self, loop: Loop, text: str, taken: str | None, private: str
    ) -> None:
        """And of two keys that JSON has as one, nothing is put back."""
        head = "---\nentity_type: Memo\nentity_id: memo\nentity_name: x\n"
        path = loop.write("memo.md", head + text + "---\n")
        loop.extra["LOOP_AUDIT_PRIVATE"] = private
        change(loop, taken or "m.d=x", entity_id="memo")
        done = loop("undo", "memo", "--yes", "--json")
        if taken is None:
            assert done.error["problems"][0]["problem"] == "not_exact"
            return
        assert done.code == 0, done.err
        found = path.read_text()
        assert sorted(text.splitlines()) == sorted(found.splitlines()[4:-2])

    def test_a_line_of_another_program_has_the_keys_that_are_there(self, loop: Loop) -> None:
        text = "---\nentity_type: Memo\nentity_id: memo\nentity_name: x\nm:\n  2024: b\n---\n"
        path = loop.write("memo.md", text)
        diff = {"m": {"old": {"2024": "a"}, "new": {"2024": "b"}}}
        line = {"entity_id": "memo", "run_id": RUN, "diff": diff, "modified_fields": ["m"]}
        line["metadata"] = {"etag_before": "0" * 16, "etag_after": loop.etag("memo")}
        loop.write("_build/audit_log.jsonl", json.dumps({**line, "action": "update"}) + "\n")
        undo(loop, RUN)
        assert "m:\n  2024: a\n" in path.read_text()

    def test_what_has_such_a_key_since_is_no_matter(self, loop: Loop) -> None:
        head = "---\nentity_type: Memo\nentity_id: memo\nentity_name: x\nupdated: 2026-01-01\n"
        path = loop.write("memo.md", head + "m:\n  a: 1\n  b: 2\n---\n")
        saved = "path.write_text(text.replace('b: 2', '2024: 3'))"
        editor = script(loop.home / "editor", saved)
        assert loop("edit", "memo", env={"LOOP_EDITOR": editor}).code == 0
        undo(loop, "memo")
        assert path.read_text().endswith("m:\n  a: 1\n  b: 2\n---\n")

    def test_a_number_that_json_has_not(self, loop: Loop) -> None:
        head = "---\nentity_type: Memo\nentity_id: memo\nentity_name: x\n"
        path = loop.write("memo.md", head + "big: -.inf  # none is less\n---\n")
        change(loop, "big=7", entity_id="memo")
        undo(loop, "memo")
        assert "big: -.inf  # none is less\n" in path.read_text()

    def test_the_record_says_what_it_takes_back(self, loop: Loop) -> None:
        run = change(loop, "status=doing")
        done = undo(loop, run)
        record = models.AuditRecord.model_validate(loop.records[-1])
        assert (record.run_id, record.action, record.diff["status"].new) == (
            done["run_id"], "update", "todo",
        )  # fmt: skip
        undoes = record.metadata.undoes
        assert undoes is not None
        assert undoes.run_id == run
        assert undoes.lines == [record.metadata.previous]
        assert record.metadata.precondition == "etag"
        assert loop("audit", "verify").code == 0

    def test_a_run_with_all_its_entities_in_one_step(self, loop: Loop) -> None:
        change(loop, "status=doing", run=RUN)
        change(loop, "status=hold", entity_id=OTHER, run=RUN)
        change(loop, "tags+=x", run=RUN)
        before = len(loop.records)
        done = undo(loop, RUN)
        assert [one["entity_id"] for one in done["entities"]] == ["tsk-019-14", OTHER]
        groups = [record["metadata"]["group"] for record in loop.records[before:]]
        assert [(one["index"], one["count"]) for one in groups] == [(0, 2), (1, 2)]
        assert (field(loop, "status"), field(loop, "status", OTHER)) == ("todo", "done")

    def test_the_beginning_of_a_run_s_id_is_enough(self, loop: Loop) -> None:
        run = change(loop, "status=doing")
        assert undo(loop, run[:8])["undoes"] == run

    def test_last_is_one_s_own_last_run(self, loop: Loop) -> None:
        mine = change(loop, "status=doing")
        line = {**loop.records[-1], "actor": "user:기획팀", "run_id": RUN, "diff": {}}
        with loop.log_path.open("a") as log:
            log.write(json.dumps(line) + "\n")
        assert undo(loop, "--last")["undoes"] == mine

    def test_a_path_chooses_the_file_where_two_carry_the_id(self, loop: Loop) -> None:
        copy = f"{loop.TASKS}/copy.md"
        shutil.copy(loop.path(), loop.path(copy))
        for path in (copy, loop.TASK):
            loop("update", "tsk-019-14", "status=doing", "--path", path, "--force")
        assert loop("undo", "tsk-019-14", "--yes").code == 7
        done = undo(loop, "tsk-019-14", "--path", copy)
        assert done["entities"][0]["path"] == copy
        assert tuple(
            loop("get", "tsk-019-14", "--path", path, "--field", "status").out.strip()
            for path in (copy, loop.TASK)
        ) == ("todo", "doing")

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            ((), 2),
            (("tsk-019-14", "--last"), 2),
            (("tsk-019-14", "--on-conflict=force"), 2),
            (("nothing-has-this-id",), 3),
            (("tsk-019-14",), 3),
            (("--last",), 3),
            ((RUN,), 3),
        ],
        ids=["nothing", "both", "policy", "no entity", "no change", "no last", "no run"],
    )
    def test_what_is_not_there(self, loop: Loop, arguments: tuple[str, ...], code: int) -> None:
        done = loop("undo", *arguments, "--yes", "--json")
        assert (done.code, done.error["retryable"]) == (code, False)


class TestAgain:
    """Undo goes further back; the undo of an undo is a redo."""

    def test_repeated_it_walks_back_past_what_is_undone(self, loop: Loop) -> None:
        for status in ("doing", "hold", "done"):
            change(loop, f"status={status}")
        found = []
        for target in ("--last", "tsk-019-14", "--last"):
            undo(loop, target)
            found.append(field(loop, "status"))
        assert found == ["hold", "doing", "todo"]
        assert loop("undo", "--last", "--yes").code == 3

    def test_an_undo_is_undone_and_then_the_change_stands_again(self, loop: Loop) -> None:
        change(loop, "status=doing")
        change(loop, "status=hold")
        first = undo(loop, "--last")["run_id"]
        undo(loop, first)
        assert field(loop, "status") == "hold"
        undo(loop, "--last")
        assert field(loop, "status") == "doing"

    def test_what_is_undone_already_is_nothing_to_do(self, loop: Loop) -> None:
        run = change(loop, "status=doing")
        undo(loop, run)
        count = len(loop.records)
        assert undo(loop, run)["changed"] is False
        assert "nothing to undo" in loop("undo", run, "--yes").out
        assert len(loop.records) == count


class TestConflict:
    """Fields changed since."""

    def test_they_are_shown_and_refused(self, loop: Loop) -> None:
        run = change(loop, "status=doing", "tags+=x")
        change(loop, "status=hold")
        before = loop.path().read_bytes()
        done = loop("undo", run, "--yes", "--json")
        error = models.ConflictDocument.model_validate(done.error)
        assert (done.code, error.reason) == (4, "etag_changed")
        (found,) = error.fields
        assert (found.field, found.base, found.current, found.requested) == (
            "status", "doing", "hold", "todo",
        )  # fmt: skip
        assert [one.modified_fields for one in error.changes] == [["status"]]
        assert error.hint == f"loop undo {run} --on-conflict=rebase"
        told = loop("undo", run, "--yes")
        assert re.search(r"! +status +doing +hold +todo", told.err)
        assert loop.path().read_bytes() == before

    def test_rebase_leaves_them_and_undoes_the_rest(self, loop: Loop) -> None:
        run = change(loop, "status=doing", "tags+=x")
        change(loop, "status=hold")
        done = undo(loop, run, "--on-conflict=rebase")
        (entity,) = done["entities"]
        assert (list(entity["diff"]), [one["field"] for one in entity["left"]]) == (
            ["tags"], ["status"],
        )  # fmt: skip
        assert loop.records[-1]["metadata"]["undoes"]["partial"] is True
        assert field(loop, "status") == "hold"

    def test_rebase_with_nothing_left_to_undo_is_a_conflict(self, loop: Loop) -> None:
        run = change(loop, "status=doing")
        change(loop, "status=hold")
        done = loop("undo", run, "--on-conflict=rebase", "--yes", "--json")
        assert done.code == 4
        assert done.error["hint"] == "loop history tsk-019-14"

    def test_an_outside_edit_of_the_field_is_one_too(self, loop: Loop) -> None:
        run = change(loop, "status=doing")
        path = loop.path()
        path.write_text(path.read_text().replace("status: doing", "status: hold"))
        assert loop("undo", run, "--yes", "--json").error["reason"] == "edited_outside"
        path.write_text(path.read_text().replace("status: hold", "status: doing") + "more\n")
        assert undo(loop, run)["changed"] is True
        assert path.read_text().endswith("more\n")

    def test_one_entity_in_the_way_stops_the_whole_run(self, loop: Loop) -> None:
        change(loop, "status=doing", run=RUN)
        change(loop, "status=hold", entity_id=OTHER, run=RUN)
        for entity_id in ("tsk-019-14", OTHER):
            change(loop, "status=blocked", entity_id=entity_id)
        error = loop("undo", RUN, "--yes", "--json").error
        assert [one["entity_id"] for one in error["others"]] == ["tsk-019-14"]
        assert field(loop, "status") == "blocked"

    def test_a_file_that_is_gone_is_one(self, loop: Loop) -> None:
        run = change(loop, "status=doing")
        loop.path().unlink()
        done = loop("undo", run, "--yes", "--json")
        assert (done.code, done.error["reason"]) == (4, "deleted")


class TestPlan:
    """It is shown and asked for."""

    def test_off_a_terminal_without_yes_it_is_9(self, loop: Loop) -> None:
        change(loop, "status=doing")
        done = loop("undo", "--last", "--json")
        assert (done.code, done.error["entities"]) == (9, ["tsk-019-14"])
        assert loop("undo", "--last", "--no-input").code == 9
        assert field(loop, "status") == "doing"

    def test_a_dry_run_shows_it_and_writes_nothing(self, loop: Loop) -> None:
        change(loop, "status=doing")
        document = loop("undo", "--last", "--dry-run", "--json").json
        models_past.UndoDocument.model_validate(document)
        assert (document["dry_run"], document["changed"]) == (True, True)
        assert "doing → todo" in loop("undo", "--last", "--dry-run").out
        assert len(loop.records) == 1

    @pytest.mark.parametrize(
        ("answer", "code"), [("y\n", 0), ("\n", 9), ("\x04", 9), ("y\x04\x04", 9), ("\x03", 130)]
    )
    def test_on_a_terminal_it_asks(self, loop: Loop, answer: str, code: int) -> None:
        change(loop, "status=doing")
        screen = loop.on_terminal("undo", "--last", replies=((QUESTION, answer),))
        shown = STYLE.sub("", screen.text)
        assert screen.code == code, shown
        assert shown.index("doing → todo") < shown.index(QUESTION)
        assert len(loop.records) == (2 if code == 0 else 1)


class TestComeAndGo:
    """Files that were made, deleted and moved."""

    NEW = ("project_id=prj-019", "parent_id=prj-019", "assignee=관리자", "status=todo")

    @pytest.fixture
    def made(self, loop: Loop) -> Any:
        return loop("create", "Task", *self.NEW, "--name", "made", "--json").json

    def test_what_was_made_goes_and_comes_back_as_it_was(self, loop: Loop, made: Any) -> None:
        path = loop.path(made["path"])
        data = path.read_bytes()
        done = undo(loop, "--last")
        assert (done["entities"][0]["action"], path.exists()) == ("delete", False)
        again = undo(loop, done["run_id"])
        assert (again["entities"][0]["action"], path.read_bytes()) == ("restore", data)
        undo(loop, again["run_id"])
        assert not path.exists()
        assert loop("audit", "verify").code == 0

    def test_what_was_made_and_changed_since_stays(self, loop: Loop, made: Any) -> None:
        change(loop, "status=doing", "notes=mine", entity_id=made["entity_id"])
        path = loop.path(made["path"])
        path.write_text(path.read_text() + "more\n")
        done = loop("undo", made["run_id"], "--yes", "--json")
        assert done.code == 4
        assert {one["field"] for one in done.error["fields"]} == {"status", "notes", "body"}
        assert path.exists()

    def test_what_was_made_and_changed_back_goes(self, loop: Loop, made: Any) -> None:
        change(loop, "status=doing", entity_id=made["entity_id"])
        undo(loop, made["entity_id"])
        undo(loop, made["entity_id"])
        assert not loop.path(made["path"]).exists()

    def test_what_others_refer_to_stays(self, loop: Loop, made: Any) -> None:
        other = loop.write_task("tsk-019-90")
        other.write_text(other.read_text().replace("_id: prj-019", f"_id: {made['entity_id']}", 1))
        done = loop("undo", made["run_id"], "--yes", "--json")
        assert (done.code, loop.path(made["path"]).exists()) == (6, True)

    def test_what_was_deleted_comes_back_byte_for_byte(self, loop: Loop) -> None:
        data = loop.path().read_bytes()
        assert loop("delete", "tsk-019-14", "--force", "--orphan").code == 0
        done = undo(loop, "tsk-019-14")
        assert (done["entities"][0]["action"], loop.path().read_bytes()) == ("restore", data)
        undo(loop, done["run_id"])
        assert not loop.path().exists()

    def test_what_was_made_again_is_not_overwritten(self, loop: Loop) -> None:
        loop("delete", "tsk-019-14", "--force", "--orphan")
        loop.path().write_text("---\nentity_type: Task\nentity_id: tsk-019-14\n---\n")
        done = loop("undo", "--last", "--yes", "--json")
        assert (done.code, done.error["problems"][0]["problem"]) == (6, "taken")

    def test_what_was_made_anew_is_another_entity(self, loop: Loop) -> None:
        """An undo of what was done to the one that had the id before leaves this one alone."""
        again = ("create", "Task", *self.NEW, "--name", "again", "--id", "tsk-019-90", "--json")
        made = loop(*again).json
        run = change(loop, "status=doing", entity_id="tsk-019-90")
        assert loop("delete", "tsk-019-90", "--force").code == 0
        assert loop(*again).code == 0
        change(loop, "status=doing", entity_id="tsk-019-90")
        before = loop.path(made["path"]).read_bytes()

        for old in (run, made["run_id"]):
            for policy in ("fail", "rebase"):
                done = loop("undo", old, "--on-conflict", policy, "--yes", "--json")
                assert (done.code, done.error["code"]) == (4, "conflict")
        assert loop.path(made["path"]).read_bytes() == before

    def test_what_was_brought_back_is_the_same_entity(self, loop: Loop) -> None:
        run = change(loop, "status=doing")
        loop("delete", "tsk-019-14", "--force", "--orphan")
        undo(loop, "tsk-019-14")
        undo(loop, run)
        assert field(loop, "status") == "todo"

    def test_what_was_archived_goes_back_to_its_place(self, loop: Loop) -> None:
        before = loop("get", "tsk-019-14", "--json").json["fields"]
        assert loop("delete", "tsk-019-14", "--archive", "--orphan", "--force").code == 0
        assert not loop.path().exists()
        done = undo(loop, "--last")
        assert done["entities"][0]["action"] == "move"
        after = loop("get", "tsk-019-14", "--json").json["fields"]
        assert {**after, "updated": None} == {**before, "updated": None}

    def test_the_plan_says_what_becomes_of_the_file(self, loop: Loop, made: Any) -> None:
        assert f"its file goes: {made['path']}" in loop("undo", "--last", "--dry-run").out
        loop("delete", made["entity_id"], "--force")
        assert "its file comes back: " in loop("undo", "--last", "--dry-run").out
        assert "undo" not in loop("history", made["entity_id"]).out
        assert loop("diff", "tsk-019-14", "--since", "1").code == 3


def test_a_value_that_the_schema_refuses_comes_back_all_the_same(loop: Loop) -> None:
    """What was there before may be there again: a wrong value, a required field that is absent."""
    loop.write_task("tsk-019-90")
    path = loop.path(f"{loop.TASKS}/tsk-019-90.md")
    text = path.read_text().replace("status: todo", "status: later").replace("assignee: ops\n", "")
    path.write_text(text)
    change(loop, "status=done", "assignee=ops", entity_id="tsk-019-90")
    undo(loop, "tsk-019-90")
    assert field(loop, "status", "tsk-019-90") == "later"
    assert "assignee" not in loop("get", "tsk-019-90", "--json").json["fields"]


class TestANoteWithoutFrontmatter:
    """The first change of such a note gives it frontmatter."""

    @pytest.fixture(
        params=["body\n", "body", "", "\ufeffbody\r\nmore\r\n", "---\nno end\n", "규칙\n"]
    )
    def bare(self, request: pytest.FixtureRequest, loop: Loop, own: Path) -> Path:
        (own / "with.md").write_text("---\ntitle: x\n---\n")
        path = own / "n.md"
        path.write_bytes(request.param.encode())
        assert loop("init", str(own), "--yes").code == 0
        loop.extra = {**loop.extra, "LOOP_VAULT": str(own)}
        return path

    def test_is_as_it_was(self, loop: Loop, bare: Path) -> None:
        before = bare.read_bytes()
        for _each in range(2):  # an undone change can be made and undone again
            changed = loop("update", "n", "status=open", "--force", "--json").json
            assert bare.read_bytes() != before

            undone = loop("undo", "n", "--yes", "--json").json

            assert bare.read_bytes() == before
            now = loop("get", "n", "--json").json
            assert (now["fields"], now["etag"]) == ({}, undone["entities"][0]["etag"])
            assert now["updated_at"] == undone["entities"][0]["updated_at"]
            assert now["updated_at"] > changed["updated_at"]

    def test_after_several_changes_and_one_of_the_body(self, loop: Loop, bare: Path) -> None:
        before = bare.read_bytes()
        for given in ("--append-body=-", "status=open", "due=2026-01-09"):
            assert loop("update", "n", given, "--force", stdin="more\n").code == 0, given

        for _each in range(3):
            assert loop("undo", "n", "--yes").code == 0

        assert bare.read_bytes() == before

    def test_keeps_it_where_something_else_was_changed(self, loop: Loop, bare: Path) -> None:
        loop("update", "n", "status=open", "--force")
        bare.write_bytes(bare.read_bytes() + b"added outside\n")

        assert loop("undo", "n", "--yes").code == 0

        data = bare.read_bytes()
        assert b"updated: " in data and data.endswith(b"added outside\n")
        assert b"status" not in data

    def test_the_undo_is_undone(self, loop: Loop, bare: Path) -> None:
        loop("update", "n", "status=open", "--force")
        run = loop("undo", "n", "--yes", "--json").json["run_id"]

        assert loop("undo", run, "--yes").code == 0

        assert loop("get", "n", "--json").json["fields"]["status"] == "open"

    def test_who_read_it_before_the_undo_has_no_edit_outside(self, loop: Loop, bare: Path) -> None:
        read = loop("update", "n", "status=open", "--force", "--json").json["updated_at"]
        loop("undo", "n", "--yes")

        done = loop("update", "n", "status=done", "--expected-updated-at", read, "--json")

        assert (done.code, done.error["reason"]) == (4, "updated_changed")


class TestWholeRuns:
    """What the lines of one call did to one entity."""

    LINES = (
        b'{"op": "create", "type": "task", "name": "Tmp", "id": "tmp one"}\n'
        b'{"op": "delete", "id": "tmp one", "if": ["title=Tmp"]}\n'
        b'{"id": "t1", "set": {"status": "done"}, "if": ["status=todo"]}\n'
    )

    @pytest.fixture
    def notes(self, loop: Loop, tmp_path: Path) -> Loop:
        loop.vault = tmp_path / "notes"
        (loop.vault / "task").mkdir(parents=True)
        text = "---\ntype: task\ntitle: T1\nstatus: todo\n---\n"
        (loop.vault / "task/t1.md").write_text(text)
        assert loop("init", str(loop.vault), "--yes").code == 0
        return loop

    def test_what_was_made_and_deleted_does_not_stand_in_the_way(self, notes: Loop) -> None:
        assert notes("apply", "-", stdin=self.LINES).code == 0

        done = undo(notes, "--last")

        assert [one["entity_id"] for one in done["entities"]] == ["t1"]
        assert field(notes, "status", "t1") == "todo"
        assert notes("undo", "--last", "--yes").code == 3
        assert notes("audit", "verify").code == 0

    def test_the_hint_of_what_is_gone_can_be_pasted(self, notes: Loop) -> None:
        made, deleted, _other = self.LINES.splitlines(keepends=True)
        assert notes("apply", "-", stdin=made, env={"LOOP_RUN_ID": RUN}).code == 0
        assert notes("apply", "-", stdin=deleted).code == 0

        done = notes("undo", RUN, "--yes")

        assert done.code == 4
        assert "hint: loop history 'tmp one'" in done.err
        assert notes("history", "tmp one").code == 0

    def test_one_of_two_with_an_id_comes_back_byte_for_byte(self, loop: Loop) -> None:
        copy = loop.write("copy.md", loop.path().read_text() + "\n# copied\n")
        before = copy.read_bytes()
        asked = ("tsk-019-14", "--path", "copy.md", "--force")
        assert loop("delete", *asked).code == 0
        assert not copy.exists()

        undo(loop, "--last")

        assert copy.read_bytes() == before
