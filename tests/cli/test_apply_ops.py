"""`loop apply` with "op": make, delete, move, rename; later lines name what is made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.wire import find as models_find

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Loop

PROJECT = {
    "op": "create",
    "as": "$p",
    "type": "Project",
    "name": "새 안내서",
    "set": {
        "owner": "개발팀",
        "parent_id": "trk-1",
        "conditions_3y": ["cond-a"],
        "expected_impact": {"metric": "문의 수"},
    },
}


def task(name: str, **more: Any) -> dict[str, Any]:
    fields = {"project_id": "$p", "assignee": "개발팀", **more.pop("set", {})}
    return {"op": "create", "type": "Task", "name": name, "set": fields, **more}


def apply(loop: Loop, *lines: Any, options: tuple[str, ...] = ("--force",)) -> Done:
    text = b"".join(json.dumps(one).encode() + b"\n" for one in lines)
    return loop("apply", "-", *options, stdin=text)


def said(done: Done) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.lines]


def fields(loop: Loop, entity_id: str) -> Any:
    return loop("get", entity_id, "--json").json["fields"]


WAYS = pytest.mark.parametrize("atomic", [(), ("--atomic",)], ids=["each", "all or none"])


@WAYS
def test_a_project_with_fifty_tasks_in_one_call(loop: Loop, atomic: tuple[str, ...]) -> None:
    tasks = [task(f"일 {number}", body=f"# 일 {number}\n") for number in range(50)]

    done = apply(loop, PROJECT, *tasks, options=atomic)  # to create needs no precondition

    assert done.code == 0, done.err
    project, *made = said(done)
    for one in (project, *made):
        models_find.OutcomeDocument.model_validate(one)
        assert (one["op"], one["changed"]) == ("create", True)
    assert len({one["entity_id"] for one in made}) == 50
    folder = project["path"].rpartition("/")[0]
    assert all(one["path"].startswith(f"{folder}/Tasks/") for one in made)
    assert fields(loop, made[7]["entity_id"])["project_id"] == project["entity_id"]
    assert loop("get", made[7]["entity_id"], "--field", "body").out == "# 일 7\n"
    assert loop("check").code == 0
    assert loop("undo", "--last", "--yes").code == 0  # one run
    assert loop("get", project["entity_id"]).code == 3


@WAYS
def test_every_operation_with_what_an_earlier_line_made(
    loop: Loop, atomic: tuple[str, ...]
) -> None:
    done = apply(
        loop,
        PROJECT,
        {**task("첫째"), "as": "$첫"},
        {"op": "move", "id": "tsk-020-01", "project": "$p"},
        {"op": "update", "id": "tsk-020-02", "add": {"tags": ["$첫"]}},
        {"id": "tsk-019-14", "changes": ["notes=$첫"]},
        {"op": "delete", "id": "tsk-019-07", "orphan": True},
        {"op": "rename", "id": "hyp-1-01", "name": "다른 이름"},
        options=("--force", *atomic),
    )

    assert done.code == 0, done.err
    project, first, moved, tagged, noted, gone, named = said(done)
    for one in said(done):
        models_find.OutcomeDocument.model_validate(one)
    assert moved["path"].startswith(project["path"].rpartition("/")[0])
    assert moved["path_before"].endswith("/tsk-020-01.md")
    assert fields(loop, "tsk-020-01")["project_id"] == project["entity_id"]
    assert first["entity_id"] in fields(loop, "tsk-020-02")["tags"]
    assert fields(loop, "tsk-019-14")["notes"] == first["entity_id"]
    assert [one["entity_id"] for one in gone["removed"]] == ["tsk-019-07"]
    assert loop("get", "tsk-019-07").code == 3
    assert fields(loop, "hyp-1-01")["entity_name"] == "다른 이름"
    assert [one.get("op") for one in (tagged, noted, named)] == [None, None, "rename"]
    assert loop("audit", "verify").code == 0
    assert loop("undo", "--last", "--yes").code == 0
    assert loop("get", project["entity_id"]).code == 3
    assert loop("get", "tsk-020-01", "--field", "path").out.strip() == moved["path_before"]


def test_all_or_none_leaves_nothing(loop: Loop) -> None:
    before = loop("list", "--ids").lines

    done = apply(loop, PROJECT, task("좋다"), task("나쁘다", set={"priority": "hihg"}),
                 options=("--atomic",))  # fmt: skip

    assert done.code == 6
    assert done.out == ""
    assert loop("list", "--ids").lines == before
    assert loop("log", "--json").lines == []


def test_what_refers_to_a_line_that_failed_is_refused_and_the_rest_goes_on(loop: Loop) -> None:
    bad = {**PROJECT, "set": {"owner": "개발팀"}}

    done = apply(loop, bad, task("위와 함께"), {"id": "tsk-019-14", "set": {"notes": "나"}})

    first, second, third = said(done)
    assert first["code"] == "invalid_change"
    assert "'$p'" in second["error"]
    assert second["code"] == "usage"
    assert third["changed"] is True
    assert "$p" not in loop("list", "--json").out


@WAYS
def test_a_dry_run_plans_with_what_would_be_made(loop: Loop, atomic: tuple[str, ...]) -> None:
    before = loop("list", "--json").out

    done = apply(
        loop,
        PROJECT,
        task("첫째"),
        {"op": "move", "id": "tsk-020-01", "project": "$p"},
        {"op": "delete", "id": "tsk-019-07", "orphan": True},
        options=("--force", "--dry-run", *atomic),
    )

    assert done.code == 0, done.err
    assert all(one["dry_run"] and one["changed"] for one in said(done))
    assert loop("list", "--json").out == before


@WAYS
def test_preconditions_are_as_in_the_commands(loop: Loop, atomic: tuple[str, ...]) -> None:
    etag = loop("get", "tsk-020-01", "--json").json["etag"]
    wrong = "0" * 16
    for line in (
        {"op": "delete", "id": "tsk-019-07", "orphan": True},
        {"op": "move", "id": "tsk-020-01", "project": "prj-019"},
        {"op": "rename", "id": "hyp-1-01", "name": "다른 이름"},
    ):
        assert apply(loop, line, options=atomic).code == 5, line
        assert apply(loop, {**line, "if_match": wrong}, options=atomic).code == 4, line
        assert apply(loop, {**line, "if": ["entity_type=Nothing"]}, options=atomic).code == 4

    moved = {"op": "move", "id": "tsk-020-01", "project": "prj-019", "if_match": etag}
    assert apply(loop, moved, options=atomic).code == 0


def test_deleting_with_those_that_refer(loop: Loop) -> None:
    done = apply(loop, {"op": "delete", "id": "prj-020", "cascade": True},
                 options=("--force", "--atomic"))  # fmt: skip

    (gone,) = said(done)
    assert gone["entity_id"] == "prj-020"
    assert {one["entity_id"] for one in gone["removed"]} == {"prj-020", "tsk-020-01", "tsk-020-02"}


def test_links_follow_in_all_or_none(loop: Loop) -> None:
    note = loop.vault / "60_Hypotheses" / "말.md"
    note.write_text(
        "[[tsk-020-01]]와 [일](../50_Projects/2026/prj-020_입문_안내서/Tasks/tsk-020-01.md)\n"
    )

    done = apply(loop, PROJECT, {"op": "move", "id": "tsk-020-01", "project": "$p"},
                 options=("--force", "--atomic"))  # fmt: skip

    _made, moved = said(done)
    assert moved["relinked"] == ["60_Hypotheses/말.md"]
    assert "새_안내서/Tasks/tsk-020-01.md" in note.read_text()


def test_an_idempotent_create_is_made_once(loop: Loop) -> None:
    keyed = {**PROJECT, "idempotency_key": "job-7"}
    first = said(apply(loop, keyed, task("하나")))

    for options in ((), ("--atomic",)):
        again = said(apply(loop, keyed, task("둘"), options=options))
        assert again[0]["entity_id"] == first[0]["entity_id"]
        assert again[0]["changed"] is False
        there = fields(loop, again[1]["entity_id"])["project_id"]
        assert there == first[0]["entity_id"]


def test_what_an_idempotent_create_made_before_is_where_it_is_now(loop: Loop) -> None:
    keyed = {**PROJECT, "idempotency_key": "job-7"}
    (made,) = said(apply(loop, keyed))
    old = loop.path(made["path"]).parent
    old.rename(old.with_name("다른 곳"))

    for options in (("--dry-run",), ("--atomic",)):
        again = said(apply(loop, keyed, task("둘"), options=options))
        assert again[1]["path"].startswith("50_Projects/2026/다른 곳/Tasks/")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"op": "creat", "type": "Task"}, "did you mean create?"),
        ({"op": 5, "id": "x"}, "op must be one of"),
        ({"op": "create", "name": "x"}, "needs a type"),
        ({"op": "create", "type": "Task", "if_match": "x"}, "'if_match' is none of"),
        ({"op": "create", "type": "Task", "as": "p"}, "such as '$project'"),
        ({"op": "create", "type": "Task", "template": "/etc/passwd"}, "reads no file"),
        ({"op": "create", "type": "Task", "changes": ["notes=@/etc/passwd"]}, "would read a file"),
        ({"op": "delete"}, "needs an id"),
        ({"op": "delete", "id": "x", "cascade": "yes"}, "cascade must be true or false"),
        ({"op": "delete", "id": "x", "cascade": True, "orphan": True}, "can't go together"),
        ({"op": "move", "id": "x"}, "needs a project"),
        ({"op": "move", "id": "x", "set": {}}, "'set' is none of"),
        ({"op": "rename", "id": "tsk-019-14", "name": "a\nb"}, "one line of text"),
    ],
)
@WAYS
def test_lines_that_say_too_little_or_too_much(
    loop: Loop, line: dict[str, Any], words: str, atomic: tuple[str, ...]
) -> None:
    done = apply(loop, line, options=("--force", *atomic))

    assert done.code == 2
    assert words in (done.err if atomic else said(done)[0]["error"])


def test_two_lines_with_one_label(loop: Loop) -> None:
    done = apply(loop, PROJECT, PROJECT)

    assert "two lines have the label" in said(done)[1]["error"]


def test_all_or_none_changes_nothing_that_it_makes(loop: Loop) -> None:
    done = apply(loop, {**PROJECT, "id": "prj-abc123"}, {"id": "prj-abc123", "set": {"notes": "x"}},
                 options=("--force", "--atomic"))  # fmt: skip

    assert done.code == 2
    assert "line 2: prj-abc123 is only about to be made" in done.err


@pytest.mark.parametrize(
    ("given", "entity_id"),
    [
        ({"type": "Task"}, None),
        ({"type": "nosuchtype", "name": "x"}, None),
        ({"type": "Task", "name": "x", "id": "tsk-020-90"}, "tsk-020-90"),
        ({"type": "nosuchtype", "name": "x", "id": "tsk-020-90"}, "tsk-020-90"),
    ],
)
def test_a_creation_that_fails_names_no_entity_but_the_one_of_the_line(
    loop: Loop, given: dict[str, str], entity_id: str | None
) -> None:
    line = json.dumps({"op": "create", **given})

    (said,) = loop("apply", "-", stdin=line).lines
    at_once = loop("apply", "-", "--atomic", stdin=line).error

    assert (json.loads(said)["entity_id"], at_once["entity_id"]) == (entity_id, entity_id)


def test_a_dry_run_leaves_open_what_becomes_of_what_it_would_make(loop: Loop) -> None:
    """The real run lands all of these, so the dry run does not fail either."""
    new = {**task("새 일"), "as": "$t", "set": {"project_id": "prj-019", "assignee": "개발팀"}}
    changes = [
        {"id": "$t", "set": {"notes": "x"}, "if": ["status=todo"]},
        {"op": "move", "id": "$t", "project": "prj-020", "if": ["notes=x"]},
        {"op": "delete", "id": "$t", "if": ["project_id=prj-020"]},
    ]

    dry = apply(loop, new, *changes, options=("--dry-run",))
    done = apply(loop, new, *changes, options=())

    assert (dry.code, done.code) == (0, 0), dry.err + done.err
    made, *pending = said(dry)
    assert (made["changed"], "pending" in made) == (True, False)
    for one, real in zip(pending, said(done)[1:], strict=True):
        models_find.OutcomeDocument.model_validate(one)
        assert (one["pending"], one["changed"], one["modified_fields"]) == (True, False, [])
        assert one["entity_id"] == made["entity_id"]
        assert "made by a line before" in one["warnings"][0]
        assert "pending" not in real


def test_a_dry_run_fails_where_what_it_would_make_can_not_be_made(loop: Loop) -> None:
    wrong = {**task("새 일"), "as": "$t", "set": {"project_id": "nobody"}}
    later = {"id": "$t", "set": {"notes": "x"}}

    for options in (("--dry-run",), ()):
        first, second = said(apply(loop, wrong, later, options=("--force", *options)))
        assert first["code"] == "invalid_change"
        assert "nothing was made that '$t' could stand for" in second["error"]
