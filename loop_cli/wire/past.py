"""The JSON shapes of `loop diff`, `loop history` and `loop undo`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from loop_cli.wire.base import (
    DiffEntry,
    Etag,
    GrowingShape,
    RunId,
    Shape,
    Timestamp,
)
from loop_cli.wire.models import ConflictChange, ConflictField  # noqa: TC001  pydantic reads them


class SinceEntry(Shape):
    """The earlier state of `loop diff --json` (SPEC §6)."""

    updated_at: str | None = Field(description="Its updated_at, if the log tells.")
    etag: str | None = Field(description="Its etag, if the log tells.")


class DiffDocument(Shape):
    """An entity compared with an earlier state: `loop diff ID --json` (SPEC §6)."""

    entity_id: str = Field(description="The entity's id.")
    entity_type: str = Field(description="Its type.")
    path: str = Field(description="Its file, relative to the vault.")
    updated_at: Timestamp = Field(description="Its updated_at now.")
    etag: Etag = Field(description="Its etag now.")
    since: SinceEntry = Field(description="The earlier state.")
    diff: dict[str, DiffEntry] = Field(description="Old and new value of each field that differs.")
    unknown: list[str] = Field(description="The fields whose earlier value is unknown.")
    edited_outside: bool = Field(description="Whether it was edited outside loop since.")
    changes: list[ConflictChange] = Field(description="The records since, oldest first.")
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )


class HistoryEvent(GrowingShape):
    """A record in a history, or an outside edit after the next one (SPEC §6)."""

    kind: Literal["record", "edited_outside"] = Field(description="What it is.")
    after: str | None = Field(
        default=None, description="Of an outside edit: the time of the record before it."
    )
    number: int | None = Field(
        default=None, description="Of a change: how many changes ago it was, as for --since."
    )
    run_id: str | None = Field(default=None, description="Its run.")
    timestamp: str | None = Field(default=None, description="When.")
    actor: str | None = Field(default=None, description="Who.")
    source: str | None = Field(default=None, description="The interface.")
    agent: str | None = Field(
        default=None, description="What the program says of itself; absent if it says nothing."
    )
    action: str | None = Field(default=None, description="What was done.")
    modified_fields: list[str] | None = Field(default=None, description="What was changed.")
    diff: dict[str, Any] = Field(default={}, description="Old and new values, as recorded.")
    taken_back: bool = Field(
        default=False,
        description="Whether loop took it back at once, because another program wrote.",
    )
    undone_by: str | None = Field(default=None, description="The run that undid it, if it stands.")
    undoes: str | None = Field(default=None, description="The run that it undid.")


class HistoryDocument(Shape):
    """The history of an entity, newest first: `loop history ID --json` (SPEC §6)."""

    entity_id: str = Field(description="The entity's id.")
    path: str | None = Field(description="Its file; null where it is gone or can't be read.")
    updated_at: Timestamp | None = Field(description="Its updated_at now.")
    etag: Etag | None = Field(description="Its etag now.")
    events: list[HistoryEvent] = Field(description="What happened, newest first.")
    more: bool = Field(description="Whether there are older records.")
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )


class UndoneEntity(Shape):
    """One entity of an undo (SPEC §6)."""

    entity_id: str = Field(description="The entity's id.")
    entity_type: str = Field(description="Its type.")
    path: str = Field(description="Its file, relative to the vault.")
    updated_at: str = Field(description="Its updated_at afterwards, or before it was deleted.")
    etag: str = Field(description="Its etag afterwards, or before it was deleted.")
    action: Literal["update", "move", "delete", "restore"] | None = Field(
        description="What was done; null if nothing had to change."
    )
    modified_fields: list[str] = Field(description="What was put back.")
    diff: dict[str, DiffEntry] = Field(description="Old and new value of each such field.")
    left: list[ConflictField] = Field(description="Fields changed since, left as they are.")


class UndoDocument(Shape):
    """The result of an undo: `loop undo ... --json` (SPEC §6)."""

    changed: bool = Field(description="False if nothing had to change.")
    run_id: RunId = Field(description="The run of the undo. To redo, undo this run.")
    undoes: str = Field(description="The run whose changes were taken back.")
    entities: list[UndoneEntity] = Field(description="The entities of the run.")
    dry_run: Literal[True] = Field(
        default=True, description="There only with --dry-run: nothing was written."
    )
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )
