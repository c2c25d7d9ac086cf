"""What a write did, as its answer; and the same again, of the records that it left."""

from __future__ import annotations

from loop_cli.operations import once
from loop_cli.server import documents
from loop_cli.server.answers import json_response, quoted, with_warnings
from loop_cli.server.spelling import entity_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from starlette.responses import Response

    from loop_cli.core.commits import UpdateResult
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.operations.boundary import Operations
    from loop_cli.operations.create import CreateResult
    from loop_cli.operations.delete import DeleteResult

    class Result(Protocol):
        """What an operation did."""

        @property
        def warnings(self) -> tuple[str, ...]: ...

        def as_dict(self) -> dict[str, Any]: ...


def document(loop: Operations, result: Result, *, text: bytes | None = None) -> Response:
    """The document of the command line, with the text of a file if that is asked for."""
    found = result.as_dict()
    if text is not None:
        found["text"] = text.decode()
    headers = {"ETag": quoted(found["etag"])} if isinstance(found.get("etag"), str) else {}
    return json_response(
        with_warnings(found, result.warnings, loop.take_warnings()), headers=headers
    )


def updated(loop: Operations, result: UpdateResult) -> Response:
    """What a PUT did."""
    told = {
        "changed": result.changed,
        "run_id": result.run_id,
        "modified_fields": list(result.diff),
        "diff": result.diff,
    }
    words = "updated" if result.changed else "was so already"
    if result.dry_run:
        told["dry_run"] = True
    return _of_entity(result.entity, words, told, (*result.warnings, *loop.take_warnings()))


def unchanged(loop: Operations, entity: Entity) -> Response:
    """What a PUT that names nothing to change did."""
    told = {"changed": False, "run_id": loop.run_id, "modified_fields": [], "diff": {}}
    return _of_entity(entity, "was so already", told, entity.warnings)


def created(loop: Operations, result: CreateResult) -> Response:
    """What a create made."""
    entity = result.entity
    told: dict[str, Any] = {
        "changed": result.created,
        "created": result.created,
        "run_id": result.run_id,
        "modified_fields": list(entity.fields),
        "diff": {},
    }
    if result.dry_run:
        told["dry_run"] = True
    return _made(entity, told, (*result.warnings, *loop.take_warnings()))


def _made(entity: Entity, told: dict[str, Any], warnings: tuple[str, ...] = ()) -> Response:
    headers = {"Location": entity_path(entity.id)}
    return _of_entity(entity, "created", told, warnings, status=201, headers=headers)


def _of_entity(
    entity: Entity,
    words: str,
    told: dict[str, Any],
    warnings: tuple[str, ...],
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    key = documents.singular(entity.type)
    found = {
        "success": True,
        f"{key}_id": entity.id,
        "message": f"{entity.type} {words}",
        "file_path": entity.path,
        "validation": None,
        key: documents.of_entity(entity),
        **told,
    }
    tags = {"ETag": quoted(entity.revision.etag), **(headers or {})}
    return json_response(with_warnings(found, warnings), status=status, headers=tags)


def deleted(loop: Operations, result: DeleteResult) -> Response:
    """What went."""
    return _gone({**result.as_dict()}, (*result.warnings, *loop.take_warnings()))


def _gone(told: dict[str, Any], warnings: tuple[str, ...] = ()) -> Response:
    key = documents.singular(told["entity_type"])
    words = "archived" if told["archived"] else "deleted"
    found = {
        "success": True,
        f"{key}_id": told["entity_id"],
        "message": f"{told['entity_type']} {words}",
        "file_path": None,
        key: None,
        "changed": True,
        "modified_fields": [],
        "diff": {},
        **told,
    }
    return json_response(with_warnings(found, warnings))


# -- of the records of an earlier call ----------------------------------------------------------


def put_again(loop: Operations, records: list[AuditRecord]) -> Response:
    """The answer to a PUT that was made before."""
    record = records[-1]
    return _of_entity(_entity_of(loop, record), "updated", _told(record), ())


def created_again(loop: Operations, records: list[AuditRecord]) -> Response:
    """The answer to a create that was made before."""
    entity = _entity_of(loop, records[0])
    told = {**_told(records[0]), "created": True, "diff": {}}
    return _made(entity, {**told, "modified_fields": list(entity.fields)})


def updated_again(loop: Operations, records: list[AuditRecord]) -> Response:
    """The answer to a PATCH that was made before."""
    record = records[-1]
    entity = _entity_of(loop, record)
    headers = {"ETag": quoted(entity.revision.etag)}
    return json_response({**entity.as_dict(), **_told(record)}, headers=headers)


def deleted_again(_loop: Operations, records: list[AuditRecord]) -> Response:
    """The answer to a DELETE that was made before."""
    archived = records[0].data.get("action") == "move"
    removed = [once.removed(one, archived=archived) for one in records]
    first = removed[0]
    told = {key: first[key] for key in ("entity_id", "entity_type", "path")}
    run_id = records[0].data["run_id"]
    return _gone({**told, "archived": archived, "removed": removed, "run_id": run_id})


def moved_again(_loop: Operations, records: list[AuditRecord]) -> Response:
    """The answer to a move or a rename that was made before."""
    moved = [one for one in records if one.data.get("action") == "move"]
    relinked = [one for one in records if one.data.get("action") != "move"]
    found = {
        "changed": True,
        "moved": [
            {
                "entity_id": one.entity_id,
                "entity_type": one.data.get("entity_type"),
                "path_before": one.metadata.get("path_before"),
                "path": one.metadata.get("path"),
                "updated_at": one.metadata.get("updated_after"),
                "etag": one.etag_after,
                "modified_fields": list(one.modified_fields or ()),
                "diff": dict(one.diff),
            }
            for one in moved
        ],
        "relinked": [
            {
                "entity_id": one.entity_id,
                "path": one.metadata.get("path"),
                "modified_fields": list(one.modified_fields or ()),
                **({"note": True} if one.metadata.get("note") else {}),
            }
            for one in relinked
        ],
        "run_id": records[0].data["run_id"],
    }
    return json_response(found)


def undone_again(_loop: Operations, records: list[AuditRecord]) -> Response:
    """The answer to an undo that was made before."""
    undoes = records[0].metadata.get("undoes")
    entities = [
        {
            "entity_id": one.entity_id,
            "entity_type": one.data.get("entity_type"),
            "path": one.metadata.get("path"),
            "updated_at": one.metadata.get("updated_after"),
            "etag": one.etag_after,
            "action": one.data.get("action"),
            "modified_fields": list(one.modified_fields or ()),
            "diff": one.diff,
            "left": [],
        }
        for one in records
    ]
    found = {
        "changed": True,
        "run_id": records[0].data["run_id"],
        "undoes": undoes.get("run_id") if isinstance(undoes, dict) else None,
        "entities": entities,
    }
    return json_response(found)


def _told(record: AuditRecord) -> dict[str, Any]:
    return {
        "changed": True,
        "run_id": record.data["run_id"],
        "modified_fields": list(record.modified_fields or ()),
        "diff": record.diff,
    }


def _entity_of(loop: Operations, record: AuditRecord) -> Entity:
    """The entity as the record left it, as far as it is still told."""
    return loop.state_after(record)
