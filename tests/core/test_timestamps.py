"""The grammar of timestamps and the stand-in of SPEC §3."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core import timestamps
from loop_cli.core.timestamps import SECOND, parse, render, stand_in

FIRST = parse("0001-01-01")
LAST = parse("9999-12-31T23:59:59.999999Z")
assert FIRST is not None
assert LAST is not None
instants = st.integers(min_value=FIRST, max_value=LAST)


@given(instants)
def test_what_is_rendered_is_read_back(instant: int) -> None:
    assert parse(render(instant)) == instant


@given(instants)
def test_later_instants_sort_later_as_text(instant: int) -> None:
    assert instant == LAST or render(instant) < render(instant + 1)


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),
    st.integers(min_value=-23 * 60 - 59, max_value=23 * 60 + 59),
)
def test_any_offset_names_the_instant_that_python_says(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    microseconds = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    assert parse(aware.isoformat()) == microseconds


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("2026-01-09", "2026-01-09T00:00:00.000000Z"),
        ("2026-01-09T14:35", "2026-01-09T14:35:00.000000Z"),
        ("2026-01-09 14:35", "2026-01-09T14:35:00.000000Z"),
        ("2026-01-09T14:35:10", "2026-01-09T14:35:10.000000Z"),
        ("2026-01-09T14:35:10.5", "2026-01-09T14:35:10.500000Z"),
        ("2026-01-09T14:35:10.123456", "2026-01-09T14:35:10.123456Z"),
        ("2026-01-09T14:35:10.123456000Z", "2026-01-09T14:35:10.123456Z"),
        ("2026-01-09T14:35:10.5000000Z", "2026-01-09T14:35:10.500000Z"),
        ("2026-01-09T14:35:10+09:00", "2026-01-09T05:35:10.000000Z"),
        ("2026-01-09T14:35:10+0900", "2026-01-09T05:35:10.000000Z"),
        ("2026-01-09T14:35+09", "2026-01-09T05:35:00.000000Z"),
        ("2026-01-09 14:35:10.25-03:30", "2026-01-09T18:05:10.250000Z"),
        ("2026-01-09T23:59:59.999999-00:00", "2026-01-09T23:59:59.999999Z"),
        ("2024-02-29", "2024-02-29T00:00:00.000000Z"),
    ],
)
def test_the_forms_that_are_read(text: str, rendered: str) -> None:
    instant = parse(text)

    assert instant is not None
    assert render(instant) == rendered


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026",
        "2026-01",
        "2026-1-9",
        "20260109",
        "2026-01-09T",
        "2026-01-09T14",
        "2026-01-09T14:35:",
        "2026-01-09T14:35:10.",
        "2026-01-09t14:35",
        "2026-01-09_14:35",
        "2026-01-09  14:35",
        "2026-01-09T14:35:10.1234567",
        "2026-01-09T14:35:10,5",
        "2026-01-09T14:35 Z",
        "2026-01-09T14:35z",
        "2026-01-09T14:35+9",
        "2026-01-09T14:35+24:00",
        "2026-01-09T14:35+09:60",
        "2026-01-09T14:35-00:99",
        "2026-01-09Z",
        "2026-01-09+09:00",
        "2025-02-29",
        "2026-02-30",
        "2026-13-01",
        "2026-00-01",
        "2026-01-09T24:00",
        "2026-01-09T14:60",
        "2026-01-09T14:35:60",
        "0000-01-01",
        " 2026-01-09",
        "2026-01-09\n",
        "２０２６-01-09",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
    ],
)
def test_what_names_no_instant(text: str) -> None:
    assert parse(text) is None


def test_two_timestamps_are_equal_when_they_name_the_same_instant() -> None:
    texts = (
        "2026-01-09",
        "2026-01-09T00:00",
        "2026-01-09 00:00:00.000000Z",
        "2026-01-09T09:00:00+09:00",
        "2026-01-08T19:00-05:00",
    )

    assert len({parse(text) for text in texts}) == 1


def test_the_example_in_messages_is_a_timestamp() -> None:
    assert parse(timestamps.EXAMPLE) is not None


class TestStandIn:
    """The instant reported where the file's own `updated` can't be trusted."""

    MODIFIED = parse("2026-01-09T14:35:10.999999Z") or 0
    ETAG = "9f2c51d0a7b3e4f8"
    DIGITS = int(ETAG, 16) % 10**6

    def shown(self, recorded: str | None = None, etag: str = ETAG) -> str:
        return render(stand_in(modified=self.MODIFIED, recorded=parse(recorded or ""), etag=etag))

    def test_it_is_the_modification_time_with_the_microseconds_of_the_etag(self) -> None:
        assert self.shown() == f"2026-01-09T14:35:10.{self.DIGITS:06}Z"

    def test_another_content_of_the_same_moment_has_another_one(self) -> None:
        assert self.shown(etag="0" * 15 + "7") == "2026-01-09T14:35:10.000007Z"

    def test_a_modification_time_later_than_the_recorded_time_stays(self) -> None:
        assert self.shown("2026-01-09T14:35:10.999998Z").startswith("2026-01-09T14:35:10.")

    @pytest.mark.parametrize(
        ("recorded", "second"),
        [
            ("2026-01-09T14:35:10.999999Z", "2026-01-09T14:35:11."),
            ("2026-01-09T14:35:11.000000Z", "2026-01-09T14:35:12."),
            ("2026-02-01T00:00:00.5Z", "2026-02-01T00:00:01."),
        ],
    )
    def test_one_not_later_is_raised_to_the_recorded_time_and_a_second(
        self, recorded: str, second: str
    ) -> None:
        assert self.shown(recorded).startswith(second)

    @given(instants, st.none() | instants, st.integers(0, 2**64 - 1))
    def test_it_can_always_be_written_and_read_back(
        self, modified: int, recorded: int | None, etag: int
    ) -> None:
        found = stand_in(modified=modified, recorded=recorded, etag=f"{etag:016x}")

        assert parse(render(found)) == found
        assert found % SECOND == etag % SECOND

    @pytest.mark.parametrize("modified", [-(10**20), 10**20])
    def test_a_modification_time_beyond_the_calendar_is_no_obstacle(self, modified: int) -> None:
        found = stand_in(modified=modified, recorded=None, etag=self.ETAG)

        assert parse(render(found)) == found
