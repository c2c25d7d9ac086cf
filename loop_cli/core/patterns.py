r"""Match id patterns of a schema in linear time.

A vault may come from an attacker, and Python's `re` tries all ways in which a pattern can match:
`[a-z]*[a-z]*...` takes forever on a short id. So this module first parses each pattern. Patterns
with few ways to match stay with `re`. All others go to the regex engine of `pydantic_core`, which
does not backtrack, in the syntax of that engine. If neither can do it, the pattern is refused with
a reason. An id is one printable line; so `$` and `\Z` mean the same, and `.` matches no line
breaks.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from loop_cli.core.names import is_line
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_ID = 200
"""The longest id that is matched, in characters."""
MAX_PATTERN = 500
"""The longest pattern that is used, in characters."""
MAX_PATTERNS = 100
"""The number of patterns of a schema that are used."""

_MAX_DEPTH = 20  # depth of nested groups
_MAX_SIZE = 2000  # characters that a pattern stands for, with all repeats expanded
_UNICODE_SIZE = 30  # the cost of a class such as \w in the engine, in single characters
_MAX_STEPS = 10_000  # the number of ways in which `re` may try to match an id
_ENDLESS = -1
_COUNT = re.compile(r"\{([0-9]*)(?:(,)([0-9]*))?\}")
_FLAGS = re.compile(r"\?([aimsux]*)(?:-([imsx]+))?([:)])")
_HEX = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})")
_NAME = re.compile(r"\?P<\w+>")
_GROUPS = (
    *(("?=", "a look ahead"), ("?!", "a look ahead"), ("?<", "a look behind")),
    *(("?>", "an atomic group"), ("?#", "a comment"), ("?P=", "a back reference")),
)
_CONTROLS = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
# Python's meaning of these classes, in the syntax of the other engine, where they differ.
_CLASSES = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "w": r"[\p{L}\p{N}_]",
    "W": r"[^\p{L}\p{N}_]",
    "s": r"[\s\x1c-\x1f]",
    "S": r"[^\s\x1c-\x1f]",
}
_ASCII_CLASSES = {
    "d": "[0-9]",
    "D": "[^0-9]",
    "w": "[0-9A-Za-z_]",
    "W": "[^0-9A-Za-z_]",
    "s": r"[ \t-\r]",
    "S": r"[^ \t-\r]",
}


class Unusable(ValueError):
    """The pattern can't be used; the message says why, and follows the pattern's name."""


def check(pattern: str) -> None:
    """Raise `Unusable` if a pattern can't be used."""
    _compiled(pattern)


def is_found(pattern: str, entity_id: str) -> bool:
    """Whether a usable pattern matches somewhere in the id, like `re.search`."""
    return _may_be_id(entity_id) and _compiled(pattern)[0](entity_id)


def is_whole(pattern: str, entity_id: str) -> bool:
    """Whether a usable pattern matches the whole id, like `re.fullmatch`."""
    return _may_be_id(entity_id) and _compiled(pattern)[1](entity_id)


def _may_be_id(text: str) -> bool:
    return len(text) <= MAX_ID and is_line(text)


@lru_cache(maxsize=2 * MAX_PATTERNS)
def _compiled(pattern: str) -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    """Return the functions that search for a pattern and match it whole. Raises `Unusable`."""
    if len(pattern) > MAX_PATTERN:
        raise Unusable(f"is longer than {MAX_PATTERN} characters; loop does not use it")
    try:
        # a warning about future changes in Python does not help the user
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            python = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise Unusable(f"is not a regular expression: {error}") from None
    whole = _Reader(pattern).whole()
    if whole.is_simple:
        return (
            lambda text: python.search(text) is not None,
            lambda text: python.fullmatch(text) is not None,
        )
    return _in_linear_time(whole.engine), _in_linear_time(rf"\A(?:{whole.engine})\z")


def _in_linear_time(engine: str) -> Callable[[str], bool]:
    """Return a function that matches a pattern of the engine. Raises `Unusable`."""
    from pydantic_core import SchemaError, SchemaValidator, ValidationError
    from pydantic_core.core_schema import str_schema

    try:
        validator = SchemaValidator(str_schema(pattern=engine, regex_engine="rust-regex"))
    except SchemaError as error:
        reason = str(error).strip().rpartition("\n")[2].strip().removeprefix("SchemaError: ")
        raise Unusable(f"can't be matched in linear time: {reason}; loop does not use it") from None

    def matches(text: str) -> bool:
        try:
            validator.validate_python(text)
        except ValidationError:
            return False
        return True

    return matches


