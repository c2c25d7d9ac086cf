"""The routes that make and change entities.

Each turns its request into data, calls one operation, and shows what it did; under an idempotency
key the records of an earlier call tell it again.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response  # noqa: TC002  FastAPI reads the annotations

from loop_cli.core.changes import BodyChange, Edits
from loop_cli.core.commits import EntityChange, UpdateResult
from loop_cli.core.conflict import POLICIES
from loop_cli.errors import EntityNotFound, LoopError, UsageError
from loop_cli.server import asking, documents, older, patches, written
from loop_cli.server.asking import EXPECTING, How, body_of
from loop_cli.server.reading import get_of_type, type_of
from loop_cli.server.running import run, unconditional
from loop_cli.wire import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.entity import Entity
    from loop_cli.operations.boundary import Operations
    from loop_cli.server.asking import HowToWrite

WholeText = Annotated[bool, Query(description="The answer has the `text` of the file, too.")]
_NEW = "a new entity has no revision yet"
router = APIRouter(tags=["entities"])
typed_router = APIRouter(tags=["entities of a type"])
"""The routes under the plural of a type, such as `/api/tasks`, as the older API has them."""


@router.post("/api/entities", status_code=201, openapi_extra=body_of(http.EntityCreateBody))
async def create_entity(request: Request, how: How) -> Response:
    """Make an entity of any type."""
    data = await request.body()
    body, given = asking.parsed(data, http.EntityCreateBody)
    asking.refuse_precondition(request, _NEW, body=given)
    own = {"type", "fields", "body", "edits", "template"}
    edits = patches.edits_of(given.get("edits"))
    fields = {**{key: value for key, value in given.items() if key not in own}, **body.fields}

    def work(loop: Operations) -> Response:
        asked = patches.creation(loop, body.type, fields, body.body)
        asked = asked.replace(fields=(*asked.fields, *edits))
        if body.template is not None:
            text = body.template.text
            asked = asked.replace(template=None if text is None else (text, body.template.name))
        return written.created(loop, loop.create(asked, dry_run=how.dry_run))

    return await run(request, how, data, work, written.created_again)


@router.patch("/api/entities/{entity_id:path}", openapi_extra=body_of(http.ChangeBody))
async def change(request: Request, entity_id: str, how: How, text: WholeText = False) -> Response:
    """Change an entity as a line of `loop apply` says; the answer is that of `loop update`."""
    data = await request.body()
    body, given = asking.parsed(data, http.ChangeBody)
    if not entity_id:
        raise EntityNotFound("no entity ''", entity_id="", nearest=[])
    if given.setdefault("id", entity_id) != entity_id:
        raise UsageError(f"id: {given['id']!r} is another one than in the path")
    wanted = patches.wanted(body, given, data.decode())
    precondition = how.precondition(body, unconditional=unconditional(request))
    wanted = wanted.replace(precondition=precondition, path=wanted.path or how.path)

    def work(loop: Operations) -> Response:
        done = _update(loop, wanted, how)
        return written.document(loop, done, text=done.entity.raw if text else None)

    return await run(request, how, data, work, written.updated_again)


@typed_router.post(
    "/api/{collection:plural}", status_code=201, openapi_extra=body_of(http.CreateBody)
)
async def create_of_type(request: Request, collection: str, how: How) -> Response:
    """Make an entity of a type."""
    data = await request.body()
    body, given = asking.parsed(data, http.CreateBody)
    asking.refuse_precondition(request, _NEW, body=given)
    given.pop("body", None)

    def work(loop: Operations) -> Response:
        asked = patches.creation(loop, type_of(loop, collection), given, body.body)
        return written.created(loop, loop.create(asked, dry_run=how.dry_run))

    return await run(request, how, data, work, written.created_again)


@typed_router.put(
    "/api/{collection:plural}/{entity_id:path}", openapi_extra=body_of(http.FieldsBody)
)
async def put(request: Request, collection: str, entity_id: str, how: How) -> Response:
    """Change some fields of an entity; those that are not named stay as they are."""
    data = await request.body()
    body, given = asking.parsed(data, http.FieldsBody)
    seen = how.precondition(body, unconditional=unconditional(request))
    for key in ("body", *EXPECTING):
        given.pop(key, None)

    def work(loop: Operations) -> Response:
        kind = type_of(loop, collection)
        there = documents.of_entity(get_of_type(loop, entity_id, kind, path=how.path))
        writable = loop.schema.writable_fields(kind, given)
        fields = older.without_unknown(
            older.without_same(given, there, writable, loop.names.__dict__.values()), writable
        )
        changes = patches.typed(fields, data.decode())
        text = None if body.body is None else BodyChange(text=body.body)
        edits = Edits(changes=changes, body=text)
        change = EntityChange(entity_id=entity_id, path=how.path, edits=edits, precondition=seen)
        if not edits:
            return written.unchanged(loop, _as_expected(loop, change))
        return written.updated(loop, _update(loop, change, how))

    return await run(request, how, data, work, written.put_again)


def _update(loop: Operations, change: EntityChange, how: HowToWrite) -> UpdateResult:
    if not change.edits:
        now = _as_expected(loop, change)
        return UpdateResult(
            entity=now,
            before=now,
            changed=False,
            dry_run=how.dry_run,
            run_id=loop.run_id,
            diff={},
            warnings=now.warnings,
        )
    return loop.update(change, resolve=POLICIES[how.on_conflict], dry_run=how.dry_run)


def _as_expected(loop: Operations, change: EntityChange) -> Entity:
    """The entity, if it is as a change of nothing expects it. Raises what a commit raises."""
    (outcome,) = loop.carry_out([change])
    if isinstance(outcome.done, LoopError):
        raise outcome.done
    return outcome.done.after
