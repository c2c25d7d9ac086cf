"""The shapes of what finds entities: a line of `loop list`, a line of `loop search`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from loop_cli.wire.base import Etag, Shape, Timestamp


class ListedDocument(Shape):
    """One line of `loop list --json`: what `loop get` prints but for the body (SPEC §7)."""

    entity_id: str = Field(min_length=1, description="The entity's id, in normal form (NFC).")
    entity_type: str = Field(min_length=1, description="Its type.")
    path: str = Field(min_length=1, description="Its file, relative to the vault, with `/`.")
    updated_at: Timestamp = Field(description="To give back as --expected-updated-at.")
    etag: Etag = Field(description="To give back as --if-match.")
    fields: dict[str, Any] = Field(description="The frontmatter, in the file's order.")


class FoundDocument(Shape):
    """One line of `loop search --json` (SPEC §7)."""

    entity_id: str = Field(min_length=1, description="The entity's id, in normal form (NFC).")
    entity_type: str = Field(min_length=1, description="Its type.")
    path: str = Field(min_length=1, description="Its file, relative to the vault, with `/`.")
    updated_at: Timestamp = Field(description="To give back as --expected-updated-at.")
    etag: Etag = Field(description="To give back as --if-match.")
    entity_name: str | None = Field(description="Its name, if it has one.")
    in_names: bool = Field(description="Whether id and name alone have all words.")
    line: int | None = Field(
        ge=1,
        description="The line of the file that has most of the words; null if the body has none.",
    )
    text: str | None = Field(
        description="The text of that line; a part of it if it has over 400 characters."
    )


class OutcomeDocument(Shape):
    """One line of `loop apply` and of `loop update --where --json` whose change landed (SPEC §7);
    of one that did not, the error that `loop update` gives, with `line` and `entity_id`."""

    line: int | None = Field(default=None, ge=1, description="Of `apply`: the line it came in.")
    entity_id: str = Field(min_length=1, description="The entity's id.")
    path: str = Field(min_length=1, description="Its file, relative to the vault, with `/`.")
    updated_at: Timestamp = Field(description="After the change; to give back.")
    etag: Etag = Field(description="After the change; to give back.")
    changed: bool = Field(description="False if nothing had to change.")
    run_id: str = Field(description="The run; one for all.")
    modified_fields: list[str] = Field(description="The names of what was changed.")
    dry_run: bool | None = Field(default=None, description="There only with --dry-run.")
    warnings: list[str] | None = Field(default=None, description="There only if there are any.")


class ViewDocument(Shape):
    """A query by name: `loop view show NAME --json`."""

    name: str = Field(min_length=1, description="Its name, without the @.")
    origin: str = Field(description="The file that it is in.")
    types: list[str] = Field(description="Only entities of these types; all if empty.")
    where: list[str] = Field(description="The conditions.")
    sort: str | None = Field(description="The fields it is sorted by.")
    columns: list[str] = Field(description="The columns; the usual ones if empty.")
    limit: int | None = Field(ge=0, description="At most so many; 0 is all.")


class ViewsDocument(Shape):
    """All views: `loop view list --json`."""

    views: list[ViewDocument] = Field(description="The views; your own count before the vault's.")
