"""The bodies of requests and answers over HTTP that the command line has no like of (SPEC §9)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from loop_cli.wire.base import DiffEntry, Etag, GrowingShape, RunId, Shape, Timestamp
from loop_cli.wire.find import FoundDocument, ListedDocument  # noqa: TC001  pydantic reads them
from loop_cli.wire.models import ErrorDocument

Conditions = list[str] | str | None

# -- what is sent ---------------------------------------------------------------------------


class Expecting(BaseModel):
    """What a body says of the entity that was read: its preconditions."""

    expected_updated_at: str | None = Field(
        default=None, description="`updated` as a GET gave it; 409 if it does not hold any more."
    )
    if_match: str | None = Field(default=None, description="The etag as it was read.")
    conditions: Conditions = Field(
        default=None,
        alias="if",
        description="What must hold, as `loop update --if` has it, such as 'status=todo'.",
    )


class FieldsBody(GrowingShape, Expecting):
    """Fields and their new values: `PUT /api/tasks/{id}`. null leaves a field as it is. The keys of
    preconditions, and `body`, are no fields."""

    body: str | None = Field(default=None, description="The text after the frontmatter.")


class DeleteBody(Shape, Expecting):
    """What was seen of an entity that is to go: `DELETE /api/entities/{id}`."""


class CreateBody(GrowingShape):
    """The fields of a new entity: `POST /api/tasks`. null leaves a field out."""

    body: str | None = Field(default=None, description="The text after the frontmatter.")


class EditsBody(Shape):
    """Fields of a new entity, as a line of `loop apply` says them."""

    set: dict[str, Any] | None = Field(default=None, description="Fields and values.")
    unset: list[str] | str | None = Field(default=None, description="Fields to leave out.")
    add: dict[str, Any] | None = Field(default=None, description="Items of lists.")
    remove: dict[str, Any] | None = Field(default=None, description="Items to leave out.")
    changes: list[str] | None = Field(
        default=None, description="Changes as the command line has them, such as 'status=todo'."
    )


class TemplateBody(Shape):
    """A template of one's own; without a text, that which is built in."""

    text: str | None = Field(default=None, description="Its text.")
    name: str = Field(default="the template", description="How errors call it.")


class EntityCreateBody(CreateBody):
    """The same for any type: `POST /api/entities`."""

    type: str = Field(min_length=1, description="The entity's type, such as Task.")
    fields: dict[str, Any] = Field(
        default={}, description="Fields, also those that are called like a key of this object."
    )
    edits: EditsBody | None = Field(
        default=None, description="Fields as a line of `loop apply` says them."
    )
    template: TemplateBody | None = Field(
        default=None, description="A template in the place of the vault's."
    )


class LayoutBody(Shape):
    """The text of a file up to its body, edited, and as it was before."""

    text: str = Field(description="As it is to be.")
    base: str = Field(description="As it was read.")


class RebasedBody(Shape):
    """The revision that did not hold any more."""

    updated_at: str | None = Field(default=None, description="Its `updated`.")
    etag: str | None = Field(default=None, description="Its etag.")


class SeenBody(Shape):
    """The state that a writer has read."""

    fields: dict[str, Any] = Field(description="Its fields.")
    body: str = Field(description="Its body.")


class ChangeBody(Shape, Expecting):
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
    layout: LayoutBody | None = Field(
        default=None,
        description="The text before the body as somebody edited it: comments, order and quotes. "
        "Values come from the other keys alone.",
    )
    seen: SeenBody | None = Field(
        default=None, description="What was read, for what a conflict says of it."
    )
    rebased_from: RebasedBody | None = Field(
        default=None,
        description="What was read before a conflict that somebody decided; the record has it.",
    )


class LineBody(ChangeBody):
    """A line of `POST /api/apply`: a change, or what `op` says (SPEC §9)."""

    op: Literal["create", "update", "delete", "move", "rename"] | None = Field(
        default=None, description="What to do; update otherwise."
    )
    as_: str | None = Field(
        default=None, alias="as", description="create: a label, such as $project, for later lines."
    )
    type: str | None = Field(default=None, description="create: the entity's type.")
    name: str | None = Field(default=None, description="create, rename: the entity's name.")
    template: Literal["plain"] | None = Field(default=None, description="create: no template.")
    idempotency_key: str | None = Field(
        default=None, description="create: a call with the same key makes nothing new."
    )
    project: str | None = Field(default=None, description="move: the new project.")
    cascade: bool = Field(default=False, description="delete: those that refer to it, too.")
    orphan: bool = Field(default=False, description="delete: leave those that refer to it.")
    archive: bool = Field(default=False, description="delete: move the file to the archive.")


