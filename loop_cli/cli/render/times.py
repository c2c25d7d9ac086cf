"""Times as people say them; the exact ones are in JSON, and in text that is read later."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from loop_cli.core import timestamps

_MINUTE, _HOUR = 60, 3_600


def spoken(instant: int | None, *, now: int | None = None) -> str:
    """An instant as one says it today: `5 minutes ago`, `today 14:35`, `2026-01-09 14:35`.

    In the zone of the machine. `now` is an instant, the system's clock otherwise.
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
    """A timestamp as it is recorded, in UTC, to the second: `2026-01-09 14:35:10`."""
    instant = timestamps.parse(str(text))
    return str(text) if instant is None else timestamps.render(instant)[:19].replace("T", " ")


def clock(instant: int | None, *, now: int | None = None) -> str:
    """The time of day for a line that has just come, with the date where that is another."""
    if instant is None:
        return "--:--:--"
    then, today = _local(instant), _local(time.time_ns() // 1000 if now is None else now)
    return f"{then:%H:%M:%S}" if then.date() == today.date() else f"{then.date()} {then:%H:%M:%S}"


def _local(instant: int) -> datetime:
    seconds, rest = divmod(instant, timestamps.SECOND)
    try:
        return datetime.fromtimestamp(seconds).replace(microsecond=rest)
    except (OverflowError, OSError, ValueError):  # of a year that the zone does not reach
        return datetime.fromisoformat(timestamps.render(instant)).astimezone(UTC)
