"""The bodies of requests and answers over HTTP that the command line has no like of (SPEC §9)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from loop_cli.wire.base import DiffEntry, Etag, GrowingShape, RunId, Shape, Timestamp
from loop_cli.wire.find import FoundDocument, ListedDocument  # noqa: TC001  pydantic reads them
from loop_cli.wire.models import ErrorDocument

# -- what is sent ---------------------------------------------------------------------------


class FieldsBody(GrowingShape):
    """Fields and their new values: `PUT /api/tasks/{id}`. null leaves a field as it is."""

    expected_updated_at: str | None = Field(
        default=None, description="`updated` as a GET gave it; 409 if it does not hold any more."
    )
    body: str | None = Field(default=None, description="The text after the frontmatter.")


class CreateBody(GrowingShape):
    """The fields of a new entity: `POST /api/tasks`. null leaves a field out."""

    body: str | None = Field(default=None, description="The text after the frontmatter.")


class EntityCreateBody(CreateBody):
    """The same for any type: `POST /api/entities`."""

    type: str = Field(min_length=1, description="The entity's type, such as Task.")
    fields: dict[str, Any] = Field(
        default={}, description="Fields, also those that are called like a key of this object."
    )


class ChangeBody(Shape):
    """A line of `loop apply`: `PATCH /api/entities/{id}` (SPEC §4)."""

    id: str | None = Field(default=None, description="The entity; as in the path, if there.")
    path: str | None = Field(default=None, description="Chooses where several files have the id.")
    set: dict[str, Any] | None = Field(default=None, description="Fields and values.")
    unset: list[str] | str | None = Field(default=None, description="Fields to remove.")
    add: dict[str, Any] | None = Field(default=None, description="Items to add to lists.")
    remove: dict[str, Any] | None = Field(default=None, description="Items to take from lists.")
    changes: list[str] | None = Field(
        default=None, description="Changes as the command line has them, such as 'status=done'."
    )
    body: str | None = Field(default=None, description="The text after the frontmatter.")
    append_body: str | None = Field(default=None, description="Text to add at the end.")
    expected_updated_at: str | None = Field(default=None, description="`updated` as it was read.")
    if_match: str | None = Field(default=None, description="The etag as it was read.")


class MoveBody(Shape):
    """Where a task goes: `POST /api/entities/{id}/move`."""

    project: str = Field(min_length=1, description="The project's id.")
    expected_updated_at: str | None = Field(default=None, description="`updated` as it was read.")


class UndoBody(Shape):
    """What to undo: `POST /api/undo`."""

    run_id: str | None = Field(default=None, description="A run, or the beginning of its id.")
    last: bool = Field(default=False, description="The caller's last run.")


class MergeBody(Shape):
    """Two changed versions of a text: `POST /api/merge`."""

    base: str | None = Field(default=None, description="What both began with, where it is known.")
    theirs: str = Field(description="The text as it is now.")
    mine: str = Field(description="The text as the caller has it.")


class SignInBody(Shape):
    """What signs a browser in: `POST /sign-in`."""

    token: str = Field(min_length=1, max_length=1000, description="A token.")


# -- what is answered -----------------------------------------------------------------------


class HttpErrorDocument(ErrorDocument):
    """Every error over HTTP: the object of the command line, and these (SPEC §9)."""

    success: Literal[False]
    status: int = Field(ge=400, le=599, description="The status of the answer.")
    message: str = Field(min_length=1, description="What went wrong, in words.")
    detail: str = Field(min_length=1, description="The same, with what can be done.")


class FlatEntity(GrowingShape):
    """An entity: its frontmatter, and these (SPEC §9)."""

    updated: Timestamp = Field(description="To give back as expected_updated_at.")
    path_: str = Field(alias="_path", description="Its file, relative to the vault, with `/`.")
    etag_: Etag = Field(alias="_etag", description="To give back as If-Match.")
    body_: str | None = Field(
        default=None, alias="_body", description="The text after the frontmatter; not in lists."
    )


class WrittenDocument(GrowingShape):
    """What a write did; besides, the entity under its type's name, and its id as `TYPE_id`."""

    success: Literal[True]
    message: str = Field(description="What was done, in words.")
    changed: bool = Field(description="False if nothing had to change: then nothing was written.")
    run_id: RunId = Field(description="The run, as in the audit log: a UUID v4.")
    modified_fields: list[str] = Field(description="The changed fields.")
    diff: dict[str, DiffEntry] = Field(description="Old and new value of each changed field.")
    file_path: str | None = Field(description="The entity's file; null if it is gone.")


class EntitiesDocument(Shape):
    """Many entities: `GET /api/entities`."""

    entities: list[ListedDocument] = Field(description="The entities, without bodies.")
    total: int = Field(ge=0, description="How many there are, whatever the limit.")
    next: str | None = Field(description="The cursor of what comes next; null at the end.")
    warnings: list[str] = Field(default=[], description="Absent if there are none.")


class SearchDocument(Shape):
    """What has some words: `GET /api/search`."""

    query: str = Field(description="The words.")
    count: int = Field(ge=0, description="How many are in `results`.")
    results: list[FoundDocument] = Field(description="The best first.")
    warnings: list[str] = Field(default=[], description="Absent if there are none.")


class LogsDocument(Shape):
    """Audit records, newest first: `GET /api/audit`; each with `user` and `details` besides."""

    logs: list[dict[str, Any]] = Field(description="The records.")
    total: int = Field(ge=0, description="How many are in `logs`.")


class EntityLogDocument(Shape):
    """Those of one entity: `GET /api/audit/entity/{id}`."""

    entity_id: str = Field(description="The entity.")
    history: list[dict[str, Any]] = Field(description="The records, newest first.")
    total_actions: int = Field(ge=0, description="How many there are.")
