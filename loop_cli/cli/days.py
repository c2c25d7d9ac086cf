"""The instants at which days began in the user's time zone."""

from __future__ import annotations

import time


def today() -> int:
    """Return the instant at which the user's day began, read as UTC, like dates without a zone."""
    from loop_cli.core import timestamps

    now = time.localtime()
    instant = timestamps.parse(f"{now.tm_year:04d}-{now.tm_mon:02d}-{now.tm_mday:02d}")
    assert instant is not None, "today is a date"
    return instant


def yesterday() -> int:
    """Return the instant at which yesterday began for the user."""
    now = time.localtime()
    begin = time.mktime((now.tm_year, now.tm_mon, now.tm_mday - 1, 0, 0, 0, 0, 0, -1))
    return int(begin) * 1_000_000
