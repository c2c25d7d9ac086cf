"""Overdue entities: their date has passed, and they are not finished."""

from __future__ import annotations

from loop_cli.core import days, timestamps
from loop_cli.core.course import is_finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.evaluate import Selected

FIELDS = ("due", "deadline", "due_date")


def due_of(one: Selected, *, today: int) -> str | None:
    """Return the date of an overdue entity; None if it is not. `today` is when the day began."""
    for name in FIELDS:
        value = one.value((name,))
        if is_overdue(value, one, today=today):
            return str(value)
    return None


def is_overdue(value: Any, one: Selected, *, today: int) -> bool:
    """Whether `value` is a date that has passed, and the entity is not finished."""
    day = days.day_of(value) if isinstance(value, str) else None
    passed = day is not None and day < today // (86_400 * timestamps.SECOND)
    return passed and not is_finished(one.fields.get("status"))
