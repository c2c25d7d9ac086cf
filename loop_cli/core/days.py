"""Days: which one an instant or a text belongs to, where this program runs."""

from __future__ import annotations

from loop_cli.core.timestamps import EPOCH, SECOND, parse, render
from loop_cli.lean.basics import date


def local_day(instant: int) -> str:
    """The day of an instant where this program runs, as `YYYY-MM-DD`."""
    import time

    try:
        day = time.localtime(instant // SECOND)
    except (OverflowError, ValueError, OSError):  # a year that the system does not know
        return render(instant)[:10]
    return f"{day.tm_year:04}-{day.tm_mon:02}-{day.tm_mday:02}"


def day_of(text: str) -> int | None:
    """The day that a date or a time belongs to, counted from 1970-01-01: a date is itself, a time
    in UTC of the local day, any other of the day that it is written in; None where it names none.
    """
    instant = parse(text)
    if instant is None:
        return None
    if len(text) > 10 and text.endswith(("Z", "+00:00", "+0000", "-00:00")):
        text = local_day(instant)
    return date(int(text[:4]), int(text[5:7]), int(text[8:10])).toordinal() - EPOCH


def moment(text: str) -> int | None:
    """The instant that a text names where times and days are compared: a day begins at midnight
    where this program runs."""
    instant = parse(text)
    if instant is None or len(text) > 10:
        return instant
    import time

    begin = (int(text[:4]), int(text[5:7]), int(text[8:10]), 0, 0, 0, 0, 0, -1)
    try:
        return int(time.mktime(begin)) * SECOND
    except (OverflowError, ValueError):  # a year that the system does not know
        return instant
