"""Lossless edits of a YAML text: every byte outside the changed entries stays as it is. `apply` is
their meaning on plain data, `patch` makes them in the text.

The most frequent edit replaces scalars on the line of their key. It needs no syntax tree, which is
half of the cost of an edit. It is made so only if the text leaves no doubt about the place of the
value, and gives the same result as the tree (`markdown.tree`).
"""

from __future__ import annotations

from loop_cli.lean.plain import copied, copied_at, key_in, same
from loop_cli.lean.records import Struct
from loop_cli.markdown import reader, scalars
from loop_cli.markdown.limits import MAX_DEPTH, PatchError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    Path = tuple[str, ...]

__all__ = [
    "PatchError", "Remove", "Set", "apply", "compose", "patch", "replaced_on_lines", "rewrite",
    "token_on_line",
]  # fmt: skip

_PLACEHOLDER = "written-again"
# A line at the left edge that begins so may have a key in another form, or ends the mapping.
_DOUBTFUL = tuple("\n" + sign for sign in "\"'?&*!{[%")
_NOT_PLAIN = frozenset("?&*!{[%|>@`#]},:")
_SCALARS = (str, int, float, bool)
_MAX_BITS = 13_000
_JSON_TYPES = frozenset((str, int, float, bool, type(None), dict, list))


class Remove(Struct):
    """Remove the entry at ``path``, if there is one."""

    path: Path

    def __init__(self, path: Iterable[str]) -> None:
        super().__init__(path=_checked_path(path))


class Set(Struct):
    """Set the entry at ``path`` to the JSON-like ``value``; missing parents become mappings."""

    path: Path
    value: Any

    def __init__(self, path: Iterable[str], value: Any) -> None:
        super().__init__(path=_checked_path(path), value=value)

    def __eq__(self, other: object) -> bool:
        return type(other) is Set and self.path == other.path and same(self.value, other.value)

    def __hash__(self) -> int:
        return hash(self.path)


def apply(mapping: Mapping[str, Any], edits: Iterable[Set | Remove]) -> dict[str, Any]:
    """Return ``mapping`` with ``edits`` made in order; unchanged parts are shared with it.

    A part of a path is the key with this text, or else the number or word that reads like it
    (``2024``). Raises PatchError for a parent that is a scalar or a list, and for a value that is
    not JSON-like.
    """
    edits = tuple(edits)
    result: dict[str, Any] = copied_at(mapping, {edit.path[0] for edit in edits})
    for edit in edits:
        if isinstance(edit, Set):
            check_value([*edit.path, edit.value], edit.path, len(edit.path) - 1)
            parent = _parent(result, edit.path, create=True)
            if parent is not None:
                parent[key_in(parent, edit.path[-1])] = copied(edit.value)
        else:
            parent = _parent(result, edit.path, create=False)
            if parent is not None:
                parent.pop(key_in(parent, edit.path[-1]), None)
    return result


def patch(yaml_text: str, edits: Iterable[Set | Remove], *, newline: str = "\n") -> str:
    """Return ``yaml_text`` with ``edits`` made in order and nothing else changed.

    New lines end in ``newline``. The result is read again, and if the values need it by two more
    readers, one of which knows YAML 1.1: it has exactly the values of ``apply``. Raises PatchError
    if an edit can't be made so, and ``reader.YamlSyntaxError`` if ``yaml_text`` can't be read.
    """
    return patched(yaml_text, reader.read(yaml_text), edits, newline=newline)[0]


def patched(
    yaml_text: str,
    old: dict[str, Any],
    edits: Iterable[Set | Remove],
    *,
    newline: str = "\n",
) -> tuple[str, dict[str, Any]]:
    """Like ``patch``, for a text that ``reader.read`` has read as ``old``; also return the new
    values."""
    edits = list(edits)
    wanted = apply(old, edits)
    if same(old, wanted):
        return yaml_text, old
    result = replaced_on_lines(yaml_text, old, wanted)
    if result is None or not _reads_as(result, wanted):
        from loop_cli.markdown import tree

        result = tree.rewritten(yaml_text, old, wanted, newline=newline)
        if result is None:
            raise PatchError(tree.UNSURE, edits[0].path)
    return result, wanted


