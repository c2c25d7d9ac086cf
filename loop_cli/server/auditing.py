"""The routes that read the audit log."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response  # noqa: TC002  FastAPI reads the annotations

from loop_cli.operations.log import LogQuery
from loop_cli.server import asking, documents
from loop_cli.server.answers import json_response, with_warnings
from loop_cli.server.service import service_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.operations.boundary import Operations

router = APIRouter(tags=["audit"])

Id = Annotated[str | None, Query(description="Of this entity.")]
Run = Annotated[str | None, Query(description="Of this run.")]
Actor = Annotated[str | None, Query(description="By whom: user:NAME, api:NAME, or the name.")]
Source = Annotated[
    Literal["ui", "api", "script", "cli"] | None, Query(description="Through which door.")
]
Action = Annotated[
    Literal["create", "update", "delete", "move", "approve", "reject"] | None,
    Query(description="What was done."),
]
Since = Annotated[str | None, Query(description="From then on; a day begins where the server is.")]
Limit = Annotated[int, Query(ge=0, le=100_000, description="At most so many; 0 for all.")]


@router.get("/api/audit")
async def audit(
    request: Request,
    entity_id: Id = None,
    run_id: Run = None,
    actor: Actor = None,
    source: Source = None,
    action: Action = None,
    since: Since = None,
    limit: Limit = 100,
) -> Response:
    """The records, newest first: each line of the log, with `user` and `details` besides."""
    query = LogQuery(
        entity_id=entity_id,
        run_id=run_id,
        actor=actor,
        source=source,
        action=action,
        since=asking.instant_of(since),
        limit=limit or None,
    )

    def work(loop: Operations) -> dict[str, Any]:
        logs = _records(loop, query)
        document = {"logs": logs, "total": len(logs)}
        return with_warnings(document, loop.take_warnings())  # type: ignore[no-any-return]

    return json_response(await service_of(request).read(request, work))


@router.get("/api/audit/entity/{entity_id:path}")
async def audit_of_entity(request: Request, entity_id: str, limit: Limit = 0) -> Response:
    """The records of one entity, newest first; also of one that is gone."""
    query = LogQuery(entity_id=entity_id, limit=limit or None)

    def work(loop: Operations) -> dict[str, Any]:
        found = _records(loop, query)
        document = {"entity_id": entity_id, "history": found, "total_actions": len(found)}
        return with_warnings(document, loop.take_warnings())  # type: ignore[no-any-return]

    return json_response(await service_of(request).read(request, work))


def _records(loop: Operations, query: LogQuery) -> list[dict[str, Any]]:
    return [documents.of_record(one) for one in loop.log(query)]
