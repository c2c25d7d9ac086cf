"""How things look, by what they are; the one table of it.

The colours are of the 256 that mean the same everywhere, of a brightness between: each is
readable on black and on white (3:1 at least), and old and new, vermilion and blue, are told
apart by the colour-blind. None of them says what a word or a sign does not say too.
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
    """Whether the output is for a screen reader: no boxes, no columns, words for signs."""
    global _plain  # noqa: PLW0603  one program, one terminal
    _plain = plain


def is_plain() -> bool:
    """What `set_plain` said."""
    return _plain


def arrow() -> str:
    """What stands between an old value and a new one."""
    return ", now " if _plain else " → "


def separator() -> str:
    """What stands between the parts of a line."""
    return ", " if _plain else " · "


def nothing() -> str:
    """What stands for no value."""
    return "none" if _plain else "—"
