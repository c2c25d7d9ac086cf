"""Days as people say them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core import said_days

FRIDAY = date(2026, 1, 30)
EPOCH = date(1970, 1, 1)


def said(text: str, today: date = FRIDAY) -> str | None:
    return said_days.written(text, today=(today - EPOCH).days)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        *(("today", "2026-01-30"), ("Tomorrow", "2026-01-31"), ("yesterday", "2026-01-29")),
        *(("오늘", "2026-01-30"), ("내일", "2026-01-31"), ("모레", "2026-02-01")),
        *(("어제", "2026-01-29"), ("그저께", "2026-01-28"), (" today ", "2026-01-30")),
        *(("fri", "2026-01-30"), ("sat", "2026-01-31"), ("thursday", "2026-02-05")),
        *(("금요일", "2026-01-30"), ("월요일", "2026-02-02")),
        *(
            ("+3d", "2026-02-02"),
            ("-1w", "2026-01-23"),
            ("+1m", "2026-02-28"),
            ("+3", "2026-02-02"),
        ),
        *(("+1y", "2027-01-30"), ("-2m", "2025-11-30"), ("today+7", "2026-02-06")),
        *(("today-1d", "2026-01-29"), ("tomorrow+1w", "2026-02-07"), ("+3일", "2026-02-02")),
        *(("3일 후", "2026-02-02"), ("2주 전", "2026-01-16"), ("1개월뒤", "2026-02-28")),
        *(("eom", "2026-01-31"), ("월말", "2026-01-31"), ("eow", "2026-02-01")),
        *(("this week", "2026-01-26"), ("next week", "2026-02-02"), ("last week", "2026-01-19")),
        *(("이번 주", "2026-01-26"), ("다음주", "2026-02-02"), ("지난 주", "2026-01-19")),
        *(("next week fri", "2026-02-06"), ("다음 주 금요일", "2026-02-06")),
        *(("이번 주 월요일", "2026-01-26"), ("last week sunday", "2026-01-25")),
        *(("eoy", "2026-12-31"), ("2026-W05", "2026-01-26"), ("2026w5", "2026-01-26")),
        *(("2020-W53", "2020-12-28"),),
    ],
)
def test_what_is_said(text: str, day: str) -> None:
    assert said(text) == day


@pytest.mark.parametrize(
    "text",
    [
        *("", "tomorow", "2026-13-01", "someday", "fr", "월", "2026-W54", "2026-W00", "w5", "+d"),
        *("+3x", "fri+1", "+99999y", "-99999y", "3", "3d", "todayish", "+ 3d", "9999-W53"),
        *("next fri", "fri next week", "다음 금요일"),
    ],
)
def test_what_says_no_day(text: str) -> None:
    assert said(text) is None


DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1))


@given(DAYS, st.integers(-5000, 5000))
def test_days_and_weeks_are_counted(today: date, count: int) -> None:
    assert said(f"{count:+}d", today) == (today + timedelta(days=count)).isoformat()
    assert said(f"{count:+}w", today) == (today + timedelta(weeks=count)).isoformat()


@given(DAYS, st.integers(-500, 500))
def test_months_keep_the_day_or_take_the_last(today: date, count: int) -> None:
    then = date.fromisoformat(said(f"{count:+}m", today) or "")
    assert then.year * 12 + then.month == today.year * 12 + today.month + count
    assert then.day == today.day or ((then + timedelta(days=1)).day == 1 and then.day < today.day)


@given(DAYS, st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]))
def test_a_weekday_is_within_a_week(today: date, name: str) -> None:
    then = date.fromisoformat(said(name, today) or "")
    assert 0 <= (then - today).days < 7
    assert then.strftime("%a").lower() == name


@given(st.text())
def test_any_text_says_a_day_or_none(text: str) -> None:
    assert said(text) is None or date.fromisoformat(said(text) or "")
