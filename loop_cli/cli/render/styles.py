"""The styles of all output, in one table.

The colours are of the 256 that look the same everywhere, of medium brightness. Each is readable on
black and on white (3:1 at least). Old and new, vermilion and blue, are different for colour-blind
people. Every colour comes with a word or a sign that says the same.
"""

from __future__ import annotations

OLD = "color(166)"
NEW = "color(32)"
OLD_WORD = "bold underline color(166)"
NEW_WORD = "bold underline color(32)"
FIELD = "color(30)"
QUIET = "color(244)"
TITLE = "bold"
DONE = "bold color(32)"
NOTICE = "color(136)"
ALERT = "bold color(166)"
WARNING = "bold color(136)"
KEY = "bold"
NORMAL = "default not bold"

_plain = False


def set_plain(plain: bool) -> None:
    """Set the output for screen readers: no boxes, no columns, words for signs."""
    global _plain  # noqa: PLW0603  one program, one terminal
    _plain = plain


def is_plain() -> bool:
    """Return the value of `set_plain`."""
    return _plain


def arrow() -> str:
    """Return the sign between an old value and a new one."""
    return ", now " if _plain else " → "


def separator() -> str:
    """Return the sign between the parts of a line."""
    return ", " if _plain else " · "


def nothing() -> str:
    """Return the sign for no value."""
    return "none" if _plain else "—"
