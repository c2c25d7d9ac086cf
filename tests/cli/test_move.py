"""`loop move` and `loop rename`: the file, the fields and the links, in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.wire import life as models_life
from loop_cli.wire import models

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

ID = "tsk-019-14"
THERE = "50_Projects/2026/prj-020_입문_안내서/Tasks"
HOME = "50_Projects/2026/prj-019_SSOT_규칙/project.md"
MOVE = ("move", ID, "--project", "prj-020")


def add(loop: Loop, path: str, text: str) -> None:
    file = loop.path(path)
    file.write_bytes(file.read_bytes() + text.encode())


class TestMove:
    def test_the_file_and_the_fields(self, loop: Loop) -> None:
        before = loop.path().read_text()

        done = loop(*MOVE, "--if-match", loop.etag(), "--json").json

        models_life.MoveDocument.model_validate(done)
        (moved,) = done["moved"]
        assert (moved["path_before"], moved["path"]) == (loop.TASK, f"{THERE}/{ID}.md")
        assert not loop.path().exists()
        entity = loop("get", ID, "--json").json
        assert (entity["path"], entity["etag"]) == (moved["path"], moved["etag"])
        assert entity["fields"]["project_id"] == entity["fields"]["parent_id"] == "prj-020"
        assert entity["body"] in before
        record = loop.records[-1]
        models.AuditRecord.model_validate(record)
        assert record["action"] == "move"
        assert sorted(record["modified_fields"]) == ["parent_id", "project_id"]
        assert loop("audit", "verify").code == 0

    def test_links_follow_in_the_same_run(self, loop: Loop) -> None:
        add(loop, HOME, f"\n[x](Tasks/{ID}.md) [[{ID}]]\n")
        before = loop.path(HOME).read_text()

        done = loop(*MOVE, "--if-match", loop.etag(), "--json").json

        assert [one["entity_id"] for one in done["relinked"]] == ["prj-019"]
        after = loop.path(HOME).read_text()
        assert f"[x](../prj-020_입문_안내서/Tasks/{ID}.md) [[{ID}]]\n" in after
        kept = [line for line in before.splitlines() if line in after.splitlines()]
        assert len(kept) == len(before.splitlines()) - 2  # the link's line and `updated`
        assert {record["run_id"] for record in loop.records} == {done["run_id"]}
        assert [one["metadata"]["group"]["count"] for one in loop.records] == [2, 2]

    def test_a_precondition_as_in_update(self, loop: Loop) -> None:
        etag = loop.etag()
        assert loop(*MOVE, "--json").code == 5
        loop("update", ID, "notes=x", "--force")

        done = loop(*MOVE, "--if-match", etag, "--json")

        assert done.code == 4
        assert done.error["hint"] == f"loop get {ID} --json"
        assert loop.path().exists()

    def test_no_such_project(self, loop: Loop) -> None:
        error = loop("move", ID, "--project", "prj-091", "--force", "--json").error

        assert error["nearest"] == ["prj-019", "prj-020"]

    @pytest.mark.parametrize(("entity_id", "project"), [("prj-019", "prj-020"), (ID, "tsk-020-01")])
    def test_only_tasks_to_projects(self, loop: Loop, entity_id: str, project: str) -> None:
        error = loop("move", entity_id, "--project", project, "--force", "--json").error

        assert error["problems"][0]["problem"] == "wrong_reference"

    def test_a_place_that_is_taken(self, loop: Loop) -> None:
        loop.write(f"{THERE}/{ID}.md", "somebody's note\n")

        error = loop(*MOVE, "--force", "--json").error

        assert error["problems"][0]["problem"] == "taken"
        assert loop.path(f"{THERE}/{ID}.md").read_text() == "somebody's note\n"
        assert loop.records == []

    def test_to_where_it_is(self, loop: Loop) -> None:
        done = loop("move", ID, "--project", "prj-019", "--force", "--json").json

        assert done["changed"] is False
        assert loop.records == []

    def test_a_dry_run(self, loop: Loop) -> None:
        done = loop(*MOVE, "--force", "--dry-run", "--json").json

        models_life.MoveDocument.model_validate(done)
        assert done["moved"] and done["dry_run"] is True
        assert loop.path().exists() and loop.records == []

    def test_on_a_terminal_the_plan_is_shown_and_asked_for(self, loop: Loop) -> None:
        question = "Move 1 file? [y/N] "

        no = loop.on_terminal(*MOVE, replies=((question, "n\n"),))
        yes = loop.on_terminal(*MOVE, replies=((question, "y\n"),))

        assert (no.code, yes.code) == (9, 0)
        assert loop.records[-1]["metadata"]["precondition"] == "etag"


class TestRename:
    OLD = f"{THERE.removesuffix('/Tasks')}/guide.md"
    NEW = f"{THERE.removesuffix('/Tasks')}/project.md"

    @pytest.fixture
    def misnamed(self, loop: Loop) -> Loop:
        """A project's file with a name of its own, and one that links to it."""
        found = loop.path(loop("get", "prj-020", "--path").out.strip())
        found.rename(loop.path(self.OLD))
        add(loop, loop.TASK, "\n[[guide|안내서]] and [[guide]]\n")
        return loop

    def names(self, loop: Loop, *arguments: str) -> Any:
        done = loop("rename", *arguments, "--json").json
        models_life.MoveDocument.model_validate(done)
        return done

    def test_one(self, misnamed: Loop) -> None:
        done = self.names(misnamed, "prj-020", "--yes")

        (moved,) = done["moved"]
        assert (moved["path_before"], moved["path"]) == (self.OLD, self.NEW)
        assert [one["entity_id"] for one in done["relinked"]] == [ID]
        path = self.NEW.removesuffix(".md")
        assert f"[[{path}|안내서]] and [[{path}]]" in misnamed.path().read_text()

    def test_all(self, misnamed: Loop) -> None:
        misnamed.path(f"{misnamed.TASKS}/tsk-019-01.md").rename(
            misnamed.path(f"{misnamed.TASKS}/일.md")
        )

        done = self.names(misnamed, "--all", "--yes")

        assert sorted(one["entity_id"] for one in done["moved"]) == ["prj-020", "tsk-019-01"]
        assert self.names(misnamed, "--all", "--yes")["changed"] is False
        assert misnamed("audit", "verify").code == 0

    def test_what_can_not_be_renamed_stays(self, misnamed: Loop) -> None:
        misnamed.write(self.NEW, "a note\n")

        done = self.names(misnamed, "--all", "--yes")

        assert done["changed"] is False
        assert "stays" in done["warnings"][0]
        assert misnamed("rename", "prj-020", "--yes").code == 6

    def test_nobody_to_ask_is_9(self, misnamed: Loop) -> None:
        done = misnamed("rename", "--all", "--json")

        assert (done.code, done.error["code"]) == (9, "confirmation")
        assert misnamed.records == []

    def test_a_dry_run(self, misnamed: Loop) -> None:
        done = self.names(misnamed, "--all", "--dry-run")

        assert done["dry_run"] is True and len(done["moved"]) == 1
        assert misnamed.path(self.OLD).exists()

    @pytest.mark.parametrize("arguments", [(), ("prj-020", "--all")])
    def test_one_or_all(self, loop: Loop, arguments: tuple[str, ...]) -> None:
        assert loop("rename", *arguments).code == 2


