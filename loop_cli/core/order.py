"""The order of lists: enumerations in the schema's order, numbers, times, then text.

Entities without a value come last in both directions. Equal values are ordered by id and path. A
sort key is a tuple of bytes, so that a database sorts as Python does. A cursor is a sort key as
text.
"""

from __future__ import annotations

from loop_cli.core import days
from loop_cli.core.names import nfc
from loop_cli.core.query import is_empty
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.query import SortKey

    Place = tuple[bytes, ...]
    Choices = Callable[[tuple[str, ...]], tuple[str, ...]]

_VALUE, _NOTHING = b"\x01", b"\x02"
_TIE = 2  # parts of a sort key after those of the fields: id and path
_MIDDLE = 1 << 31  # bytes of the exponents of numbers
_OPPOSITE = bytes(range(255, -1, -1))


def sort_value(value: Any, choices: tuple[str, ...] = ()) -> tuple[int, Any]:
    """Return the value to sort by: enumerations in their order, numbers, times, then text."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return (3, str(value)) if isinstance(value, bool) else (4, "")
    if value in choices:
        return 0, choices.index(str(value))
    if not isinstance(value, str):
        return 1, value
    instant = days.moment(value)
    return (2, instant) if instant is not None else (3, nfc(value).casefold())


def rank(value: Any, choices: tuple[str, ...] = (), *, descending: bool = False) -> bytes:
    """Return the part of a sort key for a value."""
    if is_empty(value):
        return _NOTHING
    kind, thing = sort_value(value, choices)
    spelled = bytes((kind,)) + (_text(thing) if isinstance(thing, str) else _number(thing))
    return _VALUE + (_reversed(spelled) if descending else spelled)


def ranker(key: SortKey, choices: Choices) -> Callable[[Any], bytes]:
    """Return the function that makes the part of a sort key for one field."""
    known, descending = choices(key.path), key.descending
    return lambda value: rank(value, known, descending=descending)


def tie(entity_id: str, path: str) -> Place:
    """Return the part of a sort key that is different for every entity; the id is in normal
    form."""
    return entity_id.encode("utf-8", "surrogatepass"), path.encode("utf-8", "surrogateescape")


def cursor_of(place: Place) -> str:
    """Return a sort key as text; a later query can continue after it."""
    return "-".join(part.hex() for part in place)


def parse_cursor(text: str, parts: int) -> Place:
    """Return the sort key in a cursor, with this many parts before the tie.

    Raises `UsageError`.
    """
    try:
        place = tuple(bytes.fromhex(part) for part in text.split("-"))
    except ValueError:
        place = ()
    if len(place) != parts + _TIE:
        raise UsageError(
            f"{text!r} is not a cursor of this list",
            hint="begin without a cursor, and keep the sort",
        )
    return place


def _text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _number(number: int | float) -> bytes:
    """Encode numbers of any size and kind as bytes that compare as the numbers do."""
    if not number:
        return b"\x80"
    size = _magnitude(abs(number))
    return b"\x81" + size if number > 0 else b"\x7f" + _reversed(size)


def _magnitude(number: int | float) -> bytes:
    """Encode the exponent of 2, and then the digits without trailing zeros."""
    if number == float("inf"):
        return b"\xff" * 4
    digits, divisor = number.as_integer_ratio()
    exponent = digits.bit_length() - divisor.bit_length()
    digits <<= -digits.bit_length() % 8
    data = digits.to_bytes((digits.bit_length() + 7) // 8, "big")
    return (exponent + _MIDDLE).to_bytes(4, "big") + data.rstrip(b"\0")


def _reversed(data: bytes) -> bytes:
    """Encode bytes so that they compare in the opposite order; a prefix comes after longer ones."""
    spelled = data.replace(b"\x01", b"\x01\x02").replace(b"\x00", b"\x01\x01")
    return spelled.translate(_OPPOSITE) + b"\xff"
