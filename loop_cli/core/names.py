"""Names as users type them: dotted paths of nested fields, nearest matches, normal forms."""

from __future__ import annotations

import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

BODY = "body"


def nfc(text: str) -> str:
    """Canonical composition: macOS file systems and some editors decompose Hangul."""
    return unicodedata.normalize("NFC", text)


def split_dotted(name: str) -> tuple[str, ...]:
    r"""`outer.inner` as a path; `\.` is a dot in a key, `\\` a backslash."""
    if name == "\\" + BODY:
        return (BODY,)
    parts, current, escaped = [], "", False
    for character in name:
        if escaped:
            current += character if character in ".\\" else "\\" + character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ".":
            parts.append(current)
            current = ""
        else:
            current += character
    parts.append(current + ("\\" if escaped else ""))
    return tuple(parts)


def join_dotted(path: Iterable[str]) -> str:
    r"""The name of a path in diffs and messages; a frontmatter field `body` is `\body`."""
    name = ".".join(key.replace("\\", "\\\\").replace(".", "\\.") for key in path)
    return "\\" + name if name == BODY else name


def nearest(name: str, candidates: Iterable[str], *, count: int = 3) -> list[str]:
    """The candidates most like `name`, best first; at most `count`."""
    from difflib import get_close_matches

    folded = {nfc(candidate).casefold(): candidate for candidate in candidates}
    found = get_close_matches(nfc(name).casefold(), folded, n=count, cutoff=0.6)
    return [folded[match] for match in found]
