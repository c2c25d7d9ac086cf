"""Waiting for what comes to be by itself."""

from __future__ import annotations

import select
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT = 60


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for what comes to be by itself."""
    until = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < until, "it did not come to be"
        time.sleep(0.02)


def readable(source: int | IO[bytes], seconds: float) -> bool:
    """Whether something comes within that time, or the end. `select` knows no descriptor over 1023,
    which a process with many streams has."""
    waiting = select.poll()
    waiting.register(source, select.POLLIN)
    return bool(waiting.poll(round(seconds * 1000)))
