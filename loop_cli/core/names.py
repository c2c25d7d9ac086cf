"""Names as users type them: dotted paths of nested fields, nearest matches, normal forms."""

from __future__ import annotations

import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAME = "entity_name"
"""The name of an entity, where a user asks for one whatever field it is in."""
BODY = "body"
# Characters that Persian, Hindi, Hebrew and sequences of emoji need.
_JOINERS = "\u200c\u200d\u200e\u200f\u2060\u00ad"
ARCHIVE = "90_Archive"
"""The folder of archived entities, under their former paths; `find` does not look there."""
SETTINGS = ".loop/config.toml"
"""The vault's file of settings."""
LOG_FOLDER = "_build"
"""The folder of the audit log."""
ENDINGS = (".md", ".markdown")
"""The endings of Markdown files."""
_SORTED = 1000  # characters of a run that may all be marks
_ALIKE = 0.6  # the least similarity of a suggested name
SLIP = 0.75  # of a name that is probably another one, misspelt: `status` is no slip of `tags`
_COMPARED = 4000  # the most names that are compared with a missing one


def nfc(text: str) -> str:
    """Return the composed normal form: macOS file systems and some editors decompose Hangul."""
    if len(text) <= _SORTED or text.isascii():
        return unicodedata.normalize("NFC", text)
    return "".join(unicodedata.normalize("NFC", part) for part in _sortable(text))


def one_name(text: str) -> str:
    """Return a file name as file systems compare it that ignore case and normal form."""
    return nfc(nfc(text).casefold())


def is_line(text: str) -> bool:
    """Whether a text is one line of ordinary writing.

    Not allowed are control characters, line breaks, and marks that change the writing direction.
    Allowed are emoji, their joiners and all blanks, also emoji that are newer than Python's tables.
    """
    return text.isprintable() or all(map(_is_written, text))


def is_field_name(text: str) -> bool:
    """Whether a text can be the name of a new field."""
    return bool(text.strip()) and is_line(text)


def _is_written(character: str) -> bool:
    if (
        character.isprintable()
        or character in _JOINERS
        or "\U000e0020" <= character <= "\U000e007f"
    ):
        return True
    kind = unicodedata.category(character)
    code = ord(character)
    is_no_character = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return kind == "Zs" or (kind == "Cn" and not is_no_character)


def is_hidden(path: str) -> bool:
    """Whether a part of a relative path begins with a dot."""
    return any(part.startswith(".") and part != "." for part in path.split("/"))


def _sortable(text: str) -> Iterator[str]:
    """Split a text into parts that can be normalized separately.

    Sorting marks in a row takes quadratic time, so a part has only a limited number of them.
    """
    import re

    longest = max(map(len, re.split("[\x00-\x7f]+", text)))
    if longest <= _SORTED:
        yield text
        return
    start = marks = 0
    for at, character in enumerate(text):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks == _SORTED:
            yield text[start:at]
            start, marks = at, 0
    yield text[start:]


def split_dotted(name: str) -> tuple[str, ...]:
    r"""Split `outer.inner` into a path; `\.` is a dot in a key, `\\` is a backslash."""
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


def split_listed(text: str) -> list[str]:
    r"""Split a list at its commas; `\,` is a comma in an item."""
    first, *others = text.split(",")
    items = [first]
    for part in others:
        if items[-1].endswith("\\"):
            items[-1] = f"{items[-1][:-1]},{part}"
        else:
            items.append(part)
    return items


def listed_items(text: str) -> list[str]:
    """Return the items of a list that a person typed; blanks around them, and empty ones, do not
    count."""
    return [item for item in map(str.strip, split_listed(text)) if item]


def join_dotted(path: Iterable[str]) -> str:
    r"""Return the name of a path in diffs and messages; a frontmatter field `body` is `\body`."""
    name = ".".join(key.replace("\\", "\\\\").replace(".", "\\.") for key in path)
    return "\\" + name if name == BODY else name


def overlap(one: str, other: str) -> bool:
    """Whether two names of diffs mean the same field, or a field and one within it."""
    if BODY in (one, other):
        return one == other
    return paths_overlap(split_dotted(one), split_dotted(other))


def paths_overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one of two paths is equal to the other, or a part of it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def nearest(
    name: str, candidates: Iterable[str], *, count: int = 3, alike: float = _ALIKE
) -> list[str]:
    """Return the candidates most similar to `name`, best first; at most `count`, and none that is
    less `alike`, which is at least 0.6.

    The result is that of `difflib.get_close_matches`, which takes about 20 µs per candidate. Here
    the most promising come first; the others are compared only if they could be better.
    """
    from difflib import SequenceMatcher

    folded = {nfc(candidate).casefold(): candidate for candidate in candidates}
    matcher: SequenceMatcher[str] = SequenceMatcher()
    matcher.set_seq2(wanted := nfc(name).casefold())
    best: list[tuple[float, str]] = []
    for bound, candidate in _promising(wanted, folded)[:_COMPARED]:
        if len(best) == count and bound < best[-1][0]:
            break
        matcher.set_seq1(candidate)
        ratio = matcher.ratio()
        if ratio >= alike:
            best = sorted([*best, (ratio, candidate)], reverse=True)[:count]
    return [folded[candidate] for _ratio, candidate in best]


def _promising(name: str, candidates: Iterable[str]) -> list[tuple[float, str]]:
    """Return the candidates that may be similar, with the highest possible ratio.

    That ratio counts the characters that both have, in any order.
    """
    counts = [(character, name.count(character)) for character in set(name)]
    shortest = len(name) * _ALIKE / (2 - _ALIKE)
    longest = len(name) * (2 - _ALIKE) / _ALIKE
    found = []
    for candidate in candidates:
        length = len(candidate)
        if not shortest - 1 < length < longest + 1:
            continue
        common = 0
        for character, count in counts:
            there = candidate.count(character)
            common += there if there < count else count
        bound = 2.0 * common / (length + len(name)) if length or name else 1.0
        if bound >= _ALIKE:
            found.append((bound, candidate))
    found.sort(key=lambda one: one[0], reverse=True)
    return found
