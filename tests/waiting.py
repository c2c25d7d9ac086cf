"""Waiting for what comes to be by itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT = 60


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for what comes to be by itself."""
    until = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < until, "it did not come to be"
        time.sleep(0.02)
