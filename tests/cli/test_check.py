"""`loop check` as users, hooks and workflows run it."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml12

from loop_cli.core.check.finding import RULES
from loop_cli.wire import check as models_check
from loop_cli.wire import models

REPOSITORY = Path(__file__).parents[2]

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Loop

PROJECT = "50_Projects/2026/prj-020_입문_안내서/project.md"


def report(done: Done) -> dict[str, Any]:
    """The one JSON document on stdout: a report is a result, whatever the exit code."""
    assert done.stdout.count(b"\n") == 1, done.err
    document: dict[str, Any] = json.loads(done.stdout)
    models_check.CheckDocument.model_validate(document)
    return document


def findings(loop: Loop, *arguments: str) -> list[dict[str, Any]]:
    """What is found, whether or not that is a failure; its shape is checked on the way."""
    document = report(loop("check", *arguments, "--json"))
    found: list[dict[str, Any]] = document["findings"]
    assert {one["rule"] for one in found} <= RULES.keys()
    return found


def rules(loop: Loop, *arguments: str) -> list[str]:
    return [one["rule"] for one in findings(loop, *arguments)]


PASSED_OVER = (
    "passed over 1 excluded folder: 00_Meta/_TEMPLATES\npassed over 1 excluded file: README.md\n"
)


class TestCleanVault:
    def test_the_sample_vault_is_clean(self, loop: Loop) -> None:
        done = loop("check")
        assert (done.code, done.err) == (0, PASSED_OVER)
        assert done.out == "22 entities in 22 files: nothing is wrong\n"
        assert findings(loop) == []

    @pytest.mark.parametrize(
        ("asked", "files", "entities", "said"),
        [
            (["tsk-019-14"], 1, 1, "1 entity in 1 file"),
            (["tsk-019-14", "prj-019"], 2, 2, "2 entities in 2 files"),
            (["Task"], 8, 8, "8 entities in 8 files"),
            (["01_North_Star/note.md", "tsk-019-14"], 2, 1, "1 entity in 2 files"),
            ([], 23, 22, "22 entities in 23 files"),
        ],
    )
    def test_it_counts_what_was_asked_for(
        self, loop: Loop, asked: list[str], files: int, entities: int, said: str
    ) -> None:
        loop.write("01_North_Star/note.md", "just text\n")

        document = report(loop("check", *asked, "--json"))

        assert (document["files"], document["entities"]) == (files, entities)
        assert loop("check", *asked).out == f"{said}: nothing is wrong\n"

    def test_it_makes_nothing(self, loop: Loop) -> None:
        loop("check")
        assert not (loop.vault / ".loop").exists()
        assert not (loop.vault / "_build").exists()

    def test_other_files_are_no_matter(self, loop: Loop) -> None:
        loop.write("notes.md", "just text\n")
        loop.write("latin.md", "x\n").write_bytes(b"caf\xe9\n")
        loop.write("tagged.md", "---\ntitle: a note\n---\n")
        assert findings(loop) == []


class TestFindings:
    def test_a_line_says_where_and_what(self, loop: Loop) -> None:
        loop.write_task("tsk-019-90", "staus: todo", "due: soon")
        done = loop("check")
        assert done.code == 6
        place = f"{loop.TASKS}/tsk-019-90.md"
        assert done.lines == [
            f"{place}:11: error: staus: is not a field of Task; did you mean status?  "
            "[unknown-field]",
            f"{place}:12: error: due: 'soon' is not a date such as 2026-01-09  [wrong-type]",
        ]
        assert done.err == PASSED_OVER + "loop: 23 entities in 23 files: 2 errors\n"

    def test_json_of_an_error(self, loop: Loop) -> None:
        loop.write_task("tsk-019-90", "priority: Hgih")
        done = loop("check", "--json")
        error = json.loads(done.stderr)
        assert (done.code, error["code"], error["retryable"]) == (6, "check_failed", False)
        assert error["counts"] == {"error": 1, "warning": 0}
        assert (report(done)["ok"], report(done)["counts"]) == (False, error["counts"])
        (one,) = report(done)["findings"]
        assert one["allowed"] == ["critical", "high", "medium", "low"]
        assert (one["field"], one["line"], one["nearest"]) == ("priority", 11, ["high"])
        assert (one["entity_id"], one["entity_type"]) == ("tsk-019-90", "Task")

    def test_broken_files(self, loop: Loop) -> None:
        loop.write(f"{loop.TASKS}/a.md", "---\na: 1\nb: [\n---\n")
        loop.write(f"{loop.TASKS}/b.md", "---\na: 1\nentity_id: y\n")
        loop.write(f"{loop.TASKS}/f.md", "---\n\n# a rule at the top\n")
        loop.write(f"{loop.TASKS}/c.md", "---\nentity_id: x\n---\n")
        loop.write(f"{loop.TASKS}/d.md", "---\nentity_type: Task\nentity_id: [1]\n---\n")
        loop.write(f"{loop.TASKS}/e.md", "-").write_bytes(b"---\na: \xff\n---\n")
        found = findings(loop)
        assert [one["rule"] for one in found] == [
            "unreadable", "unreadable", "half-entity", "half-entity", "unreadable",
        ]  # fmt: skip
        assert found[0]["line"] in (3, 4)
        assert found[2]["message"] == "it has entity_id, but no entity_type"

    def test_duplicates(self, loop: Loop) -> None:
        loop.write_task("tsk-019-90", "due: 2026-01-01", "due: 2026-01-02", "links: [{a: 1, a: 2}]")
        loop.write_task("tsk-019-90", folder="50_Projects")
        found = [(one["rule"], one["field"], one["line"]) for one in findings(loop, "tsk-019-90")]
        assert ("duplicate-key", "due", 12) in found
        assert ("duplicate-key", "links.0.a", 13) in found
        assert found.count(("duplicate-id", "entity_id", 3)) == 2

    def test_dialects(self, loop: Loop) -> None:
        loop.write_task("tsk-019-90", "start_time: 10:30", "notes: yes", "links: [{label: no}]")
        found = findings(loop)
        assert [(one["rule"], one["line"], one["fixable"]) for one in found] == [
            ("yaml-dialects", 11, True),
            ("yaml-dialects", 12, True),
            ("yaml-dialects", 13, False),
        ]
        assert found[0]["message"] == "start_time: YAML 1.1 reads 630, YAML 1.2 '10:30'"
        assert loop("check").code == 0  # warnings
        assert loop("check", "--strict").code == 6

    def test_what_yaml_1_1_can_not_read(self, loop: Loop) -> None:
        loop.write_task("tsk-019-90", "notes: !mine x")
        (one,) = findings(loop)
        assert (one["rule"], one["line"]) == ("yaml-dialects", 11)

    def test_people_that_the_vault_does_not_list(self, loop: Loop) -> None:
        loop.write_task("tsk-019-90")
        path = loop.path(f"{loop.TASKS}/tsk-019-90.md")
        path.write_text(path.read_text().replace("assignee: ops", "assignee: 개발"))
        (one,) = findings(loop)
        assert (one["rule"], one["field"], one["nearest"]) == (
            "unknown-member", "assignee", ["개발팀"],
        )  # fmt: skip
        loop.path("00_Meta/members.yaml").unlink()
        assert findings(loop) == []

    def test_an_edit_outside_shows_until_the_next_change(self, loop: Loop) -> None:
        seen = loop.etag()
        loop("update", "tsk-019-14", "status=doing", "--if-match", seen)
        assert findings(loop) == []
        loop.path().write_bytes(loop.path().read_bytes() + b"\nmore\n")
        assert rules(loop) == ["edited-outside"]
        assert loop("check").code == 0
        loop("update", "tsk-019-14", "status=hold", "--if-match", loop.etag())
        assert findings(loop) == []
        loop.path().unlink()
        assert rules(loop) == ["gone"]

    def test_what_lies_staged(self, loop: Loop) -> None:
        loop("update", "tsk-019-14", "status=doing", "--if-match", loop.etag())
        (loop.vault / ".loop" / "staged" / "what is this").write_text("?")
        (one,) = findings(loop)
        assert (one["rule"], one["path"]) == ("staged-leftover", ".loop/staged/what is this")

    def test_a_lock_that_is_held_for_long(self, loop: Loop) -> None:
        loop("update", "tsk-019-14", "status=doing", "--if-match", loop.etag())
        path = loop.vault / ".loop" / "lock"
        path.write_text("4711 host 2026-01-01T00:00:00.000000Z\n")
        descriptor = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
            (one,) = findings(loop)
        finally:
            os.close(descriptor)
        assert one["rule"] == "stale-lock"
        assert "4711" in one["message"]

    def test_a_pattern_of_the_schema_that_loop_can_not_use(self, loop: Loop) -> None:
        schema = loop.path("00_Meta/schema_constants.yaml")
        text = schema.read_text().replace("ev: '^ev-", "odd: '^(?!a)b$'\n  ev: '^ev-")
        schema.write_text(text)
        (one,) = findings(loop)
        assert (one["rule"], one["path"]) == ("schema-pattern", "00_Meta/schema_constants.yaml")

    def test_control_characters_are_shown(self, loop: Loop) -> None:
        loop.write_task("tsk-019-90", 'priority: "\\e[31m\\r\\n::error::x"')
        for arguments in (("check",), ("check", "--github")):
            out = loop(*arguments).stdout
            assert b"\x1b" not in out
            assert out.count(b"\n") == 1


class TestSelection:
    def test_by_id_alias_type_and_file(self, loop: Loop) -> None:
        loop.write_task("tsk-019-90", "staus: x", "aliases: [아흔]")
        loop.write_task("tsk-019-91", "staus: x")
        for one in ("tsk-019-90", "아흔", f"{loop.TASKS}/tsk-019-90.md"):
            assert [found["entity_id"] for found in findings(loop, one)] == ["tsk-019-90"]
        assert rules(loop, "Task") == ["unknown-field"] * 2
        assert findings(loop, "Project") == []
        assert rules(loop, "tsk-019-90", "tsk-019-91") == ["unknown-field"] * 2

    def test_a_file_that_can_not_be_read_goes_by_its_name(self, loop: Loop) -> None:
        loop.write(f"{loop.TASKS}/tsk-019-90.md", "---\nb: [\n---\n")
        assert rules(loop, "tsk-019-90") == ["unreadable"]

    def test_the_files_that_a_hook_names(self, loop: Loop) -> None:
        """From where the hook runs, and also those that are no entities, or not of the vault."""
        path = loop.write_task("tsk-019-90", "staus: x")
        (loop.home / "README.md").write_text("x")
        inside = os.path.relpath(path, loop.vault)
        assert loop("check", inside, "README.md", cwd=loop.vault).code == 6
        assert loop("check", str(path)).code == 6
        assert loop("check", "README.md", PROJECT, cwd=loop.vault).code == 0
        assert loop("check", "README.md").code == 0

    def test_what_is_not_there(self, loop: Loop) -> None:
        error = loop("check", "tsk-019-1", "--json").error
        assert error["code"] == "not_found"
        assert "tsk-019-14" in error["nearest"]
        assert loop("check", "no/such.md").code == 3
        assert loop("check", "a\nb/c.md").code == 3

    def test_usage(self, loop: Loop) -> None:
        assert loop("check", "--github", "--json").code == 2
        assert loop("check", "--yes").code == 2
        assert loop("check", "--dry-run").code == 2


def test_the_pre_commit_hook(loop: Loop) -> None:
    """What `.pre-commit-hooks.yaml` says is run as pre-commit runs it: on names of files."""
    hooks: Any = yaml12.parse_yaml((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
    (hook,) = hooks
    program, *arguments = hook["entry"].split()
    assert (program, hook["types"]) == ("loop", ["markdown"])
    loop.write_task("tsk-019-90", "staus: x")
    assert loop(*arguments, "README.md", PROJECT, cwd=loop.vault).code == 0
    assert loop(*arguments, PROJECT, f"{loop.TASKS}/tsk-019-90.md", cwd=loop.vault).code == 6


class TestGithub:
    def test_annotations(self, loop: Loop, tmp_path: Path) -> None:
        loop.write_task("tsk-019-90", "staus: todo", "start_time: 10:30", 'due: "a,b:c%"')
        env = {"GITHUB_WORKSPACE": str(tmp_path)}
        done = loop("check", "--github", env=env)
        place = f"vault/{loop.TASKS}/tsk-019-90.md"
        assert done.code == 6
        assert done.lines == [
            f"::error file={place},line=11,title=unknown-field::"
            "staus: is not a field of Task; did you mean status?",
            f"::warning file={place},line=12,title=yaml-dialects::"
            "start_time: YAML 1.1 reads 630, YAML 1.2 '10:30'",
            f"::error file={place},line=13,title=wrong-type::"
            "due: 'a,b:c%25' is not a date such as 2026-01-09",
        ]

    def test_a_path_can_not_end_a_property(self, loop: Loop) -> None:
        loop.write("odd,line=7::x.md", "---\nb: [\n---\n")
        line = loop("check", "--github", cwd=loop.vault).lines[0]
        assert line.startswith("::error file=odd%2Cline=7%3A%3Ax.md,line=")


class TestFix:
    LINES = (
        "# 손으로 쓴 줄",
        "start_time: 9:30   # 아침",
        "notes: yes",
        "priority: HIGH",
        "due: 2026.1.9",
        "staus: x",
    )

    @pytest.fixture
    def task(self, loop: Loop) -> Path:
        return loop.write_task("tsk-019-90", *self.LINES)

    def test_what_has_one_right_answer(self, loop: Loop, task: Path) -> None:
        before = task.read_text().splitlines()
        done = loop("check", "--fix", "--yes")
        after = task.read_text().splitlines()
        assert done.code == 6  # staus is nobody's to guess
        assert [line for line in after if line not in before][1:] == [
            "start_time: '09:30'   # 아침",
            "notes: 'yes'",
            "priority: high",
            "due: 2026-01-09",  # as the other dates of the file, without quotes
        ]
        assert len(after) == len(before)
        assert rules(loop) == ["unknown-field"]

    def test_it_is_one_run_of_the_log(self, loop: Loop, task: Path) -> None:
        other = loop.write_task("tsk-019-91", "priority: Low")
        run = report(loop("check", "--fix", "--yes", "--json"))["run_id"]
        assert [one["entity_id"] for one in loop.records] == ["tsk-019-90", "tsk-019-91"]
        assert {one["run_id"] for one in loop.records} == {run}
        assert {one["action"] for one in loop.records} == {"update"}
        diff = loop.records[0]["diff"]
        assert diff["notes"] == {"old": "yes", "new": "yes"}
        assert diff["priority"] == {"old": "HIGH", "new": "high"}
        assert loop("audit", "verify").code == 0
        assert "priority: low" in other.read_text()
        for line in (loop.log_path.read_text()).splitlines():
            models.AuditRecord.model_validate_json(line)

    def test_a_dry_run_shows_it_and_writes_nothing(self, loop: Loop, task: Path) -> None:
        before = task.read_bytes()
        done = loop("check", "--fix", "--dry-run")
        assert task.read_bytes() == before
        assert not loop.log_path.exists()
        assert "  priority    HIGH → high" in done.out
        assert "  notes       yes  (written again)" in done.out
        assert done.code == 6
        document = report(loop("check", "--fix", "--dry-run", "--json"))
        assert document["dry_run"] is True
        assert document["repairs"][0]["modified_fields"] == [
            "notes", "start_time", "priority", "due",
        ]  # fmt: skip

    def test_off_a_terminal_it_needs_a_yes(self, loop: Loop, task: Path) -> None:
        before = task.read_bytes()
        done = loop("check", "--fix")
        assert (done.code, task.read_bytes()) == (9, before)
        assert "--yes" in done.err

    def test_on_a_terminal_it_asks(self, loop: Loop, task: Path) -> None:
        before = task.read_bytes()
        question = "Change one file? [y/N] "
        assert loop.on_terminal("check", "--fix", replies=((question, "n\n"),)).code == 9
        assert task.read_bytes() == before
        done = loop.on_terminal("check", "--fix", replies=((question, "y\n"),))
        assert done.code == 6
        assert task.read_bytes() != before

    def test_nothing_to_repair(self, loop: Loop) -> None:
        done = loop("check", "--fix")
        assert done.code == 0
        assert "nothing to repair" in done.err

    def test_a_parent_that_is_there(self, loop: Loop) -> None:
        for entity_id, project in (("tsk-019-90", "prj-019"), ("tsk-019-91", "prj-777")):
            path = loop.write_task(entity_id)
            text = path.read_text().replace("parent_id: prj-019\n", "")
            path.write_text(text.replace("project_id: prj-019", f"project_id: {project}"))
        loop("check", "--fix", "--yes")
        assert "parent_id: prj-019" in loop.path(f"{loop.TASKS}/tsk-019-90.md").read_text()
        assert "parent_id" not in loop.path(f"{loop.TASKS}/tsk-019-91.md").read_text()

    def test_what_is_computed_is_removed(self, loop: Loop) -> None:
        path = loop.path("60_Hypotheses/2026/hyp-1-01.md")
        before = path.read_text()
        path.write_text(before.replace("---\n", "---\nvalidated_by: [prj-019]\n", 1))
        assert rules(loop) == ["derived-field"]
        assert loop("check", "--fix", "--yes").code == 0
        assert "validated_by" not in path.read_text().split("---")[1]

    def test_a_key_that_says_the_same_twice(self, loop: Loop) -> None:
        path = loop.write_task("tsk-019-90", "due: 2026-01-01", "type: ops", "due: 2026-01-01")
        other = loop.write_task("tsk-019-91", "due: 2026-01-01", "due: 2026-01-02")
        before = other.read_bytes()
        assert loop("check", "--fix", "--yes").code == 0
        assert path.read_text().count("due: 2026-01-01\n") == 1
        assert other.read_bytes() == before
        assert rules(loop) == ["duplicate-key"]
        assert [one["entity_id"] for one in loop.records] == ["tsk-019-90"]

    def test_digits_that_may_mean_anything_are_left(self, loop: Loop) -> None:
        path = loop.write_task("tsk-019-90", "assignee: 012")
        path.write_text(path.read_text().replace("assignee: ops\n", ""))
        before = path.read_bytes()
        loop("check", "--fix", "--yes")
        assert path.read_bytes() == before
