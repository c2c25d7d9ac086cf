"""Find an id that only an excluded file has, so that the error can name the file."""

from __future__ import annotations

import os

from loop_cli.core.names import nfc
from loop_cli.core.schema.paths import Places
from loop_cli.planning.resolution import claims, is_named
from loop_cli.vault.files.reading import head
from loop_cli.vault.files.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.entity import FieldNames

_MOST = 10_000
"""The most files that are opened; it is only for the text of an error."""


def excluded_carrier(walk: Walk, entity_id: str, names: FieldNames) -> str | None:
    """Return a file with the id where the schema has no entities; a file with that name comes
    first.

    None if there is none. Raises `UsageError`.
    """
    wanted = nfc(entity_id)
    every = Walk(walk.root, Places())
    excluded = [path for path in every.paths() if not walk.admits(path)]
    excluded.sort(key=lambda path: (not is_named(path, wanted), path))
    for path in excluded[:_MOST]:
        if claims(head(os.path.join(walk.root, path)), path, wanted, names):
            return path
    return None
