"""The routes about an entity's file and its place among the others: its bytes, what leads to it,
and a text that replaces one that can't be read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from loop_cli.core.changes import Edits
from loop_cli.core.commits import Mend, UpdateResult
from loop_cli.errors import InvalidFile, NoEntity
from loop_cli.lean.basics import sha256_hex
from loop_cli.server import asking, written
from loop_cli.server.answers import is_known, json_response, quoted, with_warnings
from loop_cli.server.asking import How, body_of
from loop_cli.server.running import run
from loop_cli.server.service import service_of
from loop_cli.wire import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.operations.boundary import Operations

router = APIRouter(tags=["entities"])

FilePath = Annotated[str | None, Query(description="Chooses where several files have the id.")]
Broken = Annotated[bool, Query(description="Also of a file that can't be read as an entity.")]


@router.get("/api/entities/{entity_id:path}/raw")
async def raw(
    request: Request, entity_id: str, path: FilePath = None, broken: Broken = False
) -> Response:
    """The file of an entity, byte for byte, as `loop get --raw`."""

    def work(loop: Operations) -> tuple[bytes, str]:
        try:
            found = loop.get(entity_id, path=path)
        except InvalidFile as error:
            if not broken or error.data is None or isinstance(error, NoEntity):
                raise
            return error.data, sha256_hex(error.data)[:16]
        return found.raw, found.revision.etag

    data, etag = await service_of(request).read(request, work)
    headers = {"ETag": quoted(etag)}
    if is_known(etag, request.headers):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="text/markdown; charset=utf-8", headers=headers)


@router.get("/api/entities/{entity_id:path}/backlinks")
async def backlinks(request: Request, entity_id: str, path: FilePath = None) -> Response:
    """The fields that refer to an entity and the links to it, as `loop backlinks --json`."""

    def work(loop: Operations) -> Any:
        found = loop.backlinks(entity_id, path=path)
        return with_warnings(found.as_dict(), found.entity.warnings, loop.take_warnings())

    return json_response(await service_of(request).read(request, work))


@router.post("/api/entities/{entity_id:path}/mend", openapi_extra=body_of(http.MendBody))
async def mend(request: Request, entity_id: str, how: How) -> Response:
    """Put a whole text in the place of a file that can't be read as an entity. The precondition is
    the ETag that `raw?broken=true` gave; nothing does without."""
    data = await request.body()
    body, _given = asking.parsed(data, http.MendBody)
    seen = how.precondition(body, unconditional=False)
    change = Mend(
        entity_id=entity_id,
        path=how.path,
        edits=Edits(),
        precondition=seen,
        data=body.text.encode("utf-8", "surrogatepass"),
    )

    def work(loop: Operations) -> Response:
        done = loop.mend(change, dry_run=how.dry_run)
        result = UpdateResult(
            entity=done.after,
            before=done.before,
            changed=done.changed,
            dry_run=how.dry_run,
            run_id=loop.run_id,
            diff=done.diff,
            warnings=done.warnings,
        )
        return written.document(loop, result)

    def again(loop: Operations, records: list[AuditRecord]) -> Response:
        """What is there now: a record of this tells nothing but the etag."""
        told = {"changed": True, "run_id": records[-1].data["run_id"]}
        now = loop.get(entity_id, path=how.path)
        return json_response({**now.as_dict(), **told, "modified_fields": [], "diff": {}})

    return await run(request, how, data, work, again)
