"""Instants as integers: microseconds since 1970-01-01T00:00:00Z. No floats anywhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

SECOND = 1_000_000
EXAMPLE = "2026-01-09T14:35:10.123456Z"
EARLIEST = -62_135_596_800 * SECOND
LATEST = 253_402_300_800 * SECOND - 1
"""The first and the last instant that can be written, in the years 1 and 9999."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})0*)?)?(Z|[+-]\d\d(?::?[0-5]\d)?)?)?",
    re.ASCII,
)


def parse(text: str) -> int | None:
    """The instant that `text` names (SPEC §3), or None where it names none.

    `YYYY-MM-DD`, or that plus `T` or a space and `hh:mm[:ss[.ffffff]]` and an optional
    offset; no offset means UTC.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction = int((match[7] or "").ljust(6, "0"))
    try:
        zone = _zone(match[8])
        moment = datetime(year, month, day, hour, minute, second, fraction, tzinfo=zone)
        instant = (moment - _EPOCH) // _MICROSECOND
        return instant if EARLIEST <= instant <= LATEST else None
    except (ValueError, OverflowError):
        return None


def render(instant: int) -> str:
    """`2026-01-09T14:35:10.123456Z`, always with six digits."""
    moment = (_EPOCH + instant * _MICROSECOND).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "Z"


def stand_in(*, modified: int, recorded: int | None, etag: str) -> int:
    """The instant reported for a file whose own `updated` can't be trusted (SPEC §3).

    `modified` is the file's modification time, `recorded` the entity's recorded `updated`;
    the microseconds come from the etag, so that another content gives another instant.
    """
    if recorded is not None and modified <= recorded:
        modified = recorded + SECOND
    modified = max(EARLIEST, min(modified, LATEST))
    return modified - modified % SECOND + int(etag, 16) % SECOND


def _zone(offset: str | None) -> timezone:
    if offset is None or offset == "Z":
        return UTC
    digits = offset[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
