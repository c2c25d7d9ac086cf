"""Read TOML without the start-up cost of `tomllib`, which loads `re` (`loop help costs`).

It reads the settings that people write: `key = value` in tables, with texts, whole numbers,
decimals, true, false, and lists of these in one line. A file with anything else, and one with a
mistake, is read by `tomllib` (TOML 1.0.0), from the start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BLANKS = " \t"
_BARE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_DIGITS = frozenset("0123456789")


class _Other(Exception):
    """The text has something that is read by `tomllib`."""


def loads(text: str) -> dict[str, Any]:
    """Return the tables of a text. Raises what `tomllib.loads` raises."""
    try:
        return _Reader().read(text.replace("\r\n", "\n"))
    except _Other:
        import tomllib

        return tomllib.loads(text)


class _Reader:
    """The tables of one text so far, with the ids of those that a header or a part of one made,
    and of those that dotted keys under the last header made: only these may grow."""

    def __init__(self) -> None:
        self._top: dict[str, Any] = {}
        self._of_headers = {id(self._top)}
        self._of_keys: set[int] = set()

    def read(self, text: str) -> dict[str, Any]:
        table = self._top
        for line in (one.strip(_BLANKS) for one in text.split("\n")):
            if not line.replace("\t", " ").isprintable():
                raise _Other
            if not line or line[0] == "#":
                continue
            if line[0] == "[":
                table = self._header(line)
            else:
                self._pair(table, line)
        return self._top

    def _header(self, line: str) -> dict[str, Any]:
        """Return the new table that a header opens."""
        if line.startswith("[["):
            raise _Other
        parts, rest = _key(line[1:])
        if rest[:1] != "]":
            raise _Other
        _nothing(rest[1:])
        self._of_keys = set()
        outer = self._inside(self._top, parts[:-1], self._of_headers)
        if parts[-1] in outer:
            raise _Other
        return self._inside(outer, parts[-1:], self._of_headers)

    def _pair(self, table: dict[str, Any], line: str) -> None:
        """Read `key = value` into a table."""
        parts, rest = _key(line)
        if rest[:1] != "=":
            raise _Other
        value, rest = _value(rest[1:].lstrip(_BLANKS))
        _nothing(rest)
        inner = self._inside(table, parts[:-1], self._of_keys)
        if parts[-1] in inner:
            raise _Other
        inner[parts[-1]] = value

    @staticmethod
    def _inside(table: dict[str, Any], parts: list[str], own: set[int]) -> dict[str, Any]:
        """Return the table at a path; it may pass through `own` tables only, and makes others."""
        for part in parts:
            if part not in table:
                table[part] = {}
                own.add(id(table[part]))
            table = table[part]
            if id(table) not in own:
                raise _Other
        return table


def _key(text: str) -> tuple[list[str], str]:
    """Split a dotted key off the start of a text; return its parts and the rest."""
    parts = []
    while True:
        text = text.lstrip(_BLANKS)
        if text[:1] in ('"', "'"):
            part, text = _quoted(text)
        else:
            end = 0
            while text[end : end + 1] in _BARE:
                end += 1
            part, text = text[:end], text[end:]
            if not part:
                raise _Other
        parts.append(part)
        text = text.lstrip(_BLANKS)
        if text[:1] != ".":
            return parts, text
        text = text[1:]


def _value(text: str) -> tuple[Any, str]:
    """Split a value off the start of a text."""
    if text[:1] in ('"', "'"):
        return _quoted(text)
    if text[:1] == "[":
        return _list(text[1:])
    end = 0
    while text[end : end + 1] not in ("", " ", "\t", ",", "]", "#"):
        end += 1
    return _word(text[:end]), text[end:]


def _word(word: str) -> bool | int | float:
    """The value of a word without quotes."""
    if word in ("true", "false"):
        return word == "true"
    whole, point, part = word.partition(".")
    if not _DIGITS.issuperset(whole + part) or not whole or (point and not part):
        raise _Other  # a sign, an exponent, a date, or no value at all
    if len(word) > 1 and whole[0] == "0" != whole:
        raise _Other
    return float(word) if point else int(word)


def _quoted(text: str) -> tuple[str, str]:
    """Split a text in quotes off the start."""
    quote = text[0]
    end = text.find(quote, 1)
    found = text[1:end]
    if end < 0 or text.startswith(quote * 3) or (quote == '"' and "\\" in found):
        raise _Other
    return found, text[end + 1 :]


def _list(text: str) -> tuple[list[Any], str]:
    """Read the values of a list up to its end in the same line."""
    found: list[Any] = []
    text = text.lstrip(_BLANKS)
    while text[:1] != "]":
        value, text = _value(text)
        found.append(value)
        text = text.lstrip(_BLANKS)
        if text[:1] == ",":
            text = text[1:].lstrip(_BLANKS)
        elif text[:1] != "]":
            raise _Other
    return found, text[1:]


def _nothing(text: str) -> None:
    """Refuse more than a comment after a value."""
    if text.strip(_BLANKS)[:1] not in ("", "#"):
        raise _Other
