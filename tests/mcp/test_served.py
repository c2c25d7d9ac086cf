"""`/mcp` of `serve`: its tokens and roles, its checks of Host and Origin, sessions of one's own."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from mcp.client import Client

from tests.mcp.conftest import ME, TASK, Agent, over_http, run
from tests.remote.conftest import serve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.mcp.conftest import Way

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "x", "version": "1"},
    },
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def way(opened: Callable[[str], Way]) -> Way:
    return opened("mcp of serve")


def hello(way: Way, **headers: str) -> httpx2.Response:
    assert way.served is not None
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.post(
        f"{way.served.url}/mcp",
        json=HELLO,
        headers={**ACCEPT, "Authorization": f"Bearer {way.token}", **given},
        timeout=60,
    )


def test_who_is_not_known_is_not_served(way: Way) -> None:
    assert hello(way).status_code == 200
    assert hello(way, Authorization="Bearer nobody").status_code == 401
    assert hello(way, Host="evil.example").status_code == 421
    assert hello(way, Origin="https://evil.example").status_code == 403
    assert way.served is not None
    assert hello(way, Origin=way.served.url).status_code == 200


def test_a_site_that_is_listed_may_speak(tmp_path: Path) -> None:
    served = serve(tmp_path, "--cors-origin", "https://app.example")
    try:
        token = served.loop.extra["LOOP_API_TOKEN"]
        headers = {**ACCEPT, "Authorization": f"Bearer {token}", "Origin": "https://app.example"}
        answer = httpx2.post(f"{served.url}/mcp", json=HELLO, headers=headers, timeout=60)
        assert answer.status_code == 200
        assert "mcp-session-id" in answer.headers["access-control-expose-headers"].lower()
    finally:
        served.process.kill()
        served.process.communicate()


def test_a_session_is_only_for_who_began_it(way: Way) -> None:
    session = {"Mcp-Session-Id": hello(way).headers["mcp-session-id"]}
    actor = ("--actor", "api:other", "--source", "api", "--role", "write")
    other = way.files("token", "add", "other", *actor).out.strip()
    assert way.served is not None
    ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}

    def asked_by(token: str) -> int:
        headers = {**ACCEPT, **session, "Authorization": f"Bearer {token}"}
        return httpx2.post(
            f"{way.served.url}/mcp",  # type: ignore[union-attr]
            json=ping,
            headers=headers,
            timeout=60,
        ).status_code

    assert way.token is not None
    assert (asked_by(way.token), asked_by(other)) == (200, 404)


@pytest.mark.parametrize(
    ("options", "role", "said"),
    [((), "read", "may only read"), (("--read-only",), "write", "only reads")],
)
def test_who_may_only_read_reads(
    tmp_path: Path, options: tuple[str, ...], role: str, said: str
) -> None:
    served = serve(tmp_path, *options, role=role)
    token = served.loop.extra["LOOP_API_TOKEN"]

    async def work() -> None:
        async with Client(over_http(f"{served.url}/mcp", token)) as client:
            agent = Agent(client)
            etag = await agent.etag()
            for tool, given in (
                ("update", {"id": TASK, "set": {"status": "done"}, "if_match": etag}),
                ("create", {"type": "Task"}),
                ("undo", {"id": TASK}),
            ):
                error = await agent.refused(tool, **given)
                assert (error["code"], error["nothing_written"]) == ("forbidden", True)
                assert said in error["error"]

    try:
        run(work)
    finally:
        served.process.kill()
        served.process.communicate()
    assert served.files.records == []


def test_no_agent_does_without_a_precondition_where_others_may(tmp_path: Path) -> None:
    served = serve(tmp_path, "--allow-unconditional")
    token = served.loop.extra["LOOP_API_TOKEN"]
    change: dict[str, Any] = {"id": TASK, "set": {"status": "done"}}

    async def work() -> None:
        async with Client(over_http(f"{served.url}/mcp", token), client_info=ME) as client:
            error = await Agent(client).refused("update", **change)
            assert error["code"] == "precondition_required"

    try:
        run(work)
    finally:
        served.process.kill()
        served.process.communicate()


def test_the_server_ends_while_agents_are_connected(way: Way) -> None:
    async def work() -> None:
        assert way.served is not None
        async with way.agent("legacy") as agent:
            await agent("get", id=TASK)
            way.served.process.send_signal(signal.SIGTERM)
            assert way.served.process.wait(20) == 0

    try:
        run(work)
    except (OSError, httpx2.HTTPError, RuntimeError):  # the client's own end, without a server
        assert way.served is not None
        assert way.served.process.poll() == 0
