"""JSON text without the start-up cost of `json`, which loads `re` (`loop help costs`).

The C functions that `json` itself works with, where this Python has them; else `json`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_c: Any
try:
    import _json as _c
except ImportError:  # not CPython
    _c = None

_BLANKS = " \t\n\r"
_CONTROL = "[\x7f-\x9f\u2028\u2029\ud800-\udfff]"


def dumps(value: Any) -> str:
    """`value` in one line; what is not ASCII stays as it is. Raises as `json.dumps` does, also
    for what JSON has no number for."""
    if _c is None:
        import json

        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return "".join(_encode(value, 0))


def text(value: str) -> str:
    """A text in JSON, as `dumps` has it."""
    return dumps(value) if _c is None else str(_c.encode_basestring(value))


def ascii_text(text: str) -> str:
    """A text in JSON with every character that is not ASCII as an escape."""
    if _c is None:
        import json

        return json.dumps(text)
    return str(_c.encode_basestring_ascii(text))


def harmless(text: str) -> str:
    """JSON text with what a terminal acts on spelled out."""
    if text.isprintable():  # the pattern costs more to compile than most documents to print
        return text
    import re

    return re.sub(_CONTROL, lambda match: f"\\u{ord(match[0]):04x}", text)


def is_harmless(text: str) -> bool:
    """Whether there is nothing in JSON text that a terminal acts on."""
    return text.isprintable() or harmless(text) == text


def loads(text: str | bytes) -> Any:
    """The value of a text. Raises as `json.loads` does."""
    if isinstance(text, bytes):
        text = text.decode()
    if _c is not None:
        begin = len(text) - len(text.lstrip(_BLANKS))
        try:
            value, end = _scan(text, begin)
        except (StopIteration, SystemError):  # the second, where `json` is not loaded to say it
            pass
        else:
            if not text[end:].strip(_BLANKS):
                return value
    import json

    return json.loads(text)  # which says what is wrong


def _refuse(value: object) -> Any:
    raise TypeError(f"{type(value).__name__} is no JSON value")


class _Context:
    """What the scanner asks of a decoder: that of `json.loads` without options."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int

    def __init__(self) -> None:
        self.memo: dict[str, str] = {}

    @staticmethod
    def parse_constant(name: str) -> float:
        return float(name.replace("Infinity", "inf"))


_scan: Any = None if _c is None else _c.make_scanner(_Context())
_encode: Any = None
if _c is not None:  # nothing that is written holds itself, so it keeps no list of where it is
    _encode = _c.make_encoder(
        None, _refuse, _c.encode_basestring, None, ": ", ", ", False, False, False
    )
