"""All routes, in the order in which they are tried: those that are asked for most come first."""

from __future__ import annotations

from loop_cli.server import (
    applying,
    auditing,
    changing,
    describing,
    events,
    merging,
    reading,
    relocating,
    signing,
)

_ENTITIES = (reading, changing, relocating)

ROUTERS = (
    *(one.typed_router for one in _ENTITIES),
    *(one.router for one in (*_ENTITIES, signing, auditing, describing, applying, merging, events)),
)
