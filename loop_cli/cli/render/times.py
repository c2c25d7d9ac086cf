"""Times in words for people; JSON and text in pipes have the exact ones."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from loop_cli.core import timestamps

_MINUTE, _HOUR = 60, 3_600


def spoken(instant: int | None, *, now: int | None = None) -> str:
    """Return an instant in words: `5 minutes ago`, `today 14:35`, `2026-01-09 14:35`.

    In the time zone of the machine. `now` is an instant, by default the system's clock.
    """
    if instant is None:
        return "at a time not known"
    current = time.time_ns() // 1000 if now is None else now
    seconds = (current - instant) // timestamps.SECOND
    if 0 <= seconds < _HOUR:
        minutes = seconds // _MINUTE
        return f"{minutes} minute{'s' if minutes > 1 else ''} ago" if minutes else "just now"
    then, today = _local(instant), _local(current)
    days = (today.date() - then.date()).days
    day = {0: "today", 1: "yesterday"}.get(days, then.date().isoformat())
    return f"{day} {then:%H:%M}"


def exact(text: object) -> str:
    """Return a recorded timestamp in UTC, to the second: `2026-01-09 14:35:10`."""
    instant = timestamps.parse(str(text))
    return str(text) if instant is None else timestamps.render(instant)[:19].replace("T", " ")


def clock(instant: int | None, *, now: int | None = None) -> str:
    """Return the time of day for a new line, with the date if it is not today."""
    if instant is None:
        return "--:--:--"
    then, today = _local(instant), _local(time.time_ns() // 1000 if now is None else now)
    return f"{then:%H:%M:%S}" if then.date() == today.date() else f"{then.date()} {then:%H:%M:%S}"


def _local(instant: int) -> datetime:
    seconds, rest = divmod(instant, timestamps.SECOND)
    try:
        return datetime.fromtimestamp(seconds).replace(microsecond=rest)
    except (OverflowError, OSError, ValueError):  # the time zone data do not reach this year
        return datetime.fromisoformat(timestamps.render(instant)).astimezone(UTC)
