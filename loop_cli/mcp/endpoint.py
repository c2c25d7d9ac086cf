"""The server at an address of a web server: an ASGI application that begins with its first request.

Who calls and from where was checked before. A session belongs to the token that began it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from starlette.types import Receive, Scope, Send

    from loop_cli.mcp.server import Door


class Endpoint:
    """Serves what a door opens; `owner` is the name of the token that a request came with."""

    def __init__(self, door: Callable[[], Door], owner: Callable[[Scope], str]) -> None:
        self._door = door
        self._owner = owner
        self._starting: asyncio.Task[StreamableHTTPSessionManager] | None = None
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
        try:
            manager = await asyncio.shield(self._starting)
        except Exception:
            self._starting = None  # the next request tries again
            raise
        scope["user"] = _user(self._owner(scope))
        await manager.handle_request(scope, receive, send)

    async def _start(self) -> StreamableHTTPSessionManager:
        """Load the SDK, which takes a while, and begin."""
        manager = await asyncio.to_thread(_manager, self._door)
        began = asyncio.Event()

        async def keep_running() -> None:
            with suppress(asyncio.CancelledError):
                async with manager.run():
                    began.set()
                    await asyncio.Event().wait()

        self._running = asyncio.create_task(keep_running())
        await began.wait()
        return manager

    async def close(self) -> None:
        """End all sessions."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running


def _manager(door: Callable[[], Door]) -> StreamableHTTPSessionManager:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from loop_cli.mcp.server import create_server

    return StreamableHTTPSessionManager(create_server(door()), max_sessions=1_000)


def _user(name: str) -> object:
    """Whom the SDK compares with who began a session."""
    from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
    from mcp.server.auth.provider import AccessToken

    return AuthenticatedUser(AccessToken(token="", client_id=name, scopes=[]))
