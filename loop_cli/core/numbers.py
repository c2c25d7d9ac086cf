"""Numbers as they are written: which texts are numbers, and the digits of those in JSON."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Place = tuple[str | int, ...]
    Written = tuple[tuple[Place, str], ...]

NUMBER = r"(?a)[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_OTHER_NUMBER = r"(?a)0[xo][0-9A-Fa-f]+|[-+]?\d[\d_]*"


def looks_like_number(text: str) -> bool:
    """Whether some reader of YAML takes a text for a number."""
    return fits(NUMBER, text) or fits(_OTHER_NUMBER, text)


def is_exact_number(text: str) -> bool:
    """Whether a text is a number that comes back from every reader of YAML with the digits that
    were typed: `1.10`, and not `04321`, `+1`, `7654321e8` or `0x1F`."""
    digits = text.removeprefix("-")
    whole, dot, rest = digits.partition(".")
    if not digits.isascii() or not whole.isdigit() or (whole[0] == "0" and len(whole) > 1):
        return False
    return rest.isdigit() if dot else True


def fits(pattern: str, text: str) -> bool:
    """Whether the whole of a text is as a pattern says."""
    import re

    return re.fullmatch(pattern, text) is not None


class _Token(str):
    """A number of JSON as it is written."""


def in_json(text: str) -> Written:
    """How the numbers in a JSON text are written where they do not tell it, as `1.10`, by their
    places. The text was read before."""
    import json
    import re

    if re.search(r"\d\.\d+\s*(?:[,}\]]|$)", text) is None:
        return ()
    return tuple(_tokens(json.loads(text, parse_float=_Token), ()))


def _tokens(value: Any, at: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for part, item in pairs:
            yield from _tokens(item, (*at, part))
    elif isinstance(value, _Token) and is_exact_number(value) and repr(float(value)) != value:
        yield at, str(value)
