"""Open a vault as a whole, for a copy or an export: a folder, or an address."""

from __future__ import annotations

import os

from loop_cli.config import DATABASES
from loop_cli.errors import EntityNotFound
from loop_cli.system import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.config import Settings
    from loop_cli.core.whole import Whole


def opened(place: str, settings: Settings, *, make: bool) -> Whole:
    """Open a vault as a whole, by its settings; with `make` one that is new or empty, and gets
    these settings. What a crash left in a folder is mended first. Raises `EntityNotFound`,
    `UsageError`, `Unreachable`."""
    from loop_cli.cli import database

    if place.startswith(DATABASES):
        return database.whole(place, settings, make=make)
    from loop_cli.vault.upkeep.whole import WholeFolder

    root = os.path.abspath(home.expand(place, os.environ))
    log = settings["files.log"]
    if make:
        return WholeFolder(root, log=log)
    if not os.path.isdir(root):
        raise EntityNotFound(f"there is no folder {root}", path=root)
    from loop_cli.vault.store import VaultStore

    store = VaultStore(
        root,
        names=settings.names,
        clock=database.system_clock,
        schema_at=settings["files.schema"],
        log_at=log,
    )
    store.recover_if_free()
    return WholeFolder(root, store.handle)
