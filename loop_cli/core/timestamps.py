"""Instants as integers: microseconds since 1970-01-01T00:00:00Z. No floats anywhere."""

from __future__ import annotations

from loop_cli.lean.basics import date

SECOND = 1_000_000
EXAMPLE = "2026-01-09T14:35:10.123456Z"
EARLIEST = -62_135_596_800 * SECOND
LATEST = 253_402_300_800 * SECOND - 1
"""The first and the last instant that can be written, in the years 1 and 9999."""
TOO_LATE = 253_370_764_800 * SECOND
"""The beginning of the year 9999.

Such a late date in a file or in another program's record is a mistake: every later change must have
a later time, and this year is the last.
"""

DAY = 86_400 * SECOND
EPOCH = 719_163  # 1970-01-01, counted from 0001-01-01, which is 1
_MOST = 1_000
_LONGEST = 40  # cached results
_instants: dict[str, int | None] = {}  # one change parses the same times several times


def parse(text: str) -> int | None:
    """Return the instant of `text` (SPEC §3), or None if it is no time.

    `YYYY-MM-DD`, or that with `T` or a space and `hh:mm[:ss[.ffffff]]` and an optional offset. A
    space may stand before the offset, as Jekyll writes it. Without an offset it is UTC.
    """
    if len(text) > _LONGEST:
        return _parsed(text)
    try:
        return _instants[text]
    except KeyError:  # or another thread has just cleared the cache
        pass
    if len(_instants) >= _MOST:
        _instants.clear()
    instant = _instants[text] = _parsed(text)
    return instant


def _parsed(text: str) -> int | None:
    if len(text) < 10 or not text.isascii() or text[4] != "-" or text[7] != "-":
        return None
    try:
        day = date(_number(text[:4], 4), _number(text[5:7]), _number(text[8:10])).toordinal()
    except ValueError:  # there is no such day
        return None
    time = 0 if len(text) == 10 else _time(text[10:])
    if time is None:
        return None
    instant = (day - EPOCH) * DAY + time
    return instant if EARLIEST <= instant <= LATEST else None


def render(instant: int) -> str:
    """`2026-01-09T14:35:10.123456Z`, always with six digits."""
    days, rest = divmod(instant, DAY)
    seconds, micros = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    day = date.fromordinal(days + EPOCH).isoformat()
    return f"{day}T{hour:02d}:{minute:02d}:{second:02d}.{micros:06d}Z"


def stand_in(*, modified: int, recorded: int | None, etag: str) -> int:
    """Return the instant to report for a file whose own `updated` can't be trusted (SPEC §3).

    `modified` is the file's modification time, `recorded` the entity's recorded `updated`. The
    microseconds come from the etag, so that other content gives another instant.
    """
    if recorded is not None and modified <= recorded:
        modified = recorded + SECOND
    modified = max(EARLIEST, min(modified, LATEST))
    return modified - modified % SECOND + int(etag, 16) % SECOND


def _time(text: str) -> int | None:
    """Parse `T14:35`, `T14:35:10.5` and an offset into microseconds since midnight in UTC."""
    if text[0] not in "T " or text[3:4] != ":":
        return None
    hour, minute = _number(text[1:3]), _number(text[4:6])
    rest, second, micros = text[6:], 0, 0
    if rest[:1] == ":":
        second, rest = _number(rest[1:3]), rest[3:]
        if rest[:1] == ".":
            digits = rest[1 : len(rest) - len(rest[1:].lstrip("0123456789"))]
            micros = (
                _number(digits[:6].ljust(6, "0"), 6) if digits and not digits[6:].strip("0") else -1
            )
            rest = rest[1 + len(digits) :]
    zone = _offset(rest)
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59 and micros >= 0):
        return None
    return None if zone is None else (hour * 3600 + minute * 60 + second - zone) * SECOND + micros


def _offset(text: str) -> int | None:
    """Parse `Z`, `+09`, `+0900` or `-09:00` into seconds; empty is UTC."""
    if text in ("", "Z"):
        return 0
    if text[0] == " " and text[1:2] in ("+", "-"):
        text = text[1:]
    digits = text[1:3] + text[4:] if text[3:4] == ":" else text[1:]
    if text[0] not in "+-" or len(digits) not in (2, 4) or (len(digits) == 2 and len(text) != 3):
        return None
    hours, minutes = _number(digits[:2]), _number(digits[2:] or "00")
    if not (0 <= hours <= 23 and 0 <= minutes <= 59):
        return None
    seconds = hours * 3600 + minutes * 60
    return -seconds if text[0] == "-" else seconds


def _number(digits: str, count: int = 2) -> int:
    """Parse a number with this many digits; -1 for anything else."""
    return int(digits) if len(digits) == count and digits.isdigit() else -1
