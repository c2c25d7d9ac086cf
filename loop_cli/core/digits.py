"""Keep numbers as they were typed, such as `1.10`; compare what two scalars say."""

from __future__ import annotations

from loop_cli.lean.plain import same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.changes import Change


NUMBER = r"(?a)[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_OTHER_NUMBER = r"(?a)0[xo][0-9A-Fa-f]+|[-+]?\d[\d_]*"


def looks_like_number(text: str) -> bool:
    """Whether some YAML reader takes a text for a number."""
    return _fits(NUMBER, text) or _fits(_OTHER_NUMBER, text)


def is_exact_number(text: str) -> bool:
    """Whether every YAML reader returns a number with the digits that were typed.

    True for `1.10`; false for `04321`, `+1`, `7654321e8` or `0x1F`.
    """
    digits = text.removeprefix("-")
    whole, dot, rest = digits.partition(".")
    if not digits.isascii() or not whole.isdigit() or (whole[0] == "0" and len(whole) > 1):
        return False
    return rest.isdigit() if dot else True


def says(value: Any) -> str | None:
    """Return a scalar as one would type it; None for other values."""
    if isinstance(value, dict | list):
        return None
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def says_same(one: Any, item: Any) -> bool:
    """Whether an item of a list matches a typed text: `2024` matches the number and the text."""
    if same(one, item):
        return True
    texts = says(one), says(item)
    if None in texts or (isinstance(one, bool) != isinstance(item, bool) and texts[0] != texts[1]):
        return False
    if texts[0] == texts[1]:
        return True
    if isinstance(one, str) and isinstance(item, str):
        return False
    return all(_fits(NUMBER, str(text)) for text in texts) and float(str(texts[0])) == float(
        str(texts[1])
    )


def written(change: Change, made: Any) -> dict[tuple[str | int, ...], str]:
    """Return the spelling of the scalars of a change, with the digits that were typed."""
    told = {(*change.path, *at): text for at, text in change.written}
    if change.typed or not isinstance(change.value, str):
        return told
    if change.operation == "set" and _is_number(made):
        return {change.path: change.value}
    if change.operation == "add" and isinstance(made, list) and made and _is_number(made[-1]):
        return {(*change.path, len(made) - 1): change.value}
    return {}


def kept_as_text(change: Change, made: Any) -> list[str]:
    """Warn that a number is stored as text, because a number would lose its digits."""
    item = made[-1] if change.operation == "add" and isinstance(made, list) and made else made
    if (
        change.typed
        or not isinstance(item, str)
        or item != change.value
        or not looks_like_number(item)
    ):
        return []
    if is_exact_number(item):
        return []
    return [f"{change.name}: {item} is written as text: as a number it would not come back so"]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(pattern: str, text: str) -> bool:
    import re

    return re.fullmatch(pattern, text) is not None
