r"""Read YAML text as plain values, strictly by YAML 1.2.

The parser is ``py-yaml12``. This module checks or corrects its weak points: deep nesting, aliases,
NUL bytes, integers beyond 64 bits, tabs after a key's colon. ``\r`` alone ends a line, as YAML
says; NEL, LS and PS are ordinary characters.
"""

from __future__ import annotations

import yaml12

from loop_cli.lean.plain import key_text
from loop_cli.markdown.limits import YamlSyntaxError, check_depth, check_text, guarded, line_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["YamlSyntaxError", "duplicate_keys", "parse", "read"]

_POSITION = r" at byte (\d+) line (\d+) column \d+\s*\Z"
_TAB_AFTER_COLON = "':' must be followed by a valid YAML whitespace"
_TABS = r"(?<=:)[ \t]*\t[ \t]*\Z"
_MAX_TABBED_LINES = 200
_MAX_PARSED = 8 << 20  # characters in total, because the text is read again for each tab
_INT64 = 2.0**63
_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = b"0" * len(str(2**63))
_BLOCK_TEXTS = ("|", ">", "|-", ">-", "|+", ">+")
# Flow mappings and quoted keys may have a colon without a blank, `?` keys none at all; the
# content of an anchor is read again at each alias.
_OTHER_SIGNS = (" ?", "\n?", "\t?", "[?", ",?", "':", '":', ":\t", ":\r")

_BLANKS = {"\u00a0": "no-break space", "\u202f": "narrow no-break space", "\u3000": "wide space"}
_STRANGE_BLANK = "(?:^[ \\t-]*|^[^\\n:#\"']*:)([\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff])"

IN_LIST, IN_MAPPING = "a list in [ ] is not closed", "a mapping in { } is not closed"
# What the parser says where a list or mapping that is not closed meets the next key.
_UNCLOSED = (
    IN_LIST, IN_MAPPING, "illegal placement of ':' indicator",
    "invalid indentation in flow construct",
)  # fmt: skip
_PLAIN_WORDS = {
    "mapping values are not allowed in this context": "a value with ': ' in it needs quotes",
    "while scanning a quoted scalar, found unexpected end of stream": "a quote is not closed",
    "while parsing a quoted scalar, found unknown escape character": (
        "unknown escape after a backslash in double quotes"
    ),
    "while parsing a flow sequence, expected ',' or ']'": IN_LIST,
    "while parsing a flow mapping, did not find expected ',' or '}'": IN_MAPPING,
    "while parsing a block mapping, did not find expected key": (
        "a key was expected here; is the indentation right, or are quotes missing?"
    ),
    "simple key expected ':'": "a line without ': ' stands where a key was expected",
    "recursion limit exceeded": "nested too deeply",
}


def read(yaml_text: str) -> dict[str, Any]:
    """Return the frontmatter as plain dicts, lists and scalars; ``{}`` for an empty text.

    Top-level keys are texts; nested keys keep their YAML type. A tagged value is read as its plain
    value, an alias as the value of its anchor; ``<<`` is an ordinary key. If a key occurs twice,
    the last value counts. Raises only YamlSyntaxError.
    """
    return guarded(_read, yaml_text)


def _read(yaml_text: str) -> dict[str, Any]:
    check_closely = check_text(yaml_text)
    value = parse(yaml_text)
    if value is None and not _has_content(yaml_text):
        return {}
    if not isinstance(value, dict):
        raise YamlSyntaxError("the frontmatter is not a mapping of fields", 1)
    if check_closely:
        check_depth(value, yaml_text)
    plain = _plain(value, yaml_text)
    if _may_have_long_number(yaml_text) and _has_long_number(plain):
        from loop_cli.markdown.integers import exact_integers

        plain = exact_integers(plain, yaml_text)
    return {key if type(key) is str else key_text(key): item for key, item in plain.items()}


def duplicate_keys(yaml_text: str, fields: Mapping[str, Any] | None = None) -> dict[str, list[int]]:
    """Return top-level keys that occur more than once, each with its 1-based lines.

    `fields`, the parsed text, makes it fast for an ordinary text.
    """
    if fields is not None and (
        _has_a_colon_for_each(yaml_text, fields) or _has_a_colon_for_each(_bare(yaml_text), fields)
    ):
        return {}
    from loop_cli.markdown.duplicates import duplicate_paths

    found = duplicate_paths(yaml_text)
    return {path[0]: lines for path, lines in found.items() if len(path) == 1}


def _has_a_colon_for_each(yaml_text: str, fields: Mapping[str, Any]) -> bool:
    """Whether the text has no more colons that could end a key than there are keys.

    Then no key can occur twice, if each key needs a colon and none is read twice.
    """
    if any(sign in yaml_text for sign in _OTHER_SIGNS) or yaml_text[:1] == "?":
        return False
    if ("&" in yaml_text and "*" in yaml_text) or yaml_text.count("{") != yaml_text.count("{}"):
        return False
    colons = yaml_text.count(": ") + yaml_text.count(":\n") + yaml_text.endswith(":")
    return colons == _count_keys(fields)


