"""Between the routes and the operations: work is done in threads, as the caller of a request."""

from __future__ import annotations

import re
from contextlib import nullcontext
from functools import partial
from hashlib import sha256
from urllib.parse import unquote

import anyio
import anyio.to_thread

from loop_cli.core.records.record import RUN_ID, Origin
from loop_cli.errors import LoopError, UsageError
from loop_cli.failures import AlreadyDone
from loop_cli.lean.basics import uuid4
from loop_cli.server.answers import HttpError
from loop_cli.server.replies import Replies
from loop_cli.server.visit import visit_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import TypeVar

    from fastapi import Request
    from starlette.responses import Response

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.operations.boundary import Operations
    from loop_cli.server.access import Log
    from loop_cli.server.metrics import Metrics
    from loop_cli.server.options import Options

    OpenOperations = Callable[[Origin], Operations]
    T = TypeVar("T")

_AT_ONCE = 1  # threads that read, as long as none takes long
_PATIENCE = 0.05  # seconds
_LONGEST_KEY = 200
_LONGEST_AGENT = 100
AGENT = "x-loop-agent"  # what a program says of itself, percent-encoded; never the actor
_NO_RUN = uuid4()  # of what reads, which no record tells of
_RUN = re.compile(RUN_ID, re.ASCII)


class Service:
    """Does the work of requests. `open_operations` gives the operations as somebody's."""

    def __init__(
        self, open_operations: OpenOperations, *, options: Options, metrics: Metrics, log: Log
    ) -> None:
        self.open_operations = open_operations
        self.options = options
        self.metrics = metrics
        self.log = log
        self._replies = Replies()
        self._readers: anyio.CapacityLimiter | None = None
        self._first_readers: anyio.CapacityLimiter | None = None
        self._writers: anyio.CapacityLimiter | None = None
        self._appliers: anyio.CapacityLimiter | None = None

    async def read(self, request: Request, work: Callable[[Operations], T]) -> T:
        """What `work` reads. Raises `LoopError`."""
        loop = self.open_operations(_origin(request))
        return await self.in_thread(partial(_alone, work, loop))

    async def read_with_warnings(
        self, request: Request, work: Callable[[Operations], T]
    ) -> tuple[T, list[str]]:
        """The same, with the warnings that it met. Raises `LoopError`."""
        return await self.read(request, lambda loop: (work(loop), loop.take_warnings()))

    def open_reader(self) -> Operations:
        """The operations for the server's own reading."""
        return self.open_operations(Origin(run_id=uuid4(), actor="api:loop", source="api"))

    def appliers(self) -> anyio.CapacityLimiter:
        """What limits the threads that apply lines, which may have to wait for their clients."""
        if self._appliers is None:
            self._appliers = anyio.CapacityLimiter(self.options.writers)
        return self._appliers

    def alone(self, origin: Origin) -> AbstractContextManager[object]:
        """In which no other call has the same idempotency key. Raises `UsageError` as it is
        entered, where the key is that of another call."""
        if origin.key is None:
            return nullcontext()
        return self._replies.of(origin.key, origin.request or "")

    async def in_thread(self, work: Callable[[], T]) -> T:
        """What `work` gives, done by one of the threads that read.

        Few read at once, since threads of Python only hinder each other; who waits for long may
        read beside them, so that nobody waits for a slow search.
        """
        if self._readers is None or self._first_readers is None:
            self._readers = anyio.CapacityLimiter(self.options.readers)
            self._first_readers = anyio.CapacityLimiter(_AT_ONCE)
        few, turn = self._first_readers, object()
        has_turn = await _is_let_in(few, turn)
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._readers)
        finally:
            if has_turn:
                few.release_on_behalf_of(turn)

    async def write(
        self,
        request: Request,
        body: bytes,
        work: Callable[[Operations], Response],
        again: Callable[[Operations, list[AuditRecord]], Response],
        *,
        dry_run: bool,
    ) -> Response:
        """What `work` answers once its change is durable.

        Under an idempotency key the same call again gets the first answer; where this server has
        that no more, `again` makes it of the records. Raises `LoopError`.
        """
        origin = writer_of(request, body)
        if dry_run:  # which no record tells of
            origin = origin.replace(key=None, request=None)
        visit_of(request.scope).run_id = origin.run_id
        if self._writers is None:
            self._writers = anyio.CapacityLimiter(self.options.writers)
        loop = self.open_operations(origin)
        plain = partial(_alone, work, loop)
        if origin.key is not None:
            plain = partial(self._once, origin, loop, work, again)
        return await anyio.to_thread.run_sync(plain, limiter=self._writers)

    def _once(
        self,
        origin: Origin,
        loop: Operations,
        work: Callable[[Operations], Response],
        again: Callable[[Operations, list[AuditRecord]], Response],
    ) -> Response:
        assert origin.key is not None, "only a call with a key is answered once"
        with self._replies.of(origin.key, origin.request or "") as reply:
            if reply.known is not None:
                return reply.known
            done = _done_before(loop, origin)
            if not done:
                try:
                    answer = work(loop)
                    answer.headers["X-Run-Id"] = origin.run_id
                    reply.known = answer
                    return answer
                except AlreadyDone:
                    done = _done_before(loop, origin)
                    if not done:
                        raise
            answer = again(loop, done)
            answer.headers["X-Run-Id"] = str(done[-1].data["run_id"])
            return answer


