"""Delay Ctrl-C until the next step of many changes, so that the report is complete."""

from __future__ import annotations

import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Self


class Held:
    """A context manager that delays Ctrl-C until `check`, which raises `KeyboardInterrupt`.

    A second Ctrl-C, or one while `open`, is raised at once.
    """

    def __init__(self) -> None:
        self._came = self.open = False
        self._before: object = None

    def check(self) -> None:
        """Call it between two steps, when all finished work has been reported."""
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
