"""Callers that write at once share commits: a store in front of a store.

A caller whose change comes while another commit is at work waits, and all that wait are committed
together when it is done. So more writers have more changes a second, and each still has its own
precondition, origin and outcome. After a commit that several shared, the next waits a moment for
as many: those who were just answered come again, and none of them should be served alone. A single
writer never waits.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from loop_cli.core.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from loop_cli.core.commits import AnyChange, CommitResult
    from loop_cli.core.entity import Entity, EntityFile, FieldNames
    from loop_cli.core.links import Files, LinkSource
    from loop_cli.core.listed import Hit, Listed
    from loop_cli.core.query import Query
    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.upkeep import Upkeep
    from loop_cli.errors import LoopError

    Outcomes = list[CommitResult | LoopError]

AT_ONCE = 100  # changes that share a commit
_PATIENCE = 0.25  # of the time of the commit before, in which those who shared it may come again
_MOST_PATIENCE = 0.05  # seconds


class _Call:
    """One call of `commit` that waits: its changes, and what became of them."""

    def __init__(self, changes: Sequence[AnyChange], origin: Origin, *, atomic: bool) -> None:
        self.changes = [one if one.origin else one.replace(origin=origin) for one in changes]
        self.origin = origin
        self.atomic = atomic
        self.done = threading.Event()
        self.leads = False
        self.outcomes: Outcomes = []
        self.error: BaseException | None = None

    def result(self) -> Outcomes:
        """The outcomes. Raises what the commit raised."""
        if self.error is not None:
            raise self.error
        return self.outcomes


class Batcher(Store):
    """The store `inner` for many threads. `shared` is told how many calls share each commit."""

    def __init__(self, inner: Store, *, shared: Callable[[int], None] | None = None) -> None:
        self.inner = inner
        self.names: FieldNames = inner.names
        self._shared = shared
        self._lock = threading.Condition()
        self._before = 1  # calls that shared the commit before
        self._took = 0.0  # seconds that it took
        self._waiting: deque[_Call] = deque()
        self._busy = False

    def commit(
        self,
        changes: Sequence[AnyChange],
        *,
        origin: Origin,
        atomic: bool = False,
        dry_run: bool = False,
    ) -> Outcomes:
        if dry_run or not changes:
            return self.inner.commit(changes, origin=origin, atomic=atomic, dry_run=dry_run)
        call = _Call(changes, origin, atomic=atomic)
        with self._lock:
            self._waiting.append(call)
            self._lock.notify()
            call.leads = not self._busy
            self._busy = True
        if not call.leads:
            call.done.wait()
        if call.leads:
            self._lead()
        return call.result()

    def _lead(self) -> None:
        """Commit what waits, this call with it, and have the next caller lead."""
        with self._lock:
            self._gather()
            calls = self._take()
            self._before = len(calls)
        began = time.monotonic()
        try:
            self._commit(calls)
        finally:
            with self._lock:
                self._took = time.monotonic() - began
                following = self._waiting[0] if self._waiting else None
                self._busy = following is not None
            for one in calls[1:]:
                one.done.set()
            if following is not None:
                following.leads = True
                following.done.set()

    def _gather(self) -> None:
        """Wait a moment for as many calls as shared the commit before."""
        until = time.monotonic() + min(_PATIENCE * self._took, _MOST_PATIENCE)
        while 1 <= len(self._waiting) < self._before:
            left = until - time.monotonic()
            if left <= 0 or not self._lock.wait(left):
                return

    def _take(self) -> list[_Call]:
        """The calls that are committed next: an atomic one alone, else as many as go together."""
        calls = [self._waiting.popleft()]
        count = len(calls[0].changes)
        while self._waiting and not calls[0].atomic and not self._waiting[0].atomic:
            count += len(self._waiting[0].changes)
            if count > AT_ONCE:
                break
            calls.append(self._waiting.popleft())
        return calls

    def _commit(self, calls: list[_Call]) -> None:
        first = calls[0]
        changes = [change for call in calls for change in call.changes]
        if self._shared is not None:
            self._shared(len(calls))
        try:
            outcomes = iter(self.inner.commit(changes, origin=first.origin, atomic=first.atomic))
            for call in calls:
                call.outcomes = [next(outcomes) for _change in call.changes]
        except BaseException as error:
            for call in calls:
                call.error = error

    # -- what the store does itself ---------------------------------------------------------

    @property
    def schema(self) -> Schema:
        return self.inner.schema

    @property
    def rules(self) -> Rules:
        return self.inner.rules

    def take_warnings(self) -> list[str]:
        return self.inner.take_warnings()

    @property
    def upkeep(self) -> Upkeep:
        return self.inner.upkeep

    def find(self, entity_id: str, *, path: str | None = None) -> Entity:
        return self.inner.find(entity_id, path=path)

    def note(self, path: str) -> Entity:
        return self.inner.note(path)

    def link_targets(self) -> Files:
        return self.inner.link_targets()

    def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]:
        return self.inner.links_to(paths)

    def refresh(self) -> None:
        self.inner.refresh()

    def scan(
        self, query: Query | None = None, *, told: Callable[[int], None] | None = None
    ) -> Iterator[Listed]:
        return self.inner.scan(query, told=told)

    def search(self, query: Query, *, told: Callable[[int], None] | None = None) -> Iterator[Hit]:
        return self.inner.search(query, told=told)

    def count(self, query: Query) -> int:
        return self.inner.count(query)

    def files(self, *, referring_to: Sequence[str] | None = None) -> Iterator[EntityFile]:
        return self.inner.files(referring_to=referring_to)

    def paths(self) -> Iterator[str]:
        return self.inner.paths()

    def records(self, entity_id: str | None = None) -> Iterator[AuditRecord]:
        return self.inner.records(entity_id)

    def records_of_run(self, run_id: str) -> Iterator[AuditRecord]:
        return self.inner.records_of_run(run_id)

    def records_with_key(self, key: str) -> Iterator[AuditRecord]:
        return self.inner.records_with_key(key)

    def kept(self, sha256: str) -> bytes | None:
        return self.inner.kept(sha256)
