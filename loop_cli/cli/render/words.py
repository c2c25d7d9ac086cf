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


def marked(old: str, new: str) -> tuple[Text, Text]:
    """Return both lines, with the differing words marked by signs, if the lines are similar."""
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
