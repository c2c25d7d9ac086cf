"""What the fields of an entity say, in words that a database compares as Python does.

Conditions and orders ask them. Their meaning is that of `core.query` and `core.order`; they are
made so that SQL gives the same answer, or more, and then `selecting` has Python decide.

- `keys`: for every field, by its dotted name, what it says, a list of short words. `t`: it is
  there; `h`: it is not empty; `=...` a text; `n`, `s`, `d`, `m` in order: a number, a text that is
  a number, a day, an instant; `b0`, `b1`; `L`: something was too long to be compared in order.
- `ranks`: for every field the sort key of `core.order` in hex, and as `=name` its text.

Days and instants depend on the time zone: `zone` names the one in force.
"""

from __future__ import annotations

import os
import re
import time
from functools import lru_cache

from loop_cli.core import days, order
from loop_cli.core.names import join_dotted, nfc
from loop_cli.core.query import is_empty, number_of
from loop_cli.lean.basics import sha256_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

LONGEST = 200
"""Characters of a text, and bytes of a sort key, that are compared in order."""
_OFFSET = 1 << 62
_REMEMBERED = 4_000  # texts, and names
_UNSAFE = re.compile("[\0\ud800-\udfff\ue000]")


def word(text: str) -> bytes:
    """Return an id or another name as bytes that sort as Python's text does."""
    return text.encode("utf-8", "surrogatepass")


def plain(text: str) -> str:
    """Return a text that PostgreSQL takes: without half characters and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def safe(text: str) -> str:
    """Return a text that jsonb takes, different for every text."""
    if text.isprintable():
        return text
    return _UNSAFE.sub(lambda match: f"\ue000{ord(match[0]):04x}", text)


@lru_cache(_REMEMBERED)
def name_of(path: tuple[str, ...]) -> str:
    """Return the name of a field in `keys` and `ranks`."""
    return safe(join_dotted(path))


def text_key(text: str) -> str:
    """Return the key of a text; `text` is in normal form. A long one has a hash."""
    if len(text) > LONGEST:
        return "#" + sha256_hex(text.encode("utf-8", "surrogatepass"))
    return "=" + safe(text)


def number_key(number: int | float) -> str:
    """Return the key of a number, in order."""
    return order.rank(number)[2:].hex()


def instant_key(instant: int) -> str:
    """Return the key of a day or an instant, in order."""
    return f"{instant + _OFFSET:020}"


def zone() -> str:
    """Return a text that is the same in all time zones with the same days."""
    seconds = (year * 31_556_952 for year in range(80))
    offsets = [time.localtime(one + half).tm_gmtoff for one in seconds for half in (0, 15_778_476)]
    return sha256_hex(repr(offsets).encode())[:16]


def own_name(name: str) -> str:
    """Return the name in `keys` and `ranks` of a value besides the fields; no field has it."""
    return f"\ue000{name}"


def keys_of(values: Iterable[tuple[str, Any]]) -> dict[str, Sequence[str]]:
    """Return what is compared of values, by name."""
    place = os.environ.get("TZ")
    return {name: _said(value, place) for name, value in values}


def ranks_of(values: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Return what is sorted by of values, by name."""
    found: dict[str, str] = {}
    place = os.environ.get("TZ")
    for name, value in values:
        if is_empty(value):
            continue
        if type(value) is str and len(value) <= LONGEST:
            found[name] = _rank_of_text(value, place)
            found[f"={name}"] = safe(value)
            continue
        found[name] = order.rank(value)[:LONGEST].hex()
        first = value[0] if isinstance(value, list) else value
        if isinstance(first, str) and len(first) <= LONGEST:
            found[f"={name}"] = safe(first)
    return found


def values_in(fields: Mapping[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every field and nested field, by its name, with its value."""
    for name, value in fields.items():
        path = (*before, name)
        yield name_of(path), value
        if isinstance(value, dict):
            yield from values_in(value, path)


def _said(value: Any, place: str | None) -> Sequence[str]:
    """Return the keys of one value."""
    if type(value) is str and len(value) <= LONGEST:
        return _said_of_text(value, place)
    found = {"t"}
    if not is_empty(value):
        found.add("h")
        if len(order.rank(value)) > LONGEST:
            found.add("L")
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, bool):
            found.add(f"b{int(one)}")
        elif isinstance(one, str):
            found.update(_of_text(one))
        elif isinstance(one, int | float):
            found.add(f"n{number_key(one)}")
    return sorted(found)


# Most texts of a vault are there many times: states, days, people. What they mean depends on the
# time zone, so its name is a part of the question.
@lru_cache(_REMEMBERED)
def _said_of_text(text: str, place: str | None) -> tuple[str, ...]:
    """Return the keys of a text that is a whole value."""
    del place
    found = {"t", *_of_text(text)}
    if not is_empty(text):
        found.add("h")
        if len(order.rank(text)) > LONGEST:
            found.add("L")
    return tuple(sorted(found))


@lru_cache(_REMEMBERED)
def _rank_of_text(text: str, place: str | None) -> str:
    """Return what a text is sorted by."""
    del place
    return order.rank(text)[:LONGEST].hex()


def _of_text(text: str) -> Iterator[str]:
    normal = nfc(text)
    yield text_key(normal)
    if len(normal) > LONGEST or safe(normal) != normal:
        yield "L"
    number = number_of(text)
    if number is not None:
        yield f"s{number_key(number)}"
    day, moment = days.day_of(text), days.moment(text)
    if day is not None:
        yield f"d{instant_key(day)}"
    if moment is not None:
        yield f"m{instant_key(moment)}"
