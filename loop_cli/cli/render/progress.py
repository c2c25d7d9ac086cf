"""Show the progress of a command to people at a terminal."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ClassVar

    from rich.status import Status


class Progress:
    """Shows nothing in the first second; then a spinner, the task and the count."""

    _shown: ClassVar[Progress | None] = None  # the terminal has only one line for it

    def __init__(self, what: str, unit: str, make: Callable[[], Status]) -> None:
        self._what = what
        self._unit = unit
        self._make = make
        self._begin = time.monotonic()
        self._status: Status | None = None

    def tell(self, count: int) -> None:
        if self._status is None:
            if time.monotonic() - self._begin < 1:
                return
            if Progress._shown is not None:  # an outer progress says more when this one is done
                Progress._shown.close()
            Progress._shown = self
            self._status = self._make()
            self._status.start()
        self._status.update(f"{self._what}: {count:,} {self._unit}")

    def close(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = Progress._shown = None
