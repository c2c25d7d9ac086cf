"""The edits, and their meaning on plain data."""

from __future__ import annotations

from loop_cli.lean.plain import copied, copied_at, key_in, same
from loop_cli.lean.records import Struct
from loop_cli.markdown.limits import MAX_DEPTH, PatchError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    Path = tuple[str, ...]

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
