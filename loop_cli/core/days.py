"""Days in the time zone of this program: the day of an instant, and the day of a text."""

from __future__ import annotations

from loop_cli.core.timestamps import EPOCH, SECOND, parse, render
from loop_cli.lean.basics import date


def local_day(instant: int) -> str:
    """Return the local day of an instant, as `YYYY-MM-DD`."""
    import time

    try:
        day = time.localtime(instant // SECOND)
    except (OverflowError, ValueError, OSError):  # the system does not know this year
        return render(instant)[:10]
    return f"{day.tm_year:04}-{day.tm_mon:02}-{day.tm_mday:02}"


def day_of(text: str) -> int | None:
    """Return the day of a date or time, counted from 1970-01-01; None for other texts.

    A time in UTC belongs to the local day, any other time to the day in its text.
    """
    instant = parse(text)
    if instant is None:
        return None
    if len(text) > 10 and text.endswith(("Z", "+00:00", "+0000", "-00:00")):
        text = local_day(instant)
    return date(int(text[:4]), int(text[5:7]), int(text[8:10])).toordinal() - EPOCH


def moment(text: str) -> int | None:
    """Return the instant of a text for comparisons. A day begins at local midnight."""
    instant = parse(text)
    if instant is None or len(text) > 10:
        return instant
    import time

    begin = (int(text[:4]), int(text[5:7]), int(text[8:10]), 0, 0, 0, 0, 0, -1)
    try:
        return int(time.mktime(begin)) * SECOND
    except (OverflowError, ValueError):  # the system does not know this year
        return instant
