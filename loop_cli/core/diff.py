"""Differences between two states of an entity, as data (SPEC §6).

A diff maps dotted names to `{"old": ..., "new": ...}`; a field that was not there before
has `"added": true`, one that is gone `"removed": true`. Lists and texts are taken whole,
mappings key by key where all keys are texts. The body is the field `body`.
"""

from __future__ import annotations

from loop_cli.core.names import BODY, join_dotted, split_dotted
from loop_cli.lean.plain import copied, key_in, same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Diff = dict[str, dict[str, Any]]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()


def diff_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> Diff:
    """Compare two mappings of fields."""
    found: Diff = {}
    _collect(old, new, (), found)
    return found


def diff_body(old: str, new: str) -> Diff:
    """Compare two bodies: return no entry or one."""
    return {} if old == new else {BODY: {"old": old, "new": new}}


def value_at(fields: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """Return the value at a path, or `MISSING`."""
    value: Any = fields
    for part in path:
        if not isinstance(value, dict):
            return MISSING
        value = value.get(key_in(value, part), MISSING)
    return value


def undo(fields: dict[str, Any], name: str, entry: Mapping[str, Any]) -> None:
    """Put the `old` value of one diff entry back into `fields`, in place."""
    *parents, last = split_dotted(name)
    target = fields
    for part in parents:
        key = key_in(target, part)
        inner = target.get(key)
        if not isinstance(inner, dict):
            inner = target[key] = {}
        target = inner
    last = key_in(target, last)
    if entry.get("added"):
        target.pop(last, None)
    else:
        target[last] = copied(entry.get("old"))


def _collect(
    old: Mapping[str, Any], new: Mapping[str, Any], prefix: tuple[str, ...], found: Diff
) -> None:
    for key in {**old, **new}:
        before, after = old.get(key, MISSING), new.get(key, MISSING)
        if before is after:
            continue
        path = (*prefix, key)
        if _has_names(before) and _has_names(after):
            _collect(before, after, path, found)
        elif not same(before, after):
            found[join_dotted(path)] = _entry(before, after)


def _has_names(value: Any) -> bool:
    """Whether all keys of a mapping can be parts of a dotted name; YAML allows other keys."""
    return isinstance(value, dict) and bool(value) and all(isinstance(key, str) for key in value)


def _entry(before: Any, after: Any) -> dict[str, Any]:
    entry = {
        "old": None if before is MISSING else before,
        "new": None if after is MISSING else after,
    }
    if before is MISSING:
        entry["added"] = True
    if after is MISSING:
        entry["removed"] = True
    return entry
