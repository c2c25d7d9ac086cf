"""Text from a vault made fit to be seen: nothing in it is for the terminal to act on (SPEC §7)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

_CONTROL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"


def visible(text: str) -> str:
    r"""`text` with its control characters and direction marks spelled out, such as `\x1b`."""
    if text.isprintable():
        return text
    import re

    return re.sub(_CONTROL, _spell, text)


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
