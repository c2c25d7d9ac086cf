"""All routes, in the order in which they are tried: those that are asked for most come first."""

from __future__ import annotations

from loop_cli.server import (
    applying,
    auditing,
    changing,
    describing,
    events,
    files,
    merging,
    page,
    reading,
    relocating,
    signing,
    upkeep,
)

_ENTITIES = (reading, changing, relocating)

__all__ = ["ROUTERS", "page"]
ROUTERS = (
    *(one.typed_router for one in _ENTITIES),
    files.router,
    merging.router,
    *(one.router for one in (*_ENTITIES, signing, auditing, describing, applying, events, upkeep)),
)
