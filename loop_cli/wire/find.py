"""The JSON shapes of `loop list`, `loop search`, `loop apply` and bulk updates."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from loop_cli.wire.base import Etag, Shape, Timestamp


class ListedDocument(Shape):
    """One line of `loop list --json`: the output of `loop get` without the body (SPEC §7)."""

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
    """One line of `loop apply` and `loop update --where --json`; the change landed (SPEC §7).

    A failed change has the error of `loop update`, with `line` and `entity_id`.
    """

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
