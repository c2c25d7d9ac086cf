"""Instants as integers: microseconds since 1970-01-01T00:00:00Z. No floats anywhere.

The calendar is done here, since `datetime` and `re` cost more to load than most commands to run.
"""

from __future__ import annotations

SECOND = 1_000_000
EXAMPLE = "2026-01-09T14:35:10.123456Z"
EARLIEST = -62_135_596_800 * SECOND
LATEST = 253_402_300_800 * SECOND - 1
"""The first and the last instant that can be written, in the years 1 and 9999."""
TOO_LATE = 253_370_764_800 * SECOND
"""The begin of the year 9999. A file or another program's record that is dated so late is a
mistake, and would be the end of all changes: these have to be later, and this year is the last."""

_DAY = 86_400 * SECOND
_DAYS_TO_EPOCH = 719_468  # from 0000-03-01
_MOST = 1_000
_dates: dict[int, str] = {}  # days as text: of a list, most were changed on a few
_LONGEST = 40  # of what is remembered
_instants: dict[str, int | None] = {}  # of one change, the same are met several times
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parse(text: str) -> int | None:
    """The instant that `text` names (SPEC §3), or None where it names none.

    `YYYY-MM-DD`, or that plus `T` or a space and `hh:mm[:ss[.ffffff]]` and an optional
    offset; no offset means UTC.
    """
    if len(text) > _LONGEST:
        return _parsed(text)
    try:
        return _instants[text]
    except KeyError:  # or another thread has just cleared them
        pass
    if len(_instants) >= _MOST:
        _instants.clear()
    instant = _instants[text] = _parsed(text)
    return instant


def _parsed(text: str) -> int | None:
    if len(text) < 10 or not text.isascii() or text[4] != "-" or text[7] != "-":
        return None
    year, month, day = _number(text[:4], 4), _number(text[5:7]), _number(text[8:10])
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= _days_in(year, month):
        return None
    time = 0 if len(text) == 10 else _time(text[10:])
    if time is None:
        return None
    instant = _days_since_epoch(year, month, day) * _DAY + time
    return instant if EARLIEST <= instant <= LATEST else None


def render(instant: int) -> str:
    """`2026-01-09T14:35:10.123456Z`, always with six digits."""
    days, rest = divmod(instant, _DAY)
    seconds, micros = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    date = _dates.get(days)
    if date is None:
        year, month, day = _date_of(days)
        if len(_dates) == _MOST:
            _dates.clear()
        date = _dates[days] = f"{year:04d}-{month:02d}-{day:02d}"
    return f"{date}T{hour:02d}:{minute:02d}:{second:02d}.{micros:06d}Z"


def stand_in(*, modified: int, recorded: int | None, etag: str) -> int:
    """The instant reported for a file whose own `updated` can't be trusted (SPEC §3).

    `modified` is the file's modification time, `recorded` the entity's recorded `updated`;
    the microseconds come from the etag, so that another content gives another instant.
    """
    if recorded is not None and modified <= recorded:
        modified = recorded + SECOND
    modified = max(EARLIEST, min(modified, LATEST))
    return modified - modified % SECOND + int(etag, 16) % SECOND


def _time(text: str) -> int | None:
    """`T14:35`, `T14:35:10.5` and an offset, in microseconds since midnight in UTC."""
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
    """`Z`, `+09`, `+0900` or `-09:00` in seconds; UTC where it is empty."""
    if text in ("", "Z"):
        return 0
    digits = text[1:3] + text[4:] if text[3:4] == ":" else text[1:]
    if text[0] not in "+-" or len(digits) not in (2, 4) or (len(digits) == 2 and len(text) != 3):
        return None
    hours, minutes = _number(digits[:2]), _number(digits[2:] or "00")
    if not (0 <= hours <= 23 and 0 <= minutes <= 59):
        return None
    seconds = hours * 3600 + minutes * 60
    return -seconds if text[0] == "-" else seconds


def _number(digits: str, count: int = 2) -> int:
    """A number of so many digits; -1 for anything else."""
    return int(digits) if len(digits) == count and digits.isdigit() else -1


def _days_in(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 28 if month == 2 and not leap else _DAYS[month - 1]


def _days_since_epoch(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01, counted in years that begin in March, so that leap days come last."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _DAYS_TO_EPOCH


def _date_of(days: int) -> tuple[int, int, int]:
    """Year, month and day of so many days from 1970-01-01."""
    era, of_era = divmod(days + _DAYS_TO_EPOCH, 146_097)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return year + era * 400 + (month <= 2), month, day
