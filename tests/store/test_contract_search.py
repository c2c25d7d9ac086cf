"""The contract of every store: a search finds what reading every file finds, as it is now."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loop_cli.core.entity import FieldNames
from loop_cli.core.listed import Listed
from loop_cli.core.query import Query
from loop_cli.vault import schema_file
from loop_cli.vault.index import fulltext as texts_module
from loop_cli.vault.index import index as index_module
from tests.conftest import Clock
from tests.store.conftest import ONE, TWO, Bench, text
from tests.store.folder import Folder, entity, garbage, settle
from tests.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.listed import Hit
    from loop_cli.core.store import Store
    from tests.store.conftest import Harness


def ids(store: Store, words: str, *types: str) -> list[str]:
    return [hit.id for hit in store.search(Query(text=words, types=types))]


def named(entity_id: str, name: str, body: str = "") -> bytes:
    return text(entity_id, body=body).replace(b"a task  # as people call it", name.encode())


class TestEveryStore:
    """Names before bodies, by id; lines counted in the file."""

    def test_names_come_before_bodies(self, harness: Harness) -> None:
        harness.make(
            {
                "a.md": named("t-1", "other", "\n주간 회의록\n"),
                "b.md": named("t-3", "회의록"),
                "c.md": named("t-2", "회의록 둘"),
                "d.md": named("t-4", "nothing"),
                "e.md": named("t-5", "x", "회의록"),
            }
        )

        hits = list(harness.store.search(Query(text="회의")))

        assert [(hit.id, hit.in_names) for hit in hits] == [
            ("t-2", True),
            ("t-3", True),
            ("t-1", False),
            ("t-5", False),
        ]
        assert (hits[2].line, hits[2].text) == (11, "주간 회의록")
        assert harness.bytes_of("a.md").decode().split("\n")[10] == "주간 회의록"
        assert (hits[0].line, hits[0].text) == (None, None)

    def test_a_hit_is_as_it_is_listed(self, bench: Bench) -> None:
        bench.commit("status=done")

        (hit, *_more) = bench.store.search(Query(text="tsk-1"))
        (listed, *_others) = bench.store.scan()

        assert all(getattr(hit, name) == getattr(listed, name) for name in Listed._fields)
        assert hit.revision == bench.find().revision

    def test_ids_are_names_and_fields_are_not(self, bench: Bench) -> None:
        assert ids(bench.store, "tsk-1") == ["tsk-1"]
        assert ids(bench.store, "todo") == []
        assert ids(bench.store, "body") == ["tsk-1"]

    def test_only_the_types_asked_for(self, harness: Harness) -> None:
        project = named("p", "회의").replace(b"Task", b"Project")
        harness.make({ONE: named("t", "회의"), TWO: project})

        assert ids(harness.store, "회의", "Project") == ["p"]
        assert ids(harness.store, "회의", "Project", "Task") == ["p", "t"]

    def test_each_file_of_a_shared_id_is_a_hit_by_itself(self, harness: Harness) -> None:
        files = {
            "a.md": named("t", "회의"),
            "b.md": named("t", "x", "회의"),
            "c.md": named("t", "회의").replace(b"Task", b"Project"),
            "d.md": named("t", "nothing"),
        }
        harness.make(files)

        def paths(*types: str) -> list[str]:
            return [hit.path for hit in harness.store.search(Query(text="회의", types=types))]

        assert paths() == ["a.md", "c.md", "b.md"]
        assert paths("Task") == ["a.md", "b.md"]
        assert paths("Project") == ["c.md"]

    def test_what_changed_since_is_found_as_it_is_now(self, harness: Harness) -> None:
        harness.make({ONE: named("t-1", "x", "회의"), TWO: named("t-2", "x", "회의")})
        assert ids(harness.store, "회의") == ["t-1", "t-2"]

        harness.edit_outside(ONE, named("t-1", "x", "검토"))
        harness.edit_outside("new.md", named("t-3", "x", "회의"))
        assert ids(harness.store, "회의") == ["t-2", "t-3"]
        assert ids(harness.store, "검토") == ["t-1"]
        harness.remove_outside(TWO)
        assert ids(harness.store, "회의") == ["t-3"]

    def test_broken_files_and_notes_are_passed_over(self, harness: Harness) -> None:
        broken = "---\nentity_id: b\nx: [\n---\n회의".encode()
        harness.make({ONE: named("t-1", "회의"), "n.md": "회의".encode(), "b.md": broken})

        assert ids(harness.store, "회의") == ["t-1"]
        assert any("passed over" in one for one in harness.store.take_warnings())

    def test_an_entity_without_a_name(self, harness: Harness) -> None:
        harness.make({"x.md": entity("회의-1", body="text")})

        assert ids(harness.store, "회의") == ["회의-1"]


WORDS = ("회의", "의", "회의록", "록회", "a", "ab", "b", "회 a", '"의록 a"', "각", "가")
BODIES = st.lists(st.text(alphabet="회의록각가abAB \n", max_size=20), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(bodies=BODIES, later=BODIES, word=st.sampled_from(WORDS))
def test_a_kept_index_finds_what_reading_all_finds(
    bodies: list[str], later: list[str], word: str
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        vault = Folder(folder)
        for round_ in (bodies, later):
            files = {
                f"{number}.md": entity(f"t-{number}", f"entity_name: {body[:3]!r}", body=body)
                for number, body in enumerate(round_)
            }
            for path, data in files.items():
                vault.put(path, data)
            plain = MemoryStore(
                {path.name: path.read_bytes() for path in vault.root.iterdir()},
                names=FieldNames(),
                schema=schema_file.shipped(),
                clock=Clock(),
            )
            expected = [
                (hit.id, hit.in_names, hit.line, hit.text) for hit in plain.search(Query(text=word))
            ]
            for store in (vault.store(), vault.store(kept=False)):
                hits = store.search(Query(text=word))
                assert [(hit.id, hit.in_names, hit.line, hit.text) for hit in hits] == expected
    finally:
        shutil.rmtree(folder)


class TestKept:
    """The index of texts in the cache."""

    @pytest.fixture
    def vault(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
        """Sixty entities, every third with the word, long unchanged as far as can be told."""
        monkeypatch.setattr(index_module, "YOUNG", 0)
        monkeypatch.setattr(texts_module, "_BATCH", 10)
        vault = Folder(tmp_path)
        for number in range(60):
            body = "주간 회의록" if number % 3 == 0 else "검토"
            vault.put(f"{number}.md", entity(f"t-{number:02}", body=body))
        return vault

    WITH: ClassVar = [f"t-{number:02}" for number in range(0, 60, 3)]

    def entries(self, vault: Folder) -> int:
        ((count,),) = vault.query("SELECT count(*) FROM searched")
        return int(count)

    def test_it_is_made_by_the_first_search_and_not_by_a_list(self, vault: Folder) -> None:
        list(vault.store().scan())
        assert self.entries(vault) == 0
        assert ids(vault.store(), "회의") == self.WITH
        assert self.entries(vault) == 60

    def test_only_files_that_may_have_the_words_are_read(self, vault: Folder) -> None:
        assert ids(vault.store(), "회의") == self.WITH
        vault.put("1.md", entity("t-01", body="회의"))
        list(vault.store().scan())
        assert self.entries(vault) == 59
        for number in range(2, 60, 3):  # not looked at again: they can't have it
            with sqlite3.connect(vault.file) as database:
                database.execute("UPDATE file SET etag = 'x' WHERE id = ?", (b"t-%02d" % number,))

        assert ids(vault.store(), "회의") == sorted([*self.WITH, "t-01"])
        assert self.entries(vault) == 60

    @pytest.mark.parametrize("at", [0, 20, 50])
    def test_one_that_was_interrupted_goes_on(self, vault: Folder, at: int) -> None:
        list(vault.store().scan())

        def stop(count: int) -> None:
            if count < 60 and count >= at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            list(vault.store().search(Query(text="회의"), told=stop))
        there = self.entries(vault)
        assert there == max(at, 10)
        assert ids(vault.store(), "회의") == self.WITH

    def test_half_an_index_costs_no_hit(self, vault: Folder) -> None:
        assert ids(vault.store(), "회의") == self.WITH
        with sqlite3.connect(vault.file) as database:
            database.execute("DELETE FROM searched WHERE file % 2 = 0")

        assert ids(vault.store(), "회의") == self.WITH

    def test_entries_of_texts_that_are_no_more_are_dropped_at_last(
        self, vault: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(texts_module, "_STALE", 0)
        for number in range(300):
            vault.put("0.md", entity("t-00", body=f"회의 {number}"))
            if number % 10 == 0:
                for other in range(1, 60):
                    vault.put(f"{other}.md", entity(f"t-{other:02}", body=str(number)))
                assert ids(vault.store(), "회의") == ["t-00"]
        ((most,),) = vault.query("SELECT max(doc) FROM searched")
        assert most <= 4 * 60

    def test_a_form_of_another_version_is_made_anew(self, vault: Folder) -> None:
        assert ids(vault.store(), "회의") == self.WITH
        with sqlite3.connect(vault.file) as database:
            database.execute("UPDATE note SET value = 'older' WHERE name = 'grams'")
            database.execute("DELETE FROM searched WHERE file > 5")
        assert ids(vault.store(), "회의") == self.WITH
        assert self.entries(vault) == 60

    def test_a_damaged_cache_is_made_anew_with_one_notice(self, vault: Folder) -> None:
        assert ids(vault.store(), "회의") == self.WITH
        settle(vault)
        garbage(vault.file)
        store = vault.store()

        assert ids(store, "회의") == self.WITH
        assert len(store.cache.notices) == 1
        assert self.entries(vault) == 60

    def test_without_a_cache_all_is_read(self, vault: Folder) -> None:
        assert ids(vault.store(kept=False), "회의") == self.WITH

    def test_a_change_between_the_look_and_the_reading(self, vault: Folder) -> None:
        hits = vault.store().search(Query(text="회의"))
        first = next(hits)
        vault.put("3.md", entity("t-03", body="nothing"))
        vault.put("6.md", entity("t-06", body="other\n회의 now"))
        os.unlink(vault.root / "9.md")

        found = {hit.id: hit for hit in [first, *hits]}

        assert found.keys() == set(self.WITH) - {"t-03", "t-09"}
        assert (found["t-06"].text, found["t-06"].revision.etag) == (
            "회의 now",
            vault.store(kept=False).find("t-06").revision.etag,
        )

    def test_another_first_look_that_ends_meanwhile(
        self, vault: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two looked at the files that nobody knew; what the later one keeps costs no hit."""
        monkeypatch.setattr("loop_cli.vault.index.pages.PAGE", 1)
        found: list[str] = []

        def search_begins(_count: int) -> None:
            hits.append(vault.store().search(Query(text="회의")))
            found.append(next(hits[0]).id)

        hits: list[Iterator[Hit]] = []
        vault.store().locator().index.refresh(search_begins)
        found += [hit.id for hit in hits[0]]

        assert found == self.WITH

    def test_a_file_that_moves_meanwhile(self, vault: Folder) -> None:
        hits = vault.store().search(Query(text="회의"))
        found = [next(hits)]
        (vault.root / "sub").mkdir()
        (vault.root / "30.md").rename(vault.root / "sub" / "30.md")
        found += hits

        assert [hit.id for hit in found] == self.WITH
        assert found[10].path == "sub/30.md"

    def test_one_of_a_shared_id_goes_meanwhile(self, vault: Folder) -> None:
        for name in ("30a.md", "30b.md"):
            vault.put(name, entity("t-30", body="회의"))
        hits = vault.store().search(Query(text="회의"))
        found = [next(hits).path]
        (vault.root / "30.md").unlink()
        found += [hit.path for hit in hits]

        assert len(found) == len(set(found)) == len(self.WITH) + 1

    def test_names_that_change_between_the_two_passes(self, vault: Folder) -> None:
        vault.put("1.md", entity("t-01", "entity_name: 회의", body="회의"))
        hits = vault.store().search(Query(text="회의"))
        found = [next(hits).id]
        vault.put("1.md", entity("t-01", body="회의"))  # out of the name
        vault.put("3.md", entity("t-03", "entity_name: 회의", body="x"))  # and into one
        list(vault.store().scan())
        found += [hit.id for hit in hits]

        assert found == ["t-01", *self.WITH]

    def test_a_type_that_changes_meanwhile(self, vault: Folder) -> None:
        hits = vault.store().search(Query(text="회의", types=("Task",)))
        found = [next(hits).id]
        vault.put("30.md", entity("t-30", body="회의").replace(b"Task", b"Project"))
        found += [hit.id for hit in hits]

        assert found == [one for one in self.WITH if one != "t-30"]

    def test_an_index_that_is_made_anew_meanwhile(
        self, vault: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("loop_cli.vault.index.pages.PAGE", 1)
        store = vault.store()
        hits = store.search(Query(text="회의"))
        found = [next(hits).id]
        store.cache.close()
        vault.file.unlink()
        found += [hit.id for hit in hits]

        assert found == self.WITH
