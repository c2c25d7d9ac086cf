"""What the keys of a syntax tree say, and on which lines they stand.

The tree's own reading of a key takes as long as the text is, so that all keys of a long text
would take its square. Here a key is read by itself.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

import yaml12

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NOT_ALONE = (b"---", b"...", b"%")  # what means something else at the beginning of a text


def key_value(key: Any, data: bytes) -> Any:
    """What a key, which is a scalar of the text `data`, says: a text, a number, ..."""
    start, end = key.byte_range()
    word = data[start:end]
    if not word.startswith(_NOT_ALONE):
        try:
            return yaml12.parse_yaml(word.decode())
        except ValueError:
            pass
    return key.to_python()


class LineNumbers:
    """The 1-based numbers of the lines of a text, by places in its bytes."""

    def __init__(self, data: bytes) -> None:
        self._ends = list(accumulate(len(line) + 1 for line in data.split(b"\n")))

    def of(self, place: int) -> int:
        """The line that a byte is on."""
        return bisect_left(self._ends, place + 1) + 1
