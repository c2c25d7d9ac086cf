"""The contract of every store: a list has every entity as a find has it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from loop_cli.cli.hints import spelled
from loop_cli.core.names import nfc
from loop_cli.core.query import Query
from loop_cli.core.records import record as audit
from loop_cli.lean.jsontext import as_json
from loop_cli.planning.snapshot import etag_of
from loop_cli.vault.log.lines import encode
from tests.store.conftest import ONE, TWO, Bench, InMemory, OnDisk, text

if TYPE_CHECKING:
    from loop_cli.core.listed import Listed
    from tests.store.conftest import Harness

BROKEN = b"---\nentity_id: tsk-9\nx: [\n---\n"


def check(bench: Bench) -> list[Listed]:
    """The list, each entity of which is as it is found."""
    listed = list(bench.store.scan())
    for one in listed:
        found = bench.store.find(one.id, path=one.path)
        assert one.revision == found.revision, one.path
        assert (one.id, one.type, one.name) == (nfc(found.id), found.type, found.name)
        assert one.fields == as_json(found.fields)
    return listed


class TestWhat:
    """Which entities are listed."""

    def test_all_by_id(self, harness: Harness) -> None:
        paths = {"b.md": "z", "a.md": "가", "c/d.md": "B", "c/e.md": "a"}
        harness.make({path: text(entity_id) for path, entity_id in paths.items()})

        listed = check(Bench(harness))

        assert [one.id for one in listed] == ["B", "a", "z", "가"]
        assert listed[0].own == {
            "entity_id": "B",
            "entity_type": "Task",
            "path": "c/d.md",
            "updated_at": listed[0].revision.updated_at,
            "etag": etag_of(text("B")),
        }

    def test_only_the_types_asked_for(self, harness: Harness) -> None:
        project = text("p").replace(b"Task", b"Project")
        harness.make({ONE: text("tsk-1"), TWO: project, "x.md": text("n").replace(b"Task", b"N")})

        assert [one.id for one in harness.store.scan(Query(types=("Project", "N")))] == ["n", "p"]
        assert list(harness.store.scan(Query(types=("task",)))) == []

    def test_what_is_no_entity_is_not_there_and_what_is_broken_is_told(
        self, harness: Harness
    ) -> None:
        harness.make({ONE: text("tsk-1"), "note.md": b"# a note\n", "b.md": BROKEN})

        assert [one.id for one in harness.store.scan()] == ["tsk-1"]
        assert [spelled(one) for one in harness.store.take_warnings() if "passed over" in one] == [
            "1 file has frontmatter that can't be read; passed over (to see why: loop check)"
        ]

        assert harness.store.take_warnings() == []  # it is told once

        harness.edit_outside("b.md", text("tsk-9"))
        assert [one.id for one in harness.store.scan()] == ["tsk-1", "tsk-9"]
        assert harness.store.take_warnings() == []

    def test_nothing(self, harness: Harness) -> None:
        harness.make({})

        assert list(harness.store.scan()) == []

    def test_it_tells_how_far_it_is(self, bench: Bench) -> None:
        told: list[int] = []

        list(bench.store.scan(told=told.append))

        assert told[-1] == 2
        assert told == sorted(told)

    def test_values_that_json_lacks_and_ids_that_are_numbers(self, harness: Harness) -> None:
        harness.make({ONE: text("12", "a: .inf", "b: {1: x}", "c: ~")})

        (one,) = check(Bench(harness))

        fields = json.loads(one.fields)
        assert (one.id, fields["a"], fields["b"], fields["c"]) == ("12", ".inf", {"1": "x"}, None)


class TestRevisions:
    """The revision of a list is that of a find, whatever became of the entity."""

    def test_never_recorded(self, bench: Bench) -> None:
        assert len(check(bench)) == 2

    def test_recorded(self, bench: Bench) -> None:
        done = bench.commit("status=done")

        assert check(bench)[0].revision == done.after.revision

    def test_edited_outside(self, bench: Bench) -> None:
        bench.commit("status=done")
        bench.clock.advance(60)
        bench.harness.edit_outside(ONE, text("tsk-1", "due: 2026-01-01"))
        check(bench)

        bench.clock.advance(-7200)
        bench.harness.edit_outside(ONE, text("tsk-1", "due: 2026-01-02"))
        check(bench)

    def test_the_very_bytes_of_before_put_back(self, bench: Bench) -> None:
        before = bench.harness.bytes_of(ONE)
        bench.commit("status=done")
        bench.harness.edit_outside(ONE, before)

        check(bench)

    def test_recorded_by_another_program(self, bench: Bench) -> None:
        bench.change_outside("todo", "doing")
        check(bench)
        bench.commit("status=done")
        bench.change_outside("done", "hold", metadata={"previous": None, "updated_after": "x"})
        check(bench)

    def test_lines_without_etags_do_not_count(self, bench: Bench) -> None:
        bench.commit("status=done")
        for line in (
            b'{"entity_id": "tsk-1"}',
            b'{"entity_id": "tsk-1", "metadata": {"etag_after": null, "path": "work/tsk-1.md"}}',
            b'{"entity_id": "tsk-1", "metadata": 7}',
        ):
            bench.harness.record_outside(line)
        check(bench)

    def test_a_change_that_was_undone(self, bench: Bench) -> None:
        before = bench.harness.bytes_of(ONE)
        bench.commit("priority=high")
        middle = bench.harness.bytes_of(ONE)
        bench.commit("status=done")
        newest = next(iter(bench.store.records()))
        bench.harness.record_outside(encode(audit.compose_undo(newest, timestamp=bench.clock.now)))
        check(bench)
        for data in (middle, before):
            bench.harness.edit_outside(ONE, data)
            check(bench)

    def test_a_creation_that_was_undone(self, bench: Bench) -> None:
        """Its undo record leaves no state: the last record is the one before."""
        bench.commit("status=doing")
        metadata = {"etag_before": None}
        bench.change_outside("doing", "done", action="create", metadata=metadata)
        check(bench)
        newest = next(iter(bench.store.records()))
        undo = audit.compose_undo(newest, timestamp=bench.clock.now)
        assert undo["metadata"]["etag_after"] is None
        bench.harness.record_outside(encode(undo))
        check(bench)
        bench.harness.edit_outside(
            ONE, bench.harness.bytes_of(ONE).replace(b"status: done", b"status: doing")
        )
        check(bench)

    def test_ids_in_other_forms(self, harness: Harness) -> None:
        import unicodedata

        parts = unicodedata.normalize("NFD", "한글-1")
        harness.make({ONE: text(parts), TWO: text("tsk-2")})
        bench = Bench(harness)
        bench.commit("status=done", entity_id="한글-1")

        assert [one.id for one in check(bench)] == ["tsk-2", "한글-1"]

    def test_shared_ids_have_the_records_of_their_paths(self, harness: Harness) -> None:
        harness.make({ONE: text("tsk-1"), TWO: text("tsk-1"), "c.md": text("tsk-3")})
        bench = Bench(harness)
        check(bench)
        bench.commit("status=done", path=ONE)
        bench.clock.advance(10)
        bench.commit("status=hold", path=TWO)
        assert len(check(bench)) == 3

        bench.harness.edit_outside(TWO, text("tsk-1"))
        check(bench)
        bench.harness.remove_outside(TWO)
        assert len(check(bench)) == 2

    def test_while_a_writer_has_something_staged(self, harness: Harness) -> None:
        """Only stores that stage can be asked: the record may be there before its bytes."""
        harness.make({ONE: text("tsk-1"), TWO: text("tsk-1"), "c.md": text("tsk-3")})
        bench = Bench(harness)
        if not isinstance(harness, OnDisk):
            return
        before = harness.bytes_of("c.md")
        bench.commit("status=done", entity_id="tsk-3")
        harness.edit_outside("c.md", before)  # as if the exchange were still to come
        staged = harness.root / ".loop" / "staged"
        staged.mkdir(exist_ok=True)
        (staged / "0.intent").write_bytes(b"{}")
        store = harness.store
        with store.lock(wait=0):  # type: ignore[attr-defined]
            listed = check(bench)
        assert len(listed) == 3


class TestNotes:
    """Files that are no entities."""

    def test_they_are_counted(self, harness: Harness) -> None:
        harness.make({ONE: text("tsk-1"), "a.md": b"x\n", "b/c.md": b"---\nx: 1\n---\n"})
        list(harness.store.scan())

        has_files = not isinstance(harness, InMemory)
        assert harness.store.upkeep.notes() == (2 if has_files else 0)
