"""Entities as resources: `loop://entity/{id}`."""

from __future__ import annotations

from urllib.parse import unquote

import mcp_types as types
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from loop_cli.errors import EntityNotFound
from loop_cli.lean import jsontext
from loop_cli.lean.jsontext import as_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mcp.server.context import ServerRequestContext

    from loop_cli.core.entity import Entity
    from loop_cli.errors import LoopError

    Context = ServerRequestContext[Any, Any]

_START = "loop://entity/"
_MEDIA_TYPE = "application/json"
_NOT_FOUND = -32002  # until the protocol of 2026-07-28, which has `INVALID_PARAMS` for it


async def list_resources(
    _context: Context, _params: types.PaginatedRequestParams | None
) -> types.ListResourcesResult:
    """None by themselves: a vault may have a million entities. The tool `list` lists them."""
    return types.ListResourcesResult(resources=[])


async def list_templates(
    _context: Context, _params: types.PaginatedRequestParams | None
) -> types.ListResourceTemplatesResult:
    """The form of an entity's address."""
    one = types.ResourceTemplate(
        name="entity",
        uri_template=_START + "{id}",
        description="An entity: revision, fields and body, as JSON",
        mime_type=_MEDIA_TYPE,
    )
    return types.ListResourceTemplatesResult(resource_templates=[one])


def entity_of(uri: str) -> str:
    """The id in an address. Raises `MCPError`."""
    entity_id = unquote(uri.removeprefix(_START)) if uri.startswith(_START) else ""
    if not entity_id:
        raise MCPError(types.INVALID_PARAMS, f"resources are {_START}ID, not {uri[:200]}")
    return entity_id


def contents(uri: str, entity: Entity) -> types.ReadResourceResult:
    """An entity as what an address has."""
    text = jsontext.harmless(as_json(entity.as_dict()))
    one = types.TextResourceContents(uri=uri, mime_type=_MEDIA_TYPE, text=text)
    return types.ReadResourceResult(contents=[one])


def code_of(error: LoopError, protocol_version: str) -> int:
    """The code of a failure to read one."""
    if not isinstance(error, EntityNotFound):
        return types.INTERNAL_ERROR
    return types.INVALID_PARAMS if protocol_version in MODERN_PROTOCOL_VERSIONS else _NOT_FOUND
