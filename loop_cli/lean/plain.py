"""Plain data, as in YAML and JSON: dicts, lists, texts, numbers, true, false and null.

Reading, writing and comparing use the same rules. So this module decides, for `markdown` and
`core`, whether two values are the same, and which key a name means.
"""

from __future__ import annotations

import marshal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_CONTAINERS = frozenset((dict, list))
_NUMBERS = {".inf": float("inf"), "-.inf": float("-inf"), ".nan": float("nan")}
_WITHOUT_REFERENCES = 2  # in this version of marshal, a repeated value is written again


def same(one: Any, other: Any) -> bool:
    """Whether two values have the same type and value at all depths: 1, 1.0 and true differ.

    NaN equals NaN.
    """
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in _CONTAINERS:
        return _spelled_same(one, other) or _same_inside(one, other)
    return repr(one) == repr(other) if kind is float else bool(one == other)


def _spelled_same(one: Any, other: Any) -> bool:
    """Whether two containers are the same, in the same order; this is almost always the case.

    Python's own representation of values shows their types, and costs a tenth.
    """
    try:
        return marshal.dumps(one, _WITHOUT_REFERENCES) == marshal.dumps(other, _WITHOUT_REFERENCES)
    except ValueError:  # too deep, or it contains something else
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
    """Return the value with new dicts and lists at all depths."""
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
    """Copy a mapping, to change it at the keys that some parts of paths name.

    The other values are shared, so that they need not be compared.
    """
    result = dict(mapping)
    for part in parts:
        key = key_in(result, part)
        if key in result:
            result[key] = copied(result[key])
    return result


def key_text(key: object) -> str:
    """Return a key as a part of a path: `2024` for the number, `true` and `null` for the words."""
    if isinstance(key, str):
        return key
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)


def read_like(value: Any, model: Any, *, inside: bool = False) -> tuple[Any, bool]:
    """Read a value that JSON could not express; also return whether it is vague.

    A key that reads like a number becomes the key of `model`, 2024 and not "2024"; it is vague if
    `model` has no such number. `.inf` `inside` another value is vague too.
    """
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
    """Whether a JSON value may stand for one that JSON can't express.

    That is a text that may have been `.inf`, or a key that may have been a number, at any depth.
    """
    return read_like(value, None, inside=True)[1]


def _may_be_no_text(part: str) -> bool:
    """Whether a JSON key may have been a number or a word of YAML."""
    if part in _NUMBERS or part in ("null", "true", "false"):
        return True
    try:
        float(part)
    except ValueError:
        return False
    return True


def key_in(mapping: Mapping[Any, Any], part: str) -> Any:
    """Return the key for a part of a path: that text, or else the key that reads like it."""
    if part in mapping:
        return part
    for key in mapping:
        if type(key) is not str and key_text(key) == part:
            return key
    return part
