"""The routes that remove entities, move them and take changes back; each as in `changing`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response  # noqa: TC002  FastAPI reads the annotations

from loop_cli.errors import UsageError
from loop_cli.operations import clock, delete
from loop_cli.operations.undo import Target
from loop_cli.server import asking, written
from loop_cli.server.asking import How, body_of
from loop_cli.server.reading import get_of_type, type_of
from loop_cli.server.running import run, unconditional
from loop_cli.wire import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.operations.boundary import Operations
    from loop_cli.server.asking import HowToWrite

Cascade = Annotated[bool, Query(description="Delete those that refer to it, too.")]
Orphan = Annotated[bool, Query(description="Leave those that refer to it as they are.")]
Archive = Annotated[bool, Query(description="Move the files to the archive instead.")]
Force = Annotated[bool, Query(description="The older API's word for cascade.")]

router = APIRouter(tags=["entities"])
typed_router = APIRouter(tags=["entities of a type"])
"""The routes under the plural of a type, such as `/api/tasks`, as the older API has them."""


@router.post("/api/entities/{entity_id:path}/move", openapi_extra=body_of(http.MoveBody))
async def move(request: Request, entity_id: str, how: How) -> Response:
    """Bring a task to another project, as `loop move --json`."""
    data = await request.body()
    body, _given = asking.parsed(data, http.MoveBody)
    seen = how.precondition(body, unconditional=unconditional(request))

    def work(loop: Operations) -> Response:
        found = loop.move(
            entity_id,
            body.project,
            precondition=seen,
            path=how.path,
            on_conflict=how.on_conflict,
            dry_run=how.dry_run,
        )
        return written.document(loop, found)

    return await run(request, how, data, work, written.moved_again)


@router.post("/api/entities/{entity_id:path}/rename", openapi_extra=body_of(http.RenameBody))
async def rename(request: Request, entity_id: str, how: How) -> Response:
    """Give an entity's file the name that the schema has for it, or the entity another name, and
    its file with it, as `loop rename --json`."""
    data = await request.body()
    body, _given = asking.parsed(data, http.RenameBody)
    seen = how.precondition(body, unconditional=False)

    def work(loop: Operations) -> Response:
        found = loop.rename(
            entity_id,
            precondition=seen if seen.given else None,
            path=how.path,
            name=body.name,
            dry_run=how.dry_run,
        )
        return written.document(loop, found)

    return await run(request, how, data, work, written.moved_again)


@router.post(
    "/api/entities/{entity_id:path}/undo", openapi_extra=body_of(http.UndoBody, needed=False)
)
async def undo_entity(request: Request, entity_id: str, how: How) -> Response:
    """Put back what an entity's last change found, as `loop undo --json`."""
    body, _given = asking.parsed(await request.body(), http.UndoBody)
    target = Target(entity_id=entity_id, path=how.path)
    return await _undo(request, how, target, body)


@router.post("/api/undo", openapi_extra=body_of(http.UndoBody))
async def undo(request: Request, how: How) -> Response:
    """Put back what a run found, all of it or nothing, as `loop undo --json`."""
    body, _given = asking.parsed(await request.body(), http.UndoBody)
    if (body.run_id is None) != body.last:
        raise UsageError("say what to undo: run_id, or last")
    return await _undo(request, how, Target(given=body.run_id, last=body.last), body)


@router.delete(
    "/api/entities/{entity_id:path}", openapi_extra=body_of(http.DeleteBody, needed=False)
)
async def remove(
    request: Request,
    entity_id: str,
    how: How,
    cascade: Cascade = False,
    orphan: Orphan = False,
    archive: Archive = False,
) -> Response:
    """Delete an entity; its bytes are kept."""
    data = await request.body()
    body, _given = asking.parsed(data, http.DeleteBody)
    asked = _delete_request(
        request, entity_id, how, body, cascade=cascade, orphan=orphan, archive=archive
    )

    def work(loop: Operations) -> Response:
        return written.deleted(loop, loop.delete(asked, dry_run=how.dry_run))

    return await run(request, how, data, work, written.deleted_again)


@typed_router.delete(
    "/api/{collection:plural}/{entity_id:path}",
    openapi_extra=body_of(http.DeleteBody, needed=False),
)
async def remove_of_type(
    request: Request,
    collection: str,
    entity_id: str,
    how: How,
    cascade: Cascade = False,
    orphan: Orphan = False,
    archive: Archive = False,
    force: Force = False,
) -> Response:
    """Delete an entity of a type; its bytes are kept."""
    data = await request.body()
    body, _given = asking.parsed(data, http.DeleteBody)
    asked = _delete_request(
        request, entity_id, how, body, cascade=cascade or force, orphan=orphan, archive=archive
    )

    def work(loop: Operations) -> Response:
        get_of_type(loop, entity_id, type_of(loop, collection), path=how.path)
        return written.deleted(loop, loop.delete(asked, dry_run=how.dry_run))

    return await run(request, how, data, work, written.deleted_again)


def _delete_request(
    request: Request,
    entity_id: str,
    how: HowToWrite,
    body: http.DeleteBody,
    *,
    cascade: bool,
    orphan: bool,
    archive: bool,
) -> delete.Request:
    """What is to go. Raises `UsageError`."""
    if cascade and orphan:
        raise UsageError("cascade and orphan can't go together")
    return delete.Request(
        entity_id=entity_id,
        now=clock.now(),
        precondition=how.precondition(body, unconditional=unconditional(request)),
        path=how.path,
        cascade=cascade,
        orphan=orphan,
        archive=archive,
    )


async def _undo(request: Request, how: HowToWrite, target: Target, body: http.UndoBody) -> Response:
    several = body.if_match if isinstance(body.if_match, dict) else {}
    seen = how.precondition(body, unconditional=False)
    target = target.replace(seen=seen if seen.given else None, etags=several)

    def work(loop: Operations) -> Response:
        found = loop.undo(target, on_conflict=how.on_conflict, dry_run=how.dry_run)
        return written.document(loop, found)

    return await run(request, how, await request.body(), work, written.undone_again)
