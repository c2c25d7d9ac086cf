"""Signs of life from work that may take seconds and that nobody asked for by name: the cache is
brought up to date on the way to an answer. Who shows them is for the program to say.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Protocol

    class Progress(Protocol):
        """Makes a context manager that gives what takes the count so far; None for nobody."""

        def __call__(
            self, what: str, *, unit: str
        ) -> AbstractContextManager[Callable[[int], None] | None]: ...


class _Unseen:
    """A context manager: nobody is there to see it."""

    def __init__(self, what: str, *, unit: str) -> None:
        pass

    def __enter__(self) -> Callable[[int], None] | None:
        return None

    def __exit__(self, *_raised: object) -> None:
        pass


progress: Progress = _Unseen
"""What shows it. A program sets it once, before it opens a store."""
