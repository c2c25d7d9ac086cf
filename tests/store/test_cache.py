"""The cache's file: damaged, in the way, locked or gone, no answer is another."""

from __future__ import annotations

import shutil
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loop_cli.errors import EntityNotFound
from loop_cli.system import home
from loop_cli.vault.index import cache as cache_module
from loop_cli.vault.index import index as index_module
from loop_cli.vault.index.cache import LAYOUT
from tests.store.folder import Folder, entity, garbage, outcome, settle

if TYPE_CHECKING:
    from collections.abc import Callable


def _half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _inner_pages(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:4096] + b"\xab" * (len(data) - 4096))


def _other_tables(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE note (other)")
        database.execute("CREATE TABLE file (other)")
        database.execute(f"PRAGMA user_version = {LAYOUT}")


def _other_columns(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE file (other)")


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
def test_what_another_process_makes_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """It is in use there: SQLite ends a process whose memory was taken from it."""
    look = home.narrow
    made: list[Path] = []

    def late(file: str) -> bool | None:
        seen = look(file)
        if seen is None and file.endswith(f".sqlite{ending}"):
            made.append(path := Path(file))
            path.touch(0o600)
        return seen

    monkeypatch.setattr(home, "narrow", late)
    cache_module._make_private(str(tmp_path / "cache" / "index-1.sqlite"))

    assert [path.exists() for path in made] == [True]


class TestCacheFile:
    """The cache is damaged, in the way, locked or gone."""

    @pytest.mark.parametrize("harm", [garbage, _half, _inner_pages, _other_tables, _other_columns])
    def test_a_damaged_one_is_made_anew_with_one_notice(
        self, three: Folder, harm: Callable[[Path], None]
    ) -> None:
        settle(three)
        harm(three.file)
        store = three.store()

        assert [one.id for one in store.scan()] == ["t-0", "t-1", "t-2"]
        assert store.find("t-1").path == "a/1.md"
        assert len(store.cache.notices) == 1
        assert "is made again" in store.cache.notices[0]
        assert str(three.file) in store.cache.notices[0]
        three.check(notices=0)

    @pytest.mark.parametrize("harm", [garbage, _half, _inner_pages, _other_tables, _other_columns])
    def test_and_by_a_find_alone(self, three: Folder, harm: Callable[[Path], None]) -> None:
        settle(three)
        harm(three.file)
        store = three.store()

        assert store.find("t-1").path == "a/1.md"
        with pytest.raises(EntityNotFound):
            store.find("t-9")
        assert len(store.cache.notices) == 1
        three.check(notices=0)

    def test_an_empty_or_missing_one_is_made_without_a_word(self, three: Folder) -> None:
        settle(three)
        three.file.write_bytes(b"")
        three.check(notices=0)
        shutil.rmtree(three.cache)
        three.check(notices=0)

    def test_damaged_in_the_middle_of_a_list(
        self, three: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("loop_cli.vault.index.pages.PAGE", 1)
        store = three.store()
        rows = store.scan()
        first = next(rows).id
        store.cache.close()
        settle(three)
        garbage(three.file)

        assert [first, *(one.id for one in rows)] == ["t-0", "t-1", "t-2"]
        assert len(store.cache.notices) == 1

    def test_deleted_while_it_is_open(self, three: Folder) -> None:
        store = three.store()
        assert store.find("t-0").path == "a/0.md"
        shutil.rmtree(three.cache)
        three.put("a/0.md", entity("t-9"))

        assert [one.id for one in store.scan()] == ["t-1", "t-2", "t-9"]
        three.check()

    def test_a_folder_that_cannot_be_made_is_done_without(self, vault: Folder) -> None:
        vault.put("a.md", entity("t-1"))
        vault.cache.write_text("a file, where the folder of the cache should be")
        store = vault.store()

        assert [one.id for one in store.scan()] == ["t-1"]
        assert store.find("t-1").path == "a.md"
        assert len(store.cache.notices) == 1
        assert "can't be used" in store.cache.notices[0]

    def test_a_folder_in_the_place_of_the_file(self, vault: Folder) -> None:
        vault.put("a.md", entity("t-1"))
        vault.file.mkdir(parents=True)

        assert vault.check(notices=1) == ["t-1"]

    def test_locked_for_longer_than_is_waited(
        self, three: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cache_module, "PATIENCE", 0.05)
        three.put("a/0.md", entity("t-9"))
        holder = sqlite3.connect(three.file, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        store = three.store()

        assert [one.id for one in store.scan()] == ["t-1", "t-2", "t-9"]
        assert len(store.cache.notices) == 1
        assert "locked" in store.cache.notices[0]
        assert outcome(three.store(), "t-1") == outcome(three.store(kept=False), "t-1")

        holder.execute("ROLLBACK")
        holder.close()
        three.check()

    def test_another_process_makes_it_at_this_moment(
        self, vault: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SQLite does not wait for who is writing the very first page, but refuses at once."""
        vault.put("a.md", entity("t-1"))
        vault.cache.mkdir()
        other = sqlite3.connect(vault.file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE note (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
        waits = 0

        def wait(_seconds: float) -> None:
            nonlocal waits
            waits += 1
            if waits == 3:
                other.execute("COMMIT")

        monkeypatch.setattr(time, "sleep", wait)
        vault.check(notices=0)

        assert waits == 3
        other.close()

    def test_locked_after_the_files_were_looked_at(
        self, three: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Only what the log says is to be written: the list is not an empty one."""
        monkeypatch.setattr(cache_module, "PATIENCE", 0.05)
        monkeypatch.setattr(index_module, "YOUNG", 10**7)
        time.sleep(0.05)
        three.check()
        log = b'{"entity_id": "t-0", "metadata": {"etag_after": "0000000000000000"}}\n'
        three.put("_build/audit_log.jsonl", log)
        holder = sqlite3.connect(three.file, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")

        assert [one.id for one in three.store().scan()] == ["t-0", "t-1", "t-2"]

        holder.close()

    def test_it_is_for_the_owner_only_and_not_in_the_vault(self, three: Folder) -> None:
        assert three.cache.stat().st_mode & 0o777 == 0o700
        assert sorted(path.name for path in three.root.iterdir()) == ["a", "b"]
