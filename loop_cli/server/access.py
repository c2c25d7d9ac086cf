"""The server's log: one JSON line a request, and what went wrong. No secret, body or query.

Lines are made and written by a thread of their own, some at a time. So a reader of the log who
stops reading stops nobody else; what there is no room for any more is left out.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import deque

from loop_cli.core import timestamps
from loop_cli.lean.jsontext import harmless_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

    from loop_cli.server.visit import Visit

LEVELS = ("debug", "info", "warning", "error")
_MOST = 10_000  # lines that wait
_PAUSE = 0.1  # seconds between two writes


class Log:
    """Writes lines from a level on to a stream, stderr by default."""

    def __init__(self, level: str = "info", stream: IO[str] | None = None) -> None:
        self._from = LEVELS.index(level)
        self._stream = stream or sys.stderr
        self._waiting: deque[dict[str, Any]] = deque(maxlen=_MOST)
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Write what comes from now on."""
        self._over.clear()
        self._thread = threading.Thread(target=self._run, name="loop-access", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Write what is left, and stop."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(1)
            self._thread = None

    def line(self, visit: Visit) -> None:
        """The line of a request that is over."""
        if self._from > LEVELS.index("info"):
            return
        caller = visit.caller
        self._waiting.append(
            {
                "time": time.time_ns() // 1000,
                "event": "request",
                "method": visit.method,
                "path": visit.path,
                "status": visit.status,
                "ms": round((time.monotonic() - visit.began) * 1000, 1),
                "bytes": visit.sent,
                "client": visit.client,
                "token": None if caller is None else caller.token.name,
                "run_id": visit.run_id,
            }
        )

    def warn(self, what: str, **more: object) -> None:
        """Something that the owner of the server should know."""
        if self._from <= LEVELS.index("warning"):
            now = time.time_ns() // 1000
            self._waiting.append({"time": now, "event": "warning", "what": what, **more})

    def defect(self, error: BaseException, path: str) -> None:
        """An error that nobody expected, with where it came from."""
        self._waiting.append(
            {
                "time": time.time_ns() // 1000,
                "event": "defect",
                "path": path,
                "error": f"{type(error).__name__}: {error}",
                "traceback": "".join(traceback.format_exception(error)),
            }
        )

    def _run(self) -> None:
        while not self._over.wait(_PAUSE):
            self._write()
        self._write()

    def _write(self) -> None:
        lines = []
        while self._waiting:
            said = self._waiting.popleft()
            said["time"] = timestamps.render(said["time"])
            lines.append(harmless_json(said) + "\n")
        if lines:
            try:
                self._stream.write("".join(lines))
                self._stream.flush()
            except (OSError, ValueError):  # nobody left to tell
                return
