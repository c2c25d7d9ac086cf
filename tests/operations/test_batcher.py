"""Callers that write at once share commits, and each has an outcome, an origin and an error of its
own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.changes import Edits, parse_changes
from loop_cli.core.commits import CommitResult, EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import Origin
from loop_cli.errors import ConflictError, EntityNotFound, LoopError
from loop_cli.failures import VaultLocked
from loop_cli.operations.batcher import Batcher
from loop_cli.vault import schema_file
from tests.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.core.store import Store

COUNT = 12
TEXT = "---\nentity_type: Task\nentity_id: t-{}\nentity_name: One\nstatus: todo\n---\n"
RUN = "00000000-0000-4000-8000-0000000000{:02}"


class Slow(MemoryStore):
    """A store whose first commit takes until it is let go on."""

    def __init__(self) -> None:
        texts = {f"t-{number}.md": TEXT.format(number).encode() for number in range(COUNT)}
        super().__init__(
            texts,
            names=FieldNames(),
            schema=schema_file.shipped(),
            clock=lambda: 1_767_971_110_123_456,
        )
        self.entered = threading.Event()
        self.goes_on = threading.Event()
        self.together: list[int] = []
        self.error: LoopError | None = None

    def commit(self, changes: Sequence[Any], **more: Any) -> list[CommitResult | LoopError]:
        self.together.append(len(changes))
        if len(self.together) == 1:
            self.entered.set()
            assert self.goes_on.wait(30)
        elif self.error is not None:
            raise self.error
        return super().commit(changes, **more)


@pytest.fixture
def slow() -> Slow:
    return Slow()


def change(entity_id: str, *, etag: str | None) -> EntityChange:
    edits = Edits(changes=parse_changes(["status=doing"], read=str))
    precondition = Precondition(if_match=etag, forced=etag is None)
    return EntityChange(entity_id=entity_id, edits=edits, precondition=precondition)


def origin(number: int) -> Origin:
    return Origin(run_id=RUN.format(number), actor=f"api:{number}", source="api")


def all_at_once(slow: Slow, wanted: list[EntityChange], **more: Any) -> list[Any]:
    """What became of each of some calls, all but the first of which wait for the first."""
    store: Store = Batcher(slow, **more)

    def commit(number: int) -> Any:
        try:
            return store.commit([wanted[number]], origin=origin(number))[0]
        except LoopError as error:
            return error

    with ThreadPoolExecutor(len(wanted)) as pool:
        first = pool.submit(commit, 0)
        assert slow.entered.wait(30)
        rest = [pool.submit(commit, number) for number in range(1, len(wanted))]
        _wait_for(store, len(rest))
        slow.goes_on.set()
        return [first.result(), *(one.result() for one in rest)]


def _wait_for(store: Any, count: int) -> None:
    while len(store._waiting) < count:
        threading.Event().wait(0.01)


def test_those_that_wait_are_committed_together(slow: Slow) -> None:
    shared: list[int] = []
    wanted = [change(f"t-{number}", etag=None) for number in range(COUNT)]

    outcomes = all_at_once(slow, wanted, shared=shared.append)

    assert slow.together == shared == [1, COUNT - 1]
    assert [one.after.id for one in outcomes] == [f"t-{number}" for number in range(COUNT)]


def test_each_is_recorded_as_of_its_own_origin(slow: Slow) -> None:
    wanted = [change(f"t-{number}", etag=None) for number in range(COUNT)]

    for number, one in enumerate(all_at_once(slow, wanted)):
        data = one.record.data
        assert (data["actor"], data["run_id"]) == (f"api:{number}", RUN.format(number))


def test_one_that_fails_fails_alone(slow: Slow) -> None:
    wanted = [change(f"t-{number}", etag=None) for number in range(5)]
    wanted[2] = change("t-2", etag="0123456789abcdef")
    wanted[3] = change("nobody", etag=None)

    outcomes = all_at_once(slow, wanted)

    assert [type(one) for one in outcomes] == [
        CommitResult, CommitResult, ConflictError, EntityNotFound, CommitResult,
    ]  # fmt: skip


def test_two_of_one_entity_are_one_after_the_other(slow: Slow) -> None:
    etag = slow.find("t-1").revision.etag
    wanted = [change("t-0", etag=None), change("t-1", etag=etag), change("t-1", etag=etag)]

    outcomes = all_at_once(slow, wanted)

    assert sorted(isinstance(one, CommitResult) for one in outcomes) == [False, True, True]


def test_what_stops_the_commit_stops_all_in_it_and_none_after(slow: Slow) -> None:
    slow.error = VaultLocked("locked")
    wanted = [change(f"t-{number}", etag=None) for number in range(4)]

    outcomes = all_at_once(slow, wanted)
    slow.error = None

    assert [isinstance(one, VaultLocked) for one in outcomes] == [False, True, True, True]
    (done,) = Batcher(slow).commit([wanted[1]], origin=origin(1))
    assert isinstance(done, CommitResult)


def test_a_group_is_committed_alone(slow: Slow) -> None:
    store = Batcher(slow)
    group = [change("t-1", etag=None), change("t-2", etag=None)]
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(store.commit, [change("t-0", etag=None)], origin=origin(0))
        assert slow.entered.wait(30)
        second = pool.submit(store.commit, group, origin=origin(1), atomic=True)
        _wait_for(store, 1)
        third = pool.submit(store.commit, [change("t-3", etag=None)], origin=origin(2))
        _wait_for(store, 2)
        slow.goes_on.set()
        done = [one for each in (first, second, third) for one in each.result()]

    assert slow.together == [1, 2, 1]
    records = [one.record for one in done if isinstance(one, CommitResult)]
    assert [one is not None and "group" in one.metadata for one in records] == [
        False, True, True, False,
    ]  # fmt: skip


def test_a_preview_waits_for_nobody(slow: Slow) -> None:
    slow.goes_on.set()
    (done,) = Batcher(slow).commit([change("t-0", etag=None)], origin=origin(0), dry_run=True)

    assert isinstance(done, CommitResult)
    assert list(slow.records()) == []