def _reads_as(yaml_text: str, wanted: dict[str, Any]) -> bool:
    try:
        return same(reader.read(yaml_text), wanted)
    except reader.YamlSyntaxError:
        return False


def rewrite(yaml_text: str, path: tuple[str, ...], value: Any, *, newline: str = "\n") -> str:
    """Write the ``value`` at ``path`` again, so that YAML 1.1 reads it as 1.2 does.

    Its comment stays. A key that occurs several times with the same value is left once, at its last
    place. Raises what ``patch`` raises.
    """
    from loop_cli.markdown.duplicates import without_repeats

    shorter = without_repeats(yaml_text, path[0]) if len(path) == 1 else yaml_text
    if shorter != yaml_text and same(reader.read(shorter), reader.read(yaml_text)):
        return shorter
    other = patch(yaml_text, [Set(path, _PLACEHOLDER)], newline=newline)
    return patch(other, [Set(path, value)], newline=newline)


def compose(values: Mapping[str, Any]) -> str:
    """Write all of ``values`` as a text, even if it is too long or too deep for ``read``.

    If it can't be read again as a check, it is written in quotes, which every reader understands.
    """
    from loop_cli.markdown.writer import Layout, Writer

    parts = []
    for key, value in values.items():
        try:
            parts.append(patch("", [Set((key,), value)]))
        except PatchError:
            parts.append(Writer(Layout, "\n", careful=True).entry(key, value, 0) + "\n")
    return "".join(parts)


def replaced_on_lines(
    yaml_text: str, old: Mapping[str, Any], wanted: Mapping[str, Any]
) -> str | None:
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
    style = {"'": "single-quoted", '"': "double-quoted"}.get(quote) or scalars.bare_style(old)
    if style is None and scalars.bare_style(new):  # its neighbours decide
        return None
    made = scalars.emit(new, style=style)
    gap = rest[: len(rest) - len(value)]
    return gap + made + after if scalars.is_plainly_safe(new, made) else None


def token_on_line(yaml_text: str, key: str, value: Any) -> str | None:
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


def check_value(value: Any, path: Path, depth: int = 1) -> None:
    """Raise PatchError if ``value`` is not JSON-like, can't be written, or is too deep."""
    kind = type(value)
    if kind is dict or kind is list:
        if depth >= MAX_DEPTH:
            raise PatchError("nested too deeply", path)
        for item in value.values() if kind is dict else value:
            check_value(item, path, depth + 1)
    if kind is dict:
        for key in value:
            if type(key) is not str:
                raise PatchError(f"a key has to be text, not {type(key).__name__}", path)
            check_value(key, path)
    _check_writable(value, path)


def _check_writable(value: Any, path: Path) -> None:
    kind = type(value)
    if kind not in _JSON_TYPES:
        raise PatchError(f"a {kind.__name__} can't be written as YAML", path)
    if kind is int and value.bit_length() > _MAX_BITS:
        raise PatchError("a number of so many digits can't be written", path)
    if kind is str:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise PatchError("text with a lone surrogate can't be written", path) from None


def _checked_path(path: Iterable[str]) -> Path:
    parts = tuple(path)
    if isinstance(path, str) or not parts or not all(type(part) is str for part in parts):
        raise PatchError("the path of an edit is one or more texts", ())
    return parts


def _parent(mapping: dict[Any, Any], path: Path, *, create: bool) -> dict[Any, Any] | None:
    for depth, part in enumerate(path[:-1], 1):
        key = key_in(mapping, part)
        below = mapping.get(key)
        if below is None:
            if not create:
                return None
            below = mapping[key] = {}
        if not isinstance(below, dict):
            kind = "a list" if isinstance(below, list) else "a single value"
            raise PatchError(f"{'.'.join(path[:depth])} is {kind}, not a mapping", path)
        mapping = below
    return mapping
