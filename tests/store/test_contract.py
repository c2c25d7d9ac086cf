"""The contract of every store (`core.store`): finding and committing."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.cli.hints import spelled
from loop_cli.core.changes import BodyChange
from loop_cli.errors import ConflictError, EntityNotFound, InvalidChange, InvalidFile, only
from loop_cli.failures import AmbiguousId
from loop_cli.planning.snapshot import etag_of
from tests.store.conftest import ONE, TWO, Bench, text

if TYPE_CHECKING:
    from tests.store.conftest import Harness


class TestFind:
    """Exact id first, then aliases, both after NFC; never guessed between two."""

    def test_by_id(self, bench: Bench) -> None:
        found = bench.find()

        assert (found.id, found.type, found.path) == ("tsk-1", "Task", ONE)
        assert found.name == "a task"
        assert found.fields["tags"] == ["a", "b"]
        assert found.body == "Body\n"
        assert found.raw == bench.harness.bytes_of(ONE)
        assert found.revision.etag == hashlib.sha256(found.raw).hexdigest()[:16]

    def test_by_alias(self, harness: Harness) -> None:
        harness.make({ONE: text("tsk-1", "aliases: [첫째, second name]"), TWO: text("tsk-2")})

        assert harness.store.find("첫째").id == "tsk-1"
        assert harness.store.find("second name").id == "tsk-1"

    def test_an_id_goes_before_an_alias(self, harness: Harness) -> None:
        harness.make({ONE: text("tsk-1", "aliases: [tsk-2]"), TWO: text("tsk-2")})

        assert harness.store.find("tsk-2").path == TWO

    @pytest.mark.parametrize("there", ["NFC", "NFD"])
    @pytest.mark.parametrize("asked", ["NFC", "NFD"])
    def test_the_normal_form_does_not_matter(
        self, harness: Harness, there: Any, asked: Any
    ) -> None:
        harness.make({"a.md": text(unicodedata.normalize(there, "한글-1"))})

        assert harness.store.find(unicodedata.normalize(asked, "한글-1")).path == "a.md"

    def test_two_files_with_one_id_are_never_guessed_between(self, harness: Harness) -> None:
        harness.make({"b/x.md": text("tsk-1"), "a/x.md": text("tsk-1")})

        with pytest.raises(AmbiguousId) as caught:
            harness.store.find("tsk-1")

        assert caught.value.details["paths"] == ["a/x.md", "b/x.md"]
        assert "--path" in spelled(caught.value.message)
        assert harness.store.find("tsk-1", path="b/x.md").path == "b/x.md"

    def test_nor_two_with_one_alias(self, harness: Harness) -> None:
        harness.make({ONE: text("tsk-1", "aliases: [x]"), TWO: text("tsk-2", "aliases: x")})

        with pytest.raises(AmbiguousId):
            harness.store.find("x")

    def test_nothing_has_the_id(self, bench: Bench) -> None:
        with pytest.raises(EntityNotFound) as caught:
            bench.find("tsk-11")

        assert caught.value.details["nearest"][0] in ("tsk-1", "tsk-2")
        assert "did you mean" in caught.value.message

    def test_a_path_that_is_another_entity_or_nothing(self, bench: Bench) -> None:
        with pytest.raises(EntityNotFound, match="is not 'tsk-1'"):
            bench.store.find("tsk-1", path=TWO)
        with pytest.raises(EntityNotFound, match="not there"):
            bench.store.find("tsk-1", path="work/none.md")

    def test_a_broken_file_that_carries_the_id_is_named_with_its_line(
        self, harness: Harness
    ) -> None:
        harness.make({"a.md": b'---\nentity_id: tsk-1\nentity_type: Task\nx: "\\q"\n---\n'})

        with pytest.raises(InvalidFile) as caught:
            harness.store.find("tsk-1")

        assert caught.value.details["path"] == "a.md"
        assert caught.value.details["line"] == 4

    def test_broken_files_break_no_other_entity(self, harness: Harness) -> None:
        harness.make(
            {
                ONE: text("tsk-1"),
                "a.md": b"---\nlinks: tsk-1\nx: [\n---\n",
                "b.md": b"tsk-1 is mentioned here\n",
                "c.md": b"\xff\xfe tsk-1",
                "d.md": b"---\nentity_id: {{ID}}\nnote: tsk-1\n---\n",
            }
        )

        assert harness.store.find("tsk-1").warnings == ()

    def test_duplicate_keys_are_still_an_entity_with_a_warning(self, harness: Harness) -> None:
        harness.make({ONE: text("tsk-1", "status: done")})

        found = harness.store.find("tsk-1")

        assert found.fields["status"] == "done"
        assert "status is there 2 times" in found.warnings[0]


class TestCommit:
    """A change lands with its record, and touches nothing else."""

    def test_only_the_changed_lines_and_updated_change(self, bench: Bench) -> None:
        before = bench.harness.bytes_of(ONE)

        done = bench.commit("status=doing", "tags+=c")

        shown = done.after.revision.updated_at
        assert done.changed
        assert bench.harness.bytes_of(ONE) == before.replace(
            b"updated: 2026-01-09", f"updated: {shown}".encode()
        ).replace(b"status: todo", b"status: doing").replace(b"[a, b]", b"[a, b, c]")

    def test_what_is_returned_is_what_is_found_next(self, bench: Bench) -> None:
        done = bench.commit("status=doing", body=BodyChange(text="new\n"))

        assert bench.find() == done.after
        assert done.before.fields["status"] == "todo"
        assert done.after.fields["status"] == "doing"

    def test_the_record_has_the_shape_of_spec_6(self, bench: Bench) -> None:
        before = bench.find()

        done = bench.commit("status=doing", "due=2026-02-01")

        assert bench.records() == [
            {
                "run_id": bench.origin.run_id,
                "timestamp": "2026-01-09T14:35:10.123456Z",
                "actor": "user:개발팀",
                "source": "cli",
                "entity_type": "Task",
                "entity_id": "tsk-1",
                "entity_name": "a task",
                "action": "update",
                "modified_fields": ["status", "due"],
                "diff": {
                    "status": {"old": "todo", "new": "doing"},
                    "due": {"old": None, "new": "2026-02-01", "added": True},
                },
                "metadata": {
                    "path": ONE,
                    "etag_before": before.revision.etag,
                    "etag_after": etag_of(bench.harness.bytes_of(ONE)),
                    "updated_before": before.revision.updated_at,
                    "updated_after": done.after.revision.updated_at,
                    "precondition": "etag",
                    "previous": None,
                    "literal_before": "2026-01-09T00:00:00.000000Z",
                    "tty": False,
                    "invoked_by": "pytest",
                },
            }
        ]
        assert done.record is not None
        assert done.record.data == bench.records()[0]

    def test_each_record_names_the_line_before_it(self, bench: Bench) -> None:
        bench.commit("status=doing")
        bench.commit("status=hold", entity_id="tsk-2")
        bench.commit("status=done")
        lines = bench.harness.lines()

        assert [record["metadata"]["previous"] for record in bench.records()] == [
            None,
            *(hashlib.sha256(line).hexdigest() for line in lines[:-1]),
        ]

    def test_the_records_are_read_newest_first(self, bench: Bench) -> None:
        bench.commit("status=doing")
        bench.commit("status=done")

        assert [one.diff["status"]["new"] for one in bench.store.records()] == ["done", "doing"]
        assert (
            next(iter(bench.store.records())).digest
            == hashlib.sha256(bench.harness.lines()[-1]).hexdigest()
        )

    def test_those_of_one_id_too_whichever_its_file(self, harness: Harness) -> None:
        harness.make({ONE: text("할일-1"), TWO: text("할일-1"), "work/3.md": text("tsk-3")})
        bench = Bench(harness)
        for path, entity_id in ((ONE, "할일-1"), ("work/3.md", "tsk-3"), (TWO, "할일-1")):
            bench.commit("status=doing", entity_id=entity_id, path=path)

        for form in ("할일-1", unicodedata.normalize("NFD", "할일-1")):
            found = [one.metadata["path"] for one in bench.store.records(form)]
            assert found == [TWO, ONE]
        assert list(bench.store.records("tsk")) == []

    @pytest.mark.parametrize(
        "change", ["status=todo", "tags+=a", "tags-=none", "due!", 'tags:=["a","b"]']
    )
    def test_a_change_that_changes_nothing_writes_nothing(self, bench: Bench, change: str) -> None:
        before = bench.find()

        done = bench.commit(change)

        assert (done.changed, done.record, done.diff) == (False, None, {})
        assert done.after == before
        assert bench.find() == before
        assert bench.harness.lines() == []

    def test_the_same_body_is_no_change(self, bench: Bench) -> None:
        assert not bench.commit(body=BodyChange(text="Body\n")).changed
        assert not bench.commit(body=BodyChange(text="", append=True)).changed

    def test_a_dry_run_does_everything_except_writing(self, bench: Bench) -> None:
        before = bench.harness.bytes_of(ONE)
        change = bench.change("status=doing", if_match=bench.find().revision.etag)

        planned = only(bench.store.commit([change], origin=bench.origin, dry_run=True))

        assert bench.harness.bytes_of(ONE) == before
        assert bench.harness.lines() == []
        done = only(bench.store.commit([change], origin=bench.origin))
        assert planned.record is None
        assert planned == done.replace(record=None)

    def test_a_dry_run_checks_as_the_real_one_does(self, bench: Bench) -> None:
        changes = [bench.change("status=x"), bench.change("status=done", if_match="0" * 16)]

        found = bench.store.commit(changes, origin=bench.origin, dry_run=True)

        assert [type(one) for one in found] == [InvalidChange, ConflictError]

    def test_a_duplicated_key_is_not_changed_but_others_are(self, harness: Harness) -> None:
        harness.make({ONE: text("tsk-1", "status: done")})
        bench = Bench(harness)

        refused = bench.outcome("status=hold", forced=True)

        assert isinstance(refused, InvalidFile)
        assert refused.details["line"] in (7, 9)
        assert bench.commit("tags+=c").changed


class TestBody:
    """Replacing and appending."""

    def test_replace(self, bench: Bench) -> None:
        done = bench.commit(body=BodyChange(text="새 본문\r\n---\nno end"))

        assert bench.harness.bytes_of(ONE).endswith("\n---\n새 본문\n---\nno end".encode())
        assert done.diff == {"body": {"old": "Body\n", "new": "새 본문\n---\nno end"}}
        assert bench.records()[0]["modified_fields"] == ["body"]

    def test_replace_exactly(self, bench: Bench) -> None:
        bench.commit(body=BodyChange(text="새 본문\r\n---\nno end", exact=True))

        assert bench.harness.bytes_of(ONE).endswith("\n---\n새 본문\r\n---\nno end".encode())

    def test_append(self, bench: Bench) -> None:
        bench.commit(body=BodyChange(text="more\n", append=True))

        assert bench.find().body == "Body\nmore\n"

    def test_append_after_a_last_line_without_an_end(self, harness: Harness) -> None:
        harness.make({ONE: text("tsk-1", body="no end").replace(b"\n", b"\r\n")})
        bench = Bench(harness)

        bench.commit(body=BodyChange(text="more", append=True))

        assert bench.find().body == "no end\r\nmore"

    def test_append_to_nothing(self, bench: Bench) -> None:
        bench.commit(entity_id="tsk-2", body=BodyChange(text="first\n", append=True))

        assert bench.find("tsk-2").body == "first\n"

    def test_a_body_and_fields_are_one_record(self, bench: Bench) -> None:
        bench.commit("status=done", body=BodyChange(text="x"))

        assert bench.records()[0]["modified_fields"] == ["status", "body"]
