"""`GET /api/events`: what changes in the vault, as server-sent events.

One thread follows the log and one the files, whoever listens; each listener has a queue of its own.
The id of an event is the place in the log: the SHA-256 of its line, which the next line names as
`previous`. Who comes back with the last one gets all that came since from the log itself, so
nothing is missed and nothing is told twice.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response  # noqa: TC002  FastAPI reads the annotations

from loop_cli.lean.jsontext import harmless_json
from loop_cli.operations.log import LogQuery
from loop_cli.server.answers import HttpError
from loop_cli.server.service import service_of
from loop_cli.server.visit import EVENTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.upkeep import Happening
    from loop_cli.operations.boundary import Operations
    from loop_cli.server.access import Log
    from loop_cli.server.metrics import Metrics

    Event = AuditRecord | Happening

router = APIRouter(tags=["events"])

LastId = Annotated[str | None, Header(description="The id of the last event that was seen.")]
LastIdToo = Annotated[str | None, Query(description="The same, where no header can be sent.")]
_MOST_WAITING = 2_000  # events of one listener
_PAUSE = 0.1  # seconds between two looks at the log
_AGAIN = 1.0  # seconds after which what failed is tried again
_BEGINNING = 5.0  # seconds in which the files should be watched
_LATER = 30.0  # the same, of watching the files


class Listener:
    """Who reads a stream. One that reads too slowly is cut off; it may come back for the rest."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Event] = deque()
        self._news = asyncio.Event()
        self.closed = False

    def tell(self, event: Event) -> None:
        """Have it told; from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._put, event)
        except RuntimeError:  # the loop is gone, and so is the listener
            self.closed = True

    def _put(self, event: Event) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self.closed = True
        else:
            self._waiting.append(event)
        self._news.set()

    def close(self) -> None:
        """End the stream; from any thread."""
        self.closed = True
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:
            return

    async def events(self) -> AsyncIterator[Event]:
        """The events, as they come."""
        while not self.closed:
            while self._waiting and not self.closed:
                yield self._waiting.popleft()
            self._news.clear()
            if not self._waiting and not self.closed:
                await self._news.wait()


class Hub:
    """Tells all listeners what changes. `open_operations` gives the operations to follow with;
    the threads begin with the first listener."""

    def __init__(
        self, open_operations: Callable[[], Operations], metrics: Metrics, log: Log
    ) -> None:
        self._open = open_operations
        self._log = log
        self._metrics = metrics
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._follows = threading.Event()  # set once nothing that comes can be missed
        self._watches = threading.Event()  # the same of edits outside, or nobody tells of them
        self._begun = False
        self._stopped = threading.Event()

    @property
    def count(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def add(self, listener: Listener) -> None:
        """Tell a listener too from now on; blocks until the log is followed and the files are
        watched, or for seconds at most."""
        with self._lock:
            self._listeners.add(listener)
            begins, self._begun = not self._begun, True
        self._metrics.streams.inc()
        if begins:
            for work in (self._keep_following, self._keep_watching):
                threading.Thread(target=work, name=work.__name__, daemon=True).start()
        self._follows.wait(_AGAIN)
        self._watches.wait(_BEGINNING)

    def remove(self, listener: Listener) -> None:
        """Tell it no more."""
        with self._lock:
            if listener not in self._listeners:
                return
            self._listeners.discard(listener)
        self._metrics.streams.dec()

    def stop(self) -> None:
        """End all streams and threads."""
        self._stopped.set()
        with self._lock:
            listeners = [*self._listeners]
        for one in listeners:
            one.close()

    def _keep_following(self) -> None:
        while not self._stopped.is_set():
            self._try(self._follow)
            # What came in between would be missed: who listens comes back and asks for it.
            for one in [*self._listeners]:
                one.close()
            self._stopped.wait(_AGAIN)

    def _keep_watching(self) -> None:
        """Without this only edits outside are not told of."""
        while not self._stopped.is_set():
            self._try(self._watch)
            self._watches.set()
            self._stopped.wait(_LATER)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            self._log.warn("events", error=f"{type(error).__name__}: {error}")

    def _follow(self) -> None:
        batches = self._open().follow(LogQuery(limit=0))
        next(batches)
        self._follows.set()
        for batch in batches:
            if self._stopped.wait(0 if batch else _PAUSE):
                return
            for record in batch:
                self._metrics.records.inc()
                self._tell(record)

    def _watch(self) -> None:
        for batch in self._open().watch():
            self._watches.set()
            if self._stopped.is_set():
                return
            for one in batch:
                if one.record is None:
                    self._tell(one)

    def _tell(self, event: Event) -> None:
        with self._lock:
            listeners = [*self._listeners]
        for one in listeners:
            one.tell(event)


@router.get(EVENTS)
async def events(
    request: Request, last_event_id: LastId = None, last_id: LastIdToo = None
) -> Response:
    """What changes: `change` with a record of the log, `outside` with a file that was edited
    without one, and `ping`. With the id of the last event all that came since is told first."""
    service = service_of(request)
    hub: Hub = request.app.state.hub
    if hub.count >= service.options.streams:
        raise HttpError(503, "too_many_streams", "too many event streams are open")
    place = await service.read(request, _newest)
    listener = Listener(asyncio.get_running_loop())
    await service.in_thread(partial(hub.add, listener))
    try:
        since = last_event_id or last_id
        missed = await service.read(request, partial(_since, last=since)) if since else []
    except BaseException:
        hub.remove(listener)
        raise
    return EventSourceResponse(
        _stream(hub, listener, missed, since if since and missed is not None else place),
        ping=round(service.options.ping),
        ping_message_factory=_ping,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        send_timeout=60,
    )


async def _stream(
    hub: Hub, listener: Listener, missed: list[AuditRecord] | None, place: str | None
) -> AsyncIterator[ServerSentEvent]:
    """The events. The first thing told is the place where they begin, so that who comes back before
    there was one misses nothing either."""
    try:
        yield ServerSentEvent(comment="loop", retry=2000, id=place)
        if missed is None:
            yield ServerSentEvent(event="reset", data='{"reason": "the log has no such id"}')
        for record in missed or ():
            yield _event(record)
        told = {record.digest for record in missed or ()}
        async for one in listener.events():
            if not (told and getattr(one, "digest", None) in told):
                yield _event(one)
    finally:
        hub.remove(listener)


def _since(loop: Operations, last: str) -> list[AuditRecord] | None:
    """The records after the one with an id, oldest first; None where the log has none."""
    found: list[AuditRecord] = []
    for record in _newest_first(loop):
        if record.digest == last:
            return found[::-1]
        found.append(record)
    return None


def _newest(loop: Operations) -> str | None:
    """The id of the last record; None where there is none."""
    return next((one.digest for one in _newest_first(loop)), None)


def _newest_first(loop: Operations) -> Iterator[AuditRecord]:
    return loop.log(LogQuery())


def _event(one: Event) -> ServerSentEvent:
    digest = getattr(one, "digest", None)
    if digest is not None:
        record: AuditRecord = one  # type: ignore[assignment]
        return ServerSentEvent(event="change", id=digest, data=harmless_json(record.data))
    happening: Happening = one  # type: ignore[assignment]
    document = {
        "path": happening.path,
        "entity_id": happening.entity_id,
        "entity_type": happening.entity_type,
        "etag": happening.etag,
        "fields": None if happening.fields is None else list(happening.fields),
        "action": happening.action,
        "timestamp": happening.timestamp,
    }
    return ServerSentEvent(event="outside", data=harmless_json(document))


def _ping() -> ServerSentEvent:
    return ServerSentEvent(event="ping", data="{}")
