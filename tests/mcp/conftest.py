"""Agents: the SDK's own client, through each door and in both eras of the protocol. Skipped where
the extra `mcp` is not installed."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import pytest

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")

import httpx2
import mcp_types as types
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.cli.conftest import REPOSITORY, Loop, new_loop
from tests.remote.conftest import Served, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

TASK = "tsk-019-14"
ERAS = ("legacy", "2026-07-28")
DOORS = ("files", "server", "mcp of serve")
ME = types.Implementation(name="test agent", version="7")
PATIENCE = 90


@dataclass
class Agent:
    """An agent that calls tools."""

    client: Client

    async def __call__(self, tool: str, **given: Any) -> dict[str, Any]:
        """The result of a tool that must not fail."""
        done = await self.client.call_tool(tool, _named(given))
        assert not done.is_error, done.structured_content
        found: dict[str, Any] = done.structured_content
        return found

    async def refused(self, tool: str, **given: Any) -> dict[str, Any]:
        """The error of a tool that must fail."""
        done = await self.client.call_tool(tool, _named(given))
        assert done.is_error, done.structured_content
        found: dict[str, Any] = done.structured_content
        return found

    async def etag(self, entity_id: str = TASK) -> str:
        found = await self("get", id=entity_id, fields=[])
        return str(found["etag"])


def _named(given: dict[str, Any]) -> dict[str, Any]:
    """Arguments whose names are words of Python end in an underscore here."""
    return {name.rstrip("_"): value for name, value in given.items()}


@dataclass
class Way:
    """A way to a vault: through a door. `files` works on the files beside it."""

    door: str
    files: Loop
    served: Served | None = None
    token: str | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def transport(self) -> Any:
        if self.door != "mcp of serve":
            server = StdioServerParameters(
                command=sys.executable,
                args=["-m", "loop_cli", "mcp"],
                env={**self.environment, "PYTHONPATH": str(REPOSITORY)},
            )
            return stdio_client(server)
        assert self.served is not None
        return over_http(f"{self.served.url}/mcp", self.token)

    @asynccontextmanager
    async def agent(self, era: str = "auto", **more: Any) -> AsyncIterator[Agent]:
        """An agent that is connected."""
        client = Client(self.transport(), mode=era, client_info=ME, **more)
        async with client:
            yield Agent(client)


@asynccontextmanager
async def over_http(url: str, token: str | None, **headers: str) -> AsyncIterator[Any]:
    """The streams of the SDK's client to an address."""
    sent = {**headers, **({} if token is None else {"Authorization": f"Bearer {token}"})}
    async with AsyncExitStack() as opened:
        http = httpx2.AsyncClient(headers=sent, timeout=PATIENCE)
        await opened.enter_async_context(http)
        yield await opened.enter_async_context(streamable_http_client(url, http_client=http))


def run(work: Callable[[], Awaitable[None]], *, seconds: float = PATIENCE) -> None:
    """Run a test's coroutine, which must come to an end."""

    async def bounded() -> None:
        with anyio.fail_after(seconds):
            await work()

    try:
        anyio.run(bounded)
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], Way]]:
    """Opens ways to fresh copies of the sample vault."""
    processes = []

    def open_way(door: str) -> Way:
        if door == "files":
            files = new_loop(tmp_path)
            return Way(door, files, environment=files.environment)
        served = serve(tmp_path)
        processes.append(served.process)
        token = served.loop.extra["LOOP_API_TOKEN"]
        return Way(door, served.files, served, token, served.loop.environment)

    yield open_way
    for one in processes:
        one.kill()
        one.communicate()


@pytest.fixture(params=DOORS)
def way(request: pytest.FixtureRequest, opened: Callable[[str], Way]) -> Way:
    """Each door in turn."""
    return opened(request.param)


@pytest.fixture
def on_files(opened: Callable[[str], Way]) -> Way:
    """The shortest way."""
    return opened("files")