def _note(vault: Path, path: str, fields: str) -> Path:
    file = vault / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"---\n{fields}---\nbody\n")
    return file


class TestRenameWithAName:
    """`loop rename ID --name NEW`: the name, the file where it is called by it, and the links."""

    HYPOTHESES = "60_Hypotheses/2026"

    @pytest.mark.parametrize(
        ("file", "after"),
        [
            ("hyp-1-01", "hyp-1-01"),
            ("확인 후 쓰기의 효과", "새 이름 둘"),
            ("확인_후_쓰기의_효과", "새_이름_둘"),
            ("hyp-1-01_확인_후_쓰기의_효과", "hyp-1-01_새_이름_둘"),
            ("hyp-1-01 확인 후 쓰기의 효과", "hyp-1-01 새 이름 둘"),
            ("확인-후-쓰기의-효과", "새-이름-둘"),
            ("가설", "가설"),
        ],
    )
    def test_the_file_is_called_by_the_name_in_the_same_way(
        self, loop: Loop, file: str, after: str
    ) -> None:
        old = loop.path(f"{self.HYPOTHESES}/{file}.md")
        loop.path(f"{self.HYPOTHESES}/hyp-1-01.md").rename(old)
        note = loop.path("01_North_Star/말.md")
        note.write_text(f"[[{file}|가설]]\n")

        done = loop("rename", "hyp-1-01", "--name", "새 이름 둘", "--yes", "--json").json

        models_life.MoveDocument.model_validate(done)
        (moved,) = done["moved"]
        assert moved["path"] == f"{self.HYPOTHESES}/{after}.md"
        assert moved["modified_fields"] == ["entity_name"]
        assert after in note.read_text()
        assert loop("get", "hyp-1-01", "--field", "entity_name").out.strip() == "새 이름 둘"
        assert loop("audit", "verify").code == 0

    def test_a_file_that_is_called_otherwise_stays(self, loop: Loop, own: Path) -> None:
        bundle = _note(own, "n/post/index.md", "id: p1\ntitle: Old post\n")
        other = _note(own, "n/other.md", "id: o1\ntitle: Beta long\n")
        (own / ".loop").mkdir(exist_ok=True)
        (own / ".loop/config.toml").write_text(
            '[fields]\nid = "id"\nname = "title"\ntype = "@folder"\n'
        )
        place = ("--vault", str(own))

        for one, name in (("p1", "New post"), ("o1", "Gamma")):
            done = loop("rename", one, "--name", name, "--yes", "--json", *place).json
            assert done["moved"][0]["path"] == done["moved"][0]["path_before"]
            assert done["moved"][0]["modified_fields"] == ["title"]

        assert "title: New post" in bundle.read_text()
        assert "title: Gamma" in other.read_text()

    def test_files_of_tasks_and_projects_keep_the_name_of_rule_a(self, loop: Loop) -> None:
        for one in (ID, "prj-020"):
            before = loop("get", one, "--path").out
            assert loop("rename", one, "--name", "다른 이름", "--yes").code == 0
            assert loop("get", one, "--path").out == before
            assert loop("get", one, "--field", "entity_name").out.strip() == "다른 이름"

    def test_a_dry_run_and_the_same_name(self, loop: Loop) -> None:
        name = loop("get", ID, "--field", "entity_name").out.strip()

        assert loop("rename", ID, "--name", name, "--yes", "--json").json["changed"] is False
        assert loop("rename", ID, "--name", "다른", "--dry-run", "--json").json["changed"] is True
        assert loop("get", ID, "--field", "entity_name").out.strip() == name

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("--all", "--name", "x"), 2),
            ((ID, "--name", ""), 2),
            ((ID, "--name", "a\nb"), 2),
            (("hyp-1-01", "--name", "새 이름"), 9),
        ],
    )
    def test_what_is_refused(self, loop: Loop, arguments: tuple[str, ...], code: int) -> None:
        assert loop("rename", *arguments).code == code

    def test_where_the_name_of_the_file_is_the_id(self, loop: Loop) -> None:
        loop.path(".loop").mkdir(exist_ok=True)
        loop.path(".loop/config.toml").write_text('[fields]\nid = "@stem"\n')

        done = loop("rename", ID, "--name", "새 이름", "--yes", "--json").json

        (moved,) = done["moved"]  # it is called by something else than its name
        assert (moved["entity_id"], moved["path"]) == (ID, moved["path_before"])
        assert loop("get", ID, "--field", "entity_name").out.strip() == "새 이름"
        assert loop("rename", ID, "--yes").code == 2
