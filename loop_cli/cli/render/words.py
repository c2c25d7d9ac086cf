"""Mark the changed words of a line."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from rich.text import Text

from loop_cli.cli.render import styles
from loop_cli.cli.render.text import visible

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_ALIKE = 0.4  # below this the lines are too different for marks to help
_MOST = 2000
_SHOWN = 2000  # characters of a line
_BEFORE = 100  # characters in front of the first difference of very long lines


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def cut(text: str) -> str:
    """A line as it is shown: of a very long one the beginning, and how much more there is."""
    if len(text) <= _SHOWN:
        return visible(text)
    return f"{visible(text[:_SHOWN])}... ({len(text) - _SHOWN:,} more characters)"


def marked(old: str, new: str) -> tuple[Text, Text]:
    """Both lines, the words that differ marked by more than colour, where the two are alike. Of
    very long lines, what is around the first difference."""
    if max(len(old), len(new)) > _SHOWN:
        start = max(_shared(old, new) - _BEFORE, 0)
        dots = "..." if start else ""
        return (
            Text(dots + cut(old[start:]), style=styles.OLD),
            Text(dots + cut(new[start:]), style=styles.NEW),
        )
    one, other = _TOKEN.findall(old), _TOKEN.findall(new)
    before, after = Text(style=styles.OLD), Text(style=styles.NEW)
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    few = len(one) + len(other) <= _MOST
    if not few or matcher.real_quick_ratio() < _ALIKE or matcher.ratio() < _ALIKE:
        return before.append(visible(old)), after.append(visible(new))
    for tag, i, j, k, m in matcher.get_opcodes():
        before.append(visible("".join(one[i:j])), None if tag == "equal" else styles.OLD_WORD)
        after.append(visible("".join(other[k:m])), None if tag == "equal" else styles.NEW_WORD)
    return before, after
