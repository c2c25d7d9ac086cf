"""Several threads may use one store: each call is as if it were the only one."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from loop_cli.core import timestamps
from loop_cli.core.changes import Edits, parse_changes
from loop_cli.core.commits import CommitResult, EntityChange
from loop_cli.core.entity import Precondition
from loop_cli.core.query import Query, parse_condition, parse_sort
from loop_cli.core.records.record import Origin
from loop_cli.vault.index.cache import Cache
from tests.store.folder import Folder, entity, garbage, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


THREADS = 8
ROUNDS = 12
ENTITIES = 40
ORIGIN = Origin(run_id="00000000-0000-4000-8000-000000000000", actor="user:x")


@pytest.fixture
def many(tmp_path: Path) -> Folder:
    """Entities in some folders, each with a number."""
    vault = Folder(tmp_path)
    for number in range(ENTITIES):
        lines = (f"n: {number}", "status: todo")
        vault.put(f"{number % 4}/{number}.md", entity(f"t-{number:02}", *lines, body="회의\n"))
    return vault


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Python goes from one thread to another all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[int], object], threads: int = THREADS) -> list[object]:
    """What each thread made, all of which begin at once."""
    barrier = threading.Barrier(threads)

    def run(number: int) -> object:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def change(entity_id: str, text: str, *, etag: str) -> EntityChange:
    edits = Edits(changes=parse_changes([text], read=str))
    return EntityChange(entity_id=entity_id, edits=edits, precondition=Precondition(if_match=etag))


@pytest.mark.parametrize("kept", [True, False])
def test_finds_lists_searches_and_commits_on_one_store(many: Folder, kept: bool) -> None:
    store = many.store(kept=kept)

    def work(thread: int) -> int:
        """Each changes an entity of its own, and reads all others."""
        mine = f"t-{thread:02}"
        for number in range(ROUNDS):
            etag = store.find(mine).revision.etag
            (done,) = store.commit(
                [change(mine, f"notes=round {number}", etag=etag)], origin=ORIGIN
            )
            assert isinstance(done, CommitResult), done
            listed = {one.id: one for one in store.scan()}
            assert len(listed) == ENTITIES
            assert listed[mine].revision == done.after.revision
            condition = parse_condition(f"notes=round {number}", today=0)
            found = store.scan(Query(conditions=(condition,), sort=parse_sort("-n")))
            assert mine in [one.id for one in found]
            hits = [hit.id for hit in store.search(Query(text="회의", sort=parse_sort("n")))]
            assert hits == sorted(listed)
        return len(list(store.records(mine)))

    assert together(work) == [ROUNDS] * THREADS
    records = list(store.records())
    assert len(records) == ROUNDS * THREADS
    assert many.check() == [f"t-{number:02}" for number in range(ENTITIES)]


def test_one_wins_where_all_change_the_same_entity(many: Folder) -> None:
    store = many.store()
    etag = store.find("t-01").revision.etag

    def work(thread: int) -> bool:
        (done,) = store.commit([change("t-01", f"notes=by {thread}", etag=etag)], origin=ORIGIN)
        return isinstance(done, CommitResult)

    assert sorted(together(work)) == [False] * (THREADS - 1) + [True]  # type: ignore[type-var]


def test_a_list_begun_in_one_thread_goes_on_in_another(many: Folder) -> None:
    rows = many.store().scan(Query(sort=parse_sort("-n")))
    first = next(rows).id

    with ThreadPoolExecutor(1) as pool:
        rest = pool.submit(lambda: [one.id for one in rows]).result()

    assert [first, *rest] == [f"t-{number:02}" for number in reversed(range(ENTITIES))]


def test_a_damaged_cache_is_made_anew_once(many: Folder) -> None:
    store = many.store()
    assert together(lambda _thread: len(list(store.scan()))) == [ENTITIES] * THREADS
    settle(many)
    for beside in many.cache.glob("*.sqlite-*"):
        beside.unlink()
    garbage(many.file)

    fresh = many.store()
    assert together(lambda _thread: len(list(fresh.scan()))) == [ENTITIES] * THREADS

    assert len([one for one in fresh.take_warnings() if "made again" in one]) == 1
    assert together(lambda _thread: len(list(store.scan()))) == [ENTITIES] * THREADS
    many.check()


def test_a_cache_that_can_not_be_used_is_told_once(many: Folder) -> None:
    many.cache.write_bytes(b"a file in the place of the folder")
    store = many.store()

    assert together(lambda _thread: len(list(store.scan()))) == [ENTITIES] * THREADS

    assert len([one for one in store.take_warnings() if "can't be used" in one]) == 1


def test_each_thread_has_a_connection_of_its_own(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path / "cache"))

    def work(_thread: int) -> tuple[int, bool]:
        first = cache.run(lambda database: database)
        return id(first), cache.run(lambda database: database) is first

    barrier = threading.Barrier(THREADS)

    def both(thread: int) -> tuple[int, bool]:
        found = work(thread)
        barrier.wait()  # none ends before the last has begun
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(both, range(THREADS)))
    assert len({number for number, _same in found}) == THREADS
    assert all(same for _number, same in found)


def test_times_are_read_right_by_all() -> None:
    texts = [f"20{year:02}-{month:02}-01" for year in range(100) for month in range(1, 13)]
    expected = [timestamps.parse(text) for text in texts]

    assert together(lambda _thread: [timestamps.parse(one) for one in texts]) == (
        [expected] * THREADS
    )


def test_what_one_thread_meets_is_not_told_to_another(many: Folder) -> None:
    many.put("broken.md", b"---\nentity_id: [\n---\n")
    store = many.store()
    listed, asked = threading.Barrier(2), threading.Barrier(2)

    def one() -> list[str]:
        list(store.scan())
        listed.wait()
        asked.wait()
        return store.take_warnings()

    def other() -> list[str]:
        listed.wait()
        try:
            return store.take_warnings()
        finally:
            asked.wait()

    with ThreadPoolExecutor(2) as pool:
        told, not_told = pool.submit(one), pool.submit(other)

    assert len(told.result()) == 1
    assert not_told.result() == []
