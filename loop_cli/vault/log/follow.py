"""Follow the audit log: the new lines of all programs.

The files are polled, which takes a few microseconds. After a rotation the old file is also
followed, because programs may still have it open. After a redaction has rewritten a file, reading
continues after the same number of lines.
"""

from __future__ import annotations

import os

from loop_cli.vault import ACTIVE_LOG
from loop_cli.vault.log.lines import cannot_read, check_length, parse_line
from loop_cli.vault.log.log import segments_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.system.folders import Folder
    from loop_cli.vault.log.log import AuditLog

_BLOCK = 1 << 16
_WATCHED = 3  # files: the active one, and those before it


def new_records(log: AuditLog) -> Iterator[list[AuditRecord]]:
    """Yield new records, as `Upkeep.new_records` says. Raises `StorageError`."""
    with Follower(log) as follower:
        yield []
        while True:
            parsed = map(parse_line, follower.new_lines())
            yield [record for record in parsed if record is not None]


class Follower:
    """A context manager at the end of the log. Raises `StorageError`."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._tails: list[_Tail] = []
        self._before: set[str] = set()  # the existing segments, if there is no active file

    def __enter__(self) -> Self:
        try:
            self._before = set(self._log.segments()) - {ACTIVE_LOG}
            tail = self._opened(ACTIVE_LOG)
            if tail is not None:
                self._tails.append(tail)
                tail.to_end()
        except BaseException as error:
            self.__exit__(None, None, None)
            if isinstance(error, OSError):
                raise cannot_read(error) from error
            raise
        return self

    def __exit__(self, *_raised: object) -> None:
        for tail in self._tails:
            tail.close()

    def new_lines(self) -> list[bytes]:
        """Return the new complete lines, without their newlines."""
        try:
            found = self._drained()
            if not self._is_current():
                self._move_on()
                found += self._drained()
            return found
        except OSError as error:
            raise cannot_read(error) from error

    def _drained(self) -> list[bytes]:
        return [line for tail in self._tails for line in tail.drain()]

    def _is_current(self) -> bool:
        """Whether the newest file that is followed is the active one, or there is none."""
        try:
            with self._log.open_folder() as folder:
                status = folder.status(ACTIVE_LOG)
        except FileNotFoundError:  # a rotation is running, or nobody has written yet
            return True
        return bool(self._tails) and os.path.samestat(status, self._tails[-1].status)

    def _move_on(self) -> None:
        """Follow the files that are newer than the newest one so far."""
        with self._log.open_folder() as folder:
            names = segments_in(folder)
            if not self._tails:
                later = [name for name in names if name not in self._before]
            else:
                newest = self._tails[-1]
                place = next((n for n, one in enumerate(names) if newest.is_at(folder, one)), None)
                if place is None:
                    self._reopen_rewritten()
                    return
                later = names[place + 1 :]
        for name in later:
            tail = self._opened(name)
            if tail is not None:
                self._tails.append(tail)
        for tail in self._tails[:-_WATCHED]:
            tail.close()
        del self._tails[:-_WATCHED]

    def _reopen_rewritten(self) -> None:
        old = self._tails[-1]
        tail = self._opened(old.name)
        if tail is not None:
            tail.skip(old.count())
            old.close()
            self._tails[-1] = tail

    def _opened(self, name: str) -> _Tail | None:
        try:
            with self._log.open_folder() as folder:
                return _Tail(name, folder.open_plain(name), shown=self._log.shown(name))
        except FileNotFoundError:
            return None


class _Tail:
    """An open file of the log, and the position in it. Raises `OSError`."""

    def __init__(self, name: str, descriptor: int, *, shown: str) -> None:
        self.name = name
        self._shown = shown
        self._descriptor = descriptor
        self._offset = 0

    @property
    def status(self) -> os.stat_result:
        return os.fstat(self._descriptor)

    def is_at(self, folder: Folder, name: str) -> bool:
        try:
            return os.path.samestat(folder.status(name), self.status)
        except FileNotFoundError:
            return False

    def close(self) -> None:
        os.close(self._descriptor)

    def to_end(self) -> None:
        """Go to the end of the last complete line. Raises `StorageError` if a line is too long."""
        size = position = self.status.st_size
        while position:
            check_length(size - position, self._shown)
            begin = max(0, position - _BLOCK)
            newline = os.pread(self._descriptor, position - begin, begin).rfind(b"\n")
            if newline >= 0:
                self._offset = begin + newline + 1
                return
            position = begin

    def drain(self) -> list[bytes]:
        """Yield the complete lines not read yet. Raises `StorageError` for a line that is too
        long."""
        size = self.status.st_size
        place = self._offset = min(self._offset, size)  # somebody cut the file
        found: list[bytes] = []
        pending: list[bytes] = []  # pieces of the line that begins at the offset
        while place < size:
            part = os.pread(self._descriptor, min(_BLOCK, size - place), place)
            if not part:
                break  # cut meanwhile
            place += len(part)
            head, newline, rest = part.rpartition(b"\n")
            if newline:
                found += b"".join([*pending, head]).split(b"\n")
                self._offset = place - len(rest)
                pending = []
            pending.append(rest)
            check_length(place - self._offset, self._shown)
        return [line for line in found if line.strip()]

    def count(self) -> int:
        """Count the lines that were read."""
        return sum(
            os.pread(self._descriptor, min(_BLOCK, self._offset - begin), begin).count(b"\n")
            for begin in range(0, self._offset, _BLOCK)
        )

    def skip(self, count: int) -> None:
        """Skip the first lines, or all if there are fewer."""
        self.to_end()
        end, self._offset = self._offset, 0
        while count and self._offset < end:
            block = os.pread(self._descriptor, min(_BLOCK, end - self._offset), self._offset)
            newlines = block.count(b"\n")
            if newlines < count:
                count -= newlines
                self._offset += len(block)
                continue
            place = -1
            for _line in range(count):
                place = block.index(b"\n", place + 1)
            self._offset += place + 1
            return
