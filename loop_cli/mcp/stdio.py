"""The server on standard input and output, for one client that started it."""

from __future__ import annotations

import anyio
from mcp.server.stdio import stdio_server

from loop_cli.mcp.server import create_server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.mcp.server import Door


def run(door: Door) -> None:
    """Serve until standard input ends."""
    anyio.run(_run, door)


async def _run(door: Door) -> None:
    server = create_server(door)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
