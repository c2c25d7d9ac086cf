"""Every exit code of SPEC §7, with what it leaves on stdout, on stderr and on the disk."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from loop_cli.wire import models

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

NO_VAULT = {"LOOP_VAULT": None}


# -- 0 ---------------------------------------------------------------------------------


def test_a_change_is_0_and_leaves_one_record(loop: Loop) -> None:
    done = loop("update", "tsk-019-14", "status=doing", "--if-match", loop.etag(), "--json").json
    assert done["changed"] is True
    assert len(loop.records) == 1
    assert b"status: doing               # todo | doing" in loop.path().read_bytes()


def test_nothing_to_change_is_0_and_writes_nothing(loop: Loop) -> None:
    before = loop.path().read_bytes()
    done = loop("update", "tsk-019-14", "status=todo", "--if-match", loop.etag(), "--json").json
    assert done["changed"] is False
    assert (done["modified_fields"], done["diff"]) == ([], {})
    assert loop.path().read_bytes() == before
    assert loop.records == []


def test_a_dry_run_is_0_and_writes_nothing(loop: Loop) -> None:
    before = loop.path().read_bytes()
    arguments = ("update", "tsk-019-14", "status=doing", "--if-match", loop.etag(), "--dry-run")
    done = loop(*arguments, "--json").json
    assert done["dry_run"] is True
    assert done["diff"] == {"status": {"old": "todo", "new": "doing"}}
    human = loop(*arguments)
    assert human.code == 0
    assert "dry run: nothing was written" in human.out
    assert loop.path().read_bytes() == before
    assert not loop.log_path.exists()


# -- 1 ---------------------------------------------------------------------------------


def test_a_log_that_cannot_be_written_is_1_and_the_entity_is_untouched(loop: Loop) -> None:
    before = loop.path().read_bytes()
    loop.log_path.mkdir(parents=True)
    error = loop("update", "tsk-019-14", "status=done", "--force", "--json").error
    models.ErrorDocument.model_validate(error)
    assert error["code"] == "io"
    assert "audit log" in error["error"]
    assert loop.path().read_bytes() == before
    assert list(loop.log_path.iterdir()) == []
    assert list((loop.vault / ".loop").glob("staged/*")) == []


def test_a_full_disk_behind_stdout_is_1(read_only: Loop) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            read_only.command("get", "tsk-019-14", "--json"),
            env=read_only.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b'{"error": ')
    assert done.stderr.count(b"\n") == 1


# -- 2 ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nope"], "--nope"),
        (["status=done", "--expected-updated-at", "yesterday"], "'yesterday' is not a timestamp"),
        (["status=done", "--if-match", "9F2C"], "'9F2C' is not an etag"),
        (["status=done", "--force", "--if-match", "0" * 16], "--force"),
        ([], "nothing to change"),
        (["status"], "has no '='"),
        (["=x"], "names no field"),
        (["status=done", "status=todo"], "two changes of status"),
        (["tags=a", "tags+=b"], "two changes of tags"),
        (["status=done", "--unset", "status"], "two changes of status"),
        (["a=1", "a.b=2"], "a and a.b"),
        (["a.b.c=1", "a!"], "two changes of"),
        (["notes!=x"], "ends in '!'"),
        (["--unset", "notes+"], "ends in '+'"),
        (["a..b=x"], "empty part"),
        (["tags:=[1"], "is not JSON"),
        (["tags:=NaN"], "is not JSON"),
        (['notes:={"a": 1, "a": 2}'], "there twice"),
        (["notes=@-", "--body-file", "-"], "standard input can be read once"),
        (["notes=@-", "links=@-"], "standard input can be read once"),
        (["notes=@nowhere.txt"], "nowhere.txt can't be read"),
        (["--body-file", "a", "--append-body", "b"], "can't go together"),
        (["--set-json", "-"], "--set-json - is not JSON"),
        (["status=done", "--on-conflict", "merge"], "on_conflict must be fail or rebase"),
        (["status=done", "--lock-timeout", "soon"], "--lock-timeout"),
        (["status=done", "--lock-timeout", "-1"], "must be a number of seconds"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_command_line_not_understood_is_2(
    read_only: Loop, arguments: list[str], words: str
) -> None:
    error = read_only("update", "tsk-019-14", *arguments, "--json", stdin="").error
    models.ErrorDocument.model_validate(error)
    assert error["code"] == "usage"
    assert words.replace("--set-json - is", "'--set-json -' is") in error["error"]
    assert read_only("update", "tsk-019-14", *arguments, stdin="").code == 2
    assert read_only.records == []


def test_usage_comes_before_finding(read_only: Loop) -> None:
    no_such = read_only("update", "nobody", "status=done", "--if-match", "xyz", "--json").error
    assert no_such["code"] == "usage"
    nowhere = read_only("update", "nobody", "=x", "--vault", "/nowhere", "--json").error
    assert nowhere["code"] == "usage"


def test_a_bad_timestamp_is_told_with_an_example(read_only: Loop) -> None:
    for command in (("update", "tsk-019-14", "status=done", "--expected-updated-at", "2026-1-9"),):
        done = read_only(*command)
        assert done.code == 2
        assert "2026-01-09T14:35:10.123456Z" in done.err
    since = read_only("log", "--since", "2026-02-30")
    assert since.code == 2
    assert "2026-01-09" in since.err


@pytest.mark.parametrize(
    "run_id",
    ["1", "3f0c2a52-5d0c-1a0e-9a43-0f6f7c1f4a11", "3f0c2a52-5d0c-4a0e-1a43-0f6f7c1f4a11", "x" * 36],
    ids=["short", "version 1", "other variant", "letters"],
)
def test_a_run_id_that_is_no_uuid_4_is_2(read_only: Loop, run_id: str) -> None:
    done = read_only(
        "update", "tsk-019-14", "status=done", "--force", "--json", env={"LOOP_RUN_ID": run_id}
    )
    assert done.error["code"] == "usage"
    assert done.code == 2
    assert "LOOP_RUN_ID" in done.err


def test_a_run_id_in_capitals_is_the_same_in_small_letters(loop: Loop) -> None:
    given = "3F0C2A52-5D0C-4A0E-9A43-0F6F7C1F4A11"
    done = loop("update", "tsk-019-14", "status=done", "--force", env={"LOOP_RUN_ID": given})
    assert done.code == 0
    assert loop.records[-1]["run_id"] == given.lower()


@pytest.mark.parametrize(
    "command",
    [
        ("update", "tsk-019-14", "status=done", "--force"),
        ("create", "Task", "--name", "x", "project_id=prj-019", "assignee=ops"),
        ("delete", "tsk-019-01", "--force"),
        ("move", "tsk-019-14", "--project", "prj-020", "--force"),
        ("rename", "prj-020", "--yes"),
        ("audit", "redact", "tsk-019-14", "notes", "--yes"),
        ("audit", "migrate"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_every_command_that_writes_records_refuses_a_bad_run_id(
    loop: Loop, command: tuple[str, ...]
) -> None:
    loop.write("_build/audit.log", "")
    done = loop(*command, env={"LOOP_RUN_ID": "1"})
    assert done.code == 2
    assert "LOOP_RUN_ID" in done.err
    assert loop("get", "tsk-019-14", env={"LOOP_RUN_ID": "1"}).code == 0


def test_a_vault_of_the_wrong_type_in_the_users_file_is_2(loop: Loop) -> None:
    file = loop.home / "config" / "loop" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("vault = 5\n")
    done = loop("get", "tsk-019-14", "--json", env=NO_VAULT)
    assert done.error["code"] == "usage"
    assert "vault must be a text" in done.err


def test_no_vault_is_2_and_names_all_four_ways(loop: Loop) -> None:
    done = loop("get", "tsk-019-14", env=NO_VAULT)
    assert (done.code, done.stdout) == (2, b"")
    for way in ("--vault", "LOOP_VAULT", "00_Meta/schema_constants.yaml", ".loop", ".obsidian"):
        assert way in done.err
    assert str(loop.home / "config" / "loop" / "config.toml") in done.err
    assert loop("get", "x", "--json", env=NO_VAULT).error["code"] == "no_vault"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lock_timeout = 'long'", "lock_timeout must be a number of seconds"),
        ("lock_timout = 3", "did you mean lock_timeout"),
        ("lock_timeout = = 3", ""),
        ("audit.private = 3", "audit.private must be"),
    ],
    ids=["no value for it", "no such setting", "no TOML", "no value for data"],
)
def test_a_bad_configuration_is_2_and_names_the_file(loop: Loop, text: str, words: str) -> None:
    loop.write(".loop/config.toml", text)
    done = loop("get", "tsk-019-14")
    assert done.code == 2
    assert "config.toml" in done.err
    assert words in done.err


def test_a_bad_value_in_the_environment_is_2_and_names_the_variable(loop: Loop) -> None:
    done = loop("get", "tsk-019-14", env={"LOOP_LOCK_TIMEOUT": "long"})
    assert done.code == 2
    assert "LOOP_LOCK_TIMEOUT" in done.err


def test_two_output_modes_are_2(read_only: Loop) -> None:
    for modes in (("--json", "--yaml"), ("--raw", "--field", "status"), ("--json", "--path")):
        assert read_only("get", "tsk-019-14", *modes).code == 2


def test_a_vault_inside_a_vault_is_2_and_names_both(loop: Loop) -> None:
    inner = loop.vault / "inner"
    (loop.vault / ".loop").mkdir()
    (inner / ".loop").mkdir(parents=True)
    for root in (loop.vault, inner):
        done = loop("get", "tsk-019-14", "--vault", str(root))
        assert done.code == 2
        assert str(loop.vault) in done.err
        assert str(inner) in done.err


def test_an_unknown_command_is_2(read_only: Loop) -> None:
    done = read_only("nope")
    assert (done.code, done.stdout) == (2, b"")
    assert "nope" in done.err


# -- 3 ---------------------------------------------------------------------------------


def test_no_such_id_is_3_and_names_the_nearest(read_only: Loop) -> None:
    for command in (("get", "tsk-019-4"), ("update", "tsk-019-4", "status=done", "--force")):
        error = models.NotFoundDocument.model_validate(read_only(*command, "--json").error)
        assert "tsk-019-14" in error.nearest
        done = read_only(*command)
        assert done.code == 3
        assert "did you mean" in done.err


def test_a_vault_that_is_not_there_is_3(read_only: Loop) -> None:
    done = read_only("get", "tsk-019-14", "--vault", "/nowhere/at/all", "--json")
    assert done.error["code"] == "not_found"
    assert done.code == 3
    assert read_only("get", "x", env={"LOOP_VAULT": "/nowhere"}).code == 3


# -- 5 ---------------------------------------------------------------------------------


def test_no_precondition_off_a_terminal_is_5_and_names_the_ways(read_only: Loop) -> None:
    for more in ((), ("--yes",), ("--no-input",), ("--dry-run",)):
        done = read_only("update", "tsk-019-14", "status=done", *more)
        assert (done.code, done.stdout) == (5, b"")
        for option in ("--if-match", "--expected-updated-at", "--force"):
            assert option in done.err
    done = read_only("update", "tsk-019-14", "status=done", "--json")
    models.ErrorDocument.model_validate(done.error)
    assert done.error["code"] == "precondition_required"
    assert "--force" not in done.error["hint"]


# -- 6 ---------------------------------------------------------------------------------


def test_all_problems_of_a_change_are_6_at_once(loop: Loop) -> None:
    before = loop.path().read_bytes()
    done = loop(
        *("update", "tsk-019-14", "--force", "--json"),
        *("stauts=done", "status=dne", "entity_id=x", "updated=2026-01-01", "due=soon"),
        *("estimated_hours=many", "priority+=high", "assignee!", "title=x", "entity_name:=null"),
    )
    assert done.code == 6
    error = models.InvalidChangeDocument.model_validate(done.error)
    assert {problem.field: problem.problem for problem in error.problems} == {
        "stauts": "unknown_field",
        "status": "not_in_enumeration",
        "entity_id": "read_only",
        "updated": "read_only",
        "due": "wrong_type",
        "estimated_hours": "wrong_type",
        "priority": "not_a_list",
        "assignee": "required",
        "title": "unknown_field",
        "entity_name": "required",
    }
    by_field = {problem.field: problem for problem in error.problems}
    assert by_field["stauts"].nearest[0] == "status"
    assert by_field["status"].nearest == ["done"]
    assert by_field["status"].allowed == ["todo", "doing", "hold", "done", "blocked"]
    assert by_field["due"].value == "soon"
    assert loop.path().read_bytes() == before
    assert loop.records == []


def test_problems_are_told_to_people_line_by_line(read_only: Loop) -> None:
    done = read_only("update", "tsk-019-14", "stauts=done", "due=soon", "--force")
    assert done.code == 6
    assert "did you mean status" in done.err
    assert "due: 'soon' is not a date" in done.err


def test_validity_comes_before_the_precondition(read_only: Loop) -> None:
    assert read_only("update", "tsk-019-14", "status=dne").code == 6
    assert read_only("update", "tsk-019-14", "status=dne", "--if-match", "0" * 16).code == 6


def test_an_entity_with_broken_yaml_is_6_with_file_and_line(loop: Loop) -> None:
    loop.write_task("tsk-019-90", "notes: a: b")
    for command in (("get", "tsk-019-90"), ("update", "tsk-019-90", "status=done", "--force")):
        error = models.InvalidFileDocument.model_validate(loop(*command, "--json").error)
        assert error.path.endswith("tsk-019-90.md")
        assert error.line == 11
        assert loop(*command).code == 6
    assert loop("get", "tsk-019-14").code == 0


def test_changing_a_key_that_is_there_twice_is_6(loop: Loop) -> None:
    path = loop.write_task("tsk-019-91", "notes: one", "notes: two")
    before = path.read_bytes()
    read = loop("get", "tsk-019-91", "--json").json
    assert read["fields"]["notes"] == "two"
    assert "notes is there 2 times (lines 11, 12)" in read["warnings"][0]
    error = loop("update", "tsk-019-91", "notes=x", "--force", "--json").error
    assert error["code"] == "invalid_file"
    assert path.read_bytes() == before
    assert loop("update", "tsk-019-91", "status=done", "--force", "--json").code == 0


@pytest.mark.parametrize(
    ("text", "line"),
    [("entity_types: [Task\n", 1), ("a: 1\nentity_types: Task\n", 2), ("x: 1\ny: a: b\n", 2)],
    ids=["not closed", "wrong shape", "not YAML"],
)
def test_a_broken_schema_is_6_names_the_line_and_stops_every_write(
    loop: Loop, text: str, line: int
) -> None:
    before = loop.path().read_bytes()
    loop.write("00_Meta/schema_constants.yaml", text)
    error = loop("update", "tsk-019-14", "status=done", "--force", "--json").error
    found = models.InvalidFileDocument.model_validate(error)
    assert (found.path, found.line) == ("00_Meta/schema_constants.yaml", line)
    assert loop.path().read_bytes() == before
    assert loop.records == []


# -- 7 ---------------------------------------------------------------------------------


def test_two_files_with_one_id_are_7_and_path_chooses(loop: Loop) -> None:
    loop.write_task("tsk-019-14", "notes: the other", folder="60_Hypotheses")
    error = models.AmbiguousDocument.model_validate(loop("get", "tsk-019-14", "--json").error)
    assert sorted(error.paths) == sorted([loop.TASK, "60_Hypotheses/tsk-019-14.md"])
    assert loop("update", "tsk-019-14", "status=done", "--force").code == 7
    chosen = ("tsk-019-14", "--path", "60_Hypotheses/tsk-019-14.md")
    assert loop("get", *chosen, "--json").json["fields"]["notes"] == "the other"
    before = loop.path().read_bytes()
    assert loop("update", *chosen, "status=done", "--force", "--json").json["changed"] is True
    assert loop.path().read_bytes() == before


def test_a_path_may_begin_at_the_root_of_the_system(loop: Loop) -> None:
    other = loop.write_task("tsk-019-14", "notes: the other", folder="60_Hypotheses")
    assert loop("get", "tsk-019-14", "--path", str(other), "--field", "notes").out == "the other\n"


def test_a_path_may_be_relative_to_the_current_folder_of_the_vault(loop: Loop) -> None:
    loop.write_task("tsk-019-14", "notes: the other", folder="60_Hypotheses")
    below, field = loop.path("60_Hypotheses"), ("--field", "notes")
    chosen = ("tsk-019-14", "--path", "tsk-019-14.md")
    assert loop("get", *chosen, *field, cwd=below).out == "the other\n"
    assert loop("update", *chosen, "notes=new", "--force", cwd=below).code == 0
    assert loop("get", *chosen, *field, cwd=below).out == "new\n"
    assert loop("get", *chosen, *field, cwd=loop.home).code == 3
    from_the_top = ("--path", "60_Hypotheses/tsk-019-14.md")
    assert loop("get", "tsk-019-14", *from_the_top, *field, cwd=below).out == "new\n"


def test_a_path_from_the_vault_goes_before_one_from_the_current_folder(loop: Loop) -> None:
    loop.write_task("tsk-1", "notes: top", folder="60_Hypotheses")
    loop.write_task("tsk-1", "notes: deep", folder="60_Hypotheses/60_Hypotheses")
    chosen = ("tsk-1", "--path", "60_Hypotheses/tsk-1.md", "--field", "notes")
    assert loop("get", *chosen, cwd=loop.path("60_Hypotheses")).out == "top\n"


def test_two_with_one_alias_are_7_but_an_id_wins(loop: Loop) -> None:
    loop.write_task("tsk-019-92", "aliases: [rules B and C, tsk-019-01]")
    error = models.AmbiguousDocument.model_validate(loop("get", "rules B and C", "--json").error)
    assert len(error.paths) == 2
    assert loop("get", "tsk-019-01", "--json").json["entity_id"] == "tsk-019-01"
