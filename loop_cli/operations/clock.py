"""This machine's clock, as operations take it: instants in microseconds since 1970 in UTC."""

from __future__ import annotations

import time

from loop_cli.core import timestamps


def now() -> int:
    """The instant now."""
    return time.time_ns() // 1000


def said(text: str) -> int | None:
    """The instant that a time names, or at which a day begins where this program runs:
    `2026-01-09`, `yesterday`. None for another text."""
    from loop_cli.core import days, said_days

    return days.moment(said_days.at(text, now()) or text)


def today() -> int:
    """The instant at which the day began in this time zone, taken for UTC as dates without a zone
    are."""
    day = time.localtime()
    instant = timestamps.parse(f"{day.tm_year:04d}-{day.tm_mon:02d}-{day.tm_mday:02d}")
    assert instant is not None, "today is a date"
    return instant


def yesterday() -> int:
    """The instant at which yesterday began in this time zone."""
    day = time.localtime()
    begin = time.mktime((day.tm_year, day.tm_mon, day.tm_mday - 1, 0, 0, 0, 0, 0, -1))
    return int(begin) * 1_000_000