async def _is_let_in(few: anyio.CapacityLimiter, turn: object) -> bool:
    """Whether a turn came in time."""
    try:
        few.acquire_on_behalf_of_nowait(turn)  # without a round of the event loop
    except anyio.WouldBlock:
        with anyio.move_on_after(_PATIENCE) as waiting:
            await few.acquire_on_behalf_of(turn)
        return not waiting.cancelled_caught
    return True


def _alone(work: Callable[[Operations], T], loop: Operations) -> T:
    """What `work` gives, without warnings of what this thread did for others."""
    loop.take_warnings()
    return work(loop)


def service_of(request: Request) -> Service:
    """The service of the application that a request came to."""
    found: Service = request.app.state.service
    return found


def _done_before(loop: Operations, origin: Origin) -> list[AuditRecord]:
    """The records of the same call, made before. Raises `UsageError` for another call."""
    records = loop.recorded_with(origin.key or "")
    if any(one.metadata.get("request") != origin.request for one in records):
        raise UsageError(
            f"the idempotency key {origin.key!r} was used for another call",
            hint="give every call its own key",
        )
    return records


def _origin(request: Request) -> Origin:
    caller = visit_of(request.scope).caller
    if caller is None:
        raise LoopError("a route without a caller")
    return Origin(run_id=_NO_RUN, actor=caller.token.actor, source=caller.token.source)


def writer_of(request: Request, body: bytes) -> Origin:
    """Who writes, in which run, and under which key. Raises `HttpError`."""
    origin = _origin(request).replace(run_id=uuid4())
    run = request.headers.get("x-run-id")
    if run is not None:
        run = run.strip().lower()
        if _RUN.fullmatch(run) is None:
            raise HttpError(400, "usage", f"X-Run-Id must be a UUID v4, not {run[:100]!r}")
        origin = origin.replace(run_id=run)
    agent = unquote(request.headers.get(AGENT, "")).strip()
    if len(agent) > _LONGEST_AGENT or not agent.isprintable():
        words = f"{AGENT} must be one line of at most {_LONGEST_AGENT} characters"
        raise HttpError(400, "usage", words)
    origin = origin.replace(agent=agent or None)
    key = key_of(request)
    if key is None:
        return origin
    if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        words = f"Idempotency-Key must have 1 to {_LONGEST_KEY} characters"
        raise HttpError(400, "usage", words)
    return origin.replace(key=key, request=_digest(request, origin.actor, body))


def key_of(request: Request) -> str | None:
    """The idempotency key; of one that is not ASCII the form of RFC 8187."""
    given = request.headers.get("idempotency-key*", "")
    charset, _quotes, value = given.partition("''")
    if charset.lower() == "utf-8":
        return unquote(value)
    return request.headers.get("idempotency-key")


def _digest(request: Request, actor: str, body: bytes) -> str:
    """The SHA-256 of what is asked for, and by whom."""
    parts = [actor, request.method, request.url.path, request.url.query]
    parts.append(request.headers.get("if-match", ""))
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass") + b"\0" + body).hexdigest()
