"""The routes that tell what the vault is made of, and what is wrong with it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response  # noqa: TC002  FastAPI reads the annotations

from loop_cli.core import describe
from loop_cli.core.check.report import Scope
from loop_cli.core.names import nearest
from loop_cli.core.schema import portable
from loop_cli.server.answers import HttpError, json_response, with_warnings
from loop_cli.server.service import service_of
from loop_cli.server.spelling import told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.schema.rules import Rules
    from loop_cli.operations.boundary import Operations

router = APIRouter(tags=["vault"])

Names = Annotated[list[str], Query(description="Only these ids, aliases or types.")]

# Sections of the schema that the older API shows under the same or another name.
_SECTIONS = (
    "task", "priority", "project", "entity_types", "entity_order", "condition_ids",
    "program_types", "hypothesis", "impact", "risk_level", "status_mapping", "id_patterns",
    "paths", "required_fields", "known_fields", "northstar",
)  # fmt: skip


@router.get("/api/schema")
async def schema(request: Request) -> Response:
    """The vault's types as JSON Schema, as `loop schema --json`."""

    def work(loop: Operations) -> Any:
        found = describe.json_schema_of_all(_types(loop.rules), loop.rules)
        own = found.get("x-loop", {})
        return {**found, "x-loop": {**own, "vault": portable.packed(loop.schema, loop.names)}}

    return json_response(await service_of(request).read(request, work))


@router.get("/api/schema/{entity_type}")
async def schema_of_type(request: Request, entity_type: str) -> Response:
    """One type as JSON Schema, as `loop schema TYPE --json`."""

    def work(loop: Operations) -> Any:
        rules = loop.rules
        kind, types = rules.spelling(entity_type), _types(rules)
        if kind not in types:
            close = nearest(entity_type, types, count=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            message = f"{entity_type!r} is not a type of the schema{meant}"
            hint = "types: " + ", ".join(types)
            raise HttpError(404, "not_found", message, hint=hint, nearest=close)
        return describe.json_schema(describe.describe(kind, rules), rules)

    return json_response(await service_of(request).read(request, work))


@router.get("/api/constants")
async def constants(request: Request) -> Response:
    """The sections of the schema that the older API has, as the file says them."""

    def work(loop: Operations) -> dict[str, Any]:
        sections = loop.schema.sections
        found = {name: sections[name] for name in _SECTIONS if name in sections}
        return {"entity_types": list(loop.schema.types), **found}

    return json_response(await service_of(request).read(request, work))


@router.get("/api/members")
async def members(request: Request) -> Response:
    """Who is listed as a member of the vault."""

    def work(loop: Operations) -> dict[str, Any]:
        return {name: _member(name, said) for name, said in loop.members().items()}

    return json_response({"members": await service_of(request).read(request, work)})


def _member(name: str, said: Any) -> dict[str, Any]:
    """A member in the older API's shape; a file may just say what somebody is called."""
    found = said if isinstance(said, dict) else {"name": said}
    return {"id": name, "name": name, "aliases": [], "active": True, **found}


@router.get("/api/check")
async def check(request: Request, name: Names = []) -> Response:  # noqa: B006
    """What is wrong with the entities, as `loop check --json`."""

    def work(loop: Operations) -> Any:
        found = loop.check(Scope(names=tuple(name), paths=()))
        return with_warnings(told(found.as_dict()), loop.take_warnings())

    return json_response(await service_of(request).read(request, work))


def _types(rules: Rules) -> tuple[str, ...]:
    """The types of the schema, and those that it has fields of without listing them."""
    others = (name for name in rules.schema.known if name != "all")
    return tuple(dict.fromkeys((*rules.schema.types, *others)))
