"""A list that is told where to look looks there alone, and finds what it would find everywhere."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.changes import Edits, parse_changes
from loop_cli.core.commits import EntityChange
from loop_cli.core.entity import Precondition
from loop_cli.core.query import Query, equals
from loop_cli.core.records.record import Origin
from loop_cli.errors import StorageError
from loop_cli.vault.files.walk import Walk
from loop_cli.vault.index.news import News
from loop_cli.vault.upkeep.served import ServedVault
from tests.store.folder import Folder, entity
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from loop_cli.core.store import Store
    from loop_cli.vault.store import VaultStore

ORIGIN = Origin(run_id="00000000-0000-4000-8000-000000000000", actor="user:x")


@pytest.fixture
def vault(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    for number in range(6):
        made.put(f"{number % 3}/{number}.md", entity(f"t-{number}", "status: todo"))
    return made


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each walk through all folders."""
    found: list[int] = []
    walk = Walk.folders

    def counted(self: Walk, known: Any = None) -> Iterator[Any]:
        if known is None:
            found.append(1)
        return walk(self, known)

    monkeypatch.setattr(Walk, "folders", counted)
    return found


@pytest.fixture
def told(vault: Folder, walks: list[int]) -> tuple[VaultStore, News]:
    """A store whose index is told of news, and was at every file since."""
    store = vault.store()
    news = store.locator().index.news = News()
    news.begin()
    assert len(ids(store)) == 6
    walks.clear()
    return store, news


def ids(store: Store, **fields: str) -> list[str]:
    conditions = tuple(equals(name, value) for name, value in fields.items())
    return [one.id for one in store.scan(Query(conditions=conditions))]


def change(store: Store, entity_id: str, text: str) -> None:
    edits = Edits(changes=parse_changes([text], read=str))
    forced = Precondition(forced=True)
    wanted = EntityChange(entity_id=entity_id, edits=edits, precondition=forced)
    store.commit([wanted], origin=ORIGIN)


def test_without_news_no_file_is_looked_at(told: tuple[VaultStore, News], walks: list[int]) -> None:
    store, _news = told

    assert len(ids(store)) == 6
    assert store.count(Query(conditions=(equals("status", "todo"),))) == 6
    assert walks == []


def test_what_was_told_of_is_found(
    told: tuple[VaultStore, News], walks: list[int], vault: Folder
) -> None:
    store, news = told
    vault.put("1/1.md", entity("t-1", "status: done"), old=False)
    vault.put("new/7.md", entity("t-7", "status: done"), old=False)
    (vault.root / "2/2.md").unlink()
    news.note(["1/1.md", "new/7.md", "2/2.md"])

    assert ids(store, status="done") == ["t-1", "t-7"]
    assert ids(store) == ["t-0", "t-1", "t-3", "t-4", "t-5", "t-7"]
    assert walks == []
    vault.check()


def test_ones_own_writes_need_not_be_told_of(
    told: tuple[VaultStore, News], walks: list[int]
) -> None:
    store, _news = told
    for status in ("doing", "done", "todo", "doing"):
        change(store, "t-4", f"status={status}")
        assert ("t-4" in ids(store, status=status)) is True

    assert walks == []


def test_where_nothing_tells_any_more_every_file_is_looked_at(
    told: tuple[VaultStore, News], walks: list[int], vault: Folder
) -> None:
    store, news = told
    news.end()
    vault.put("1/1.md", entity("t-1", "status: done"), old=False)

    assert ids(store, status="done") == ["t-1"]
    assert walks
    news.begin()
    walks.clear()
    ids(store)
    assert walks


def test_what_could_not_be_looked_at_is_looked_at_later(
    told: tuple[VaultStore, News], vault: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, news = told
    vault.put("1/1.md", entity("t-1", "status: done"), old=False)
    news.note(["1/1.md"])

    def refuse(*_given: object) -> Any:
        raise StorageError("no")

    with monkeypatch.context() as patched:
        patched.setattr(Walk, "files_in", refuse)
        with pytest.raises(StorageError):
            ids(store)
    assert ids(store, status="done") == ["t-1"]


def test_a_new_cache_is_filled_by_a_look_at_every_file(
    told: tuple[VaultStore, News], vault: Folder
) -> None:
    store, _news = told
    for file in vault.cache.glob("index-*"):
        file.unlink()
    fresh = vault.store()
    fresh.locator().index.news = News()
    fresh.locator().index.news.begin()  # type: ignore[union-attr]

    assert len(ids(fresh)) == 6
    assert len(ids(store)) == 6


class TestServed:
    """A store that stays open, with the system's events."""

    @pytest.fixture
    def served(self, vault: Folder) -> Iterator[ServedVault]:
        made = ServedVault(vault.store, share=lambda store: store)
        yield made
        made.close()

    def test_an_edit_outside_comes_to_lists(self, served: ServedVault, vault: Folder) -> None:
        store = served.store()
        assert served.store() is store
        vault.put("1/1.md", entity("t-1", "status: done"), old=False)
        wait_until(lambda: ids(store, status="done") == ["t-1"])
        vault.put("more/deep/8.md", entity("t-8", "status: done"), old=False)
        wait_until(lambda: ids(store, status="done") == ["t-1", "t-8"])

    def test_it_is_opened_anew_with_another_schema(
        self, served: ServedVault, vault: Folder
    ) -> None:
        store = served.store()
        vault.put("00_Meta/schema_constants.yaml", b"entity_types: [Note]\n", old=False)

        assert served.store() is not store
        assert served.store().schema.types == ("Note",)

    def test_many_threads_get_one_store(self, served: ServedVault) -> None:
        found: list[Store] = []
        works = [threading.Thread(target=lambda: found.append(served.store())) for _ in range(8)]
        for work in works:
            work.start()
        for work in works:
            work.join()

        assert len({id(one) for one in found}) == 1
