"""Numbers with the digits that were typed, as `1.10`; and whether two values say the same."""

from __future__ import annotations

from loop_cli.lean.plain import same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.changes import Change


NUMBER = r"(?a)[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_OTHER_NUMBER = r"(?a)0[xo][0-9A-Fa-f]+|[-+]?\d[\d_]*"


def looks_like_number(text: str) -> bool:
    """Whether some reader of YAML takes a text for a number."""
    return _fits(NUMBER, text) or _fits(_OTHER_NUMBER, text)


def is_exact_number(text: str) -> bool:
    """Whether a text is a number that comes back from every reader of YAML with the digits that
    were typed: `1.10`, and not `04321`, `+1`, `7654321e8` or `0x1F`."""
    digits = text.removeprefix("-")
    whole, dot, rest = digits.partition(".")
    if not digits.isascii() or not whole.isdigit() or (whole[0] == "0" and len(whole) > 1):
        return False
    return rest.isdigit() if dot else True


def says(value: Any) -> str | None:
    """What a scalar says, as it would be typed; None of what is no scalar."""
    if isinstance(value, dict | list):
        return None
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def says_same(one: Any, item: Any) -> bool:
    """Whether an item of a list is the one that somebody names: `2024` and `1.10` name numbers as
    well as texts."""
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
    """How the scalars of a change are to be written: with the digits that were typed."""
    told = {(*change.path, *at): text for at, text in change.written}
    if change.typed or not isinstance(change.value, str):
        return told
    if change.operation == "set" and _is_number(made):
        return {change.path: change.value}
    if change.operation == "add" and isinstance(made, list) and made and _is_number(made[-1]):
        return {(*change.path, len(made) - 1): change.value}
    return {}


def kept_as_text(change: Change, made: Any) -> list[str]:
    """That a number would not have come back as it was typed, so that it is text now."""
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
