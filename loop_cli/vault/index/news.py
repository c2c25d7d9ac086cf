"""Which folders have news since the index looked at them, where something tells: file-system
events, and this process's own writes.

Then a list needs to look at these alone, and not at every file. As long as nothing tells, or where
it may have missed something, every file is looked at.
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class News:
    """The folders with news. Safe for several threads; only one at a time catches up with them."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self._lock = threading.Lock()
        self._told = False  # whether events come
        self._everywhere = True
        self._folders: set[str] = set()

    def begin(self) -> None:
        """From now on events come; what changed before the first is not known."""
        with self._lock:
            self._told = self._everywhere = True

    def end(self) -> None:
        """No more events come."""
        with self._lock:
            self._told = False

    def note(self, paths: Iterable[str]) -> None:
        """Files have changed, come or gone."""
        folders = {path.rpartition("/")[0] for path in paths}
        if folders:
            with self._lock:
                self._folders |= folders

    def take(self) -> set[str] | None:
        """The folders with news, which is then theirs who asks; None for all folders."""
        with self._lock:
            folders, self._folders = self._folders, set()
            everywhere, self._everywhere = self._everywhere or not self._told, False
        return None if everywhere else folders

    def give_back(self, folders: set[str] | None) -> None:
        """What was taken could not be looked at."""
        with self._lock:
            self._folders |= folders or set()
            self._everywhere = self._everywhere or folders is None
