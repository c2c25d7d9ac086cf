"""What an agent can do, through each door: read little, write what it has read, go back."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.mcp.conftest import ERAS, TASK, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mcp.conftest import Way


@pytest.mark.parametrize("era", ERAS)
def test_an_agent_reads_writes_and_goes_back(way: Way, era: str) -> None:
    async def work() -> None:
        async with way.agent(era) as agent:
            read = await agent("get", id=TASK, fields=["status"])
            assert read["fields"] == {"status": "todo"}

            done = await agent("update", id=TASK, set={"status": "doing"}, if_match=read["etag"])
            assert (done["changed"], done["diff"]) == (
                True,
                {"status": {"old": "todo", "new": "doing"}},
            )
            history = await agent("history", id=TASK, limit=1)
            assert history["events"][0]["run_id"] == done["run_id"]

            undone = await agent("undo", id=TASK, if_match=done["etag"])
            assert undone["undoes"] == done["run_id"]
            assert (await agent("get", id=TASK))["fields"]["status"] == "todo"

    run(work)


def test_the_record_says_who_and_through_what(way: Way) -> None:
    async def work() -> None:
        async with way.agent() as agent:
            await agent("update", id=TASK, set={"status": "doing"}, if_match=await agent.etag())

    run(work)
    record = way.files.records[-1]
    assert record["metadata"]["precondition"] == "etag"
    said = (record["source"], record["metadata"].get("agent"))
    assert (
        said
        == {
            "files": ("api", "test agent 7"),
            "server": ("script", "test agent 7"),
            "mcp of serve": ("script", "test agent 7"),
        }[way.door]
    )
    on_server = "user:김은향"
    assert record["actor"] == (
        way.files("whoami", "--json").json["actor"] if way.door == "files" else on_server
    )


def test_lists_come_in_pages(way: Way) -> None:
    async def work() -> None:
        async with way.agent() as agent:
            whole = await agent("list", type=["task"], sort="-due", limit=200)
            seen: list[Any] = []
            cursor: dict[str, Any] = {}
            while True:
                page = await agent("list", type=["task"], sort="-due", limit=3, **cursor)
                assert page["total"] == whole["total"] == len(whole["entities"])
                seen += page["entities"]
                if page["next"] is None:
                    break
                cursor = {"cursor": page["next"]}
            assert seen == whole["entities"]

    run(work)
    listed = way.files("list", "task", "--sort", "-due", "--ids").lines
    assert len(listed) > 3


def test_what_was_asked_for_is_shown_and_nothing_else(on_files: Way) -> None:
    async def work() -> None:
        async with on_files.agent() as agent:
            error = await agent.refused("list", where=["status=todo"], fields=["statsu"])
            assert "did you mean status" in error["error"]
            found = await agent("list", where=["status=todo"], fields=["due", "updated_at"])
            assert {key for one in found["entities"] for key in one} == {
                "entity_id", "entity_type", "name", "etag", "updated_at", "fields",
            }  # fmt: skip
            assert all(one["fields"].keys() <= {"due"} for one in found["entities"])
            read = await agent("get", id=TASK)
            assert "body" not in read
            whole = await agent("get", id=TASK, body=True)
            assert len(whole["body"]) == read["body_characters"] > 0
            assert (await agent("get", id=TASK, fields=["*"]))["fields"] == whole["fields"]

    run(work)


def test_search_finds_words(way: Way) -> None:
    async def work() -> None:
        async with way.agent() as agent:
            found = await agent("search", text="규칙", type=["task"], limit=2)
            assert (len(found["results"]), found["more"]) == (2, True)
            assert all("규칙" in one["name"] + one.get("text", "") for one in found["results"])
            none = await agent("search", text="nowhere-to-be-found")
            assert (none["results"], none["more"]) == ([], False)

    run(work)


def test_create_by_the_schema_once_a_key(way: Way) -> None:
    async def work() -> None:
        async with way.agent() as agent:
            schema = (await agent("schema", type="task"))["schema"]
            assert {"assignee", "project_id"} <= schema["properties"].keys()
            error = await agent.refused("create", type="Task", name="빈 할 일")
            assert {one["field"] for one in error["problems"]} >= {"assignee", "project_id"}
            assert error["nothing_written"] is True

            asked: dict[str, Any] = {
                "type": "Task",
                "name": "알림 - 메일 초안",
                "fields": {"assignee": "개발팀", "project_id": "prj-019"},
                "idempotency_key": "mail-1",
            }
            plan = await agent("create", **asked, dry_run=True)
            assert plan["dry_run"] is True
            made = await agent("create", **asked)
            again = await agent("create", **asked)
            assert (made["created"], again["entity_id"]) == (True, made["entity_id"])
            checked = await agent("check", names=[made["entity_id"]])
            assert (checked["ok"], checked["findings"]) == (True, [])

            back = await agent("undo", run_id=made["run_id"], if_match=made["etag"])
            assert back["entities"][0]["action"] == "delete"
            gone = await agent.refused("get", id=made["entity_id"])
            assert gone["code"] == "not_found"

    run(work)


def test_all_forms_of_a_change(way: Way) -> None:
    async def work() -> None:
        async with way.agent() as agent:
            done = await agent(
                "update",
                id=TASK,
                set={"status": "doing", "estimated_hours": 3},
                unset=["notes"],
                add={"tags": ["late"]},
                remove={"tags": ["audit"]},
                append_body="끝.\n",
                if_match=await agent.etag(),
            )
            read = await agent("get", id=TASK, body=True)
            assert read["etag"] == done["etag"]
            tags = read["fields"]["tags"]
            assert ("late" in tags, "audit" in tags) == (True, False)
            assert read["body"].endswith("끝.\n")
            same = await agent("update", id=TASK, set={"status": "doing"}, if_match=done["etag"])
            assert (same["changed"], same["etag"]) == (False, done["etag"])

    run(work)


def test_a_field_needs_a_name_of_one_line(on_files: Way) -> None:
    async def work() -> None:
        async with on_files.agent() as agent:
            for name in ("", "n\0l"):
                claim: dict[str, Any] = {"id": TASK, "set": {name: "v"}, "if_": ["has:status"]}
                error = await agent.refused("update", **claim)
                (problem,) = error["problems"]
                assert (problem["field"], problem["problem"]) == (name, "name")

    run(work)


def test_a_condition_is_a_claim(way: Way) -> None:
    async def work() -> None:
        async with way.agent() as agent:
            claim: dict[str, Any] = {"id": TASK, "set": {"status": "doing"}, "if_": ["status=todo"]}
            assert (await agent("update", **claim))["changed"] is True
            error = await agent.refused("update", **claim)
            assert (error["reason"], error["nothing_written"]) == ("condition_unmet", True)
            assert "status=todo does not hold: the value is doing" in error["message"]

    run(work)


def test_a_write_that_names_nothing_it_has_read_is_refused(way: Way) -> None:
    async def work() -> None:
        async with way.agent() as agent:
            for tool, more in (("update", {"set": {"status": "doing"}}), ("undo", {})):
                await agent("update", id=TASK, add={"tags": [tool]}, if_match=await agent.etag())
                error = await agent.refused(tool, id=TASK, **more)
                assert (error["code"], error["nothing_written"]) == ("precondition_required", True)
                assert error["hint"].startswith("call ")
            wrong = await agent.refused("update", id=TASK, set={"status": "x"})
            assert wrong["code"] == "invalid_change"  # what else is wrong is said first

    run(work)
    assert [one["modified_fields"] for one in way.files.records[-2:]] == [["tags"], ["tags"]]


def test_an_undo_of_a_run_names_the_etag_of_each(way: Way) -> None:
    ids = (TASK, "tsk-019-07")
    lines = [
        {"id": one, "set": {"notes": "x"}, "if_match": way.files("get", one, "--json").json["etag"]}
        for one in ids
    ]
    text = "".join(json.dumps(one) + "\n" for one in lines)
    run_id = json.loads(way.files("apply", "-", stdin=text).lines[0])["run_id"]

    async def work() -> None:
        async with way.agent() as agent:
            plan = await agent("undo", run_id=run_id, dry_run=True)
            etags = {one["entity_id"]: one["etag"] for one in plan["entities"]}
            assert set(etags) == set(ids)
            missing = await agent.refused("undo", run_id=run_id, if_match={TASK: etags[TASK]})
            assert missing["entities"] == ["tsk-019-07"]
            stale = await agent.refused(
                "undo", run_id=run_id, if_match={**etags, "tsk-019-07": "1" * 16}
            )
            assert (stale["code"], stale["nothing_written"]) == ("conflict", True)
            other = await agent.refused(
                "undo", run_id=run_id, if_match={**etags, "prj-019": "1" * 16}
            )
            assert (other["code"], "prj-019" in other["error"]) == ("usage", True)
            done = await agent("undo", run_id=run_id, if_match=etags)
            assert len(done["entities"]) == 2

    run(work)


def test_an_undo_compares_all_that_it_is_given(way: Way) -> None:
    etag = way.files("get", TASK, "--json").json["etag"]
    way.files("update", TASK, "notes=x", "--if-match", etag)
    now = way.files("get", TASK, "--json").json

    async def work() -> None:
        async with way.agent() as agent:
            etags = (now["etag"], {TASK: now["etag"]})
            for if_match, dry_run in itertools.product(etags, (True, False)):
                stale = await agent.refused(
                    "undo",
                    id=TASK,
                    if_match=if_match,
                    expected_updated_at="2020-01-01",
                    dry_run=dry_run,
                )
                assert (stale["code"], stale["nothing_written"]) == ("conflict", True)
            done = await agent(
                "undo", id=TASK, if_match=etags[1], expected_updated_at=now["updated_at"]
            )
            assert done["changed"] is True

    run(work)


def test_a_warning_is_a_sentence_with_a_tool_to_call(way: Way) -> None:
    (way.files.vault / "broken.md").write_text("---\nentity_id: [\n---\n", encoding="utf-8")

    async def work() -> None:
        async with way.agent() as agent:
            found = await agent("list", type=["Task"], limit=1)
            assert [one for one in found["warnings"] if "can't be read" in one] == [
                "1 file has frontmatter that can't be read; passed over (to see why: call check)"
            ]

    run(work)


def test_an_entity_is_a_resource(way: Way) -> None:
    async def work() -> None:
        async with way.agent() as agent:
            read = await agent.client.read_resource(f"loop://entity/{TASK}")
            (content,) = read.contents
            document = json.loads(content.text)  # type: ignore[union-attr]
            assert document["entity_id"] == TASK
            assert document["body"]
            templates = await agent.client.list_resource_templates()
            assert [one.uri_template for one in templates.resource_templates] == [
                "loop://entity/{id}"
            ]
            with pytest.raises(Exception, match="nope"):
                await agent.client.read_resource("loop://entity/nope")

    run(work)


@pytest.mark.parametrize(
    ("tool", "given", "said"),
    [
        ("update", {"id": TASK, "force": True}, "no argument 'force'"),
        ("update", {"id": TASK, "ifmatch": "x"}, "did you mean if_match"),
        ("list", {"limit": 100_000}, "limit"),
        ("list", {"where": "status=todo"}, "where"),
        ("get", {}, "'id' is a required property"),
        ("get", {"id": ""}, "id"),
        ("undo", {}, "id, or run_id"),
        ("undo", {"id": TASK, "run_id": "x"}, "id, or run_id"),
        ("update", {"id": TASK, "if_match": "1" * 16}, "nothing to change"),
        ("update", {"id": TASK, "set": {"status": "done"}, "if_match": "xyz"}, "is not an etag"),
        ("list", {"where": ["nofield=1"]}, "no entity has a field"),
        ("list", {"type": ["taks"]}, "did you mean Task"),
        ("list", {"cursor": "zz"}, "cursor"),
        ("create", {"type": "Task", "fields": {"entity_name": 3}}, "must be a text"),
    ],
)
def test_wrong_arguments_are_said(
    on_files: Way, tool: str, given: dict[str, Any], said: str
) -> None:
    async def work() -> None:
        async with on_files.agent() as agent:
            error = await agent.refused(tool, **given)
            assert error["code"] == "usage", error
            assert said in error["error"], error

    run(work)


def test_a_tool_that_is_not_there(on_files: Way) -> None:
    async def work() -> None:
        async with on_files.agent() as agent:
            with pytest.raises(Exception, match="no tool 'rm'"):
                await agent.client.call_tool("rm", {})

    run(work)


def test_what_an_editor_does_meanwhile_is_seen(opened: Callable[[str], Way]) -> None:
    way = opened("files")

    async def work() -> None:
        async with way.agent() as agent:
            etag = await agent.etag()
            path = way.files.vault / way.files.TASK
            path.write_text(path.read_text().replace("status: todo", "status: hold"))
            error = await agent.refused("update", id=TASK, set={"status": "done"}, if_match=etag)
            assert (error["code"], error["changes"]) == ("conflict", [])
            assert "by an editor" not in error["message"]  # no record says that it was not loop
            etag = await agent.etag()
            await agent("update", id=TASK, set={"status": "todo"}, if_match=etag)
            etag = await agent.etag()
            path.write_text(path.read_text().replace("status: todo", "status: hold"))
            error = await agent.refused("update", id=TASK, set={"status": "done"}, if_match=etag)
            assert "by an editor, without a record" in error["message"]
            path.write_text(path.read_text().replace("status: hold", "status: blocked"))
            listed = await agent("list", where=["status=blocked"], fields=["status"])
            assert TASK in [one["entity_id"] for one in listed["entities"]]

    run(work)
