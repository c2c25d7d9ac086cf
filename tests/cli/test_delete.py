"""`loop delete`: with a precondition, not while others refer to it, and nothing is lost."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from loop_cli.wire import life as models_life
from loop_cli.wire import models

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

FREE = "tsk-019-01"  # nobody refers to it
QUESTION = "Delete? [y/N] "


def test_the_file_goes_and_its_bytes_are_kept(loop: Loop) -> None:
    path = loop.path(f"{loop.TASKS}/{FREE}.md")
    before = path.read_bytes()

    done = loop("delete", FREE, "--if-match", loop.etag(FREE), "--json").json

    models_life.DeleteDocument.model_validate(done)
    assert not path.exists()
    assert loop("get", FREE).code == 3
    (removed,) = done["removed"]
    assert loop.path(removed["kept"]).read_bytes() == before
    assert removed["kept"].endswith(hashlib.sha256(before).hexdigest())
    record = loop.records[-1]
    models.AuditRecord.model_validate(record)
    assert (record["action"], record["run_id"]) == ("delete", done["run_id"])


def test_a_precondition_is_required_off_a_terminal(loop: Loop) -> None:
    done = loop("delete", FREE, "--json")

    assert done.code == 5
    assert loop.path(f"{loop.TASKS}/{FREE}.md").exists()


def test_a_conflict_is_never_told_to_be_rebased(loop: Loop) -> None:
    etag = loop.etag(FREE)
    loop("update", FREE, "notes=x", "--force")

    done = loop("delete", FREE, "--if-match", etag, "--json")

    assert done.code == 4
    models.ConflictDocument.model_validate(done.error)
    assert done.error["hint"] == f"loop get {FREE} --json"


class TestReferrers:
    def test_are_in_the_way_and_listed(self, loop: Loop) -> None:
        done = loop("delete", "prj-019", "--force", "--json")

        assert done.code == 6
        models_life.StillReferredDocument.model_validate(done.error)
        found = [one["entity_id"] for one in done.error["referrers"]]
        assert found == sorted(found) and FREE in found
        assert done.error["referrers"][0]["fields"] == ["parent_id", "project_id"]
        assert loop.records == []

    def test_go_with_it(self, loop: Loop) -> None:
        project = loop.path(loop("get", "prj-019", "--path").out.strip())

        done = loop("delete", "prj-019", "--force", "--cascade", "--json").json

        gone = [one["entity_id"] for one in done["removed"]]
        assert gone[0] == "prj-019" and FREE in gone
        assert not project.parent.exists()
        groups = {record["metadata"]["group"]["id"] for record in loop.records}
        assert len(groups) == 1
        assert loop("audit", "verify").code == 0

    def test_stay_without_it(self, loop: Loop) -> None:
        loop("delete", "prj-019", "--force", "--orphan", "--json").json  # noqa: B018

        assert loop("get", FREE, "--json").json["fields"]["project_id"] == "prj-019"

    def test_both_is_a_contradiction(self, loop: Loop) -> None:
        assert loop("delete", "prj-019", "--cascade", "--orphan").code == 2


class TestArchive:
    def test_the_file_moves(self, loop: Loop) -> None:
        done = loop("delete", FREE, "--force", "--archive", "--json").json

        (removed,) = done["removed"]
        assert removed["to"] == f"90_Archive/{removed['path']}"
        text = loop.path(removed["to"]).read_text()
        assert f"archived_at: '{loop.records[-1]['timestamp'][:10]}'" in text.replace('"', "'")
        assert loop("get", FREE).code == 3
        record = loop.records[-1]
        assert record["action"] == "move"
        assert record["metadata"]["path_before"] == removed["path"]

    def test_of_a_whole_project(self, loop: Loop) -> None:
        done = loop("delete", "prj-020", "--force", "--archive", "--cascade", "--json").json

        assert all(loop.path(one["to"]).exists() for one in done["removed"])
        assert not loop.path("50_Projects/2026/prj-020_입문_안내서").exists()

    def test_what_others_refer_to_stays(self, loop: Loop) -> None:
        assert loop("delete", "prj-020", "--force", "--archive", "--json").code == 6


def test_a_dry_run_tells_and_does_nothing(loop: Loop) -> None:
    done = loop("delete", FREE, "--force", "--dry-run", "--json").json

    models_life.DeleteDocument.model_validate(done)
    assert done["dry_run"] is True
    assert loop.path(f"{loop.TASKS}/{FREE}.md").exists()
    assert loop.records == []


class TestOnATerminal:
    def test_yes_deletes_what_was_seen(self, loop: Loop) -> None:
        screen = loop.on_terminal("delete", FREE, replies=((QUESTION, "y\n"),))

        assert screen.code == 0, screen.text
        assert screen.text.index(FREE) < screen.text.index(QUESTION)
        assert loop.records[-1]["metadata"]["precondition"] == "etag"

    @pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"], ids=["no", "enter", "ctrl-d"])
    def test_anything_else_is_9(self, loop: Loop, answer: str) -> None:
        screen = loop.on_terminal("delete", FREE, replies=((QUESTION, answer),))

        assert screen.code == 9
        assert loop.path(f"{loop.TASKS}/{FREE}.md").exists()


def test_no_such_entity(loop: Loop) -> None:
    assert loop("delete", "tsk-019-99", "--force", "--json").error["nearest"]


def test_a_file_that_came_back_since_is_another(loop: Loop) -> None:
    path = loop.path(f"{loop.TASKS}/{FREE}.md")
    before = path.read_bytes()
    loop("delete", FREE, "--force")

    path.write_bytes(before)

    assert loop("get", FREE, "--json").json["entity_id"] == FREE
    assert loop("delete", FREE, "--if-match", loop.etag(FREE)).code == 0


class TestLinks:
    """What links to an entity is in the way as well: fields, bodies, notes, canvases."""

    CARD = '{"nodes": [{"id": "1", "type": "file", "file": "%s"}]}'

    @pytest.fixture
    def linked(self, loop: Loop) -> Loop:
        path = f"{loop.TASKS}/{FREE}.md"
        task = loop.path()
        task.write_bytes(task.read_bytes() + f"\nsee [[{FREE}#h|it]]\n".encode())
        loop.write("00_Inbox/memo.md", f"a note, and [it](../{path})\n")
        loop.write("board.canvas", self.CARD % path)
        return loop

    def test_are_named_by_file_and_line(self, linked: Loop) -> None:
        done = linked("delete", FREE, "--force", "--json")

        assert done.code == 6
        models_life.StillReferredDocument.model_validate(done.error)
        assert [one["path"] for one in done.error["links"]] == [
            "00_Inbox/memo.md", linked.TASK, "board.canvas",
        ]  # fmt: skip
        assert [one["kind"] for one in done.error["links"]] == ["inline", "wiki", "card"]
        lines = linked.path().read_text().splitlines()
        assert lines[done.error["links"][1]["line"] - 1] == f"see [[{FREE}#h|it]]"
        (referrer,) = done.error["referrers"]
        assert (referrer["path"], referrer["fields"]) == (linked.TASK, ["body"])
        assert done.error["hint"] == "--orphan leaves them as they are"
        assert "00_Inbox/memo.md:1" in done.error["error"]
        assert linked.records == []

    def test_orphan_leaves_them(self, linked: Loop) -> None:
        assert linked("delete", FREE, "--force", "--orphan").code == 0
        assert f"[[{FREE}#h|it]]" in linked.path().read_text()

    def test_cascade_warns_of_them_and_deletes_nobody_for_a_link(self, linked: Loop) -> None:
        done = linked("delete", FREE, "--force", "--cascade", "--json").json

        assert [one["entity_id"] for one in done["removed"]] == [FREE]
        assert len(done["warnings"]) == 3
        assert linked.path().exists()

    def test_the_archive_is_no_place_that_links_lead_to(self, linked: Loop) -> None:
        assert linked("delete", FREE, "--force", "--archive").code == 6

    def test_code_and_other_files_are_no_links(self, loop: Loop) -> None:
        loop.write("00_Inbox/memo.md", f"`[[{FREE}]]` [[{FREE}-2]] <!-- [[{FREE}]] -->\n")

        assert loop("delete", FREE, "--force").code == 0
