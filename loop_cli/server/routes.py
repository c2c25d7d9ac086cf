"""All routes, in the order in which they are tried: those of the types of a vault come last."""

from __future__ import annotations

from loop_cli.server import (
    applying,
    auditing,
    changing,
    describing,
    events,
    reading,
    relocating,
    signing,
)

_ENTITIES = (reading, changing, relocating)

ROUTERS = (
    *(one.router for one in (signing, auditing, describing, applying, events, *_ENTITIES)),
    *(one.typed_router for one in _ENTITIES),
)
