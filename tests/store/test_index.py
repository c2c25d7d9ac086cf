"""The index: whatever happens to files, clock, processes or the cache itself, a store that keeps
one answers as a store that reads every file."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import unicodedata
from typing import TYPE_CHECKING

import pytest

from loop_cli.core.changes import Edits, parse_changes
from loop_cli.core.commits import EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.errors import EntityNotFound, UsageError, only
from loop_cli.failures import AmbiguousId
from loop_cli.vault.index import index as index_module
from loop_cli.vault.index import refresh as look_module
from tests.store.folder import OLD, Folder, entity

if TYPE_CHECKING:
    from pathlib import Path

    from loop_cli.core.records.record import Origin
    from loop_cli.vault.store import VaultStore

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
STEMS = FieldNames(id="@stem", type="@folder", name="title")
WAIT = 60.0
FIRST_INDEX = """
import sys
from loop_cli.core.entity import FieldNames
from loop_cli.vault.store import VaultStore
store = VaultStore(sys.argv[1], names=FieldNames(), clock=lambda: 0, cache=sys.argv[2])
list(store.scan(told=lambda count: print(count, flush=True)))
"""


class TestFiles:
    """What happens to files between two commands."""

    def test_an_edit_in_place_of_the_same_size_with_the_old_time_put_back(
        self, three: Folder
    ) -> None:
        place = three.root / "a/0.md"
        before = place.stat()
        place.write_bytes(place.read_bytes().replace(b"todo", b"done"))
        os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert place.stat().st_size == before.st_size

        three.check()

        assert three.store().find("t-0").fields["status"] == "done"

    def test_another_id_in_the_same_place(self, three: Folder) -> None:
        three.put("a/0.md", entity("t-9", "status: todo"))

        assert three.check("t-0") == ["t-1", "t-2", "t-9"]

    def test_the_id_is_found_though_nobody_has_listed_since(self, three: Folder) -> None:
        three.put("a/0.md", entity("t-9"))

        assert three.store().find("t-9").path == "a/0.md"
        with pytest.raises(EntityNotFound):
            three.store().find("t-0")

    def test_a_renamed_file(self, three: Folder) -> None:
        (three.root / "a/0.md").rename(three.root / "a/x.md")

        assert three.store().find("t-0").path == "a/x.md"
        assert three.check() == ["t-0", "t-1", "t-2"]

    def test_two_files_that_change_names(self, three: Folder) -> None:
        one, two, aside = (three.root / "a" / name for name in ("0.md", "1.md", "aside"))
        for source, target in ((one, aside), (two, one), (aside, two)):
            source.rename(target)

        assert three.store().find("t-0").path == "a/1.md"
        three.check()

    def test_a_moved_and_a_deleted_folder(self, three: Folder) -> None:
        (three.root / "a").rename(three.root / "c")
        assert three.store().find("t-0").path == "c/0.md"
        assert three.check() == ["t-0", "t-1", "t-2"]

        shutil.rmtree(three.root / "c")
        with pytest.raises(EntityNotFound):
            three.store().find("t-0")
        assert three.check("t-0") == ["t-2"]

    def test_a_restore_with_the_old_time_size_and_other_content(self, three: Folder) -> None:
        backup = three.root.parent / "backup"
        shutil.copy2(three.root / "a/0.md", backup)
        three.put("a/0.md", entity("t-0", "status: hold"))
        three.check()

        shutil.copy2(backup, three.root / "a/0.md")
        three.check()
        assert three.store().find("t-0").fields["status"] == "todo"

        three.put("a/0.md", entity("t-0", "status: hold"))
        three.check()
        backup.replace(three.root / "a/0.md")
        assert (three.root / "a/0.md").stat().st_mtime_ns == OLD
        three.check()
        assert three.store().find("t-0").fields["status"] == "todo"

    def test_a_copy_beside_it_is_told_without_a_list(self, three: Folder) -> None:
        shutil.copy2(three.root / "a/0.md", three.root / "a/copy.md")

        with pytest.raises(AmbiguousId) as caught:
            three.store().find("t-0")
        assert caught.value.details["paths"] == ["a/0.md", "a/copy.md"]
        three.check()

    def test_files_that_come_and_stop_to_be_entities(self, three: Folder) -> None:
        three.put("a/0.md", b"no frontmatter")
        three.put("a/1.md", b"---\nentity_id: t-1\nx: [\n---\n")
        three.put("b/new/3.md", entity("t-3"))

        assert three.check("t-0", "t-1", "0", "1") == ["t-2", "t-3"]
        assert any("passed over" in one for one in _scanned(three.store()).take_warnings())

        three.put("a/0.md", entity("t-0"))
        three.put("a/1.md", entity("t-1"))
        assert three.check() == ["t-0", "t-1", "t-2", "t-3"]
        assert _scanned(three.store()).take_warnings() == []

    def test_other_places_in_the_schema(self, three: Folder) -> None:
        schema = "00_Meta/schema_constants.yaml"
        three.put(schema, b"paths: {include: [b]}\n")
        assert three.check("t-0") == ["t-2"]

        three.put(schema, b"paths: {exclude: [b], exclude_files: [0.md]}\n")
        assert three.check("t-0", "t-2") == ["t-1"]

        three.put(schema, b"paths: {}\n")
        assert three.check() == ["t-0", "t-1", "t-2"]

    def test_a_vault_in_the_vault_is_refused_and_works_when_it_is_gone(self, three: Folder) -> None:
        (three.root / "b/.loop").mkdir()
        for _again in range(2):
            with pytest.raises(UsageError, match="two locks"):
                list(three.store().scan())
        (three.root / "b/.loop").rmdir()

        assert three.check() == ["t-0", "t-1", "t-2"]

    def test_a_file_that_changes_within_a_tick_of_the_clock(self, vault: Folder) -> None:
        """Size, times and number are then the same: only its youth tells."""
        for number in range(100):
            vault.put("a.md", entity(f"t-{number:03}"))
            assert [one.id for one in vault.store().scan()] == [f"t-{number:03}"]

    def test_an_entity_changed_by_loop_itself(self, three: Folder, origin: Origin) -> None:
        before = three.check()
        edits = Edits(changes=parse_changes(["status=done"], read=str))
        change = EntityChange(entity_id="t-1", edits=edits, precondition=Precondition(forced=True))
        only(three.store().commit([change], origin=origin))

        assert three.check() == before
        fields = [one.fields for one in three.store().scan() if one.id == "t-1"]
        assert '"status": "done"' in fields[0]


def _scanned(store: VaultStore) -> VaultStore:
    for _one in store.scan():
        pass
    return store


class TestClock:
    """The clock of the system jumps."""

    @pytest.mark.parametrize("hours", [-24, -1, 1, 24])
    def test_by_hours_between_looks(
        self, three: Folder, monkeypatch: pytest.MonkeyPatch, hours: int
    ) -> None:
        real = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: real() + hours * 3600 * 10**9)
        for status in ("done", "hold"):
            three.put("a/0.md", entity("t-0", f"status: {status}"))
            three.check()
            assert three.store().find("t-0").fields["status"] == status
        monkeypatch.undo()
        three.put("a/0.md", entity("t-0", "status: todo"))
        three.check()

    def test_files_of_the_future_are_read_each_time(self, three: Folder) -> None:
        later = time.time_ns() + 3600 * 10**9
        os.utime(three.root / "a/0.md", ns=(later, later))
        three.check()
        (row,) = three.query("SELECT CAST(files AS TEXT) FROM listing WHERE folder = x'61'")
        assert "0.md/young" in row[0]


class TestInterrupted:
    """A first index that does not come to its end."""

    COUNT = 400

    @pytest.fixture
    def many(self, vault: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
        for number in range(self.COUNT):
            vault.put(f"{number // 10:02}/{number}.md", entity(f"t-{number:03}", "entity_name: x"))
        monkeypatch.setattr(look_module, "BATCH", 50)
        return vault

    def test_by_an_exception_what_was_read_is_not_read_again(
        self, many: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index_module, "YOUNG", 10**7)
        time.sleep(0.05)

        def stop(count: int) -> None:
            if count > self.COUNT // 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            list(many.store().scan(told=stop))
        ((there,),) = many.query("SELECT count(*) FROM file")
        assert self.COUNT // 2 - 50 <= there < self.COUNT
        with sqlite3.connect(many.file) as database:
            database.execute(
                "UPDATE file SET fields = replace(fields, '\"x\"', '\"as it was kept\"')"
            )

        names = [one.name for one in many.store().scan()]

        assert names.count("as it was kept") == there
        assert names.count("x") == self.COUNT - there

    def test_the_next_find_and_list_are_whole(self, many: Folder) -> None:
        def stop(count: int) -> None:
            raise KeyboardInterrupt

        for _again in range(3):
            with pytest.raises(KeyboardInterrupt):
                list(many.store().scan(told=stop))
        assert many.store().find("t-399").path == "39/399.md"
        assert len(many.check()) == self.COUNT

    def test_by_sigkill(self, many: Folder) -> None:
        for number in range(self.COUNT, 4 * self.COUNT):
            many.put(f"{number // 10:02}/{number}.md", entity(f"t-{number:04}"))
        for least in (1, 500, 1200):
            process = _start_index(many)
            assert process.stdout is not None
            for line in process.stdout:
                if int(line) >= least:
                    break
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=WAIT)

            found = _scanned(many.store())
            assert found.cache.notices == []
            assert [one.id for one in many.store().scan()] == [
                one.id for one in many.store(kept=False).scan()
            ]
            shutil.rmtree(many.cache)

    @pytest.mark.parametrize("known", [True, False])
    def test_another_process_is_first_and_a_file_goes(self, vault: Folder, known: bool) -> None:
        first = vault.put("a/1.md", entity("t-1"))
        if known:
            vault.check()
            vault.put("a/1.md", entity("t-1", "status: done"))
        slow = vault.store().locator().index
        database = slow._cache.run(lambda one: one)
        look = slow._look(database)
        look.remember()
        look.at("a", *slow._walk.files_in("a"))
        second = vault.put("a/2.md", entity("t-2"))
        assert len(list(vault.store().scan())) == 2
        os.unlink(second)
        look.finish(walked=slow._places)

        assert vault.check("t-2") == ["t-1"]
        assert os.path.exists(first)

    @pytest.mark.parametrize("known", [True, False])
    @pytest.mark.parametrize("renewed", [True, False])
    def test_another_process_is_first_and_a_file_comes(
        self, vault: Folder, known: bool, renewed: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the later look found stays, whichever of the two is kept last."""
        monkeypatch.setattr("loop_cli.vault.index.pages.PAGE", 1)
        vault.put("a/1.md", entity("t-1"))
        if known and renewed:
            vault.put("a/2.md", entity("t-2"))
        if known:
            vault.check()
        if renewed:
            (vault.root / "a/2.md").unlink(missing_ok=True)
        vault.put("a/1.md", entity("t-1", "status: done"))
        slow = vault.store().locator().index
        look = slow._look(slow._cache.run(lambda one: one))
        look.remember()
        look.at("a", *slow._walk.files_in("a"))
        vault.put("a/2.md", entity("t-2"))
        rows = vault.store().scan()
        found = [next(rows).id]
        look.finish(walked=slow._places)
        found += [row.id for row in rows]

        assert found == ["t-1", "t-2"]
        assert vault.check("t-2") == ["t-1", "t-2"]

    def test_a_list_tells_files_of_a_shared_id_apart_whatever_is_put_anew(
        self, vault: Folder
    ) -> None:
        """Those whose lines are not printed as they are kept, and so are looked up again."""
        name = r'entity_name: "\u009b"'
        for path in ("a.md", "b.md", "c.md"):
            vault.put(path, entity("t", name))
        rows = vault.store().scan()
        found = [next(rows).path]
        for path in ("b.md", "c.md"):
            (vault.root / path).unlink()
        list(vault.store().scan())
        for path in ("c.md", "b.md"):
            vault.put(path, entity("t", name))
        list(vault.store().scan())
        found += [row.path for row in rows]

        assert found == ["a.md", "b.md", "c.md"]

    def test_many_processes_at_once(self, many: Folder) -> None:
        command = [sys.executable, "-m", "loop_cli", "list", "--ids"]
        environment = {**os.environ, "PYTHONPATH": REPOSITORY, "HOME": str(many.root.parent)}
        environment |= {"XDG_CACHE_HOME": str(many.cache), "LOOP_VAULT": str(many.root)}
        wanted = "".join(f"t-{number:03}\n" for number in range(self.COUNT)).encode()
        for _round in range(2):
            running = [
                subprocess.Popen(
                    command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
                for _one in range(5)
            ]
            for process in running:
                assert process.communicate(timeout=WAIT) == (wanted, b"")
                assert process.returncode == 0
            many.put("00/0.md", entity("t-000", "status: done"))


def _start_index(vault: Folder) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", FIRST_INDEX, str(vault.root), str(vault.cache)],
        env={**os.environ, "PYTHONPATH": REPOSITORY},
        stdout=subprocess.PIPE,
    )


