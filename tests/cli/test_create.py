"""`loop create`: the id, the place and what is implied; everything wrong at once; nothing half."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.wire import life as models_life
from loop_cli.wire import models

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

TASK = ("create", "Task", "--name", "로그인 화면", "project_id=prj-019", "assignee=개발팀")
PROJECT = (
    "create", "Project", "owner=개발팀", "parent_id=trk-1", "conditions_3y=cond-a",
    'expected_impact:={"metric": "문의 수"}',
)  # fmt: skip


def problems(error: Any) -> set[tuple[str, str]]:
    models.InvalidChangeDocument.model_validate(error)
    return {(one["field"], one["problem"]) for one in error["problems"]}


def files(loop: Loop) -> set[str]:
    """Every folder and file of the vault, those of loop apart."""
    found = {str(path.relative_to(loop.vault)) for path in loop.vault.rglob("*")}
    return {one for one in found if one.partition("/")[0] not in (".loop", "_build")}


class TestTask:
    def test_is_made_with_all_that_is_implied(self, loop: Loop) -> None:
        made = loop(*TASK, "--json").json

        models_life.CreateDocument.model_validate(made)
        assert re.fullmatch(r"tsk-2funwc-\d{13}", made["entity_id"])
        assert made["path"] == f"{loop.TASKS}/{made['entity_id']}.md"
        assert made["created"] is True
        fields = made["fields"]
        assert (fields["parent_id"], fields["status"]) == ("prj-019", "todo")
        assert fields["created"] == fields["updated"] == made["updated_at"]
        assert loop("get", made["entity_id"], "--json").json == {
            key: made[key] for key in ("entity_id", "entity_type", "path", "updated_at", "etag",
                                       "fields", "body")
        }  # fmt: skip
        record = loop.records[-1]
        models.AuditRecord.model_validate(record)
        assert (record["action"], record["run_id"]) == ("create", made["run_id"])

    def test_the_hash_of_an_old_project_is_of_its_id(self, loop: Loop) -> None:
        """The first six digits of the SHA-256 as a number of base 36."""
        import hashlib

        number = int(hashlib.sha256(b"prj-019").hexdigest(), 16)
        digits = ""
        while number:
            number, digit = divmod(number, 36)
            digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits

        assert loop(*TASK, "--json").json["entity_id"].startswith(f"tsk-{digits[:6]}-")

    def test_a_new_project_gives_its_own_hash(self, loop: Loop) -> None:
        made = loop(*TASK[:4], "project_id=prj-site-a7k9m2", "assignee=ops", "--json").json

        assert re.fullmatch(r"tsk-site-a7k9m2-\d{13}", made["entity_id"])
        assert made["path"].startswith("50_Projects/2026/prj-site-a7k9m2/Tasks/")

    def test_the_vaults_template_is_used_with_its_comments(self, loop: Loop) -> None:
        made = loop(*TASK, "--json").json

        text = loop.path(made["path"]).read_text()
        assert "due: null        # 마감일\n" in text
        assert made["body"].startswith("\n# 로그인 화면\n")

    def test_a_template_of_ones_own(self, loop: Loop) -> None:
        mine = loop.home / "mine.md"
        mine.write_text(
            "---\nentity_name: '{{NAME}}'\ntags: [{{TASK_ID}}, x]\n"
            'notes: "in {{PROJECT_ID}}"  # {{DATE}}\n'
            "due: {{DUE}}\n---\n{{NAME}} for {{ASSIGNEE}}\n"
        )

        made = loop(*TASK, "due=2026-02-01", "--template", str(mine), "--json").json

        assert made["fields"]["tags"] == [made["entity_id"], "x"]
        assert made["fields"]["notes"] == "in prj-019"
        assert made["fields"]["due"] == "2026-02-01"
        assert made["body"] == "로그인 화면 for 개발팀\n"
        assert f"# {made['updated_at'][:10]}\n" in loop.path(made["path"]).read_text()

    def test_a_template_that_asks_for_what_nobody_knows(self, loop: Loop) -> None:
        mine = loop.home / "mine.md"
        mine.write_text("---\nnotes: {{WEATHER}}\n---\n\n{{MOOD}}\n")
        before = files(loop)

        error = loop(*TASK, "--template", str(mine), "--json").error

        assert problems(error) == {
            ("WEATHER", "unknown_placeholder"),
            ("MOOD", "unknown_placeholder"),
        }
        assert f"{mine}:2: {{{{WEATHER}}}}" in error["error"]
        assert f"{mine}:5: {{{{MOOD}}}}" in error["error"]
        assert files(loop) == before

    def test_no_template_at_all(self, loop: Loop) -> None:
        made = loop(*TASK, "--template", "plain", "--json").json

        assert made["body"] == "\n# 로그인 화면\n"
        first = ["entity_type", "entity_id", "entity_name", "created", "updated", "status"]
        assert list(made["fields"])[:6] == first

    @pytest.mark.parametrize("text", ["no frontmatter", "---\na: [\n---\n", "---\n- a\n---\n"])
    def test_a_template_that_is_none(self, loop: Loop, text: str) -> None:
        mine = loop.home / "mine.md"
        mine.write_text(text)

        assert loop(*TASK, "--template", str(mine), "--json").error["code"] == "invalid_file"

    def test_a_body_from_standard_input(self, loop: Loop) -> None:
        made = loop(*TASK, "--body-file", "-", "--json", stdin="# {{NAME}} stays\n").json

        assert made["body"] == "# {{NAME}} stays\n"

    def test_values_that_yaml_would_misread(self, loop: Loop) -> None:
        made = loop(*TASK, "start_time=10:30", "notes=- no: [x] # y", "--json").json

        assert made["fields"]["start_time"] == "10:30"
        assert made["fields"]["notes"] == "- no: [x] # y"


class TestOtherTypes:
    def test_a_project_has_a_folder_of_its_own(self, loop: Loop) -> None:
        made = loop(*PROJECT, "--name", "새 안내서: 첫 판", "--json").json

        assert re.fullmatch(r"prj-[0-9a-z]{6}", made["entity_id"])
        year = made["updated_at"][:4]
        folder = f"50_Projects/{year}/{made['entity_id']}_새_안내서_첫_판"
        assert made["path"] == f"{folder}/project.md"
        assert made["fields"]["status"] == "planning"
        task = loop(*TASK[:4], f"project_id={made['entity_id']}", "assignee=ops", "--json").json
        assert task["path"].startswith(f"{folder}/Tasks/tsk-{made['entity_id'][4:]}-")

    @pytest.mark.parametrize(
        ("kind", "more", "entity_id", "path"),
        [
            ("Hypothesis", ("parent_id=trk-1", "hypothesis_question=더 빠른가?"), "hyp-1-02",
             "60_Hypotheses/{year}/hyp-1-02.md"),
            ("Experiment", ("hypothesis_id=hyp-1-01", "metrics=시간", "status=doing"), "exp-002",
             "70_Experiments/exp-002.md"),
            ("Condition", ("if_broken=멈춘다", "status=doing"), "cond-b",
             "20_Strategy/3Y_Conditions/cond-b.md"),
            ("Program", ("program_type=research", "owner=ops"), "pgm-reading",
             "50_Projects/_Programs/Reading/_PROGRAM.md"),
            ("Retrospective", ("source_project=prj-019", "verdict=keep", "status=done"),
             "retro-019-01", "70_Experiments/Retrospectives/retro-019-01.md"),
        ],
    )  # fmt: skip
    def test_by_pattern_and_place(
        self, loop: Loop, kind: str, more: tuple[str, ...], entity_id: str, path: str
    ) -> None:
        made = loop("create", kind, "--name", "Reading", *more, "--json").json

        assert made["entity_id"] == entity_id
        assert made["path"] == path.format(year=made["updated_at"][:4])

    def test_the_type_in_any_case(self, loop: Loop) -> None:
        assert loop("create", "task", *TASK[2:], "--json").json["entity_type"] == "Task"

    def test_no_such_type(self, loop: Loop) -> None:
        error = loop("create", "Taks", "--name", "x", "--json").error

        assert problems(error) == {("entity_type", "unknown_type")}
        assert "did you mean Task" in error["error"]

    def test_an_id_of_ones_own(self, loop: Loop) -> None:
        assert loop(*TASK, "--id", "tsk-019-77", "--json").json["entity_id"] == "tsk-019-77"


class TestWrong:
    def test_everything_at_once(self, loop: Loop) -> None:
        before = files(loop)

        error = loop(
            "create", "Task", "--name", "", "project_id=prj-091", "asignee=ops", "type=dev",
            "status=done", "priority=hgih", "estimated_hours=many", "--json",
        ).error  # fmt: skip

        assert problems(error) == {
            ("asignee", "unknown_field"),
            ("assignee", "required"),
            ("target_project", "required"),
            ("entity_name", "required"),
            ("project_id", "dangling"),
            ("priority", "not_in_enumeration"),
            ("estimated_hours", "wrong_type"),
        }
        dangling = next(one for one in error["problems"] if one["problem"] == "dangling")
        assert dangling["nearest"] == ["prj-019", "prj-020"]
        assert files(loop) == before
        assert loop.records == []

    def test_what_is_required_is_listed_off_a_terminal(self, loop: Loop) -> None:
        done = loop("create", "Task")

        assert done.code == 6
        assert "project_id: is required for Task" in done.err
        assert "assignee: is required for Task" in done.err

    def test_the_field_that_gives_the_id_its_number_is_required(self, loop: Loop) -> None:
        question = "hypothesis_question=더 빠른가?"

        error = loop("create", "Hypothesis", "--name", "x", question, "--json").error
        assert problems(error) == {("parent_id", "required")}
        assert "its id takes a number from it" in error["error"]

        error = loop(
            "create", "Hypothesis", "--name", "x", question, "parent_id=prj-019", "--json"
        ).error
        assert ("parent_id", "no_id") in problems(error)

        more = ("parent_id=trk-1", "--id", "hyp-9-09")
        made = loop("create", "Hypothesis", "--name", "x", question, *more, "--json").json
        assert made["entity_id"] == "hyp-9-09"

    @pytest.mark.parametrize("kind", ["Project", "Program"])
    def test_of_a_name_that_is_missing_only_that_is_said(self, loop: Loop, kind: str) -> None:
        error = loop("create", kind, "--json").error

        assert {one[1] for one in problems(error)} == {"required"}
        assert ("entity_name", "required") in problems(error)

    def test_somebody_who_is_no_member(self, loop: Loop) -> None:
        error = loop(*TASK[:-1], "assignee=개발", "--json").error

        assert problems(error) == {("assignee", "no_member")}
        assert "did you mean 개발팀" in error["error"]

    def test_without_a_list_of_members_anybody_will_do(self, loop: Loop) -> None:
        loop.path("00_Meta/members.yaml").unlink()

        assert loop(*TASK[:-1], "assignee=누구", "--json").json["fields"]["assignee"] == "누구"

    @pytest.mark.parametrize(
        "name",
        ["../밖", "a/b", "a\\b", "😀🎉", "가" * 100, "가" * 300, "a\x07b", "a\nb", " "],
        ids=["dots", "slash", "backslash", "emoji", "300 bytes", "300 characters", "bell", "line",
             "blank"],
    )  # fmt: skip
    def test_a_name_that_can_name_no_folder(self, loop: Loop, name: str) -> None:
        before = files(loop)

        error = loop(*PROJECT, "--name", name, "--json").error

        assert error["code"] == "invalid_change"
        assert files(loop) == before

    @pytest.mark.parametrize(
        ("entity_id", "problem"),
        [("tsk-019-14", "taken"), ("tsk-19-1", "id_form"), ("../x", "id_form"), ("", "id_form")],
    )
    def test_an_id_that_is_taken_or_none(self, loop: Loop, entity_id: str, problem: str) -> None:
        error = loop(*TASK, "--id", entity_id, "--json").error

        assert ("entity_id", problem) in problems(error)

    def test_a_folder_that_is_a_file(self, loop: Loop) -> None:
        loop.write("50_Projects/2026/prj-site-a7k9m2/other.md", "x")
        tasks = loop.path("50_Projects/2026/prj-020_입문_안내서/Tasks")
        for path in tasks.iterdir():
            path.unlink()
        tasks.rmdir()
        tasks.write_text("a file")

        error = loop(*TASK[:4], "project_id=prj-020", "assignee=ops", "--json").error

        assert problems(error) == {("path", "no_place")}
        assert "is a file where a folder is needed" in error["error"]
        assert tasks.read_text() == "a file"

    def test_a_place_where_it_would_not_be_found(self, loop: Loop) -> None:
        text = (
            "entity_types: [Task, Project]\npaths: {exclude: [attic]}\n"
            "file_locations: {Project: 'attic/{folder}/'}\n"
            "id_patterns: {prj: '^prj-[a-z0-9]{6}$'}\n"
        )
        loop.write("00_Meta/schema_constants.yaml", text)

        error = loop("create", "Project", "--name", "x", "--json").error

        assert problems(error) == {("path", "no_place")}

    def test_a_dry_run_makes_nothing(self, loop: Loop) -> None:
        before = files(loop)

        made = loop(*TASK, "--dry-run", "--json").json

        models_life.CreateDocument.model_validate(made)
        assert made["dry_run"] is True
        assert files(loop) == before
        assert loop.records == []


class TestIdempotency:
    def test_the_same_call_twice(self, loop: Loop) -> None:
        first = loop(*TASK, "--idempotency-key", "일-7", "--json").json
        again = loop(*TASK, "--idempotency-key", "일-7", "--json").json

        assert (first["created"], again["created"]) == (True, False)
        assert first["entity_id"] == again["entity_id"]
        assert len(loop.records) == 1

    def test_another_call_with_the_key(self, loop: Loop) -> None:
        loop(*TASK, "--idempotency-key", "7", "--json")

        error = loop(*TASK, "priority=high", "--idempotency-key", "7", "--json").error

        assert error["code"] == "usage"

    def test_at_the_same_time(self, loop: Loop) -> None:
        running = [loop.start(*TASK, "--idempotency-key", "7", "--json") for _number in range(4)]

        assert [process.wait(60) for process in running] == [0] * 4
        assert len([one for one in loop.records if one["action"] == "create"]) == 1
