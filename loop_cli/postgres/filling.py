"""Fill a vault with several processes: what is computed of a file costs more than its copy.

Each process has a connection to the database of its own, and writes whole batches. It gets the next
when it has written one. What one of them could not write, or had when it died, its caller writes
itself, and says what is wrong.
"""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing import connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection
    from typing import Protocol

    from loop_cli.core.whole import WholeFile

    Batch = Sequence[WholeFile]

    class Target(Protocol):
        """A vault that is filled."""

        def put_here(self, files: Batch) -> None:
            """Write files."""

        def close(self) -> None:
            """Close what is open."""


_MOST = 8  # processes
_GONE = (EOFError, OSError)


class _Process:
    """One process, its end of a pipe, and the batch that it has."""

    def __init__(self, opened: Callable[[], Target]) -> None:
        context = multiprocessing.get_context("spawn")
        self.end, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, opened), daemon=True)
        self.process.start()
        theirs.close()  # so that this end tells when it has died
        self.batch: Batch | None = None


class Filling:
    """Some processes that fill a vault, which each of them has `opened`. `put` writes one batch in
    this one."""

    def __init__(self, opened: Callable[[], Target], put: Callable[[Batch], None]) -> None:
        self._put = put
        count = max(2, min(_MOST, os.cpu_count() or 1))
        self.processes = [_Process(opened) for _number in range(count)]
        self._idle: list[_Process] = []

    def add(self, files: Batch) -> None:
        """Have a batch written; wait until somebody can. Raises what `put` raises."""
        while self.processes:
            if not self._idle:
                self._hear()
                continue
            one = self._idle.pop()
            try:
                one.end.send(files)
            except OSError:
                self._lost(one)
                continue
            one.batch = files
            return
        self._put(files)

    def wait(self) -> None:
        """Wait until all batches are written. Raises what `put` raises."""
        while any(one.batch is not None for one in self.processes):
            self._hear()

    def close(self) -> None:
        """End the processes, each when it has written its batch."""
        for one in self.processes:
            one.end.close()
        for one in self.processes:
            one.process.join()
        self.processes = []

    def _hear(self) -> None:
        """Wait until a process has begun, has written its batch or has died."""
        busy = [one for one in self.processes if one not in self._idle]
        ready = connection.wait([one.end for one in busy])
        for one in busy:
            if one.end not in ready:
                continue
            try:
                written = one.end.recv()
            except _GONE:
                self._lost(one)
                continue
            batch, one.batch = one.batch, None
            self._idle.append(one)
            if not written and batch is not None:
                self._put(batch)

    def _lost(self, one: _Process) -> None:
        """Go on without a process that has died."""
        self.processes.remove(one)
        one.end.close()
        if one.batch is not None:
            self._put(one.batch)


def _work(end: Connection, opened: Callable[[], Target]) -> None:
    """Write batches, until the caller's end is closed."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller says that it was interrupted
    target = opened()
    written = True
    while True:
        try:
            end.send(written)
            batch = end.recv()
        except _GONE:
            break
        try:
            target.put_here(batch)
            written = True
        except Exception:  # the caller tries it, and says what is wrong
            written = False
    target.close()
