"""Dates as `datetime` has them, since they are its own."""

from __future__ import annotations

import datetime

from loop_cli.lean.basics import date


def test_it_is_the_date_of_datetime() -> None:
    assert date is datetime.date
