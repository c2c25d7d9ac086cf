"""The JSON shapes of `loop create`, `delete`, `move`, `rename` and `kept`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loop_cli.wire.base import DiffEntry, Etag, RunId, Shape, Timestamp
from loop_cli.wire.models import EntityDocument, ErrorDocument, Problem


class CreateDocument(EntityDocument):
    """What a create made: `loop create TYPE ... --json` (SPEC §7)."""

    created: bool = Field(description="False where the idempotency key was used before.")
    run_id: RunId = Field(description="The run, as in the audit log: a UUID v4.")
    dry_run: Literal[True] = Field(
        default=True, description="There only with --dry-run: nothing was written."
    )


class RemovedEntity(Shape):
    """An entity that was deleted or archived (SPEC §7)."""

    entity_id: str = Field(description="Its id.")
    entity_type: str = Field(description="Its type.")
    path: str = Field(description="Where its file was.")
    etag: Etag = Field(description="Its etag when it was removed.")
    to: str | None = Field(description="Where the file is now; null for a delete.")
    kept: str | None = Field(description="The file with its bytes; null if it was moved.")


class DeleteDocument(Shape):
    """The deleted entities: `loop delete ID ... --json` (SPEC §7)."""

    entity_id: str = Field(description="The entity that was named.")
    entity_type: str = Field(description="Its type.")
    path: str = Field(description="Where its file was.")
    archived: bool = Field(description="Whether the files were moved to the archive.")
    removed: list[RemovedEntity] = Field(
        min_length=1,
        description="Everything that was removed; the entity that was named comes first.",
    )
    run_id: RunId = Field(description="The run, as in the audit log: a UUID v4.")
    dry_run: Literal[True] = Field(
        default=True, description="There only with --dry-run: nothing was written."
    )
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )


class MovedEntity(Shape):
    """An entity whose file has another place or name (SPEC §7)."""

    entity_id: str = Field(description="Its id.")
    entity_type: str = Field(description="Its type.")
    path_before: str = Field(description="Where its file was.")
    path: str = Field(description="Where it is.")
    updated_at: Timestamp = Field(description="Its time now.")
    etag: Etag = Field(description="Its state now.")
    modified_fields: list[str] = Field(description="The fields that changed with it.")
    diff: dict[str, DiffEntry] = Field(description="Old and new value of each of them.")


class RelinkedEntity(Shape):
    """A file whose links were changed: of an entity, a note or a canvas (SPEC §7)."""

    entity_id: str = Field(description="Its id; the path if it is not an entity.")
    path: str = Field(description="Its file.")
    modified_fields: list[str] = Field(description="Where the links are; `body` in a note.")
    note: Literal[True] = Field(default=True, description="There only if it is not an entity.")


class MoveDocument(Shape):
    """The moved entities: `loop move ID ... --json`, `loop rename ... --json` (SPEC §7)."""

    changed: bool = Field(description="False if every file was in its place.")
    moved: list[MovedEntity] = Field(description="The entities whose files moved.")
    relinked: list[RelinkedEntity] = Field(
        description="Other files whose links to these were changed."
    )
    run_id: RunId = Field(description="The run, as in the audit log: a UUID v4.")
    dry_run: Literal[True] = Field(
        default=True, description="There only with --dry-run: nothing was written."
    )
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )


class Referrer(Shape):
    """An entity that refers to the one to delete (SPEC §7)."""

    entity_id: str = Field(description="Its id.")
    path: str = Field(description="Its file.")
    fields: list[str] = Field(min_length=1, description="The fields that refer to it.")


class Backlink(Shape):
    """A place that leads to an entity: a link, or a field with its id (SPEC §2)."""

    entity_id: str | None = Field(description="Whose file it is in; null in a note or a canvas.")
    entity_type: str | None = Field(description="The type of that entity.")
    path: str = Field(description="The file.")
    line: int = Field(ge=1, description="The line.")
    field: str | None = Field(
        description="The field, with dots, or `body`; null in a note without frontmatter."
    )
    kind: Literal["reference", "wiki", "inline", "definition", "card"] = Field(
        description="A field with the id, a wiki link, a Markdown link, a link reference "
        "definition, or a card of a canvas."
    )
    text: str = Field(description="The text of the link, without heading and alias.")


class BacklinksDocument(Shape):
    """The references and links to an entity: `loop backlinks ID --json` (SPEC §2)."""

    entity_id: str = Field(description="The entity.")
    entity_type: str = Field(description="Its type.")
    path: str = Field(description="Its file.")
    backlinks: list[Backlink] = Field(description="The places, by file and line.")
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )


class StillReferredDocument(ErrorDocument):
    """Others refer or link to the entity to delete: exit 6, HTTP 422 (SPEC §7)."""

    entity_id: str = Field(description="The entity.")
    problems: list[Problem] = Field(min_length=1, description="The same, as a list of problems.")
    referrers: list[Referrer] = Field(
        description="The entities that refer or link to it; none where only notes do."
    )
    links: list[Backlink] = Field(default=[], description="The links to it.")
    code: Literal["still_referred"]
    retryable: Literal[False]


class KeptEntry(Shape):
    """Kept bytes of a deleted entity or a replaced value (SPEC §6)."""

    name: str = Field(description="The file in `.loop/kept/`: the SHA-256 of the bytes.")
    bytes: int = Field(ge=0, description="How many there are.")
    kept_at: Timestamp = Field(description="When they were kept.")
    entity_id: str | None = Field(description="Of which entity, if a record tells.")
    entity_name: str | None = Field(description="The name of that entity.")
    what: str | None = Field(description="`file`, or the field; null where no record names it.")


class EditEntry(Shape):
    """A text of a person that stayed after an edit that did not land (SPEC §7)."""

    path: str = Field(description="The file, outside the vault.")
    bytes: int = Field(ge=0, description="How many there are.")
    kept_at: Timestamp = Field(description="When it was saved last.")
    open: bool = Field(description="Whether an editor may still have it open.")


class EditsDocument(Shape):
    """Such texts, the newest first: `loop kept --edits --json` (SPEC §7)."""

    edits: list[EditEntry] = Field(description="All of them, or the pruned ones.")
    bytes: int = Field(ge=0, description="How many bytes that is.")
    pruned: bool = Field(description="Whether they are gone now.")
    dry_run: Literal[True] = Field(
        default=True, description="There only with --dry-run: nothing was removed."
    )
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )


class KeptDocument(Shape):
    """The kept copies, the newest first: `loop kept --json` (SPEC §6)."""

    kept: list[KeptEntry] = Field(description="All kept copies, or the pruned ones.")
    bytes: int = Field(ge=0, description="How many bytes that is.")
    pruned: bool = Field(description="Whether they are gone now.")
    aside: list[str] = Field(
        default=[],
        description="There only with --aside: the files that it took aside; with --dry-run those "
        "that it would take.",
    )
    dry_run: Literal[True] = Field(
        default=True, description="There only with --dry-run: nothing was removed."
    )
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )
