"""The routes that read entities: one, lists, search, history and differences."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from loop_cli.core import query as queries
from loop_cli.core.query import Query as EntityQuery
from loop_cli.core.schema.type_words import plural_of
from loop_cli.errors import EntityNotFound
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.jsontext import harmless_json
from loop_cli.operations.history import parse_since
from loop_cli.server import asking, documents, plural
from loop_cli.server.answers import HttpError, is_known, json_response, quoted, with_warnings
from loop_cli.server.service import service_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from loop_cli.core.entity import Entity
    from loop_cli.core.evaluate import Selected
    from loop_cli.core.listed import Hit
    from loop_cli.operations.boundary import Operations, Selection

    Shown = Callable[[Selected], dict[str, Any]]

AT_ONCE = 1_000  # entities in an answer that is not streamed
_BATCH = 200
Where = Annotated[list[str], Query(description="A condition as `loop list --where` has it.")]
Sort = Annotated[str | None, Query(description="Fields by commas, `-` before one for descending.")]
Limit = Annotated[int | None, Query(ge=0, le=100_000, description="At most so many.")]
Cursor = Annotated[str | None, Query(description="`next` of the page before.")]
Words = Annotated[str | None, Query(description="Words that names or body must have.")]
FilePath = Annotated[str | None, Query(description="Chooses where several files have the id.")]


router = APIRouter(tags=["entities"])
plural.register()
typed_router = APIRouter(tags=["entities of a type"])
"""The routes under the plural of a type, such as `/api/tasks`, as the older API has them."""


@router.get("/api/entities")
async def list_entities(
    request: Request,
    type: Annotated[list[str], Query(description="Only of these types.")] = [],  # noqa: A002, B006
    where: Where = [],  # noqa: B006
    sort: Sort = None,
    limit: Limit = None,
    cursor: Cursor = None,
    q: Words = None,
) -> Response:
    """The entities, each as `GET /api/entities/{id}` has it but for the body. Every other
    parameter is the name of a field: `?status=todo`."""
    reserved = (*asking.OF_LISTS, "type")
    found = asking.conditions(request, where, reserved=reserved)
    query = _query(tuple(type), found, sort, limit, cursor, q)
    return await listing(request, query, "entities", _document)


@router.get("/api/entities/{entity_id:path}/history")
async def history(
    request: Request, entity_id: str, limit: Limit = None, path: FilePath = None
) -> Response:
    """The story of an entity, as `loop history --json`."""
    found, warnings = await service_of(request).read_with_warnings(
        request, lambda loop: loop.history(entity_id, limit=limit or None, path=path)
    )
    return json_response(with_warnings(found.as_dict(), found.warnings, warnings))


@router.get("/api/entities/{entity_id:path}/diff")
async def difference(
    request: Request,
    entity_id: str,
    since: Annotated[str, Query(description="A time, a run, or a number of changes ago.")] = "1",
    said: Annotated[
        str | None, Query(description="How a person said it, for what warnings say.")
    ] = None,
    path: FilePath = None,
) -> Response:
    """An entity now against an earlier state, as `loop diff --json`."""
    moment = parse_since(since)
    moment = moment.replace(given=moment.given if said is None else said)
    found, warnings = await service_of(request).read_with_warnings(
        request, lambda loop: loop.difference(entity_id, moment, path=path)
    )
    return json_response(with_warnings(found.as_dict(), found.warnings, warnings))


@router.get("/api/entities/{entity_id:path}")
async def entity(request: Request, entity_id: str, path: FilePath = None) -> Response:
    """One entity, as `loop get --json`."""
    found, warnings = await service_of(request).read_with_warnings(
        request, lambda loop: loop.get(entity_id, path=path)
    )
    document = with_warnings(found.as_dict(), found.warnings, warnings)
    return _of_one(request, found, document)


@router.get("/api/search")
@router.get("/api/search/", include_in_schema=False)
async def search(
    request: Request,
    q: Annotated[str, Query(min_length=1, description="The words.")],
    type: Annotated[list[str], Query(description="Only of these types.")] = [],  # noqa: A002, B006
    where: Where = [],  # noqa: B006
    limit: Annotated[int, Query(ge=1, le=AT_ONCE, description="At most so many.")] = 50,
) -> Response:
    """What has some words in names or body, as `loop search --json`. Every other parameter is the
    name of a field: `?status=todo`."""
    found = asking.conditions(request, where, reserved=(*asking.OF_LISTS, "type"))
    query = EntityQuery(types=tuple(type), conditions=tuple(found), text=q, limit=limit)

    def work(loop: Operations) -> dict[str, Any]:
        selection = loop.select(query)
        results = [_hit(one) for one in selection]
        document = {"query": q, "count": len(results), "results": results}
        return with_warnings(document, selection.warnings, loop.take_warnings())  # type: ignore[no-any-return]

    return json_response(await service_of(request).read(request, work))


@typed_router.get("/api/projects/{project_id}/tasks")
async def tasks_of_project(
    request: Request,
    project_id: str,
    where: Where = [],  # noqa: B006
    sort: Sort = None,
    limit: Limit = None,
    cursor: Cursor = None,
    q: Words = None,
) -> Response:
    """The tasks of a project, as `GET /api/tasks`."""
    found = asking.conditions(request, where, reserved=asking.OF_LISTS)
    conditions = [queries.equals("project_id", project_id), *found]
    query = _query(("Task",), conditions, sort, limit, cursor, q)
    await service_of(request).read(request, lambda loop: get_of_type(loop, project_id, "Project"))
    return await listing(request, query, "tasks", _flat)


@typed_router.get("/api/{collection:plural}")
async def list_of_type(
    request: Request,
    collection: str,
    where: Where = [],  # noqa: B006
    sort: Sort = None,
    limit: Limit = None,
    cursor: Cursor = None,
    q: Words = None,
) -> Response:
    """The entities of a type. Every other parameter is the name of a field: `?status=todo`."""
    kind = await service_of(request).read(request, lambda loop: type_of(loop, collection))
    found = asking.conditions(request, where, reserved=asking.OF_LISTS)
    query = _query((kind,), found, sort, limit, cursor, q)
    return await listing(request, query, collection, _flat)


@typed_router.get("/api/{collection:plural}/{entity_id:path}")
async def one_of_type(
    request: Request, collection: str, entity_id: str, path: FilePath = None
) -> Response:
    """One entity of a type: its fields, `updated`, `_path`, `_etag` and `_body`."""

    def work(loop: Operations) -> Entity:
        return get_of_type(loop, entity_id, type_of(loop, collection), path=path)

    found, warnings = await service_of(request).read_with_warnings(request, work)
    document = {documents.singular(found.type): documents.of_entity(found)}
    return _of_one(request, found, with_warnings(document, found.warnings, warnings))


def type_of(loop: Operations, collection: str) -> str:
    """The type that a plural stands for. Raises `HttpError`."""
    found = documents.type_named(collection, loop.schema)
    if found is None:
        message = f"there is no /api/{collection[:100]}"
        hint = f"the vault's types: {', '.join(map(plural_of, loop.schema.types))}"
        raise HttpError(404, "no_such_route", message, hint=hint)
    return found


def get_of_type(
    loop: Operations, entity_id: str, entity_type: str, *, path: str | None = None
) -> Entity:
    """The entity, if it is of a type. Raises what `Operations.get` raises."""
    found = loop.get(entity_id, path=path)
    if found.type != entity_type:
        raise EntityNotFound(
            f"{entity_id} is a {found.type}, not a {entity_type}", entity_id=entity_id, nearest=[]
        )
    return found


def _of_one(request: Request, entity: Entity, document: dict[str, Any]) -> Response:
    etag = entity.revision.etag
    headers = {"ETag": quoted(etag)}
    if is_known(etag, request.headers):
        return Response(status_code=304, headers=headers)
    return json_response(document, headers=headers)


def _query(
    types: tuple[str, ...],
    conditions: list[queries.Condition],
    sort: str | None,
    limit: int | None,
    cursor: str | None,
    words: str | None,
) -> EntityQuery:
    return EntityQuery(
        types=types,
        conditions=tuple(conditions),
        text=words or None,
        sort=queries.parse_sort(sort) if sort else (),
        limit=limit,
        cursor=cursor or None,
    )


def _document(one: Selected) -> dict[str, Any]:
    return {**one.listed.own, "fields": one.fields}


def _flat(one: Selected) -> dict[str, Any]:
    return documents.of_listed(one.listed)


def _hit(one: Selected) -> dict[str, Any]:
    hit: Hit = one.listed  # type: ignore[assignment]
    where = {"in_names": hit.in_names, "line": hit.line, "text": hit.text}
    return {**hit.own, "entity_name": hit.name, **where}


async def listing(request: Request, query: EntityQuery, key: str, shown: Shown) -> Response:
    """A page of a list with its number and the next cursor; a long one is streamed."""
    if query.limit is not None and query.limit <= AT_ONCE:
        content = await service_of(request).read(
            request, lambda loop: _page(loop, query, key, shown)
        )
        etag = sha256_hex(content)[:16]
        if is_known(etag, request.headers):
            return Response(status_code=304, headers={"ETag": quoted(etag)})
        return Response(content, media_type="application/json", headers={"ETag": quoted(etag)})
    pieces = await service_of(request).read(
        request, lambda loop: _begun(_pieces(loop, query, key, shown))
    )
    return StreamingResponse(pieces, media_type="application/json")


def _page(loop: Operations, query: EntityQuery, key: str, shown: Shown) -> bytes:
    return b"".join(_pieces(loop, query, key, shown))


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same with the first piece made already, so that what is wrong is said by the status."""
    first = next(pieces)

    def all_of_them() -> Iterator[bytes]:
        yield first
        yield from pieces

    return all_of_them()


def _pieces(loop: Operations, query: EntityQuery, key: str, shown: Shown) -> Iterator[bytes]:
    """The answer piece by piece. One more entity than asked for tells whether there are more."""
    limit = query.limit
    asked = query if limit is None else query.replace(limit=limit + 1)
    selection = loop.select(asked)
    count, more, last = 0, False, None
    waiting: list[str] = []
    start = f'{{"{key}": ['
    for one in selection:
        if count == limit:
            more = True
            break
        waiting.append(("" if not count else ", ") + harmless_json(shown(one)))
        count, last = count + 1, one
        if len(waiting) == _BATCH:
            yield (start + "".join(waiting)).encode()
            waiting, start = [], ""
    # All that there are were just counted, if this is all of them.
    total = count if query.cursor is None and not more else loop.count(query)
    rest: dict[str, Any] = {"total": total, "next": _cursor(selection, last if more else None)}
    tail = harmless_json(with_warnings(rest, selection.warnings, loop.take_warnings()))[1:]
    yield (start + "".join(waiting) + "], " + tail).encode()


def _cursor(selection: Selection, last: Selected | None) -> str | None:
    return None if last is None else selection.cursor_after(last)
