"""Make text from a vault harmless: the terminal must not interpret anything in it (SPEC §7)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

# Controls except newline and tab, direction marks, line separators, annotations, halves.
_CONTROL = (
    "[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f"
    "\ufff9-\ufffb\ud800-\udfff]"
)
_ESCAPE = "\x1b"
_NO_STYLE = r"\x1b(?!\[[0-9;]*m)"


def visible(text: str, *, styled: bool = False) -> str:
    r"""Return `text` with control characters and direction marks as escapes, such as `\x1b`.

    Above `\xff` the escape is that of JSON, such as `\u202e`. In a `styled` text, the sequences for
    styles stay.
    """
    if text.isprintable():
        return text
    import re

    return re.sub(f"{_CONTROL}|{_NO_STYLE if styled else _ESCAPE}", _spell, text)


def one_line(value: object) -> str:
    r"""Return a text as `visible` does, in one line: line breaks and tabs are `\n` and `\t`."""
    return visible(str(value)).replace("\n", "\\n").replace("\t", "\\t")


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
