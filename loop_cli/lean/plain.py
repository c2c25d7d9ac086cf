"""Plain data, as YAML and JSON have it: dicts, lists, texts, numbers, true, false and null.

Reading, writing and comparing go by the same rules, so whether two values are the same and
which key a name means is said here, for `markdown` and `core` alike.
"""

from __future__ import annotations

import marshal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_CONTAINERS = frozenset((dict, list))
_NUMBERS = {".inf": float("inf"), "-.inf": float("-inf"), ".nan": float("nan")}
_WITHOUT_REFERENCES = 2  # a version of marshal's: what is met twice is spelled twice


def same(one: Any, other: Any) -> bool:
    """Equal in type and value all the way down: 1, 1.0 and true differ, NaN equals NaN."""
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in _CONTAINERS:
        return _spelled_same(one, other) or _same_inside(one, other)
    return repr(one) == repr(other) if kind is float else bool(one == other)


def _spelled_same(one: Any, other: Any) -> bool:
    """Whether two containers are the same in the same order, as nearly all are that are
    compared: Python's own spelling of values tells their types, and costs a tenth."""
    try:
        return marshal.dumps(one, _WITHOUT_REFERENCES) == marshal.dumps(other, _WITHOUT_REFERENCES)
    except ValueError:  # too deep, or something else within
        return False


def _same_inside(one: Any, other: Any) -> bool:
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is dict:
        return _same_items(one, other)
    if kind is list:
        return len(one) == len(other) and all(map(_same_inside, one, other))
    return same(one, other)


def _same_items(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    if len(one) != len(other):
        return False
    types: dict[Any, type] | None = None
    for key, item in one.items():
        if key not in other:
            return False
        if type(key) is not str:  # Python takes 1, 1.0 and True for one key
            types = {key: type(key) for key in other} if types is None else types
            if types[key] is not type(key):
                return False
        if not _same_inside(item, other[key]):
            return False
    return True


def copied(value: Any) -> Any:
    """The value with new dicts and lists, all the way down."""
    kind = type(value)
    if kind is dict:
        return {
            key: item if type(item) not in _CONTAINERS else copied(item)
            for key, item in value.items()
        }
    if kind is list:
        return [item if type(item) not in _CONTAINERS else copied(item) for item in value]
    return value


def copied_at(mapping: Mapping[Any, Any], parts: Iterable[str]) -> dict[Any, Any]:
    """A copy of a mapping to change at the keys that some parts of paths name; what is at
    others is shared, so that it need not be compared."""
    result = dict(mapping)
    for part in parts:
        key = key_in(result, part)
        if key in result:
            result[key] = copied(result[key])
    return result


def key_text(key: object) -> str:
    """A key as a part of a path: `2024` for the number, `true` and `null` for the words."""
    if isinstance(key, str):
        return key
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)


def read_like(value: Any, model: Any, *, inside: bool = False) -> tuple[Any, bool]:
    """A value that JSON could not say, read back, and whether that is vague: a key that reads like
    a number is what `model` has, 2024 and not "2024", and vague where that has no such number; as
    is `inside` another value whether `.inf` was one."""
    if type(value) is str:
        number = _NUMBERS.get(value)
        return (value, False) if number is None else (value if inside else number, inside)
    if type(value) is dict:
        vague, known, found = False, model if type(model) is dict else {}, {}
        for part, item in value.items():
            key = key_in(known, part)
            found[key], inner = read_like(item, known.get(key), inside=True)
            vague = vague or inner or (type(key) is str and _may_be_no_text(key))
        return found, vague
    if type(value) is list:
        alike = type(model) is list and len(model) == len(value)
        others = model if alike else [None] * len(value)
        read = [read_like(*pair, inside=True) for pair in zip(value, others, strict=True)]
        return [item for item, _inner in read], any(inner for _item, inner in read)
    return value, False


def may_be_vague(value: Any) -> bool:
    """Whether a value of JSON may be one that JSON can't say: a text that may have been `.inf`, or
    a key that may have been a number, at any depth."""
    return read_like(value, None, inside=True)[1]


def _may_be_no_text(part: str) -> bool:
    """Whether a key of JSON may have been a number or a word of YAML."""
    if part in _NUMBERS or part in ("null", "true", "false"):
        return True
    try:
        float(part)
    except ValueError:
        return False
    return True


def key_in(mapping: Mapping[Any, Any], part: str) -> Any:
    """The key that a part of a path names: that text, or else the key that reads like it."""
    if part in mapping:
        return part
    for key in mapping:
        if type(key) is not str and key_text(key) == part:
            return key
    return part
