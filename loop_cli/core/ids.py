"""Ids by the schema's patterns: choose the rule for the next id, and generate ids.

A rule is data. A store applies it under its lock, because only then it knows the taken ids.
"""

from __future__ import annotations

import re

from loop_cli.core.patterns import is_whole
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, Literal

    from loop_cli.core.schema.rules import Rules

    Kind = Literal["epoch", "random", "next", "choice", "fixed"]

BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
HASH_LENGTH = 6
_EPOCH_DIGITS = 13
_TRIES = 100  # give up after this many random ids that are taken


# The fields that can give the first number of an id such as `hyp-1-03`, in this order.
SOURCES = (
    "parent_id", "project_id", "source_project", "source_task", "hypothesis_id", "project",
)  # fmt: skip
_NEW_PROJECT = re.compile(r"prj-((?:[a-z]{3,10}-)?[a-z0-9]{6})")
_TOKEN = re.compile(r"\\d(?:\{(\d)\})?|\[(.)-(.)\]|([A-Za-z0-9:_-])")


class NoRule(ValueError):
    """No id can be made; the message says why, and that the user must give one."""


class NoNumber(NoRule):
    """The `pattern` needs the number of a related entity, and no field gives it."""

    def __init__(self, pattern: str) -> None:
        super().__init__(f"no id can be made that matches {pattern}; give --id")
        self.pattern = pattern


class IdRule(Struct):
    """How to make the next id: `prefix`, and something after it.

    `epoch`: the milliseconds since 1970; `random`: six digits of base 36; `next`: a number of
    `width` digits, one more than the greatest; `choice`: the one of `choices` after the last;
    `fixed`: the prefix itself, which was made by another rule a moment before.
    """

    kind: Kind
    prefix: str
    width: int = 0
    choices: tuple[str, ...] = ()

    @property
    def looks_at_others(self) -> bool:
        """Whether the next id depends on existing ids."""
        return self.kind in ("next", "choice")


def rule_for(
    entity_type: str,
    *,
    fields: Mapping[str, Any],
    name: str,
    rules: Rules,
    digest: Callable[[bytes], bytes],
) -> IdRule | str:
    """Return the rule for the id of a new entity, or the id, if the name gives it.

    Raises `NoRule`.
    """
    from loop_cli.core.schema.schema import PREFIXES

    prefix = PREFIXES.get(entity_type, entity_type.lower())
    pattern = rules.patterns.get(prefix)
    if entity_type == "Task" and isinstance(project := fields.get("project_id"), str):
        match = _NEW_PROJECT.fullmatch(project)
        mark = match[1] if match else hash_of(digest(project.encode()))
        if _fits(pattern, f"{prefix}-{mark}-{10**12}"):
            return IdRule(kind="epoch", prefix=f"{prefix}-{mark}-")
    if entity_type == "Project" and _fits(pattern, f"{prefix}-a7k9m2"):
        return IdRule(kind="random", prefix=f"{prefix}-")
    if pattern is None:
        raise NoRule(f"the schema has no id_patterns for {entity_type}; give --id")
    rule = _rule_of(pattern, fields) or _named(prefix, name, pattern)
    if rule is None:
        raise NoRule(f"no id can be made that matches {pattern}; give --id")
    return rule


def _fits(pattern: str | None, sample: str) -> bool:
    return pattern is None or is_whole(pattern, sample)


def _named(prefix: str, name: str, pattern: str) -> str | None:
    """Make an id from the words of a name, if the pattern allows it."""
    words = re.findall(r"[a-z0-9]+", name.lower()) if name.isascii() else []
    made = "-".join((prefix, *words))
    return made if words and is_whole(pattern, made) else None


def _rule_of(pattern: str, fields: Mapping[str, Any]) -> IdRule | None:
    """Return the rule for a pattern of letters, numbers and ranges; None for other patterns.

    Raises `NoNumber`.
    """
    tokens = _tokens(pattern.removeprefix("^").removesuffix("$"))
    if tokens is None or not isinstance(tokens[-1], int | tuple):
        return None
    prefix = ""
    for place, token in enumerate(tokens[:-1]):
        if isinstance(token, str):
            prefix += token
            continue
        if any(not isinstance(one, str) for one in tokens[place + 1 : -1]):
            return None
        number = _number_from(fields, token)
        if number is None:
            raise NoNumber(pattern)
        prefix += number
    last = tokens[-1]
    if isinstance(last, int):
        return IdRule(kind="next", prefix=prefix, width=last)
    return IdRule(kind="choice", prefix=prefix, choices=last)


def _tokens(pattern: str) -> list[str | int | tuple[str, ...]] | None:
    """Split a pattern: letters as they are, numbers as their width, ranges as their members."""
    found: list[str | int | tuple[str, ...]] = []
    position = 0
    while position < len(pattern):
        match = _TOKEN.match(pattern, position)
        if match is None:
            return None
        width, first, last, letter = match.groups()
        if letter is not None:
            found.append(letter)
        elif first is not None:
            found.append(tuple(map(chr, range(ord(first), ord(last) + 1))))
        else:
            found.append(int(width or 1))
        position = match.end()
    return found or None


def _number_from(fields: Mapping[str, Any], token: int | tuple[str, ...]) -> str | None:
    """Return the number of a related entity: `1` of `trk-1`, `015` of `prj-015`."""
    for field in SOURCES:
        value = fields.get(field)
        for part in value.split("-")[1:] if isinstance(value, str) else ():
            if isinstance(token, tuple) and part in token:
                return part
            if isinstance(token, int) and len(part) == token and _is_number(part):
                return part
    return None


def candidates(
    rule: IdRule, *, now: int, ids: Iterable[str], entropy: Callable[[int], bytes]
) -> Iterator[str]:
    """Yield ids to try, at `now` (microseconds); `ids` are the existing ones."""
    if rule.kind == "fixed":
        return iter((rule.prefix,))
    if rule.kind == "epoch":
        return (f"{rule.prefix}{now // 1000 + number:0{_EPOCH_DIGITS}}" for number in range(10**6))
    if rule.kind == "random":
        return (rule.prefix + _digits(entropy(8))[-HASH_LENGTH:] for _attempt in range(_TRIES))
    endings = {one.removeprefix(rule.prefix) for one in ids if one.startswith(rule.prefix)}
    if rule.kind == "next":
        numbers = (int(one) for one in endings if len(one) == rule.width and _is_number(one))
        first = max(numbers, default=0) + 1
        return (f"{rule.prefix}{number:0{rule.width}}" for number in range(first, 10**rule.width))
    used = [number for number, one in enumerate(rule.choices) if one in endings]
    return (rule.prefix + one for one in rule.choices[max(used, default=-1) + 1 :])


def hash_of(digest: bytes) -> str:
    """Return the first six digits of a digest as a number of base 36."""
    return _digits(digest)[:HASH_LENGTH]


def _digits(data: bytes) -> str:
    number = int.from_bytes(data)
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = BASE36[digit] + digits
    return digits.rjust(HASH_LENGTH, "0")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
