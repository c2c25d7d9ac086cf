"""The skill that teaches an agent to work with `loop`: a text, and an example script."""

from __future__ import annotations

import os

NAME = "loop-entity-creator"
_SOURCE = os.path.join(os.path.dirname(__file__), NAME)


def files() -> dict[str, bytes]:
    """Return the files of the skill by their paths in its folder, with `/` between the parts."""
    found = {}
    for folder, _folders, names in os.walk(_SOURCE):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, _SOURCE).replace(os.sep, "/")] = file.read()
    return dict(sorted(found.items()))
