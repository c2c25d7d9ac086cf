"""The basics of the JSON shapes: strictness, and texts with a form."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from loop_cli.core.records.record import RUN_ID

_TIMESTAMP = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$"

Timestamp = Annotated[str, Field(pattern=_TIMESTAMP)]
Etag = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
RunId = Annotated[str, Field(pattern=f"^{RUN_ID}$")]
Action = Literal["create", "update", "delete", "move", "approve", "reject"]
Source = Literal["ui", "api", "script", "cli"]
PreconditionUsed = Literal["etag", "updated_at", "literal", "condition", "none"]


class Shape(BaseModel):
    """A shape with exactly these keys; values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class GrowingShape(BaseModel):
    """A shape that may have more keys, now or in a later version."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)


class DiffEntry(Shape):
    """One changed field (SPEC §6)."""

    old: Any = Field(description="The value before; null where there was none.")
    new: Any = Field(description="The value after; null where there is none.")
    added: Literal[True] = Field(default=True, description="There only if the field is new.")
    removed: Literal[True] = Field(default=True, description="There only if the field is gone.")
