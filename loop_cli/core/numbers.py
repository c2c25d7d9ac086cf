"""The digits of numbers in JSON text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    Place = tuple[str | int, ...]
    Written = tuple[tuple[Place, str], ...]


class _Token(str):
    """A number of JSON as it is written."""


def in_json(text: str) -> Written:
    """How the numbers in a JSON text are written where they do not tell it, as `1.10`, by their
    places. The text was read before. One with an exponent is no matter: readers of YAML differ
    about those."""
    import json
    import re

    if re.search(r"\d\.\d+\s*(?:[,}\]]|$)", text) is None:
        return ()
    return tuple(_tokens(json.loads(text, parse_float=_Token), ()))


def _tokens(value: Any, at: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for part, item in pairs:
            yield from _tokens(item, (*at, part))
    elif isinstance(value, _Token) and "e" not in value.lower() and repr(float(value)) != value:
        yield at, str(value)


def as_written(
    value: Any, written: Mapping[Place, str], spell: Callable[[Any], str], at: Place = ()
) -> str:
    """The JSON text of a value, in which numbers have the digits that they are `written` with; all
    else is as `spell` has it."""
    if at in written:
        return written[at]
    if not any(place[: len(at)] == at for place in written):
        return spell(value)
    if isinstance(value, dict):
        items = (
            f"{spell(key)}: {as_written(one, written, spell, (*at, key))}"
            for key, one in value.items()
        )
        return f"{{{', '.join(items)}}}"
    parts = (as_written(one, written, spell, (*at, place)) for place, one in enumerate(value))
    return f"[{', '.join(parts)}]"
