"""The one rule for the name of an entity."""

from __future__ import annotations

from loop_cli.core.names import is_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_NAME = 200
"""The longest name of an entity, in characters."""
WORDS = f"one line of text, of at most {MAX_NAME} characters"
"""The allowed names, in words."""


def name_problem(name: Any) -> str | None:
    """Return the problem of a name, as the end of a sentence; None if there is none."""
    if not isinstance(name, str):
        return "is not a text"
    plain = name.strip()
    if not is_line(plain):
        return "has a line break or a character that can't be printed"
    if name != plain:
        return "begins or ends with a blank"
    return f"is longer than {MAX_NAME} characters" if len(name) > MAX_NAME else None


def right_name(name: Any) -> str | None:
    """Return the right form of a wrong name; None if that is not certain."""
    right = str(name) if type(name) is int else name.strip() if isinstance(name, str) else ""
    return right if right and name_problem(right) is None else None
