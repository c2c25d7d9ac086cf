"""Which entity a path names."""

from __future__ import annotations

import os

from loop_cli.cli import context
from loop_cli.core.query import Query, equals


def entity_at(given: str, vault: str | None) -> tuple[str | None, str]:
    """The id of the entity in a file, and the file relative to the vault; no id where there is
    none. `given` is relative to the vault, else to here."""
    loop = context.operations(context.open_settings({"vault": vault}))
    top = os.path.realpath(loop.vault)
    chosen = context.chosen_path(loop.vault, given) or given
    whole = os.path.realpath(os.path.join(top, chosen))
    path = os.path.relpath(whole, top).replace(os.sep, "/")
    found = next(iter(loop.select(Query(conditions=(equals("path", path),), limit=1))), None)
    return (None, path) if found is None else (found.listed.id, path)
