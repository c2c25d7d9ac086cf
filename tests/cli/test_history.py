"""`loop diff` and `loop history`: what was, as far as the log tells, and no further."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.operations.history import parse_since
from loop_cli.wire import past as models_past
from tests.zones import in_zone

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

RUN = "3f0c2a52-5d0c-4a0e-9a43-0f6f7c1f4a11"
STYLE = re.compile(r"\x1b\[[0-9;]*m")


def change(loop: Loop, *texts: str, run: str | None = None) -> Any:
    """Make a recorded change; the entity after it."""
    done = loop("update", "tsk-019-14", *texts, "--force", "--json", env={"LOOP_RUN_ID": run})
    return json.loads(done.out)


def edit_outside(loop: Loop, old: str, new: str) -> None:
    """Edit the file as an editor does, some time after what was recorded."""
    path = loop.path()
    later = path.stat().st_mtime + 5
    path.write_text(path.read_text().replace(old, new))
    os.utime(path, (later, later))


def diff(loop: Loop, *arguments: str) -> Any:
    document = loop("diff", "tsk-019-14", *arguments, "--json").json
    models_past.DiffDocument.model_validate(document)
    return document


def history(loop: Loop, *arguments: str, entity_id: str = "tsk-019-14") -> Any:
    document = loop("history", entity_id, *arguments, "--json").json
    models_past.HistoryDocument.model_validate(document)
    return document


def olds(document: Any) -> dict[str, Any]:
    return {name: entry["old"] for name, entry in document["diff"].items()}


class TestDiff:
    """The file now against an earlier state."""

    @pytest.fixture
    def changed(self, loop: Loop) -> Loop:
        for number, status in enumerate(("doing", "hold", "blocked")):
            change(loop, f"status={status}", f"estimated_hours:={number}")
        return loop

    def test_beyond_a_deletion_is_what_the_records_before_it_tell(self, loop: Loop) -> None:
        change(loop, "status=hold")
        loop("delete", "tsk-019-14", "--force", "--orphan")
        needed = ("project_id=prj-019", "parent_id=prj-019", "assignee=관리자", "status=todo")
        loop("create", "Task", *needed, "--id", "tsk-019-14", "--name", "again")

        before_it_was_made, before_it_went = diff(loop, "--since", "1"), diff(loop, "--since", "2")

        assert before_it_was_made["diff"]["status"]["added"]
        assert olds(before_it_went)["status"] == "hold"
        assert set(before_it_went["diff"]) == {"status"}  # no more is told of it
        assert {"assignee", "body"} <= set(before_it_went["unknown"])

    def test_what_came_back_is_as_it_was_before_it_went(self, loop: Loop) -> None:
        change(loop, "status=doing")
        loop("delete", "tsk-019-14", "--force", "--orphan")
        loop("undo", "tsk-019-14", "--yes")

        assert olds(diff(loop, "--since", "2")) == {}
        assert olds(diff(loop, "--since", "3")) == {"status": "todo"}

    def test_since_before_the_last_change(self, changed: Loop) -> None:
        found = diff(changed)
        assert olds(found) == {"status": "hold", "estimated_hours": 1}
        assert (found["unknown"], found["edited_outside"]) == ([], False)
        metadata = changed.records[-1]["metadata"]
        assert found["since"] == {
            "updated_at": metadata["updated_before"],
            "etag": metadata["etag_before"],
        }

    def test_since_a_number_of_changes(self, changed: Loop) -> None:
        assert [olds(diff(changed, "--since", count))["status"] for count in "123"] == [
            "hold", "doing", "todo",
        ]  # fmt: skip
        assert len(diff(changed, "--since", "3")["changes"]) == 3
        done = changed("diff", "tsk-019-14", "--since", "4", "--json")
        assert (done.code, done.error["error"]) == (3, "tsk-019-14 has 3 recorded changes")

    def test_since_a_time(self, changed: Loop) -> None:
        times = [one["metadata"]["updated_after"] for one in changed.records]
        assert [olds(diff(changed, "--since", time)).get("status") for time in times] == [
            "doing", "hold", None,
        ]  # fmt: skip
        first = changed.records[0]["metadata"]["updated_before"]
        assert olds(diff(changed, "--since", first))["status"] == "todo"

    @pytest.mark.parametrize(
        ("zone", "begin"),
        [("UTC", "T00:00Z"), ("Asia/Seoul", "T00:00+09:00"), ("America/New_York", "T00:00-05:00")],
    )
    def test_a_day_begins_where_the_user_is(self, zone: str, begin: str) -> None:
        with in_zone(zone):
            day = parse_since("2026-01-06").at
        assert day == parse_since(f"2026-01-06{begin}").at

    def test_days_as_people_say_them(self, changed: Loop) -> None:
        for since in ("yesterday", "어제", "-1w"):
            found = diff(changed, f"--since={since}")
            assert olds(found)["status"] == "todo"

    def test_a_time_that_nothing_is_known_of(self, changed: Loop) -> None:
        found = diff(changed, "--since", "2020-01-01")
        assert olds(found)["status"] == "todo"
        assert found["warnings"] == [
            "nothing is known of tsk-019-14 at 2020-01-01; the oldest state known is shown"
        ]

    def test_since_before_a_run(self, changed: Loop) -> None:
        for status in ("blocked", "todo"):
            change(changed, f"status={status}", run=RUN)
        change(changed, "status=doing")
        for run in (RUN, RUN[:8]):
            assert olds(diff(changed, "--since", run)) == {"status": "blocked"}
        unknown = changed("diff", "tsk-019-14", "--since", "ffffffff", "--json")
        assert (unknown.code, unknown.error["code"]) == (3, "no_such_change")

    @pytest.mark.parametrize("since", ["0", "lately", "2026-13-01", "-1", "+1", "3f0c"])
    def test_what_is_none_of_these_is_2(self, changed: Loop, since: str) -> None:
        done = changed("diff", "tsk-019-14", f"--since={since}", "--json")
        assert done.code == 2
        assert "such as 3, yesterday, 2026-01-09" in done.error["hint"]

    def test_nothing_was_changed_in_sum(self, loop: Loop) -> None:
        change(loop, "status=doing")
        change(loop, "status=todo")
        assert diff(loop, "--since", "2")["diff"] == {}
        assert "it is as it was" in loop("diff", "tsk-019-14", "--since", "2").out

    def test_beyond_an_outside_edit_only_what_was_recorded_is_known(self, changed: Loop) -> None:
        edit_outside(changed, "status: blocked", "status: done")
        found = diff(changed, "--since", "1")
        assert olds(found) == {"status": "hold", "estimated_hours": 1}
        assert found["edited_outside"] is True
        assert {"tags", "body"} <= set(found["unknown"])
        shown = changed("diff", "tsk-019-14")
        assert "the values before are not known: " in shown.out
        assert "edited outside loop" in shown.out

    def test_a_time_tells_on_which_side_of_an_outside_edit_it_is(self, changed: Loop) -> None:
        recorded = changed.records[-1]["metadata"]["updated_after"]
        edit_outside(changed, "status: blocked", "status: done")
        edited = changed("get", "tsk-019-14", "--field", "updated_at").out.strip()
        change(changed, "status=todo")
        assert olds(diff(changed, "--since", edited)) == {"status": "done"}
        assert olds(diff(changed, "--since", recorded))["status"] == "blocked"

    def test_hashed_values_come_from_what_was_kept(self, loop: Loop) -> None:
        loop.extra["LOOP_AUDIT_PRIVATE"] = "notes"
        for text in "abc":
            change(loop, f"notes={text}")
        assert olds(diff(loop)) == {"notes": "b"}
        for kept in (loop.vault / ".loop" / "kept").iterdir():
            kept.write_text("tampered")
        found = diff(loop)
        assert (found["diff"], found["unknown"]) == ({}, ["notes"])

    def test_long_texts_are_shown_by_lines_with_their_words_marked(self, loop: Loop) -> None:
        text = "first line\nthe quick brown fox jumps over it\nlast line\n"
        for body in (text, text.replace("brown", "red")):
            loop("update", "tsk-019-14", "--body-file", "-", "--force", stdin=body)
        shown = loop("diff", "tsk-019-14").out
        assert re.search(r"- the quick brown fox[^\n]*\n +\+ the quick red fox", shown)
        screen = loop.on_terminal("diff", "tsk-019-14").text
        assert re.search("\x1b\\[1;4;38;5;166mbrown\x1b", screen)
        assert re.search("\x1b\\[1;4;38;5;32mred\x1b", screen)


class TestHistory:
    """The story of an entity."""

    def test_who_when_through_which_door_what(self, loop: Loop) -> None:
        run = change(loop, "status=doing")["run_id"]
        (event,) = history(loop)["events"]
        assert (event["number"], event["run_id"], event["source"]) == (1, run, "cli")
        assert event["diff"] == {"status": {"old": "todo", "new": "doing"}}
        shown = loop("history", "tsk-019-14").out
        assert re.search(rf"1  \d{{4}}-.* UTC  user:.* · cli · run {run[:8]}\n", shown)
        assert "status  todo → doing" in shown

    def test_outside_edits_stand_where_they_were_made(self, loop: Loop) -> None:
        change(loop, "status=doing")
        edit_outside(loop, "status: doing", "status: hold")
        change(loop, "status=done")
        edit_outside(loop, "status: done", "status: hold")
        kinds = [one["kind"] for one in history(loop)["events"]]
        assert kinds == ["edited_outside", "record", "edited_outside", "record"]
        assert loop("history", "tsk-019-14").out.count("edited outside loop") == 2

    def test_what_was_undone_is_marked(self, loop: Loop) -> None:
        run = change(loop, "status=doing")["run_id"]
        undo = loop("undo", "--last", "--yes", "--json").json["run_id"]
        first, second = history(loop)["events"]
        assert (first["undoes"], second["undone_by"]) == (run, undo)
        shown = loop("history", "tsk-019-14").out
        assert f"(undo of run {run[:8]})" in shown
        assert f"(undone by run {undo[:8]})" in shown
        loop("undo", undo, "--yes")
        redo, undone, stands = history(loop)["events"]
        assert (redo["undoes"], undone["undone_by"], stands["undone_by"]) == (
            undo, redo["run_id"], None,
        )  # fmt: skip

    def test_a_redaction_is_in_it_and_is_no_change(self, loop: Loop) -> None:
        change(loop, "notes=a")
        loop("audit", "redact", "tsk-019-14", "notes", "--yes")
        assert [one["number"] for one in history(loop)["events"]] == [None, 1]
        assert "(values of notes redacted)" in loop("history", "tsk-019-14").out

    def test_lines_of_others_that_say_little_are_in_it(self, loop: Loop) -> None:
        line = {"entity_id": "tsk-019-14", "actor": "api:n8n", "action": "approve"}
        loop.write("_build/audit_log.jsonl", json.dumps(line) + "\n")
        (event,) = history(loop)["events"]
        assert (event["number"], event["actor"], event["timestamp"]) == (None, "api:n8n", None)
        assert "(approve)" in loop("history", "tsk-019-14").out

    def test_of_a_file_that_is_gone_or_broken(self, loop: Loop) -> None:
        change(loop, "status=doing")
        loop.path().write_text("---\nentity_id: tsk-019-14\nx: [\n---\n")
        assert "broken YAML" in history(loop)["warnings"][0]
        loop.path().unlink()
        found = history(loop)
        assert (found["path"], found["events"][0]["kind"]) == (None, "edited_outside")
        assert "its file is gone" in loop("history", "tsk-019-14").out
        assert loop("history", "never-was").code == 3

    def test_limit(self, loop: Loop) -> None:
        for status in ("doing", "hold", "done"):
            change(loop, f"status={status}")
        found = history(loop, "--limit", "2")
        assert ([one["number"] for one in found["events"]], found["more"]) == ([1, 2], True)
        assert len(history(loop, "--limit", "0")["events"]) == 3
        assert "--limit 0 shows all" in loop("history", "tsk-019-14", "-l", "1").out

    def test_times_are_spoken_to_people_and_exact_in_a_pipe(self, loop: Loop) -> None:
        change(loop, "status=doing")
        assert "just now" in loop.on_terminal("history", "tsk-019-14").text
        assert "just now" not in loop.on_terminal("history", "tsk-019-14", "--utc").text
        assert " UTC " in loop("history", "tsk-019-14").out

    @pytest.mark.parametrize("verb", ["history", "diff"])
    def test_hostile_records_are_shown_not_interpreted(self, loop: Loop, verb: str) -> None:
        hostile = "\x1b]0;owned\x07[bold]x[/]\u202e"
        change(loop, f"notes={hostile}")
        line = loop.records[-1]
        line["actor"] = line["run_id"] = line["source"] = hostile
        line["metadata"]["undoes"] = {"run_id": hostile, "lines": [hostile]}
        loop.write("_build/audit_log.jsonl", json.dumps(line) + "\n")
        plain = STYLE.sub("", loop.on_terminal(verb, "tsk-019-14").text)
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", plain)
        assert "[bold]x[/]" in plain
