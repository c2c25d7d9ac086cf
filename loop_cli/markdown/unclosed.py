"""Where a list in `[ ]` or a mapping in `{ }` begins that nothing closes.

The parser notices it only at the next key, which is on another line and right.
"""

from __future__ import annotations

import re

# Texts in quotes, comments, and brackets where a value begins: elsewhere they are letters.
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|(?<![^\s\[{,:-])'(?:[^']|'')*')|(?P<comment>(?:^|(?<=\s))\#[^\n]*)"""
    r"|(?P<open>(?<![^\s\[{,:-])[\[{])|(?P<close>[\]}])",
    re.MULTILINE,
)


def unclosed(text: str, line: int) -> tuple[str, int] | None:
    """The bracket that is not closed up to a line, and the line that it is on; None if all are."""
    seen = "".join(text.splitlines(keepends=True)[:line])
    opened: list[re.Match[str]] = []
    for token in _TOKEN.finditer(seen):
        if token["open"]:
            opened.append(token)
        elif token["close"] and opened:
            opened.pop()
    if not opened:
        return None
    first = opened[-1]
    return first[0], seen.count("\n", 0, first.start()) + 1
