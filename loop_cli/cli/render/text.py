"""Text from a vault made fit to be seen: nothing in it is for the terminal to act on (SPEC §7)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

# Controls but for newline and tab, marks of direction, what breaks lines, annotations, halves.
_CONTROL = (
    "[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f"
    "\ufff9-\ufffb\ud800-\udfff]"
)
_ESCAPE = "\x1b"
_NO_STYLE = r"\x1b(?!\[[0-9;]*m)"


def visible(text: str, *, styled: bool = False) -> str:
    r"""`text` with its control characters and direction marks spelled out, such as `\x1b`.

    What a letter above `\xff` becomes, `\u202e`, is its escape in JSON, too. In a `styled` text,
    the sequences that give a style stay.
    """
    if text.isprintable():
        return text
    import re

    return re.sub(f"{_CONTROL}|{_NO_STYLE if styled else _ESCAPE}", _spell, text)


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
