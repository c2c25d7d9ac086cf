"""The one rule for the name of an entity."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_NAME = 200
"""The longest name of an entity, in characters."""
WORDS = f"one line of text, of at most {MAX_NAME} characters"
"""What a name may be, in words."""

_JOINERS = "\u200c\u200d"  # that Persian, Hindi and sequences of emoji are written with


def name_problem(name: Any) -> str | None:
    """What is wrong with a name, as the end of a sentence; None where nothing is."""
    if not isinstance(name, str):
        return "is no text"
    plain = name.strip()
    if not plain.isprintable() and not all(map(_is_written, plain)):
        return "has a line break or a character that can't be printed"
    if name != plain:
        return "begins or ends with a blank"
    return f"is longer than {MAX_NAME} characters" if len(name) > MAX_NAME else None


def right_name(name: Any) -> str | None:
    """The name that a wrong one stands for; None where that is not certain."""
    right = str(name) if type(name) is int else name.strip() if isinstance(name, str) else ""
    return right if right and name_problem(right) is None else None


def _is_written(character: str) -> bool:
    """Whether a character belongs to writing: those of emoji flags and blanks of other widths
    do, though Python does not print them as they are."""
    if (
        character.isprintable()
        or character in _JOINERS
        or "\U000e0020" <= character <= "\U000e007f"
    ):
        return True
    from unicodedata import category

    return category(character) == "Zs"
