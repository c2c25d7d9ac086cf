"""Ctrl-C between the steps of many changes, so that what is said of them is what landed."""

from __future__ import annotations

import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Self


class Held:
    """A context manager that holds Ctrl-C back until `check`, and raises `KeyboardInterrupt`
    there. A second one, or one while `open`, is raised at once."""

    def __init__(self) -> None:
        self._came = self.open = False
        self._before: object = None

    def check(self) -> None:
        """Between two steps: all that was done has been reported."""
        if self._came:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._come)
        return self

    def __exit__(self, *_raised: object) -> None:
        signal.signal(signal.SIGINT, self._before)  # type: ignore[arg-type]

    def _come(self, _signal: int, _frame: FrameType | None) -> None:
        if self._came or self.open:
            raise KeyboardInterrupt
        self._came = True
