"""Find differences between YAML 1.1, as python-frontmatter reads it, and YAML 1.2."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from loop_cli.lean.plain import key_text, same
from loop_cli.markdown.limits import YamlSyntaxError, guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Disagreement:
    """A place that the dialects read differently; `other` is the reading of YAML 1.1.

    If YAML 1.1 can't read the text at all, `at` is empty, `line` (1-based in the YAML text) is the
    place, and `other` is the reason. `is_key` means that the key itself differs.
    """

    at: tuple[str | int, ...]
    other: Any
    line: int | None = None
    is_key: bool = False


def disagreements(yaml_text: str, fields: dict[str, Any]) -> list[Disagreement]:
    """Yield the differences for a text that YAML 1.2 reads as `fields`.

    A text that YAML 1.1 reads as the same date counts as equal.
    """
    try:
        return guarded(_disagreements, yaml_text, fields)
    except YamlSyntaxError as error:
        return [Disagreement(at=(), other=error.reason, line=error.line)]


def _disagreements(yaml_text: str, fields: dict[str, Any]) -> list[Disagreement]:
    from frontmatter.default_handlers import YAMLHandler

    values = YAMLHandler().load(yaml_text)
    found: list[Disagreement] = []
    _compare(fields, {} if values is None else values, (), found)
    return found


def _compare(one: Any, other: Any, at: Path, found: list[Disagreement]) -> None:
    if isinstance(one, dict) and isinstance(other, dict):
        _compare_keys(one, other, at, found)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            _compare(*pair, (*at, index), found)
    elif not same(one, other) and not is_same_time(one, other):
        found.append(Disagreement(at=at, other=other))


def _compare_keys(
    one: dict[Any, Any], other: dict[Any, Any], at: Path, found: list[Disagreement]
) -> None:
    # A date as a key is the same key as its text.
    theirs = {_key(key): item for key, item in other.items()}
    for key, item in one.items():
        name = key_text(key)
        if name in theirs:
            _compare(item, theirs[name], (*at, name), found)
        else:
            found.append(Disagreement(at=(*at, name), other="another key", is_key=True))
    if not found and len(theirs) > len(one):  # the result of `<<`, for example
        found.append(Disagreement(at=at, other="other keys", line=1))


def _key(key: Any) -> str:
    return key.isoformat() if isinstance(key, datetime.date) else key_text(key)


def is_same_time(text: Any, value: Any) -> bool:
    """Whether a text names the same instant as the date or time that YAML 1.1 makes of it."""
    if not isinstance(text, str) or not isinstance(value, datetime.date):
        return False
    if not isinstance(value, datetime.datetime):
        return text == value.isoformat()
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return _utc(moment) == _utc(value)


def _utc(moment: datetime.datetime) -> datetime.datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)
