"""All routes, in the order in which they are tried: those that are asked for most come first."""

from __future__ import annotations

from loop_cli.server import (
    applying,
    auditing,
    changing,
    describing,
    events,
    files,
    reading,
    relocating,
    signing,
    upkeep,
)

_ENTITIES = (reading, changing, relocating)

ROUTERS = (
    *(one.typed_router for one in _ENTITIES),
    files.router,
    *(one.router for one in (*_ENTITIES, signing, auditing, describing, applying, events, upkeep)),
)
