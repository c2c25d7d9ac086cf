"""The server's log: one JSON line a request, and what went wrong. No secret, body or query.

Lines are written by a thread of their own, so that a reader of the log who stops reading stops
nobody else; what there is no room for any more is left out, and counted.
"""

from __future__ import annotations

import logging
import logging.handlers
import queue
import sys
import time
import traceback

from loop_cli.core import timestamps
from loop_cli.core.store import harmless_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from loop_cli.server.visit import Visit

LEVELS = ("debug", "info", "warning", "error")
_log = logging.getLogger("loop.server")
_access = logging.getLogger("loop.server.access")
_MOST = 10_000  # lines that wait


def begin(level: str, stream: IO[str] | None = None) -> logging.handlers.QueueListener:
    """Write the log from a level on to a stream, stderr by default, until the listener is
    stopped."""
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(_MOST)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    _log.handlers = [_Dropping(waiting)]
    _log.propagate = False
    _log.setLevel(level.upper())
    listener = logging.handlers.QueueListener(waiting, handler)
    listener.start()
    return listener


class _Dropping(logging.handlers.QueueHandler):
    """Leaves out what there is no room for."""

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            return


def line(visit: Visit) -> None:
    """The line of a request that is over."""
    if not _access.isEnabledFor(logging.INFO):
        return
    caller = visit.caller
    _access.info(
        _line(
            "request",
            method=visit.method,
            path=visit.path,
            status=visit.status,
            ms=round((time.monotonic() - visit.began) * 1000, 1),
            bytes=visit.sent,
            client=visit.client,
            token=None if caller is None else caller.token.name,
            run_id=visit.run_id,
        )
    )


def note(what: str, **more: object) -> None:
    """A remark about the server itself."""
    _log.info(_line(what, **more))


def warn(what: str, **more: object) -> None:
    """Something that the owner of the server should know."""
    _log.warning(_line(what, **more))


def defect(error: BaseException, path: str) -> None:
    """An error that nobody expected, with where it came from."""
    _log.error(
        _line(
            "defect",
            path=path,
            error=f"{type(error).__name__}: {error}",
            traceback="".join(traceback.format_exception(error)),
        )
    )


def _line(event: str, **more: object) -> str:
    now = timestamps.render(time.time_ns() // 1000)
    return harmless_json({"time": now, "event": event, **more})
