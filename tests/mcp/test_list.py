"""The list of tools: small, exact, honest. Every conversation pays for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")

from jsonschema import Draft202012Validator

from loop_cli.cli import hints
from loop_cli.mcp import server, words
from loop_cli.mcp.tools import INSTRUCTIONS, TOOLS
from loop_cli.operations import bulk
from tests.mcp.conftest import Way, run

NAMES = ["search", "list", "get", "create", "update", "history", "undo", "check", "schema"]
WRITE = {"create", "update", "undo"}
# Measured with the tokenizers o200k and cl100k: 2,100 and 2,000 tokens for 8,600 characters, so
# four characters a token. The goal is 3,000; a character may never cost more than a third of one.
MOST_CHARACTERS = 9_000


def test_they_are_few() -> None:
    assert [one.name for one in server.listed()] == NAMES


def test_the_list_costs_less_than_3000_tokens() -> None:
    shown = [one.model_dump(by_alias=True, exclude_none=True) for one in server.listed()]
    text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))

    assert len(text) <= MOST_CHARACTERS
    assert len(INSTRUCTIONS) <= 500


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_schemas_and_take_nothing_unknown(name: str) -> None:
    tool = TOOLS[name]
    for one in (tool.takes, tool.gives):
        Draft202012Validator.check_schema(one)
    assert tool.takes["additionalProperties"] is False
    assert tool.takes["type"] == tool.gives["type"] == "object"
    result, error = tool.gives["anyOf"]
    assert set(result["required"]) == set(result["properties"])
    assert error == {"required": ["error", "code"]}


def test_annotations_say_what_a_tool_does() -> None:
    said = {one.name: one.annotations for one in server.listed()}
    for name, one in said.items():
        assert one is not None
        assert one.read_only_hint is (name not in WRITE)
        assert one.destructive_hint is (name in WRITE - {"create"})
        assert one.open_world_hint is False


def test_there_is_no_force() -> None:
    named = {key for tool in TOOLS.values() for key in tool.takes["properties"]}
    assert not {one for one in named if "force" in one or "uncondition" in one}


def test_an_update_takes_the_keys_of_a_line_of_apply() -> None:
    more = {"on_conflict", "dry_run"}
    assert set(TOOLS["update"].takes["properties"]) == {*bulk.KEYS, *more}


def test_every_action_has_words() -> None:
    assert set(words._WORDS) == set(hints._WORDS)


def test_results_are_as_their_schemas_say(on_files: Way) -> None:
    given: dict[str, dict[str, Any]] = {
        "search": {"text": "규칙"},
        "list": {},
        "get": {"id": "tsk-019-14"},
        "create": {"type": "Task", "name": "x - y", "dry_run": True,
                   "fields": {"assignee": "개발팀", "project_id": "prj-019"}},
        "update": {"id": "tsk-019-14", "set": {"status": "done"}, "if": ["status=todo"]},
        "history": {"id": "tsk-019-14"},
        "undo": {"id": "tsk-019-14", "dry_run": True},
        "check": {},
        "schema": {"type": "Task"},
    }  # fmt: skip

    async def work() -> None:
        async with on_files.agent() as agent:
            for name in NAMES:
                found = await agent(name, **given[name])
                Draft202012Validator(TOOLS[name].gives["anyOf"][0]).validate(found)
                error = await agent.refused(name, nope=1)
                Draft202012Validator(TOOLS[name].gives).validate(error)

    run(work)


def test_answers_are_small_by_default(on_files: Way) -> None:
    async def work() -> None:
        async with on_files.agent() as agent:
            listed = await agent("list")
            assert len(listed["entities"]) <= 20
            assert len(json.dumps(listed["entities"][0], ensure_ascii=False)) < 300
            assert len(json.dumps(await agent("schema"), ensure_ascii=False)) < 2_500

    run(work)


def test_a_conflict_never_leads_to_force(on_files: Way) -> None:
    async def work() -> None:
        async with on_files.agent() as agent:
            error = await agent.refused(
                "update", id="tsk-019-14", set={"status": "done"}, if_match="1" * 16
            )
            assert "force" not in json.dumps(error)

    run(work)
