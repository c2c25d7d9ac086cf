"""A vault as a whole: all files, the log and the kept copies, for `loop copy` and `loop export`.

Every store can give these, and be filled with them while it is empty.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any


class WholeFile(Struct):
    """One file. `path` is relative to the vault, `modified` in microseconds."""

    path: str
    data: bytes
    modified: int


class LogLine(Struct):
    """One line of the log, without its newline; `segment` is the name of its file. `ended` tells
    whether a newline follows."""

    segment: str
    text: bytes
    ended: bool = True


class KeptCopy(Struct):
    """One kept copy; `kept_at` is in microseconds."""

    name: str
    data: bytes
    kept_at: int


class Received(Struct):
    """What a target has already: the files with their etags, how many lines, which copies."""

    files: dict[str, str]
    lines: int
    kept: frozenset[str]


class Whole(ABC):
    """A vault as a whole. `name` is how people are shown it. All methods raise `StorageError`."""

    name: str

    @abstractmethod
    def count(self) -> int:
        """How many files there are."""

    @abstractmethod
    def files(self) -> Iterator[WholeFile]:
        """Yield all files, by path, without loop's own state."""

    @abstractmethod
    def lines(self, *, after: int = 0) -> Iterator[LogLine]:
        """Yield the lines of the log, oldest first, after so many."""

    @abstractmethod
    def kept(self) -> Iterator[KeptCopy]:
        """Yield the kept copies, by name."""

    @abstractmethod
    def skipped(self) -> Sequence[str]:
        """What `files` leaves out, as sentences: links, for example."""

    @abstractmethod
    def begin(self, mark: str) -> Received:
        """Begin to be filled from the source that `mark` names, or go on.

        Raises `UsageError` if the target is not empty, or was begun from another source.
        """

    @abstractmethod
    def put_lines(self, lines: Iterable[LogLine]) -> None:
        """Append lines to the log."""

    @abstractmethod
    def put_files(self, files: Sequence[WholeFile]) -> None:
        """Add files; some may be under way until they are `complete`."""

    def complete(self) -> None:
        """Wait until all files that were added are there and durable."""
        return

    @abstractmethod
    def put_kept(self, copies: Sequence[KeptCopy]) -> None:
        """Add kept copies."""

    @abstractmethod
    def finish(self) -> None:
        """All is there and durable: from now on it is a vault like any other."""

    @abstractmethod
    def verified(self) -> dict[str, Any]:
        """What `audit verify` counts: `own`, `records`, and how many `problems` there are."""

    def close(self) -> None:
        """Close what is open."""
        return
