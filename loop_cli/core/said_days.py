"""Days as people say them: `tomorrow`, `fri`, `+3d`, `eom`, `2026-W05`; in English and Korean.

A day is counted from 1970-01-01. What is said is always of one day: of a week its Monday. The
name of a weekday is the next day of that name; today, where today is one.
"""

from __future__ import annotations

import re

from loop_cli.core import days
from loop_cli.core.timestamps import EPOCH
from loop_cli.lean.basics import date

EXAMPLES = "today, tomorrow, fri, +3d, -1w, eom, 2026-W05 or 2026-01-09"

_NEAR = {
    "today": 0,
    "tomorrow": 1,
    "yesterday": -1,
    "오늘": 0,
    "내일": 1,
    "모레": 2,
    "어제": -1,
    "그제": -2,
    "그저께": -2,
}
_WEEKS = {
    "this week": 0,
    "next week": 1,
    "last week": -1,
    "이번 주": 0,
    "이번주": 0,
    "다음 주": 1,
    "다음주": 1,
    "지난 주": -1,
    "지난주": -1,
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "mon monday 월요일",
            "tue tuesday 화요일",
            "wed wednesday 수요일",
            "thu thursday 목요일",
            "fri friday 금요일",
            "sat saturday 토요일",
            "sun sunday 일요일",
        )
    )
    for name in names.split()
}
_ENDS = {
    "eow": "week",
    "주말": "week",
    "eom": "month",
    "월말": "month",
    "eoy": "year",
    "연말": "year",
}
_UNITS = {"": "day", "d": "day", "일": "day", "w": "week", "주": "week"}
_UNITS |= {"m": "month", "개월": "month", "달": "month", "y": "year", "년": "year"}
_STEP = re.compile(r"(?P<near>[^\d+\-\s]*)(?P<step>[+-]\d{1,5})(?P<unit>\D*)", re.ASCII)
_KOREAN = re.compile(r"(\d{1,5})\s*(일|주|개월|달|년)\s*(후|뒤|전)", re.ASCII)
_WEEK = re.compile(r"(\d{4})-?w(\d\d?)", re.ASCII)
_LAST = 9999


def day(text: str, *, today: int) -> int | None:
    """The day that a text says, where `today` is this one; None where it says none."""
    word = text.strip().casefold()
    try:
        return _day(word, today)
    except (ValueError, OverflowError):  # a day of no calendar
        return None


def is_week(text: str) -> bool:
    """Whether a text says a week, of which `day` is the Monday."""
    word = text.strip().casefold()
    return word in _WEEKS or _WEEK.fullmatch(word) is not None


def written(text: str, *, today: int) -> str | None:
    """The date that a text says, as it is written; None where it says none."""
    found = day(text, today=today)
    return None if found is None else _date(found).isoformat()


def at(text: str, now: int) -> str | None:
    """The date that a text says at an instant, where this program runs."""
    today = days.day_of(days.local_day(now))
    return None if today is None else written(text, today=today)


def _day(word: str, today: int) -> int | None:
    if word in _NEAR:
        return today + _NEAR[word]
    if word in _WEEKS:
        return _moved(today - _date(today).weekday(), _WEEKS[word], "week")
    if word in _WEEKDAYS:
        return today + (_WEEKDAYS[word] - _date(today).weekday()) % 7
    if word in _ENDS:
        return _end(_ENDS[word], today)
    named, _blank, weekday = word.rpartition(" ")
    if named in _WEEKS and weekday in _WEEKDAYS:
        return _moved(today - _date(today).weekday(), _WEEKS[named], "week") + _WEEKDAYS[weekday]
    week = _WEEK.fullmatch(word)
    if week is not None:
        return _number(date.fromisocalendar(int(week[1]), int(week[2]), 1))
    korean = _KOREAN.fullmatch(word)
    if korean is not None:
        return _moved(today, int(korean[1]) * (-1 if korean[3] == "전" else 1), _UNITS[korean[2]])
    step = _STEP.fullmatch(word)
    if step is None or step["unit"] not in _UNITS or step["near"] not in ("", *_NEAR):
        return None
    return _moved(today + _NEAR.get(step["near"], 0), int(step["step"]), _UNITS[step["unit"]])


def _moved(start: int, count: int, unit: str) -> int:
    """A day so many units from another; at the end of a month that is shorter, its last day.
    Raises `ValueError`."""
    if unit in ("day", "week"):
        return _number(_date(start + count * (7 if unit == "week" else 1)))
    at = _date(start)
    months = at.year * 12 + at.month - 1 + count * (12 if unit == "year" else 1)
    return min(_number(date(months // 12, months % 12 + 1, 1)) + at.day - 1, _month_end(months))


def _end(unit: str, today: int) -> int:
    at = _date(today)
    if unit == "week":
        return today + 6 - at.weekday()
    return _month_end(at.year * 12 + (11 if unit == "year" else at.month - 1))


def _month_end(months: int) -> int:
    """The last day of a month, which is counted from the year 0."""
    if months // 12 == _LAST and months % 12 == 11:
        return _number(date(_LAST, 12, 31))
    months += 1
    return _number(date(months // 12, months % 12 + 1, 1)) - 1


def _date(number: int) -> date:
    return date.fromordinal(number + EPOCH)


def _number(at: date) -> int:
    return at.toordinal() - EPOCH
