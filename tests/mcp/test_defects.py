"""A defect of ours is an error of the call, without a traceback, and the server goes on."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")

from mcp.client import Client

from loop_cli.mcp.server import Door, create_server
from tests.mcp.conftest import TASK, Agent, run


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