class TestNames:
    """Names of files and of entities that not every tool can write."""

    @pytest.mark.parametrize(
        "name", [b"caf\xe9.md", b"a\nb.md", b"a'\"b\\.md", "한글".encode() + b".md", b"\x1b[2J.md"]
    )
    @pytest.mark.parametrize("names", [FieldNames(), STEMS], ids=["by field", "by stem"])
    def test_a_strange_name(self, tmp_path: Path, name: bytes, names: FieldNames) -> None:
        vault = Folder(tmp_path, names)
        vault.put(b"Folder \xff/" + name, entity("t-1"))
        vault.put(b"Folder \xff/other.md", entity("t-2"))

        assert len(vault.check()) == 2
        vault.put(b"Folder \xff/" + name, entity("t-1", "status: done"))
        assert len(vault.check()) == 2
        os.unlink(os.path.join(os.fsencode(vault.root), b"Folder \xff/" + name))
        assert len(vault.check("t-1", os.fsdecode(name)[:-3])) == 1

    @pytest.mark.parametrize("names", [FieldNames(), STEMS], ids=["by field", "by stem"])
    def test_decomposed_hangul(self, tmp_path: Path, names: FieldNames) -> None:
        vault = Folder(tmp_path, names)
        parts = unicodedata.normalize("NFD", "회의록")
        vault.put(f"{parts}.md", entity(parts, f"aliases: [{parts} 둘]"))

        assert vault.check(parts, f"{parts} 둘", "회의록 둘") == ["회의록"]
        assert vault.store().find("회의록").path == f"{parts}.md"

    def test_half_characters_in_ids_and_aliases(self, vault: Folder) -> None:
        vault.put("a.md", entity(r'"t-\ud83d"', r'aliases: ["\udc00 x", y]'))
        vault.put("b.md", entity("t-2", r'entity_name: "\ud800"', r'aliases: "\ud83d"'))

        vault.check("t-\ud83d", "\udc00 x", "y", "\ud83d", "t-?", "t-2")
