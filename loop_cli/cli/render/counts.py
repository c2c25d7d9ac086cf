"""Say how many of a thing there are."""

from __future__ import annotations


def counted(number: int, one: str, several: str | None = None) -> str:
    """Return the number and the word; without `several`, the plural of `one` ends in `s`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
