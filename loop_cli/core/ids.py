"""Ids by the schema's patterns: which rule makes the next one, and the ids that it gives.

A rule is data; a store runs it under its lock, where it knows which ids are taken.
"""

from __future__ import annotations

from loop_cli.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Literal

    Kind = Literal["epoch", "random", "next", "choice"]

BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
HASH_LENGTH = 6
_EPOCH_DIGITS = 13
_TRIES = 100  # random ids that may be taken before it is said that none is free


class IdRule(Struct):
    """How the next id of a kind is made: `prefix` and something after it.

    `epoch`: the milliseconds since 1970; `random`: six digits of base 36; `next`: a number
    of `width` digits, one more than the greatest there is; `choice`: one of `choices`, the
    one after the last there is.
    """

    kind: Kind
    prefix: str
    width: int = 0
    choices: tuple[str, ...] = ()

    @property
    def looks_at_others(self) -> bool:
        """Whether the next id depends on those that are there."""
        return self.kind in ("next", "choice")


def candidates(
    rule: IdRule, *, now: int, ids: Iterable[str], entropy: Callable[[int], bytes]
) -> Iterator[str]:
    """The ids to try in turn, at `now` (microseconds), where `ids` are there already."""
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
    """The first six digits of a digest as a number of base 36."""
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
