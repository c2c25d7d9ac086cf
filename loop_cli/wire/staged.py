"""The content of a file of intents in `.loop/staged`, as pydantic models."""

from __future__ import annotations

from pydantic import ConfigDict, Field, TypeAdapter

from loop_cli.wire.base import Etag, Shape


class LogPlace(Shape):
    """The end of the log when a change was staged."""

    model_config = ConfigDict(strict=True)
    segment: str | None = Field(
        pattern=r"^audit_log\.[^/]+\.jsonl$", description="Its newest segment."
    )
    offset: int = Field(ge=0, description="The size of the active file, in bytes.")


class StagedIntent(Shape):
    """One change of a commit, as it was staged (SPEC §6)."""

    model_config = ConfigDict(strict=True)
    name: str = Field(pattern=r"^[0-9a-f]{32}-\d+$", description="The commit and its place in it.")
    path: str = Field(min_length=1, description="The entity's file.")
    staged: str = Field(min_length=1, description="Where the content to come lies.")
    etag_before: Etag | None = Field(description="The file's etag before; null for a create.")
    etag_after: Etag | None = Field(description="The file's etag after; null for a delete.")
    line: str = Field(min_length=2, description="The record's line.")
    target: str | None = Field(min_length=1, description="Where a move leads.")
    made: list[str] = Field(description="Folders made for it, the outermost first.")
    log: LogPlace = Field(description="Where the log ended.")


STAGED = TypeAdapter(list[StagedIntent])
