"""The day that a date or a time belongs to, wherever the program runs."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core import days, order, query, timestamps
from tests.zones import in_zone

if TYPE_CHECKING:
    from collections.abc import Iterator

ZONES = ("Pacific/Kiritimati", "Etc/GMT+12", "Asia/Seoul", "Europe/Berlin", "America/New_York")
EPOCH = datetime.date(1970, 1, 1)


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The program runs in this zone."""
    with in_zone(request.param) as name:
        yield name


def number(day: str) -> int:
    """A day counted from 1970-01-01."""
    return (datetime.date.fromisoformat(day) - EPOCH).days


def today_of(day: str) -> int:
    """What `parse_condition` takes for today."""
    return number(day) * 86_400 * timestamps.SECOND


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-09",
        "2026-01-09T00:00:00+09:00",
        "2026-01-09T23:59:59-12:00",
        "2026-01-09T23:30",
        "2026-01-09 22:44:26 +0900",
        "2026-01-09 00:10:00 +14:00",
    ],
)
def test_what_is_written_is_the_day(zone: str, text: str) -> None:
    assert days.day_of(text) == number("2026-01-09")


@pytest.mark.parametrize(
    "text", ["2026-01-09T05:00:00Z", "2026-03-29T00:59:59Z", "2026-10-25T00:30:00+00:00"]
)
def test_a_time_in_utc_is_of_the_local_day(zone: str, text: str) -> None:
    instant = datetime.datetime.fromisoformat(text)

    assert days.day_of(text) == (instant.astimezone(ZoneInfo(zone)).date() - EPOCH).days


@pytest.mark.parametrize("text", ["2026-02-30", "2026-01-09 22:44:26 ", "2026-01-09T1", "soon", ""])
def test_what_names_no_day_has_none(text: str) -> None:
    assert days.day_of(text) is None
    assert days.moment(text) is None


def test_a_day_begins_at_local_midnight(zone: str) -> None:
    for day in ("2026-01-09", "2026-03-29", "2026-10-25", "2026-11-01"):
        begin = datetime.datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
        moment = days.moment(day)
        assert moment == int(begin.timestamp()) * timestamps.SECOND


def test_jekyll_s_times_are_times() -> None:
    jekyll = timestamps.parse("2026-01-09 22:44:26 +0900")

    assert jekyll == timestamps.parse("2026-01-09T13:44:26Z")
    assert timestamps.parse("2026-01-09 22:44:26  +0900") is None


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ("due=2026-01-09", "2026-01-09T01:00:00+09:00", True),
        ("due=2026-01-08", "2026-01-09T01:00:00+09:00", False),
        ("due=today", "2026-01-09T23:30:00-12:00", True),
        ("due<today", "2026-01-09T00:30:00+14:00", False),
        ("due<today", "2026-01-08T23:59:00-12:00", True),
        ("due<=2026-01-09", "2026-01-09 22:44:26 +0900", True),
        ("due>2026-01-09", "2026-01-09 22:44:26 +0900", False),
        ("due>=2026-01-09", "2026-01-09", True),
        ("due!=2026-01-09", "2026-01-09T10:00", False),
        ("due>2026-01-09T10:00Z", "2026-01-09 22:44:26 +0900", True),
        ("due=2026-01-09T13:44:26Z", "2026-01-09 22:44:26 +0900", True),
    ],
)
def test_conditions_hold_by_day_in_every_zone(
    zone: str, condition: str, value: str, holds: bool
) -> None:
    assert query.parse_condition(condition, today=today_of("2026-01-09")).admits(value) is holds


def test_dates_and_times_sort_together(zone: str) -> None:
    texts = ["2026-01-10", "2026-01-08", "2026-01-09 22:44:26 +0900"]

    if zone == "Asia/Seoul":
        ordered = ["2026-01-08", "2026-01-09 22:44:26 +0900", "2026-01-10"]
        assert sorted(texts, key=order.rank) == ordered
    moments = [days.moment(text) or 0 for text in sorted(texts, key=order.rank)]
    assert moments == sorted(moments)


@given(st.datetimes(datetime.datetime(1971, 1, 2), datetime.datetime(2037, 12, 30)))
def test_the_forms_of_a_time_name_the_same(moment: datetime.datetime) -> None:
    plain = moment.replace(microsecond=0)
    forms = {
        f"{plain:%Y-%m-%dT%H:%M:%S}+09:00",
        f"{plain:%Y-%m-%d %H:%M:%S} +0900",
        f"{plain:%Y-%m-%d %H:%M:%S}+09",
    }

    assert len({timestamps.parse(text) for text in forms}) == 1
    assert {days.day_of(text) for text in forms} == {(plain.date() - EPOCH).days}


@given(st.dates(datetime.date(1971, 1, 2), datetime.date(2037, 12, 30)))
def test_a_moment_of_a_day_is_of_that_day(day: datetime.date) -> None:
    moment = days.moment(day.isoformat())

    assert moment is not None
    assert days.local_day(moment) == day.isoformat()
