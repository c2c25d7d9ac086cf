"""Write one scalar so that it reads the same in YAML 1.1 and 1.2.

Numbers, booleans and null are plain. Text is plain only if no reader of either version takes it for
something else. Otherwise it is single-quoted, or double-quoted with escapes if it has characters
that are not printable on one line.
"""

from __future__ import annotations

from loop_cli.lean.basics import date
from loop_cli.markdown.limits import PatchError

TYPE_CHECKING = False
if TYPE_CHECKING:
    Scalar = str | int | float | bool | None

MAX_KEY = 500
"""Longest key that is written, in characters; readers refuse more than 1024 bytes."""

BARE_DATE = "bare-date"
"""The style of a date or a time without quotes."""

_INFINITE = float("inf")  # importing `math` would load one more file
_NOT_FIRST = frozenset("-?:,[]{}#&*!|>'\"%@`=<~")
_NUMBER_STARTS = frozenset("-+.0123456789")
_NUMBERLIKE = frozenset("-+0123456789abcdefABCDEFxXoO_.,:tTzZ ")
_WORDS = frozenset(
    ("null", "none", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan")
)
_NOT_IN_FLOW = frozenset(",[]{}")
_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0",
    "\b": "\\b", "\x1b": "\\e", "\u0085": "\\N", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip


def emit(value: Scalar, *, style: str | None = None, flow: bool = False) -> str:
    """Return ``value`` on one line, in ``style`` if that is safe.

    ``style`` is that of the old value: ``bare-date``, ``single-quoted``, ``double-quoted`` or None;
    ``flow`` means that it is inside ``[]`` or ``{}``. ``patch.check_value`` must accept the value.
    A date or a time has no quotes if the old one had none: some readers take a bare one for a date
    and a quoted one for text.
    """
    if isinstance(value, str):
        return emit_text(value, style=style, flow=flow)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return _emit_float(value)


def emit_text(text: str, *, style: str | None = None, flow: bool = False) -> str:
    """Return ``text`` on one line, quoted if needed; see ``emit``."""
    if style == "double-quoted" or not is_printable(text):
        return _double_quoted(text)
    if style != "single-quoted" and is_plain(text, flow=flow):
        return text
    if style == BARE_DATE and kind_of_date(text):
        return text
    return "'" + text.replace("'", "''") + "'"


def emit_key(key: str, *, flow: bool = False) -> str:
    """Return ``key`` as the key of an entry. Raises PatchError if it is too long."""
    if len(key) > MAX_KEY:
        raise PatchError(f"a key of more than {MAX_KEY} characters can't be written")
    return emit_text(key, flow=flow)


def is_printable(text: str) -> bool:
    """Whether ``text`` can be written on one line without escapes, at least within quotes."""
    # Character classes of this size cost more to compile than a whole edit.
    return text.isprintable() or not any(_is_escaped(char) for char in text)


def is_plain(text: str, *, flow: bool = False) -> bool:
    """Whether printable ``text`` without quotes is the same text in YAML 1.1 and 1.2."""
    return not (
        not text
        or text[0] in _NOT_FIRST
        or text != text.strip()
        or text[-1] == ":"
        or ": " in text
        or " #" in text
        or (flow and not _NOT_IN_FLOW.isdisjoint(text))
        or (text[0] in _NUMBER_STARTS and _NUMBERLIKE.issuperset(text))
        or text.startswith("...")
        or (len(text) <= 6 and text.lower().lstrip("+-.") in _WORDS)
    )


def kind_of_date(text: str) -> str:
    """Return the kind of date that YAML 1.1 may see in a text: ``date``, ``time``, or nothing.

    A day that is in no calendar does not count: such readers fail on it.
    """
    if len(text) < 10 or text[4] != "-" or text[7] != "-" or not text.isascii():
        return ""
    digits = text[:4] + text[5:7] + text[8:10]
    if not digits.isdigit() or not _is_day(int(digits[:4]), int(digits[4:6]), int(digits[6:])):
        return ""
    if len(text) == 10:
        return "date"
    return "time" if _is_clock(text[10:]) else ""


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _is_clock(text: str) -> bool:
    """Whether ``T10:30`` or the like is a time of the day, with an offset or without."""
    if text[0] not in "Tt " or text[3:4] != ":":
        return False
    parts, rest = [text[1:3], text[4:6]], text[6:]
    if rest[:1] == ":":
        parts.append(rest[1:3])
        rest = rest[3:]
        if rest[:1] == ".":
            rest = rest[1:].lstrip("0123456789")
    numbers = [int(part) if len(part) == 2 and part.isdigit() else 99 for part in parts]
    if numbers[0] > 23 or max(numbers[1:]) > 59:
        return False
    zone = rest.removeprefix(" ")
    if zone in ("", "Z"):
        return rest != " "
    digits = zone[1:].replace(":", "", 1)
    in_form = zone[0] in "+-" and digits.isdigit() and len(digits) in (2, 4)
    return in_form and int(digits[:2]) <= 23 and int(digits[2:] or 0) <= 59


def is_plainly_safe(value: Scalar, written: str) -> bool:
    """Whether ``written``, made from ``value``, needs no second reader as a check."""
    if isinstance(value, str):
        return written in (value, f"'{value}'", f'"{value}"')
    return not isinstance(value, float) or abs(value) < _INFINITE


def literal(text: str, *, indent: str, newline: str, may_keep: bool) -> tuple[str, str] | None:
    """Return ``text`` as a literal block: its header and its lines, or None if that is impossible.

    The lines end without the last newline. ``may_keep`` allows ``|+``, which includes the following
    blank lines in the value. ``newline`` is written at the end of every line.
    """
    content = text.rstrip("\n")
    ends = len(text) - len(content)
    first = content.lstrip("\n")[:1]
    if "\n" not in text or first in ("", " ", "\t") or (ends > 1 and not may_keep):
        return None
    lines = content.split("\n")
    if not all(is_printable(line.replace("\t", " ")) for line in lines):
        return None
    header = "|" + ("-" if ends == 0 else "+" if ends > 1 else "")
    body = [indent + line if line else "" for line in lines] + [""] * (ends - 1)
    return header, newline.join(body)


def _emit_float(value: float) -> str:
    if str(value) == "nan":
        return ".nan"
    if abs(value) == _INFINITE:
        return ".inf" if value > 0 else "-.inf"
    written = repr(value)
    mantissa, e, exponent = written.partition("e")
    # YAML 1.1 requires a dot in every float.
    return written if "." in mantissa or not e else f"{mantissa}.0e{exponent}"


def _double_quoted(text: str) -> str:
    plain = text.isprintable() and _ESCAPES.keys().isdisjoint(text)
    return '"' + (text if plain else "".join(map(_escaped, text))) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable() or not _is_escaped(char):
        return char
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _is_escaped(char: str) -> bool:
    """Controls, line breaks of YAML 1.1, byte order marks and noncharacters."""
    code = ord(char)
    return (
        code < 0x20
        or 0x7F <= code <= 0x9F
        or code in (0x2028, 0x2029, 0xFEFF)
        or 0xD800 <= code <= 0xDFFF
        or 0xFDD0 <= code <= 0xFDEF
        or code & 0xFFFE == 0xFFFE
    )


def bare_style(old: object) -> str | None:
    """Return the style of a value without quotes, if a new value can have it."""
    is_date = isinstance(old, str) and kind_of_date(old)
    return BARE_DATE if is_date else None
