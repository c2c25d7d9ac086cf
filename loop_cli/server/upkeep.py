"""The routes about the vault as a whole: the overview, its schema, all names of files, what is
kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response  # noqa: TC002  FastAPI reads the annotations

from loop_cli.core import timestamps
from loop_cli.core.upkeep import AllowedField, Kept
from loop_cli.errors import LoopError, UsageError
from loop_cli.operations import clock
from loop_cli.server import asking, written
from loop_cli.server.answers import HttpError, json_response, with_warnings
from loop_cli.server.asking import How, body_of
from loop_cli.server.running import run
from loop_cli.server.service import key_of, service_of
from loop_cli.wire import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.operations.boundary import Operations

router = APIRouter(tags=["vault"])

_NO_ENTITY = "this changes no entity"
_DAY = 86_400 * timestamps.SECOND
Today = Annotated[str | None, Query(description="The day it is; the server's by default.")]
Since = Annotated[str | None, Query(description="From this time on; yesterday by default.")]
OfEntity = Annotated[str | None, Query(description="Of this entity.")]
Before = Annotated[str | None, Query(description="Kept before this time.")]


@router.get("/api/overview")
async def overview(request: Request, today: Today = None, since: Since = None) -> Response:
    """How many entities there are, what is overdue and what changed, as `loop --json`."""
    day = asking.instant_of(today)
    day = clock.today() if day is None else day
    begin = asking.instant_of(since)
    begin = day - _DAY if begin is None else begin

    def work(loop: Operations) -> Any:
        found = loop.overview(today=day, since=begin)
        # Where the vault lies on the server's disk is nobody's business.
        document = {**found.as_dict(), "vault": str(request.base_url).rstrip("/")}
        return with_warnings(document, loop.take_warnings())

    return json_response(await service_of(request).read(request, work))


@router.post("/api/rename")
async def rename_all(request: Request, how: How) -> Response:
    """Give all files the names that the schema has for them, as `loop rename --all --json`."""
    asking.refuse_precondition(request, "this is about all entities")

    def work(loop: Operations) -> Response:
        return written.document(loop, loop.rename(None, dry_run=how.dry_run))

    return await run(request, how, await request.body(), work, written.moved_again)


@router.post("/api/schema/allow", openapi_extra=body_of(http.AllowBody))
async def allow(request: Request, how: How) -> Response:
    """Allow another field for a type, as `loop schema allow --json`."""
    asking.refuse_precondition(request, _NO_ENTITY)
    data = await request.body()
    body, _given = asking.parsed(data, http.AllowBody)
    field = AllowedField(entity_type=body.entity_type, name=body.field, kind=body.kind)

    def work(loop: Operations) -> Response:
        found = loop.allow(field, dry_run=how.dry_run).as_dict()
        return json_response(with_warnings(found, loop.take_warnings()))

    return await run(request, how, data, work, _schema_again)


@router.post("/api/schema/close")
async def close(request: Request, how: How) -> Response:
    """Close an open schema, as `loop schema close --json`."""
    asking.refuse_precondition(request, _NO_ENTITY)

    def work(loop: Operations) -> Response:
        found = loop.close_schema(dry_run=how.dry_run).as_dict()
        return json_response(with_warnings(found, loop.take_warnings()))

    return await run(request, how, await request.body(), work, _schema_again)


def _schema_again(_loop: Operations, records: list[AuditRecord]) -> Response:
    """The answer to such a call that was made before."""
    record = records[-1]
    told = {"path": record.metadata.get("path"), "changed": True, "diff": record.diff}
    return json_response({**told, "run_id": record.data["run_id"]})


@router.get("/api/views")
async def views(request: Request) -> Response:
    """The views of the vault and the columns of its types, as its settings have them."""
    return json_response(await service_of(request).read(request, lambda loop: loop.views()))


@router.post("/api/views", openapi_extra=body_of(http.ViewBody))
async def save_view(request: Request, how: How) -> Response:
    """Save a view of the vault, or remove it, if it is still as it was read."""
    asking.refuse_precondition(request, _NO_ENTITY)
    data = await request.body()
    body, _given = asking.parsed(data, http.ViewBody)
    if not body.name.isprintable() or body.name != body.name.strip():
        raise UsageError(f"{body.name!r} can't name a view")
    settings = None if body.settings is None else body.settings.model_dump(exclude_none=True)

    def work(loop: Operations) -> Response:
        loop.save_view(body.name, settings, before=body.before, dry_run=how.dry_run)
        told = {"name": body.name, "settings": settings}
        return json_response({**told, "dry_run": True} if how.dry_run else told)

    _refuse_key(request, "a view")
    return await run(request, how, data, work, _never)


@router.get("/api/kept")
async def kept(request: Request, entity_id: OfEntity = None, before: Before = None) -> Response:
    """The kept copies of deleted entities and replaced values, as `loop kept --json`."""
    until = asking.instant_of(before)

    def work(loop: Operations) -> Any:
        found = loop.kept(entity_id=entity_id, before=until)
        copies = [{**one.as_dict(), "stamp": [*one.stamp]} for one in found.copies]
        size = sum(one.size for one in found.copies)
        document = {"kept": copies, "bytes": size, "foreign": [*found.foreign]}
        return with_warnings(document, loop.take_warnings())

    return json_response(await service_of(request).read(request, work))


@router.post("/api/kept/prune", openapi_extra=body_of(http.PruneBody))
async def prune(request: Request, how: How) -> Response:
    """Remove kept copies for good: those named, if they are as they were listed."""
    asking.refuse_precondition(request, _NO_ENTITY)
    data = await request.body()
    body, _given = asking.parsed(data, http.PruneBody)
    stamps = {one.name: tuple(one.stamp) for one in body.kept}

    def work(loop: Operations) -> Response:
        unwanted = [one for one in loop.kept().copies if one.name in stamps]
        asked = [one.replace(stamp=stamps[one.name]) for one in unwanted]
        if how.dry_run:
            return _pruned(loop, tuple(unwanted), ())
        done = loop.prune(asked)
        return _pruned(loop, done.gone, done.staying)

    _refuse_key(request, "pruning")
    return await run(request, how, data, work, _never)


def _refuse_key(request: Request, what: str) -> None:
    """Raise for an idempotency key, which the log would have to tell of."""
    if key_of(request) is not None:
        raise HttpError(400, "usage", f"{what} takes no Idempotency-Key: it leaves no record")


def _pruned(loop: Operations, gone: tuple[Kept, ...], staying: tuple[Kept, ...]) -> Response:
    found = {"gone": [one.name for one in gone], "staying": [one.name for one in staying]}
    return json_response(with_warnings(found, loop.take_warnings()))


def _never(_loop: Operations, _records: list[AuditRecord]) -> Response:
    raise LoopError("a call without a key is never made again")
