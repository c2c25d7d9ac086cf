"""The first answers to calls with an idempotency key, as long as this server has room for them.

Two such calls at once are one after the other, so the second gets the answer of the first. What is
forgotten here, or was said by another server, the audit log knows.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import contextmanager

from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response

_MOST = 1_000
_BYTES = 16 << 20


class _Reply:
    """The answer to a call, once there is one; `users` are those who wait for it."""

    def __init__(self, request: str) -> None:
        self.request = request
        self.lock = threading.Lock()
        self.known: Response | None = None
        self.users = 0

    @property
    def size(self) -> int:
        return 0 if self.known is None else len(self.known.body)


class Replies:
    """What was answered, by key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: OrderedDict[str, _Reply] = OrderedDict()

    @contextmanager
    def of(self, key: str, request: str) -> Iterator[_Reply]:
        """The reply to the call with a key, for one caller at a time. Raises `UsageError` where
        the key is that of another call."""
        with self._lock:
            reply = self._by_key.setdefault(key, _Reply(request))
            if reply.request != request:
                raise UsageError(
                    f"the idempotency key {key!r} was used for another call",
                    hint="give every call its own key",
                )
            reply.users += 1
            self._by_key.move_to_end(key)
        try:
            with reply.lock:
                yield reply
        finally:
            with self._lock:
                reply.users -= 1
                if reply.known is None and not reply.users:
                    self._by_key.pop(key, None)
                self._forget_old()

    def _forget_old(self) -> None:
        size = sum(one.size for one in self._by_key.values())
        for key, one in [*self._by_key.items()]:
            if len(self._by_key) <= _MOST and size <= _BYTES:
                return
            if not one.users:
                size -= one.size
                del self._by_key[key]
