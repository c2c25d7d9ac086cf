"""The most frequent edit: replace scalars on the line of their key.

It needs no syntax tree, which is half of the cost of an edit. It is made only if the text leaves no
doubt about the place of the value, and gives the same result as the tree. ``patch`` checks the
result.
"""

from __future__ import annotations

from loop_cli.lean.plain import same
from loop_cli.markdown import scalars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# A line at the left edge that begins so may have a key in another form, or ends the mapping.
_DOUBTFUL = tuple("\n" + sign for sign in "\"'?&*!{[%")
_NOT_PLAIN = frozenset("?&*!{[%|>@`#]},:")
_SCALARS = (str, int, float, bool)


def replaced(yaml_text: str, old: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """Return ``yaml_text``, which reads as ``old``, with other top-level scalars, as ``wanted``.

    None if the syntax tree is needed.
    """
    if old.keys() != wanted.keys():
        return None
    changed = [key for key, value in old.items() if not same(value, wanted[key])]
    text = "\n" + yaml_text
    if "\r" in text or any(sign in text for sign in _DOUBTFUL):
        return None
    for key in changed:
        line = _line(text, key)
        if line is None or type(old[key]) not in _SCALARS or type(wanted[key]) not in _SCALARS:
            return None
        written = _written(text[line[0] : line[1]], old[key], wanted[key])
        if written is None:
            return None
        text = text[: line[0]] + written + text[line[1] :]
    return text[1:]


def _line(text: str, key: str) -> tuple[int, int] | None:
    """Return the place after a key and its colon, and the end of its line.

    None if the key may occur twice, or in another form.
    """
    letters = key.replace("_", "").replace("-", "").replace(" ", "")
    if not (letters.isalnum() and key[0].isalpha() and scalars.is_plain(key)):
        return None
    mark = f"\n{key}:"
    start = text.find(mark)
    if start < 0 or text.find(mark, start + 1) >= 0 or f"\n{key} " in text:
        return None
    start += len(mark)
    end = text.find("\n", start)
    return start, len(text) if end < 0 else end


def _written(rest: str, old: Any, new: Any) -> str | None:
    """Return the text after the colon with the value ``old`` replaced; None if it is not all
    there."""
    value = rest.lstrip(" ")
    if not value or value == rest or "\t" in value or (isinstance(new, str) and "\n" in new):
        return None
    quote = value[0] if value[0] in "\"'" else ""
    token = f"{quote}{old}{quote}" if quote else _plain(value)
    after = value[len(token) :]
    comment = after.lstrip(" ")
    if not token or not value.startswith(token) or (comment and after[0] + comment[0] != " #"):
        return None
    if isinstance(old, str):
        if "\\" in old or quote in old if quote else token != old:  # escapes, or more lines
            return None
    elif quote or " " in token:
        return None
    style = {"'": "single-quoted", '"': "double-quoted"}.get(quote) or bare_style(old)
    if style is None and bare_style(new):  # its neighbours decide
        return None
    made = scalars.emit(new, style=style)
    gap = rest[: len(rest) - len(value)]
    return gap + made + after if scalars.is_plainly_safe(new, made) else None


def bare_style(old: Any) -> str | None:
    """Return the style of a value without quotes, if a new value can have it."""
    is_date = isinstance(old, str) and scalars.kind_of_date(old)
    return scalars.BARE_DATE if is_date else None


def token(yaml_text: str, key: str, value: Any) -> str | None:
    """Return the written form of the scalar at a top-level key, with quotes.

    None if the syntax tree is needed.
    """
    text = "\n" + yaml_text
    line = None if "\r" in text or any(sign in text for sign in _DOUBTFUL) else _line(text, key)
    rest = "" if line is None else text[line[0] : line[1]]
    found = rest.lstrip(" ")
    if not found or found == rest or "\t" in found:
        return "" if line is not None and not found and value is None else None
    if found[0] in "\"'":
        written = f"{found[0]}{value}{found[0]}"
        return written if found.startswith(written) and "\\" not in written else None
    written = _plain(found)
    if isinstance(value, str):
        return written if written == value else None
    return written if written and " " not in written else None


def _plain(value: str) -> str:
    """Return the plain scalar at the beginning of a line; empty if there is none."""
    end = value.find(" #")
    return "" if value[0] in _NOT_PLAIN else (value if end < 0 else value[:end]).rstrip(" ")
