"""`--if EXPR`: claim and change in one step, compared under the lock (SPEC §3)."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.wire import models

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

OUTSIDE = "outside loop"
CLAIM = ("status=doing", "--if", "status=todo")


def test_a_condition_that_holds_is_the_precondition(loop: Loop) -> None:
    loop.write_task("tsk-019-80")
    done = loop("update", "tsk-019-80", *CLAIM, "--if", "missing:notes", "--json").json
    assert (done["changed"], done["fields"]["status"]) == (True, "doing")
    assert loop.records[-1]["metadata"]["precondition"] == "condition"


def test_a_condition_that_does_not_hold_is_a_conflict_that_says_by_whom(loop: Loop) -> None:
    path = loop.write_task("tsk-019-80")
    loop("update", "tsk-019-80", *CLAIM)
    before = path.read_bytes()
    done = loop("update", "tsk-019-80", "status=done", "--if", "status=todo", "--json")
    assert (done.code, path.read_bytes()) == (4, before)
    models.ConflictDocument.model_validate(done.error)
    assert done.error["reason"] == "condition_unmet"
    record = loop.records[-1]
    assert done.error["conditions"] == [
        {
            "condition": "status=todo", "field": "status", "value": "doing",
            "changed_by": record["actor"], "changed_at": record["timestamp"],
            "edited_outside": False,
        }
    ]  # fmt: skip
    assert [one["run_id"] for one in done.error["changes"]] == [record["run_id"]]
    assert done.error["hint"] == "loop get tsk-019-80 --json"


def test_only_the_unmet_conditions_are_named(loop: Loop) -> None:
    loop.write_task("tsk-019-80")
    given = ("--if", "status=todo", "--if", "has:notes", "--if", "entity_type=Project")
    error = loop("update", "tsk-019-80", "status=done", *given, "--json").error
    assert [(one["condition"], one["value"]) for one in error["conditions"]] == [
        ("has:notes", None),
        ("entity_type=Project", "Task"),
    ]


def test_nobody_is_blamed_for_an_edit_outside(loop: Loop) -> None:
    path = loop.write_task("tsk-019-80")
    loop("update", "tsk-019-80", *CLAIM)
    path.write_text(path.read_text().replace("status: doing", "status: done"))
    error = loop("update", "tsk-019-80", *CLAIM, "--json").error
    assert error["conditions"][0]["value"] == "done"
    assert error["conditions"][0]["changed_by"] is None
    assert error["conditions"][0]["edited_outside"] is True
    assert error["changes"] == []
    assert OUTSIDE in loop("update", "tsk-019-80", *CLAIM).err


def test_an_edit_outside_is_told_only_where_there_was_one(loop: Loop) -> None:
    given = ("--name", "Claimed", "project_id=prj-019", "status=todo", "assignee=ops")
    made = loop("create", "Task", *given, "--json")
    task = made.json["entity_id"]
    given = ("update", task, "status=doing", "--if", "has:notes")

    told = loop(*given)
    assert (told.code, OUTSIDE in told.err) == (4, False)
    assert loop(*given, "--json").error["conditions"][0]["edited_outside"] is False
    assert OUTSIDE not in loop.on_terminal(*given).text

    loop("update", task, "status=doing", "--force")
    assert OUTSIDE not in loop(*given).err


def test_nor_of_a_note_that_has_no_record(loop: Loop) -> None:
    loop.write_task("tsk-019-80")
    told = loop("update", "tsk-019-80", "status=doing", "--if", "status=done")
    assert (told.code, OUTSIDE in told.err) == (4, False)


@pytest.mark.parametrize("policy", ["fail", "rebase"])
def test_no_policy_sets_a_condition_aside(loop: Loop, policy: str) -> None:
    path = loop.write_task("tsk-019-80")
    seen = loop.etag("tsk-019-80")
    loop("update", "tsk-019-80", "status=doing", "--if-match", seen)
    before = path.read_bytes()
    given = ("notes=x", "--if-match", seen, "--if", "status=todo", "--on-conflict", policy)
    done = loop("update", "tsk-019-80", *given, "--json")
    assert (done.error["reason"], path.read_bytes()) == ("condition_unmet", before)


def test_a_rebase_keeps_the_condition(loop: Loop) -> None:
    loop.write_task("tsk-019-80")
    seen = loop.etag("tsk-019-80")
    loop("update", "tsk-019-80", "notes=theirs", "--if-match", seen)
    given = ("status=doing", "--if-match", seen, "--if", "status=todo", "--on-conflict=rebase")
    assert loop("update", "tsk-019-80", *given, "--json").json["fields"]["notes"] == "theirs"


def test_on_a_terminal_a_condition_is_not_asked_about(loop: Loop) -> None:
    loop.write_task("tsk-019-80")
    assert loop.on_terminal("update", "tsk-019-80", *CLAIM).code == 0
    screen = loop.on_terminal("update", "tsk-019-80", *CLAIM)
    assert screen.code == 4
    assert "status=todo: status is doing" in screen.text


@pytest.mark.parametrize(
    "given", [("--if", "status"), ("--if", "status=todo", "--force"), ("--if", "status==todo")]
)
def test_what_is_no_condition_is_a_usage_error(loop: Loop, given: tuple[str, ...]) -> None:
    error = loop("update", "tsk-019-14", "status=doing", *given, "--json").error
    assert error["code"] == "usage"
    assert "--where" not in error["error"]


def test_delete_and_move_take_conditions(loop: Loop) -> None:
    loop.write_task("tsk-019-80")
    refused = loop("delete", "tsk-019-80", "--if", "status=done", "--json").error
    assert refused["reason"] == "condition_unmet"
    moved = loop("move", "tsk-019-80", "--project", "prj-020", "--if", "status=todo", "--json")
    assert moved.code == 0, moved.err
    assert loop("delete", "tsk-019-80", "--if", "status=todo", "--json").code == 0


def test_a_line_of_apply_has_conditions(loop: Loop) -> None:
    loop.write_task("tsk-019-80")
    line = {"id": "tsk-019-80", "set": {"status": "doing"}, "if": ["status=todo"]}
    done = loop("apply", "-", stdin=f"{json.dumps(line)}\n{json.dumps(line)}\n")
    first, second = map(json.loads, done.lines)
    assert (done.code, first["changed"], second["reason"]) == (4, True, "condition_unmet")
    assert second["conditions"][0]["changed_by"] == loop.records[-1]["actor"]


def test_eight_processes_claim_each_task_once(loop: Loop) -> None:
    """Each of eight processes tries to claim every task; those that lose hear who won."""
    tasks = [f"tsk-019-{number}" for number in range(200, 300)]
    for task in tasks:
        loop.write_task(task)
    outcomes: list[list[dict[str, Any]]] = []
    start = threading.Barrier(8)

    def claim(who: int) -> None:
        lines = [
            json.dumps({"id": one, "set": {"status": "doing", "notes": f"worker {who}"},
                        "if": ["status=todo", "missing:notes"]})
            for one in (*tasks[who * 12 :], *tasks[: who * 12])
        ]  # fmt: skip
        start.wait()
        outcomes.append([*map(json.loads, loop("apply", "-", stdin="\n".join(lines)).lines)])

    threads = [threading.Thread(target=claim, args=(who,)) for who in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    results = [result for some in outcomes for result in some]
    assert len(results) == 8 * len(tasks)
    won = [result["entity_id"] for result in results if result.get("changed")]
    assert sorted(won) == tasks
    lost = [result for result in results if "error" in result]
    assert len(lost) == 7 * len(tasks)
    actor = loop.records[-1]["actor"]
    for result in lost:
        assert result["reason"] == "condition_unmet"
        assert {told["changed_by"] for told in result["conditions"]} == {actor}
        assert result["conditions"][0]["value"] == "doing"
    assert sorted(record["entity_id"] for record in loop.records) == tasks


def test_a_condition_never_compares_letters_with_a_day(loop: Loop) -> None:
    path = loop.write_task("tsk-019-80")
    before = path.read_bytes()

    done = loop("update", "tsk-019-80", "status=done", "--if", "due<tomorow", "--json")

    assert (done.code, path.read_bytes()) == (2, before)
    assert done.error["error"].startswith("--if 'due<tomorow': due is compared with a date")


class TestAFieldThatNoEntityHas:
    @pytest.mark.parametrize(
        "verb",
        [
            ("update", "tsk-019-80", "status=done"),
            ("delete", "tsk-019-80"),
            ("move", "tsk-019-80", "--project", "prj-020"),
        ],
    )
    @pytest.mark.parametrize("condition", ["statsu=todo", "missing:statsu", "statsu!=todo"])
    def test_is_2_as_in_a_list(self, loop: Loop, verb: tuple[str, ...], condition: str) -> None:
        path = loop.write_task("tsk-019-80")
        before = path.read_bytes()

        done = loop(*verb, "--if", condition, "--json")

        assert (done.code, path.read_bytes()) == (2, before)
        listed = loop("list", "--where", condition, "--json").error["error"]
        assert done.error["error"] == listed.replace("--where", "--if")
        assert "did you mean status" in listed

    def test_is_an_error_of_its_line(self, loop: Loop) -> None:
        loop.write_task("tsk-019-80")
        lines = [
            {"id": "tsk-019-80", "set": {"status": "doing"}, "if": [f"{name}=todo"]}
            for name in ("statsu", "status")
        ]

        done = loop("apply", "-", stdin="\n".join(map(json.dumps, lines)))

        first, second = map(json.loads, done.lines)
        assert (first["code"], second["changed"]) == ("usage", True)

    def test_one_that_another_entity_has_is_compared(self, loop: Loop) -> None:
        loop.write_task("tsk-019-80")
        loop.write_task("tsk-019-81", "규칙: x")
        assert loop("update", "tsk-019-80", *CLAIM, "--if", "has:규칙").code == 4
        assert loop("update", "tsk-019-80", *CLAIM, "--if", "missing:규칙").code == 0

    def test_one_that_the_change_brings_can_be_claimed(self, loop: Loop, own: Path) -> None:
        (own / "n.md").write_text("---\ntitle: x\n---\nbody\n")
        assert loop("init", str(own), "--yes").code == 0
        given = ("update", "n", "claimed_by=me", "--if", "missing:claimed_by")

        assert [loop(*given, "--vault", str(own)).code for _each in range(2)] == [0, 4]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    "command", [("update", "status=done"), ("delete",), ("move", "--project", "prj-020")]
)
def test_a_revision_that_is_given_twice_counts_twice(
    loop: Loop, command: tuple[str, ...], order: int
) -> None:
    now = loop("get", "tsk-019-14", "--json").json
    verb, *words = command
    for option, right, wrong in (
        ("--if-match", now["etag"], "a" * 16),
        ("--expected-updated-at", now["updated_at"], "2020-01-01"),
    ):
        both = [f"{option}={one}" for one in (right, wrong)[::order]]
        refused = loop(verb, "tsk-019-14", *words, *both, "--json")
        assert (refused.code, "at most one of them can hold" in refused.err) == (2, True)
        same = loop(verb, "tsk-019-14", *words, *[f"{option}={right}"] * 2, "--dry-run", "--json")
        assert same.code == 0, same.err
