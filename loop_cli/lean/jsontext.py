"""Read and write JSON without the start-up cost of `json`, which loads `re` (`loop help costs`).

It uses the C functions of `json`, if this Python has them; else `json`.
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
    """Return `value` in one line; non-ASCII characters stay as they are.

    Raises what `json.dumps` raises, also for numbers that JSON does not have.
    """
    if _c is None:
        import json

        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return "".join(_encode(value, 0))


def text(value: str) -> str:
    """Return a text in JSON, as `dumps` writes it."""
    return dumps(value) if _c is None else str(_c.encode_basestring(value))


def ascii_text(text: str) -> str:
    """Return a text in JSON with every non-ASCII character as an escape."""
    if _c is None:
        import json

        return json.dumps(text)
    return str(_c.encode_basestring_ascii(text))


def harmless(text: str) -> str:
    """Return JSON text in which everything that a terminal interprets is an escape."""
    if text.isprintable():  # compiling the pattern costs more than printing most documents
        return text
    import re

    return re.sub(_CONTROL, lambda match: f"\\u{ord(match[0]):04x}", text)


def is_harmless(text: str) -> bool:
    """Whether JSON text contains nothing that a terminal interprets."""
    return text.isprintable() or harmless(text) == text


def as_json(value: Any) -> str:
    """Return one line of JSON; values that JSON can't express (`.inf`) become their YAML text."""
    try:
        return dumps(value)
    except ValueError:
        return dumps(_finite(value))


def harmless_json(value: Any) -> str:
    """Return one line of JSON that is harmless on a terminal."""
    return harmless(as_json(value))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {_finite(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"  # noqa: PLR0124
    return value


def loads(text: str | bytes) -> Any:
    """Return the value of a text. Raises what `json.loads` raises."""
    if isinstance(text, bytes):
        text = text.decode()
    if _c is not None:
        begin = len(text) - len(text.lstrip(_BLANKS))
        try:
            value, end = _scan(text, begin)
        except (StopIteration, SystemError):  # the second error, if `json` is not loaded
            pass
        else:
            if not text[end:].strip(_BLANKS):
                return value
    import json

    return json.loads(text)  # it raises an error with the reason


def _refuse(value: object) -> Any:
    raise TypeError(f"{type(value).__name__} is not a JSON value")


class _Context:
    """The settings that the scanner takes from a decoder: those of `json.loads` without options."""

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
if _c is not None:  # no value contains itself, so the encoder needs no check for circles
    _encode = _c.make_encoder(
        None, _refuse, _c.encode_basestring, None, ": ", ", ", False, False, False
    )
