"""The server on standard input and output, for one client that started it."""

from __future__ import annotations

import anyio
from mcp.server.stdio import stdio_server

from loop_cli.errors import StorageError
from loop_cli.mcp.server import create_server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.mcp.server import Door


def run(door: Door) -> None:
    """Serve until standard input ends, or nobody reads standard output any more. Raises
    `StorageError` where one of them can't be used."""
    try:
        anyio.run(_run, door)
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        if isinstance(first, BrokenPipeError):
            return
        if isinstance(first, OSError):
            message = f"standard input or output can't be used: {first.strerror}"
            raise StorageError(message) from None
        raise first from None


async def _run(door: Door) -> None:
    server = create_server(door)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
