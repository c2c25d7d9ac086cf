"""A defect of ours is an error of the call, without a traceback, and the server goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp.client import Client

from loop_cli.cli import agents, context
from loop_cli.mcp.server import Door, create_server
from loop_cli.mcp.tools import TOOLS
from tests.mcp.conftest import TASK, Agent, run

if TYPE_CHECKING:
    from pathlib import Path

FIXTURES = [HealthCheck.function_scoped_fixture]
words = st.text(max_size=6) | st.sampled_from(
    [TASK, "*", "Task", "status", "status=todo", "due<+1w"]
)
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)


class BrokenDoor(Door):
    """A door behind which everything fails in a way that nobody expected."""

    def open(self, request: Any, agent: str | None) -> Any:
        raise KeyError("/a/path/of/ours")

    def check_writer(self, request: Any) -> None:
        return


@pytest.mark.parametrize("tool", ["get", "update"])
def test_it_is_said_without_what_is_inside(tool: str) -> None:
    async def work() -> None:
        async with Client(create_server(BrokenDoor())) as client:
            agent = Agent(client)
            for _again in range(2):
                error = await agent.refused(tool, id=TASK)
                assert error["code"] == "internal"
                assert error["error"] == "internal error: KeyError"
                assert error.get("nothing_written", False) is (tool == "update")

    run(work)


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema of an argument admits, and sometimes some that it does not."""
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "string": words,
        "integer": st.integers(-1, 300),
        "boolean": st.booleans(),
        "array": st.lists(words, max_size=2),
        "object": st.dictionaries(words, odd, max_size=2),
    }
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    said = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of(*[kinds[one] for one in said], *[kinds[one] for one in said], odd)


@pytest.mark.parametrize("tool", TOOLS)
@settings(max_examples=40, suppress_health_check=FIXTURES, deadline=None)
@given(data=st.data())
def test_strange_arguments_are_no_defect(
    sample_vault: Path, tmp_path: Path, tool: str, data: st.DataObject
) -> None:
    properties = TOOLS[tool].takes["properties"]
    calls = st.fixed_dictionaries(
        {}, optional={key: fitting(one) for key, one in properties.items()}
    )
    asked = data.draw(calls)
    if "dry_run" in properties:
        asked["dry_run"] = True

    async def work(door: Door) -> None:
        async with Client(create_server(door)) as client:
            done = await client.call_tool(tool, asked)
            assert done.structured_content.get("code") != "internal", done.structured_content

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        patch.setenv("LOOP_VAULT", str(sample_vault))
        door = agents.FilesDoor(context.open_settings({}))
        run(lambda: work(door))
        door.close()