def _bare(yaml_text: str) -> str:
    """Return the text without parts that certainly have no keys.

    These are comments, lines of block texts, and quoted values on one line.
    """
    lines = []
    text_below = None  # the column of the key whose block text continues
    for line in yaml_text.split("\n"):
        column = len(line) - len(line.lstrip(" -"))
        if text_below is not None and (column > text_below or not line.strip()):
            continue
        at = line.find("#")
        if at >= 0 and not line[:at].strip(" \t"):
            continue
        key, colon, value = line.partition(": ")
        if not colon:
            key, value = line[:column], line[column:]
        value = value.strip(" \t\r")
        if value[:1] in ("'", '"'):
            value = "" if len(value) > 1 and value[-1] == value[0] else value
        elif " #" in value:
            value = value[: value.index(" #")].rstrip(" \t")
        text_below = column if colon and value in _BLOCK_TEXTS else None
        lines.append(f"{key}{colon}{value}\n")
    return "".join(lines)


def _count_keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count_keys, value.values()))
    if isinstance(value, list):
        return sum(map(_count_keys, value))
    return 0


def parse(text: str) -> Any:
    """Parse ``text``, which has passed ``check_text``."""
    for _ in range(min(_MAX_TABBED_LINES, _MAX_PARSED // (len(text) + 1))):
        try:
            return yaml12.parse_yaml(text)
        except ValueError as error:
            import re

            found = re.search(_POSITION, str(error))
            reason = str(error).removeprefix("YAML parse error: ")
            if found is None:
                raise YamlSyntaxError(reason, 1) from None
            reason = reason[: -len(found.group())]
            spaced = _without_tab(text, int(found[1])) if reason == _TAB_AFTER_COLON else None
            if spaced is None:
                line = min(int(found[2]), text.rstrip("\n").count("\n") + 1)
                strange = _strange_blank(text)
                if strange is not None:
                    raise strange from None
                reason = _PLAIN_WORDS.get(reason, reason)
                if reason in _UNCLOSED:
                    from loop_cli.markdown.unclosed import unclosed

                    bracket, line = unclosed(text, line) or ("", line)
                    reason = {"[": IN_LIST, "{": IN_MAPPING}.get(bracket, reason)
                raise YamlSyntaxError(reason, line) from None
            text = spaced
    raise YamlSyntaxError("tabs after too many keys", 1)


def _strange_blank(text: str) -> YamlSyntaxError | None:
    """Return a strange blank in an unreadable text, such as one copied from a web page.

    YAML takes it for a letter. It is in an indentation, or after a key's colon or a dash.
    """
    if text.isascii():
        return None
    import re

    found = re.search(_STRANGE_BLANK, text, re.MULTILINE)
    if found is None:
        return None
    blank = found[1]
    name = _BLANKS.get(blank, "blank")
    reason = f"a {name} (U+{ord(blank):04X}) stands where a plain blank is needed"
    return YamlSyntaxError(reason, line_at(text, found.start(1)))


def _without_tab(text: str, index: int) -> str | None:
    """Return ``text`` with spaces for the tabs of the parser's error, if tabs were the problem."""
    import re

    line_start = text.rfind("\n", 0, index) + 1
    tabs = re.search(_TABS, text[line_start:index])
    if tabs is None:
        return None
    return text[: line_start + tabs.start()] + " " * len(tabs.group()) + text[index:]


def _has_content(text: str) -> bool:
    return any(line.strip() and line.lstrip()[0] != "#" for line in text.split("\n"))


def _may_have_long_number(text: str) -> bool:
    """Whether the text may have an integer beyond 64 bits: many digits, or written with letters."""
    digits = text.encode("utf-8", "replace").translate(_DIGITS_AS_ZEROS)
    return _LONG in digits or "0x" in text


def _has_long_number(value: Any) -> bool:
    """Whether ``value`` may have an integer beyond 64 bits, read as a float or as text."""
    for item in value.values() if type(value) is dict else value:
        kind = type(item)
        if kind is str:
            if item[:1] == "0" and item[1:2] in "xo" and len(item) > 17:
                return True
        elif kind is float:
            if not -_INT64 < item < _INT64:
                return True
        elif (kind is dict or kind is list) and _has_long_number(item):
            return True
    return False


def _plain(value: Any, text: str) -> Any:
    """Return ``value`` without objects of the parser; unchanged if there are none."""
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            if type(key) is yaml12.Yaml:
                return _plain_mapping(value, text)
            if type(item) in _CONTAINERS:
                value[key] = _plain(item, text)
    elif kind is list:
        for index, item in enumerate(value):
            if type(item) in _CONTAINERS:
                value[index] = _plain(item, text)
    elif kind is yaml12.Yaml:
        return _plain(value.value, text)
    return value


_CONTAINERS = frozenset((dict, list, yaml12.Yaml))


def _plain_mapping(value: dict[Any, Any], text: str) -> dict[Any, Any]:
    plain = {}
    for key, item in value.items():
        name = _plain(key.value, text) if type(key) is yaml12.Yaml else key
        if isinstance(name, (dict, list)):
            raise YamlSyntaxError(
                "a mapping or list is used as a key; is this a template?", _template_line(text)
            )
        plain[name] = _plain(item, text)
    return plain


def _template_line(text: str) -> int:
    import re

    found = re.search(r"\{[ \t]*[\[{]|^[ \t-]*\?[ \t]*[\[{]|^[ \t-]*[\[{]", text, re.MULTILINE)
    return line_at(text, found.start()) if found is not None else 1
