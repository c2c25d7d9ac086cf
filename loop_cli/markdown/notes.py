"""Add notes for a person to a text before it is edited, and remove them afterwards."""

from __future__ import annotations

import re

from loop_cli.lean.plain import key_text
from loop_cli.markdown.keys import LineNumbers, key_value
from loop_cli.markdown.limits import YamlSyntaxError, guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

_MARK = "#~"


def mark_for(text: str) -> str:
    """Return the beginning of the notes: a YAML comment that is not in `text` yet."""
    mark = _MARK
    while re.search(rf"^[ \t]*{mark}", text, re.MULTILINE):
        mark += "~"
    return mark


def on_top(text: str, lines: Iterable[str], mark: str) -> str:
    """Return `text` with notes at the top."""
    newline = _newline(text)
    return "".join(_note(line, mark, newline) for line in lines) + text


def above(yaml_text: str, notes: Mapping[str, Sequence[str]], mark: str) -> str:
    """Return the YAML text with notes above their fields; at the top if there is no such field."""
    lines = re.split(r"(?<=\n)", yaml_text)
    places: dict[int, list[str]] = {}
    try:
        at = guarded(_key_lines, yaml_text)
    except YamlSyntaxError:
        at = {}
    for key, noted in notes.items():
        places.setdefault(at.get(key, 0), []).extend(noted)
    parts = []
    newline = _newline(yaml_text)
    for number, line in enumerate(lines):
        parts += [_note(note, mark, newline) for note in places.get(number, ())]
        parts.append(line)
    return "".join(parts)


def without(text: str, mark: str) -> str:
    """Return `text` without its notes."""
    return re.sub(rf"^[ \t]*{mark}[^\n]*(?:\n|\Z)", "", text, flags=re.MULTILINE)


def line_among(text: str, mark: str, line: int) -> int:
    """Return the 1-based line in `text` for a line of the text without notes."""
    note = re.compile(rf"[ \t]*{mark}")
    for number, one in enumerate(text.split("\n"), start=1):
        line -= note.match(one) is None
        if line <= 0:
            return number
    return text.count("\n") + 1


def _note(line: str, mark: str, newline: str) -> str:
    return f"{mark} {line}".rstrip() + newline


def _newline(text: str) -> str:
    return "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"


def _key_lines(yaml_text: str) -> dict[str, int]:
    """Return the 0-based line of each top-level key."""
    import yaml_edit

    root: Any = yaml_edit.Document.parse(yaml_text).root()
    data = yaml_text.encode()
    if root is None or not root.is_mapping() or data[root.byte_range()[0] :][:1] == b"{":
        return {}
    numbers = LineNumbers(data)
    keys = (entry.key() for entry in root.as_mapping().entries())
    return {
        key_text(key_value(key, data)): numbers.of(key.byte_range()[0]) - 1
        for key in keys
        if key is not None and key.is_scalar()
    }
