"""The server of the protocol: lists the tools and runs them, by the official SDK.

Work is done in threads. A door opens the operations as whoever calls.
"""

from __future__ import annotations

import logging
import os
from abc import ABC, abstractmethod
from functools import cache, partial

import anyio.to_thread
import mcp_types as types
from jsonschema import Draft202012Validator
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from loop_cli import __version__
from loop_cli.core.names import nearest
from loop_cli.errors import LoopError, UsageError
from loop_cli.mcp import answers, changing, deciding, reading, resources
from loop_cli.mcp.tools import INSTRUCTIONS, TOOLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mcp.server.context import ServerRequestContext

    from loop_cli.operations.boundary import Operations

    Context = ServerRequestContext[Any, Any]
    Given = dict[str, Any]
    Answered = types.CallToolResult | types.InputRequiredResult

_RUN: dict[str, Callable[[Operations, Given], Given]] = {
    "search": reading.search,
    "list": reading.list_entities,
    "get": reading.get,
    "create": changing.create_entity,
    "history": reading.history,
    "undo": changing.undo,
    "check": reading.check,
    "schema": reading.schema,
}  # and update, which may have to ask
_LOG = logging.getLogger("loop.mcp")
_LONGEST_NAME = 100  # of a client


class Door(ABC):
    """How the tools get to the vault: on files, over HTTP, or within a server."""

    @abstractmethod
    def open(self, request: Any, agent: str | None) -> Operations:
        """The operations as the caller of a request, None for one without HTTP; `agent` is what
        the client says of itself. Raises `LoopError`."""

    @abstractmethod
    def check_writer(self, request: Any) -> None:
        """Raises `LoopError` where the caller may only read."""


def create_server(door: Door) -> Server[Any]:
    """The server over what a door opens."""
    calls = _Calls(door)
    return Server(
        "loop",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=_list_tools,
        on_call_tool=calls.call_tool,
        on_list_resources=resources.list_resources,
        on_list_resource_templates=resources.list_templates,
        on_read_resource=calls.read_resource,
    )


@cache
def listed() -> tuple[types.Tool, ...]:
    """The tools as the protocol has them."""
    return tuple(
        types.Tool(
            name=name,
            description=tool.about,
            input_schema=tool.takes,
            output_schema=tool.gives,
            annotations=types.ToolAnnotations(
                read_only_hint=not tool.writes,
                destructive_hint=tool.writes and not tool.adds,
                idempotent_hint=not tool.adds,
                open_world_hint=False,
            ),
        )
        for name, tool in TOOLS.items()
    )


async def _list_tools(
    _context: Context, _params: types.PaginatedRequestParams | None
) -> types.ListToolsResult:
    return types.ListToolsResult(tools=list(listed()))


class _Calls:
    """Runs the tools, and reads resources."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def call_tool(self, context: Context, params: types.CallToolRequestParams) -> Answered:
        """Run a tool. What goes wrong is its result, so that the agent can correct itself."""
        tool = TOOLS.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name!r}")
        given = params.arguments or {}
        try:
            _check_arguments(params.name, given)
            if tool.writes:
                self._door.check_writer(context.request)
            loop = await self._open(context)
            if params.name == "update":
                found = await deciding.update(context, params, partial(changing.update, loop))
            else:
                found = await anyio.to_thread.run_sync(partial(_RUN[params.name], loop, given))
        except MCPError:
            raise
        except Exception as error:
            if not isinstance(error, LoopError | OSError):
                _LOG.error("a defect in %s: %r", params.name, error, exc_info=_shows_defects())
            return _result(answers.error(error, writes=tool.writes), is_error=True)
        return found if isinstance(found, types.InputRequiredResult) else _result(found)

    async def _open(self, context: Context) -> Operations:
        open_operations = partial(self._door.open, context.request, _name_of(context))
        return await anyio.to_thread.run_sync(open_operations)

    async def read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """The entity that an address names, as JSON with its body."""
        entity_id = resources.entity_of(str(params.uri))
        try:
            loop = await self._open(context)
            found = await anyio.to_thread.run_sync(partial(loop.get, entity_id))
        except LoopError as error:
            code = resources.code_of(error, context.protocol_version)
            raise MCPError(code, error.message, {"uri": str(params.uri)}) from None
        return resources.contents(str(params.uri), found)


def _shows_defects() -> bool:
    return bool(os.environ.get("LOOP_DEBUG"))


def _result(answer: Given, *, is_error: bool = False) -> types.CallToolResult:
    """A result as data, and as the same text for clients that take no data."""
    text = answers.text_of(answer)
    return types.CallToolResult(
        content=[types.TextContent(text=text)],
        structured_content=answers.plain(text),
        is_error=is_error,
    )


def _check_arguments(name: str, given: Given) -> None:
    """Raises `UsageError` for arguments that the tool does not take."""
    takes = TOOLS[name].takes
    for key in given:
        if key not in takes["properties"]:
            close = nearest(key, takes["properties"], count=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            known = ", ".join(takes["properties"])
            raise UsageError(f"{name} has no argument {key!r}{meant}", hint=f"it takes {known}")
    wrong = [*_validator(name).iter_errors(given)]
    if wrong:
        said = [f"{'.'.join(map(str, one.absolute_path)) or name}: {one.message}" for one in wrong]
        raise UsageError("; ".join(said))


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(TOOLS[name].takes)


def _name_of(context: Context) -> str | None:
    """What the client says that it is."""
    params = context.session.client_params
    if params is None:
        return None
    said = " ".join((params.client_info.name, params.client_info.version)).strip()
    plain = "".join(one if one.isprintable() else " " for one in said)
    return plain[:_LONGEST_NAME] or None
