"""The instants at which days began where the user is."""

from __future__ import annotations

import time


def today() -> int:
    """The instant at which the user's day began, taken for UTC as dates without a zone are."""
    from loop_cli.core import timestamps

    now = time.localtime()
    instant = timestamps.parse(f"{now.tm_year:04d}-{now.tm_mon:02d}-{now.tm_mday:02d}")
    assert instant is not None, "today is a date"
    return instant


def yesterday() -> int:
    """The instant at which yesterday began where the user is."""
    now = time.localtime()
    begin = time.mktime((now.tm_year, now.tm_mon, now.tm_mday - 1, 0, 0, 0, 0, 0, -1))
    return int(begin) * 1_000_000
