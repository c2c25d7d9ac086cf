"""In what order entities are listed: enumerations in the schema's order, numbers, times, then
text; without a value last, either way; what is the same, by id and path.

The place of an entity is a tuple of bytes that compare as the order goes, so that a database
sorts as Python does, and a cursor is a place as text.
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
_TIE = 2  # parts of a place after those of the keys: id and path
_MIDDLE = 1 << 31  # of the exponents of numbers
_OPPOSITE = bytes(range(255, -1, -1))


def sort_value(value: Any, choices: tuple[str, ...] = ()) -> tuple[int, Any]:
    """What a value is sorted by: enumerations in their order, numbers, times, then text."""
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
    """The part of a place that a value gives."""
    if is_empty(value):
        return _NOTHING
    kind, thing = sort_value(value, choices)
    spelled = bytes((kind,)) + (_text(thing) if isinstance(thing, str) else _number(thing))
    return _VALUE + (_reversed(spelled) if descending else spelled)


def ranker(key: SortKey, choices: Choices) -> Callable[[Any], bytes]:
    """What gives the part of a place that is of one key of a sort."""
    known, descending = choices(key.path), key.descending
    return lambda value: rank(value, known, descending=descending)


def tie(entity_id: str, path: str) -> Place:
    """The part of a place that no two entities share; the id is in normal form."""
    return entity_id.encode("utf-8", "surrogatepass"), path.encode("utf-8", "surrogateescape")


def cursor_of(place: Place) -> str:
    """A place as text, from which a later query goes on."""
    return "-".join(part.hex() for part in place)


def parse_cursor(text: str, parts: int) -> Place:
    """The place that a cursor names, of so many parts before the tie. Raises `UsageError`."""
    try:
        place = tuple(bytes.fromhex(part) for part in text.split("-"))
    except ValueError:
        place = ()
    if len(place) != parts + _TIE:
        raise UsageError(
            f"{text!r} is no cursor of this list", hint="begin without a cursor, and keep the sort"
        )
    return place


def _text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _number(number: int | float) -> bytes:
    """Numbers of any size and kind, as bytes that compare as the numbers do."""
    if not number:
        return b"\x80"
    size = _magnitude(abs(number))
    return b"\x81" + size if number > 0 else b"\x7f" + _reversed(size)


def _magnitude(number: int | float) -> bytes:
    """The exponent of 2, and after it the digits without the zeros that end them."""
    if number == float("inf"):
        return b"\xff" * 4
    digits, divisor = number.as_integer_ratio()
    exponent = digits.bit_length() - divisor.bit_length()
    digits <<= -digits.bit_length() % 8
    data = digits.to_bytes((digits.bit_length() + 7) // 8, "big")
    return (exponent + _MIDDLE).to_bytes(4, "big") + data.rstrip(b"\0")


def _reversed(data: bytes) -> bytes:
    """Bytes that compare the other way round; those of a beginning come after the longer ones."""
    spelled = data.replace(b"\x01", b"\x01\x02").replace(b"\x00", b"\x01\x01")
    return spelled.translate(_OPPOSITE) + b"\xff"
