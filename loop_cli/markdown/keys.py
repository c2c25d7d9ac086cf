"""Read the keys of a syntax tree, and find their lines.

The tree itself reads a key in a time proportional to the text, so reading all keys of a long text
would take quadratic time. Here each key is read by itself.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

import yaml12

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NOT_ALONE = (b"---", b"...", b"%")  # characters with another meaning at the beginning of a text


def key_value(key: Any, data: bytes) -> Any:
    """Return the value of a key, which is a scalar of the text `data`: a text, a number, ..."""
    start, end = key.byte_range()
    word = data[start:end]
    if not word.startswith(_NOT_ALONE):
        try:
            return yaml12.parse_yaml(word.decode())
        except ValueError:
            pass
    return key.to_python()


class LineNumbers:
    """The 1-based line numbers of a text, by positions in its bytes."""

    def __init__(self, data: bytes) -> None:
        self._ends = list(accumulate(len(line) + 1 for line in data.split(b"\n")))

    def of(self, place: int) -> int:
        """Return the line of a byte."""
        return bisect_left(self._ends, place + 1) + 1