class _Part(Struct):
    """A part of a pattern.

    `engine` is its text in the engine's syntax. `size` is the highest number of characters that it
    stands for; an endless repeat counts once. `ways` is the number of ways in which `re` may try
    it. `endless` counts its endless repeats. `is_tail` means: its only endless repeat is at its
    end, and repeats a single character.
    """

    engine: str
    size: int = 1
    cost: int = 1
    ways: int = 1
    endless: int = 0
    is_single: bool = False
    is_tail: bool = False
    is_start: bool = False
    is_anchored: bool = False

    @property
    def is_simple(self) -> bool:
        """Whether `re` matches it in linear time: few ways, and only its end may repeat
        endlessly."""
        ends = self.endless == 0 or (self.endless == 1 and self.is_tail)
        steps = self.ways * (self.size + self.endless * MAX_ID)
        return self.is_anchored and ends and steps <= _MAX_STEPS


class _Reader:
    """Parse a pattern that Python has accepted. Raises `Unusable`."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._depth = 0
        self._ascii = False
        self._any_case = False

    def whole(self) -> _Part:
        part = self._branches()
        if part.cost > _MAX_SIZE and not part.is_simple:
            raise Unusable("is too large with its repeats written out; loop does not use it")
        return part

    def _next(self, expected: str) -> bool:
        """Skip `expected`, if it comes next."""
        if not self._text.startswith(expected, self._at):
            return False
        self._at += len(expected)
        return True

    def _take(self) -> str:
        self._at += 1
        return self._text[self._at - 1]

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def _branches(self) -> _Part:
        """Parse up to the end, or to the bracket that closes the group."""
        parts = [self._sequence()]
        while self._next("|"):
            parts.append(self._sequence())
        if len(parts) == 1:
            return parts[0]
        return _Part(
            engine="|".join(part.engine for part in parts),
            size=max(part.size for part in parts),
            cost=sum(part.cost for part in parts),
            ways=sum(part.ways for part in parts),
            endless=sum(part.endless for part in parts),
            is_anchored=all(part.is_anchored for part in parts),
        )

    def _sequence(self) -> _Part:
        parts: list[_Part] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._atom()))
        ways = 1
        for part in parts:
            ways = _few(ways * part.ways)
        solid = [part for part in parts if part.size]
        return _Part(
            engine="".join(part.engine for part in parts),
            size=sum(part.size for part in parts),
            cost=sum(part.cost for part in parts),
            ways=ways,
            endless=sum(part.endless for part in parts),
            is_tail=bool(solid) and solid[-1].is_tail,
            is_anchored=bool(parts) and (parts[0].is_start or parts[0].is_anchored),
        )

    def _repeated(self, part: _Part) -> _Part:
        """Parse the repeat that follows a part, if there is one."""
        count = self._count()
        if count is None:
            return part
        low, high = count
        if self._next("+"):
            raise Unusable("has a possessive repeat, which loop does not support")
        self._next("?")  # the order in which `re` tries the ways does not matter
        times = max(low, 1) if high == _ENDLESS else high
        if max(part.size, 1) * times > _MAX_SIZE:
            raise Unusable("is too large with its repeats written out; loop does not use it")
        limits = f"{{{low},}}" if high == _ENDLESS else f"{{{low},{high}}}"
        return _Part(
            engine=f"(?:{part.engine}){limits}",
            size=part.size * times,
            cost=part.cost * times,
            ways=1 if high == _ENDLESS else _ways(part.ways, low, high),
            endless=part.endless * max(times, 1) + (high == _ENDLESS),
            is_tail=part.is_single and high == _ENDLESS,
        )

    def _count(self) -> tuple[int, int] | None:
        """Return how often the last part may repeat, at least and at most, if a repeat follows."""
        for sign, count in (("*", (0, _ENDLESS)), ("+", (1, _ENDLESS)), ("?", (0, 1))):
            if self._next(sign):
                return count
        if self._text.startswith("{}", self._at) or (found := self._match(_COUNT)) is None:
            return None
        low = int(found[1] or 0)
        if found[2] is None:
            return low, low
        return low, int(found[3]) if found[3] else _ENDLESS

    def _atom(self) -> _Part:
        sign = self._take()
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._set()
        if sign == "\\":
            return self._escape()
        if sign == "^":
            return _Part(engine=r"\A", size=0, cost=1, is_start=True)
        if sign == "$":
            return _Part(engine=r"\z", size=0, cost=1)
        if sign == ".":
            return _Part(engine=".", cost=_UNICODE_SIZE, is_single=True)
        return _Part(engine=_literal(ord(sign)), is_single=True)

    def _group(self) -> _Part:
        before = self._ascii, self._any_case
        flags = ""
        if self._text.startswith("?", self._at) and self._match(_NAME) is None:
            found = self._match(_FLAGS)
            if found is None:
                raise Unusable(f"has {self._shown_group()}, which loop does not support")
            flags = self._set_flags(found[1], found[2] or "")
            if found[3] == ")":  # such flags are at the beginning, for the whole pattern
                return _Part(engine=f"(?{flags})" if flags else "", size=0, cost=0)
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise Unusable(f"has more than {_MAX_DEPTH} groups in each other; loop does not use it")
        inner = self._branches()
        self._at += 1  # skip the closing bracket
        self._depth -= 1
        self._ascii, self._any_case = before
        return inner.replace(engine=f"(?{flags}:{inner.engine})", is_tail=False)

    def _set_flags(self, on: str, off: str) -> str:
        """Record flags, and return them for the engine. `m` and `u` change nothing here."""
        if "x" in on:
            raise Unusable("is a verbose pattern, (?x), which loop does not support")
        self._ascii = ("a" in on) or (self._ascii and "u" not in on)
        self._any_case = ("i" in on) or (self._any_case and "i" not in off)
        if self._ascii and self._any_case:
            raise Unusable("has (?a) and (?i) together, which loop does not support")
        on = "".join(flag for flag in "is" if flag in on)
        off = "".join(flag for flag in "is" if flag in off)
        return on + (f"-{off}" if off else "")

    def _shown_group(self) -> str:
        found = (name for sign, name in _GROUPS if self._text.startswith(sign, self._at))
        return next(found, "a condition")

    def _set(self) -> _Part:
        """Parse a class of characters in brackets."""
        negated = self._next("^")
        items, cost = "", 1
        begin = self._at
        while not (self._text[self._at] == "]" and self._at > begin):
            first = self._member()
            ends = self._text.startswith("-]", self._at)
            if isinstance(first, str):
                items += first
                cost = _UNICODE_SIZE
            elif not ends and self._next("-"):
                last = self._member()
                assert isinstance(last, int), "Python has no ranges of classes"
                items += f"{_literal(first)}-{_literal(last)}"
                cost = max(cost, _UNICODE_SIZE if last > 0x7F else 1)
            else:
                items += _literal(first)
        self._at += 1
        cost = _UNICODE_SIZE if negated or self._any_case else cost
        return _Part(engine=f"[{'^' if negated else ''}{items}]", cost=cost, is_single=True)

    def _member(self) -> int | str:
        """Return the next character of a set as a number, or a class in the engine's syntax."""
        sign = self._take()
        if sign != "\\":
            return ord(sign)
        sign = self._take()
        if sign in _CLASSES:
            return (_ASCII_CLASSES if self._ascii else _CLASSES)[sign]
        return self._escaped(sign)

    def _escape(self) -> _Part:
        sign = self._take()
        if sign in _CLASSES:
            if self._ascii:
                return _Part(engine=_ASCII_CLASSES[sign], is_single=True)
            return _Part(engine=_CLASSES[sign], cost=_UNICODE_SIZE, is_single=True)
        if sign == "A":
            return _Part(engine=r"\A", size=0, is_start=True)
        if sign in "Zz":
            return _Part(engine=r"\z", size=0)
        if sign in "bB":
            return _Part(engine=rf"(?-u:\{sign})" if self._ascii else rf"\{sign}", size=0)
        return _Part(engine=_literal(self._escaped(sign)), is_single=True)

    def _escaped(self, sign: str) -> int:
        """Return the number of the character that an escape means."""
        if sign in "0123456789":
            raise Unusable("has a back reference or an octal escape, which loop does not support")
        self._at -= 1
        if (found := self._match(_HEX)) is not None:
            return int(found[found.lastindex or 0], 16)
        self._at += 1
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign.isascii() and sign.isalpha():
            raise Unusable(rf"has the escape \{sign}, which loop does not support")
        return ord(sign)


def _literal(code: int) -> str:
    if 0xD800 <= code <= 0xDFFF:
        raise Unusable("holds half a character; loop does not use it")
    sign = chr(code)
    return sign if sign.isascii() and sign.isalnum() else rf"\x{{{code:x}}}"


def _few(ways: int) -> int:
    """Return the number, or one that is too large in any case."""
    return min(ways, _MAX_STEPS + 1)


def _ways(of_one: int, low: int, high: int) -> int:
    """Return the number of ways to match a part `low` to `high` times."""
    total, power = 0, 1
    for times in range(high + 1):
        total += power if times >= low else 0
        power = _few(power * of_one)
        if total > _MAX_STEPS:
            return _few(total)
    return max(total, 1)
