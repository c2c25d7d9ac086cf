"""Times as people say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.cli.render import times
from loop_cli.core import timestamps
from tests.zones import in_zone

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = "2026-01-09T14:35:10Z"


@pytest.fixture(params=["UTC", "Asia/Seoul"])
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The machine's zone; in Seoul it is nine hours later."""
    with in_zone(request.param) as name:
        yield name


def instant(text: str) -> int:
    found = timestamps.parse(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "in_utc", "in_seoul"),
    [
        ("2026-01-09T14:35:00Z", "just now", "just now"),
        ("2026-01-09T14:34:00Z", "1 minute ago", "1 minute ago"),
        ("2026-01-09T13:36:00Z", "59 minutes ago", "59 minutes ago"),
        ("2026-01-09T13:35:00Z", "today 13:35", "today 22:35"),
        ("2026-01-08T15:30:00Z", "yesterday 15:30", "today 00:30"),
        ("2026-01-07T15:30:00Z", "2026-01-07 15:30", "yesterday 00:30"),
        ("2025-12-31T23:59:00Z", "2025-12-31 23:59", "2026-01-01 08:59"),
        ("2026-01-09T15:35:00Z", "today 15:35", "2026-01-10 00:35"),
        ("0001-01-01", "0001-01-01 00:00", None),
    ],
)
def test_spoken(zone: str, text: str, in_utc: str, in_seoul: str | None) -> None:
    expected = in_utc if zone == "UTC" else in_seoul
    spoken = times.spoken(instant(text), now=instant(NOW))
    assert spoken == (expected or spoken)


def test_what_is_no_time_is_shown_as_it_is() -> None:
    assert times.exact("soon") == "soon"
    assert times.exact("2026-01-09T23:35:10+09:00") == "2026-01-09 14:35:10"
    assert times.spoken(None) == "at a time not known"


def test_the_clock_has_the_date_of_another_day(zone: str) -> None:
    now = instant(NOW)
    assert len(times.clock(now, now=now)) == len("14:35:10")
    assert times.clock(now - 48 * 3600 * timestamps.SECOND, now=now).startswith("2026-01-07 ")