class MendBody(Shape, Expecting):
    """A whole text: `POST /api/entities/{id}/mend`. `if_match` is the ETag of the broken file."""

    text: str = Field(description="The text of the file.")


class ViewSettings(Shape):
    """A query, as `[views.NAME]` of the vault's settings has it."""

    types: list[str] | None = Field(default=None, description="The types.")
    where: list[str] | None = Field(default=None, description="Conditions, as in `--where`.")
    sort: str | None = Field(default=None, description="The order, as in `--sort`.")
    columns: list[str] | None = Field(default=None, description="The fields that are shown.")
    limit: int | None = Field(default=None, ge=0, description="How many are shown.")


class ViewBody(Shape):
    """A view of the vault, saved or removed: `POST /api/views`."""

    name: str = Field(min_length=1, description="Its name.")
    settings: ViewSettings | None = Field(
        default=None, description="As it is to be; without, it is removed."
    )
    before: dict[str, Any] | None = Field(
        default=None, description="As `GET /api/views` gave it; without, there was none."
    )


class AllowBody(Shape):
    """A field that a type may have: `POST /api/schema/allow`."""

    entity_type: str = Field(min_length=1, description="The type, such as Task.")
    field: str = Field(min_length=1, description="The field's name.")
    kind: str | None = Field(default=None, description="Its kind, such as number.")


class KeptName(GrowingShape):
    """One kept copy, as `GET /api/kept` lists it."""

    name: str = Field(description="Its name in `.loop/kept/`.")
    stamp: list[int] = Field(description="What tells whether it was kept again since.")


class PruneBody(Shape):
    """Which copies to remove: `POST /api/kept/prune`."""

    kept: list[KeptName] = Field(description="Some of those that `GET /api/kept` lists.")


class MoveBody(Shape, Expecting):
    """Where a task goes: `POST /api/entities/{id}/move`."""

    project: str = Field(min_length=1, description="The project's id.")


class RenameBody(Shape, Expecting):
    """What an entity is to be called: `POST /api/entities/{id}/rename`."""

    name: str | None = Field(
        default=None, description="Its new name; without, only its file is renamed."
    )


class UndoBody(Shape, Expecting):
    """What to undo: `POST /api/undo`."""

    run_id: str | None = Field(default=None, description="A run, or the beginning of its id.")
    last: bool = Field(default=False, description="The caller's last run.")
    if_match: str | dict[str, str] | None = Field(  # type: ignore[assignment]
        default=None, description="The etag as it was read; of several entities, each by its id."
    )


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


class Warned(BaseModel):
    """What a document over HTTP says besides."""

    warnings: list[str] = Field(default=[], description="Absent if there are none.")
    warnings_parts: list[list[str | dict[str, Any]]] | None = Field(
        default=None,
        description="Each warning as texts and actions, which a client has words of its own for; "
        "absent if none names an action.",
    )


class EntitiesDocument(Shape, Warned):
    """Many entities: `GET /api/entities`."""

    entities: list[ListedDocument] = Field(description="The entities, without bodies.")
    total: int = Field(ge=0, description="How many there are, whatever the limit.")
    next: str | None = Field(description="The cursor of what comes next; null at the end.")


class SearchDocument(Shape, Warned):
    """What has some words: `GET /api/search`."""

    query: str = Field(description="The words.")
    count: int = Field(ge=0, description="How many are in `results`.")
    results: list[FoundDocument] = Field(description="The best first.")


class LogsDocument(Shape, Warned):
    """Audit records, newest first: `GET /api/audit`; each with `user` and `details` besides."""

    logs: list[dict[str, Any]] = Field(description="The records.")
    total: int = Field(ge=0, description="How many are in `logs`.")


class EntityLogDocument(Shape, Warned):
    """Those of one entity: `GET /api/audit/entity/{id}`."""

    entity_id: str = Field(description="The entity.")
    history: list[dict[str, Any]] = Field(description="The records, newest first.")
    total_actions: int = Field(ge=0, description="How many there are.")
