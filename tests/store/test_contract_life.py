"""What every store does with entities that come, go, move and come back."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.changes import Change, Edits
from loop_cli.core.entity import Precondition
from loop_cli.core.ids import IdRule
from loop_cli.errors import (
    ConflictError,
    EntityNotFound,
    InvalidChange,
    LoopError,
    PreconditionRequired,
    StillReferred,
    StorageError,
    UsageError,
)
from loop_cli.models import AuditRecord as RecordModel
from loop_cli.models import InvalidChangeDocument
from loop_cli.store.base import CommitResult, Create, Delete, EntityChange, Move, Restore
from loop_cli.store.snapshot import etag_of
from tests.store.conftest import ONE, TWO, Bench, Harness, text

if TYPE_CHECKING:
    from loop_cli.core.audit import AuditRecord
    from loop_cli.store.base import AnyChange

PROJECT = "work/project.md"
THREE = "work/2026/새 폴더/tsk-3.md"
TEXT = """---
entity_type: Task
entity_id: x  # made
entity_name: 새 일
created: {{DATE}}
status: todo
assignee: 개발팀
---

Body of {{ID}}
"""


def new(
    entity_id: str = "tsk-3", *, path: str = THREE, parent: str = "prj-1", **more: Any
) -> Create:
    return Create(
        entity_id=entity_id,
        entity_type="Task",
        path=path,
        fields={"project_id": "prj-1", "parent_id": parent, **more.pop("fields", {})},
        template=TEXT,
        **more,
    )


def made(rule: IdRule, **more: Any) -> Create:
    return new(path="work/{entity_id}.md", **more).replace(entity_id=rule)


@pytest.fixture
def bench(harness: Harness) -> Bench:
    """A store of two Tasks and their project, files of one hour ago."""
    harness.clock.advance(-3600)
    project = text("prj-1").replace(b"entity_type: Task", b"entity_type: Project")
    harness.make({ONE: text("tsk-1", body="Body\n"), TWO: text("tsk-2"), PROJECT: project})
    harness.clock.advance(3600)
    return Bench(harness)


def commit(bench: Bench, *changes: AnyChange, **more: Any) -> list[CommitResult]:
    found = bench.store.commit(changes, origin=bench.origin, **more)
    for one in found:
        assert isinstance(one, CommitResult), one
    return [one for one in found if isinstance(one, CommitResult)]


def refused(bench: Bench, change: AnyChange) -> LoopError:
    (found,) = bench.store.commit([change], origin=bench.origin)
    assert isinstance(found, LoopError), found
    return found


def seen(bench: Bench, entity_id: str = "tsk-1") -> Precondition:
    return Precondition(if_match=bench.find(entity_id).revision.etag)


def last_record(bench: Bench) -> AuditRecord:
    return next(bench.store.records())


def is_there(bench: Bench, path: str) -> bool:
    try:
        bench.harness.bytes_of(path)
    except (KeyError, FileNotFoundError):
        return False
    return True


class TestCreate:
    def test_the_file_is_there_with_its_times(self, bench: Bench) -> None:
        (done,) = commit(bench, new())

        found = bench.find("tsk-3")
        assert done.changed
        assert found == done.after.replace(warnings=found.warnings)
        assert found.path == THREE
        assert found.fields["created"] == found.fields["updated"] == found.revision.updated_at
        assert b"entity_id: tsk-3  # made\n" in bench.harness.bytes_of(THREE)
        assert found.body == "\nBody of tsk-3\n"

    def test_the_record_tells_all_of_it(self, bench: Bench) -> None:
        (done,) = commit(bench, new())

        record = bench.records()[-1]
        RecordModel.model_validate(record)
        assert record["action"] == "create"
        assert record["entity_name"] == "새 일"
        assert record["diff"]["status"] == {"old": None, "new": "todo", "added": True}
        assert record["diff"]["body"] == {"old": "", "new": "\nBody of tsk-3\n"}
        assert "updated" not in record["diff"]
        assert record["modified_fields"] == list(record["diff"])
        assert record["metadata"]["path"] == THREE
        assert record["metadata"]["etag_before"] is None
        assert record["metadata"]["updated_before"] is None
        assert record["metadata"]["etag_after"] == done.after.revision.etag

    def test_a_taken_id_is_refused(self, bench: Bench) -> None:
        found = refused(bench, new("tsk-1"))

        assert isinstance(found, InvalidChange)
        assert found.details["problems"][0]["problem"] == "taken"
        assert ONE in found.message
        assert not is_there(bench, THREE)

    def test_a_taken_place_is_refused(self, bench: Bench) -> None:
        before = bench.harness.bytes_of(ONE)

        found = refused(bench, new(path=ONE))

        assert isinstance(found, InvalidChange)
        assert found.details["problems"][0]["field"] == "path"
        assert bench.harness.bytes_of(ONE) == before

    @pytest.mark.parametrize("path", ["/x.md", "../x.md", "a/../../x.md", ".loop/x.md", "x.txt"])
    def test_a_place_that_is_none_is_refused(self, bench: Bench, path: str) -> None:
        found = refused(bench, new(path=path))

        assert [one["problem"] for one in found.details["problems"]] == ["no_place"]
        assert bench.harness.lines() == []

    def test_everything_that_is_wrong_is_said_at_once(self, bench: Bench) -> None:
        fields = {"assignee": "", "status": "dun", "project_id": "prj-2", "validates": ["hyp-1-01"]}

        found = refused(bench, new("tsk-1", path=ONE, parent="tsk-2", fields=fields))

        assert isinstance(found, InvalidChange)
        assert {(one["field"], one["problem"]) for one in found.details["problems"]} == {
            ("entity_id", "taken"),
            ("path", "taken"),
            ("assignee", "required"),
            ("status", "not_in_enumeration"),
            ("project_id", "dangling"),
            ("parent_id", "wrong_reference"),
            ("validates", "forbidden"),
            ("validates", "dangling"),
        }
        InvalidChangeDocument.model_validate(found.as_dict())

    def test_a_reference_that_is_nearly_one(self, bench: Bench) -> None:
        found = refused(bench, new(parent="prj-11"))

        assert "did you mean prj-1" in found.message

    def test_a_placeholder_that_stands_for_nothing(self, bench: Bench) -> None:
        found = refused(bench, new().replace(template=TEXT + "{{FIRST_STEP}}\n", source="t.md"))

        assert "t.md:11: {{FIRST_STEP}}" in found.message

    def test_conditional_rules_bind(self, bench: Bench) -> None:
        found = refused(bench, new(fields={"status": "done", "type": "dev"}))

        assert [one["field"] for one in found.details["problems"]] == ["closed", "target_project"]

    def test_a_dry_run_writes_nothing(self, bench: Bench) -> None:
        (done,) = commit(bench, new(), dry_run=True)

        assert done.record is None
        assert done.after.id == "tsk-3"
        assert not is_there(bench, THREE)
        assert bench.harness.lines() == []

    def test_it_can_be_changed_by_who_made_it(self, bench: Bench) -> None:
        (done,) = commit(bench, new())

        (after,) = commit(
            bench,
            bench.change(
                "status=doing",
                entity_id="tsk-3",
                expected_updated_at=done.after.revision.updated_at,
            ),
        )

        assert after.record is not None
        assert after.record.metadata["precondition"] == "updated_at"
        assert after.after.revision.updated_at > done.after.revision.updated_at

    def test_a_private_value_is_a_hash_in_the_record(self, bench: Bench) -> None:
        commit(bench, new(fields={"actual_hours": 5}))

        assert bench.records()[-1]["diff"]["actual_hours"]["new"]["bytes"] == 1


class TestIds:
    def test_the_next_number(self, bench: Bench) -> None:
        rule = IdRule(kind="next", prefix="tsk-", width=1)

        found = [commit(bench, made(rule))[0].after for _count in range(3)]

        assert [one.id for one in found] == ["tsk-3", "tsk-4", "tsk-5"]
        assert [one.path for one in found] == ["work/tsk-3.md", "work/tsk-4.md", "work/tsk-5.md"]

    def test_a_number_is_never_given_twice(self, bench: Bench) -> None:
        rule = IdRule(kind="next", prefix="tsk-", width=1)
        (first,) = commit(bench, made(rule))
        commit(bench, Delete(entity_id=first.after.id, precondition=seen(bench, "tsk-3")))

        (second,) = commit(bench, made(rule))

        assert (first.after.id, second.after.id) == ("tsk-3", "tsk-4")

    def test_numbers_end(self, bench: Bench) -> None:
        rule = IdRule(kind="next", prefix="tsk-", width=1)
        for _count in range(7):
            commit(bench, made(rule))

        assert "no id is free" in refused(bench, made(rule)).message

    def test_milliseconds_that_are_taken_are_passed_over(self, bench: Bench) -> None:
        rule = IdRule(kind="epoch", prefix="tsk-a7k9m2-")
        now = bench.clock.now // 1000

        found = [commit(bench, made(rule))[0].after.id for _count in range(3)]

        assert len(set(found)) == 3
        assert found[0] == f"tsk-a7k9m2-{now}"
        assert all(len(one) == len("tsk-a7k9m2-") + 13 for one in found)

    def test_six_digits_of_base_36(self, bench: Bench) -> None:
        rule = IdRule(kind="random", prefix="prj-")

        (done,) = commit(bench, made(rule))

        assert len(done.after.id) == 10
        assert done.after.id[4:].isalnum()

    def test_the_next_of_some_letters(self, bench: Bench) -> None:
        rule = IdRule(kind="choice", prefix="cond-", choices=("a", "b"))

        found = [commit(bench, made(rule))[0].after.id for _count in range(2)]

        assert found == ["cond-a", "cond-b"]
        assert isinstance(refused(bench, made(rule)), InvalidChange)

    def test_one_group_gives_two_ids(self, bench: Bench) -> None:
        rule = IdRule(kind="next", prefix="tsk-", width=1)

        found = commit(bench, made(rule), made(rule), atomic=True)

        assert [one.after.id for one in found] == ["tsk-3", "tsk-4"]


class TestIdempotency:
    def test_the_same_call_makes_one_entity(self, bench: Bench) -> None:
        rule = IdRule(kind="next", prefix="tsk-", width=1)
        call = made(rule, key="열쇠", request="a")
        (first,) = commit(bench, call)
        commit(bench, bench.change("status=doing", entity_id="tsk-3", forced=True))

        (again,) = commit(bench, call)

        assert first.changed and not again.changed
        assert again.record is None
        assert again.after.id == first.after.id
        assert again.after.fields["status"] == "doing"
        assert len(bench.records()) == 2
        assert bench.records()[0]["metadata"]["idempotency_key"] == "열쇠"

    def test_another_call_with_the_key_is_an_error(self, bench: Bench) -> None:
        commit(bench, new(key="k", request="a"))

        assert isinstance(refused(bench, new("tsk-4", key="k", request="b")), UsageError)

    def test_an_entity_that_is_gone_since_is_said(self, bench: Bench) -> None:
        commit(bench, new(key="k", request="a"))
        commit(bench, Delete(entity_id="tsk-3", precondition=seen(bench, "tsk-3")))

        assert isinstance(refused(bench, new(key="k", request="a")), EntityNotFound)


class TestDelete:
    def test_the_file_goes_and_its_bytes_are_kept(self, bench: Bench) -> None:
        before = bench.harness.bytes_of(ONE)

        (done,) = commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))

        assert done.changed and done.before.id == "tsk-1"
        assert not is_there(bench, ONE)
        with pytest.raises(EntityNotFound):
            bench.find()
        record = bench.records()[-1]
        RecordModel.model_validate(record)
        assert (record["action"], record["diff"], record["modified_fields"]) == ("delete", {}, [])
        assert record["metadata"]["etag_before"] == etag_of(before)
        assert record["metadata"]["etag_after"] is None
        assert record["metadata"]["updated_after"] is None
        sha256 = hashlib.sha256(before).hexdigest()
        assert record["metadata"]["kept"] == {"sha256": sha256, "bytes": len(before)}
        assert bench.harness.kept(sha256) == before

    def test_a_precondition_is_required(self, bench: Bench) -> None:
        assert isinstance(refused(bench, Delete(entity_id="tsk-1")), PreconditionRequired)
        assert is_there(bench, ONE)

    def test_a_precondition_that_no_longer_holds(self, bench: Bench) -> None:
        old = seen(bench)
        bench.commit("status=doing")

        found = refused(bench, Delete(entity_id="tsk-1", precondition=old))

        assert isinstance(found, ConflictError)
        assert found.conflict.reason == "etag_changed"
        assert [one.field for one in found.conflict.fields] == ["status"]

    def test_force_is_recorded(self, bench: Bench) -> None:
        commit(bench, Delete(entity_id="tsk-1", precondition=Precondition(forced=True)))

        assert bench.metadata()["forced"] is True

    def test_others_that_refer_to_it_are_in_the_way(self, bench: Bench) -> None:
        commit(bench, new(fields={"related_tasks": ["tsk-1"]}))

        found = refused(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))

        assert isinstance(found, StillReferred)
        assert found.details["referrers"] == [
            {"entity_id": "tsk-3", "path": THREE, "fields": ["related_tasks"]}
        ]
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench), orphan=True))

    def test_unless_they_go_with_it(self, bench: Bench) -> None:
        commit(bench, new(fields={"related_tasks": ["tsk-1"]}))
        both = [Delete(entity_id=one, precondition=seen(bench, one)) for one in ("tsk-1", "tsk-3")]

        commit(bench, *both, atomic=True)

        assert not is_there(bench, ONE) and not is_there(bench, THREE)

    def test_an_update_of_what_is_gone_is_not_found(self, bench: Bench) -> None:
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))

        assert isinstance(bench.outcome("status=done", forced=True), EntityNotFound)


class TestRestore:
    def test_byte_for_byte_with_its_revision(self, bench: Bench) -> None:
        bench.commit("status=doing")
        before, bytes_before = bench.find(), bench.harness.bytes_of(ONE)
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))

        (done,) = commit(bench, Restore(record=last_record(bench)))

        assert bench.harness.bytes_of(ONE) == bytes_before
        assert bench.find() == before == done.after
        record = bench.records()[-1]
        RecordModel.model_validate(record)
        assert record["action"] == "create"
        assert record["metadata"]["etag_before"] is None
        assert record["metadata"]["updated_after"] == before.revision.updated_at
        assert len(record["metadata"]["restores"]) == 64

    def test_of_what_was_never_recorded(self, bench: Bench) -> None:
        before = bench.find()
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
        bench.clock.advance(3600)

        commit(bench, Restore(record=last_record(bench)))

        assert bench.find().revision == before.revision
        bench.commit("status=done", expected_updated_at=before.revision.updated_at)

    def test_the_next_change_is_later_than_all_before(self, bench: Bench) -> None:
        bench.commit("status=doing")
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
        deletion = last_record(bench)
        bench.clock.advance(3600)
        bench.harness.edit_outside(ONE, bench.harness.bytes_of(TWO).replace(b"tsk-2", b"tsk-1"))
        later = bench.commit("status=hold").after.revision.updated_at
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
        commit(bench, Restore(record=deletion))
        bench.clock.advance(-7200)

        assert bench.commit("status=done").after.revision.updated_at > later

    def test_a_place_that_was_taken_meanwhile(self, bench: Bench) -> None:
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
        deletion = last_record(bench)
        commit(bench, new("tsk-3", path=ONE))

        assert isinstance(refused(bench, Restore(record=deletion)), InvalidChange)

    def test_an_id_that_came_back_meanwhile(self, bench: Bench) -> None:
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
        deletion = last_record(bench)
        commit(bench, new("tsk-1"))

        assert isinstance(refused(bench, Restore(record=deletion)), InvalidChange)

    def test_only_of_a_deletion(self, bench: Bench) -> None:
        bench.commit("status=doing")

        assert isinstance(refused(bench, Restore(record=last_record(bench))), InvalidChange)

    def test_what_was_kept_must_be_what_was_there(self, bench: Bench) -> None:
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
        record = last_record(bench)
        metadata = {**record.metadata, "kept": {"sha256": "0" * 64, "bytes": 1}}
        other = record.replace(data={**record.data, "metadata": metadata})

        assert isinstance(refused(bench, Restore(record=other)), StorageError)


class TestMove:
    TO = "archive/2026/tsk-1.md"

    def move(self, bench: Bench, *texts: str, **more: Any) -> Move:
        change = bench.change(*texts, if_match=bench.find().revision.etag)
        return Move(**{**change.__dict__, "to": self.TO, **more})

    def test_the_file_is_elsewhere_with_a_new_time(self, bench: Bench) -> None:
        before = bench.harness.bytes_of(ONE)

        (done,) = commit(bench, self.move(bench))

        assert done.changed and done.diff == {}
        assert not is_there(bench, ONE)
        found = bench.find()
        assert (found.path, found.revision) == (self.TO, done.after.revision)
        updated = found.fields["updated"].encode()
        assert bench.harness.bytes_of(self.TO) == before.replace(b"2026-01-09", b"'%s'" % updated)

    def test_the_record_has_both_paths(self, bench: Bench) -> None:
        (done,) = commit(bench, self.move(bench, "status=done"))

        record = bench.records()[-1]
        RecordModel.model_validate(record)
        assert record["action"] == "move"
        assert record["diff"] == {"status": {"old": "todo", "new": "done"}}
        metadata = record["metadata"]
        assert (metadata["path_before"], metadata["path"]) == (ONE, self.TO)
        assert metadata["etag_after"] == done.after.revision.etag != metadata["etag_before"]

    def test_its_conflicts_are_those_of_an_update(self, bench: Bench) -> None:
        stale = self.move(bench, "status=done")
        bench.commit("status=doing")

        found = refused(bench, stale)

        assert isinstance(found, ConflictError)
        assert found.conflict.overlaps
        assert is_there(bench, ONE)

    def test_history_goes_with_it(self, bench: Bench) -> None:
        old = bench.find().revision
        commit(bench, self.move(bench))
        bench.commit("status=doing")

        found = bench.conflict("status=done", if_match=old.etag)

        assert [one.base for one in found.fields] == ["todo"]

    def test_a_taken_target_is_refused(self, bench: Bench) -> None:
        found = refused(bench, self.move(bench, to=TWO))

        assert isinstance(found, InvalidChange)
        assert found.details["problems"][0]["problem"] == "taken"
        assert is_there(bench, ONE)

    def test_to_where_it_is_changes_nothing(self, bench: Bench) -> None:
        (done,) = commit(bench, self.move(bench, to=ONE))

        assert not done.changed
        assert bench.harness.lines() == []

    def test_an_implied_change_is_not_read_only(self, bench: Bench) -> None:
        direct = Change(path=("parent_id",), operation="set", value="tsk-2")
        edits = Edits(changes=(direct.replace(implied=True),))

        assert isinstance(
            refused(bench, self.move(bench, edits=Edits(changes=(direct,)))), InvalidChange
        )
        (done,) = commit(bench, self.move(bench, edits=edits))

        assert done.after.fields["parent_id"] == "tsk-2"


class TestMixedGroups:
    def all_kinds(self, bench: Bench) -> list[AnyChange]:
        commit(bench, new("tsk-4", path="work/tsk-4.md"))
        update = bench.change("status=done", forced=True)
        return [
            update,
            new(),
            Move(**{**bench.change(entity_id="tsk-2", forced=True).__dict__, "to": "moved/two.md"}),
            Delete(entity_id="tsk-4", precondition=seen(bench, "tsk-4")),
        ]

    def test_all_land(self, bench: Bench) -> None:
        changes = self.all_kinds(bench)

        found = commit(bench, *changes, atomic=True)

        actions = [record["action"] for record in bench.records()[1:]]
        assert actions == ["update", "create", "move", "delete"]
        assert [record["metadata"]["group"]["index"] for record in bench.records()[1:]] == [
            0,
            1,
            2,
            3,
        ]
        assert bench.find().fields["status"] == "done"
        assert bench.find("tsk-3") == found[1].after
        assert bench.find("tsk-2").path == "moved/two.md"
        assert not is_there(bench, "work/tsk-4.md")

    def test_or_none(self, bench: Bench) -> None:
        changes = self.all_kinds(bench)
        before = bench.harness.lines()

        with pytest.raises(InvalidChange):
            bench.store.commit([*changes, new("tsk-5")], origin=bench.origin, atomic=True)

        assert bench.harness.lines() == before
        assert bench.find().fields["status"] == "todo"
        assert not is_there(bench, THREE)
        assert is_there(bench, TWO) and is_there(bench, "work/tsk-4.md")

    def test_a_create_sees_what_the_group_makes(self, bench: Bench) -> None:
        first = new()
        second = new("tsk-4", path="work/tsk-4.md", fields={"related_tasks": ["tsk-3"]})

        commit(bench, first, second, atomic=True)

        assert bench.find("tsk-4").id == "tsk-4"


class TestFiles:
    def test_all_as_their_files_have_them(self, bench: Bench) -> None:
        bench.harness.edit_outside("work/note.md", b"no entity")

        found = sorted(bench.store.files(), key=lambda one: one.id)

        assert [(one.id, one.path) for one in found] == [
            ("prj-1", PROJECT),
            ("tsk-1", ONE),
            ("tsk-2", TWO),
        ]
        assert found[1].raw == bench.harness.bytes_of(ONE)
        assert found[1].body == "Body\n"

    @pytest.mark.parametrize("form", ["NFC", "NFD"])
    def test_those_that_mention_a_text(self, bench: Bench, form: Any) -> None:
        spelled = unicodedata.normalize(form, "한글").encode()
        named = bench.harness.bytes_of(TWO).replace(b"---\n", b"---\nnotes: " + spelled + b"\n", 1)
        bench.harness.edit_outside(TWO, named)
        elsewhere = unicodedata.normalize(form, "work/한글/tsk-9.md")
        bench.harness.edit_outside(elsewhere, text("tsk-9"))

        found = {one.id for one in bench.store.files(mentioning=["한글", "nobody"])}

        assert found == {"tsk-2", "tsk-9"}

    @pytest.mark.parametrize("spelled", ['"\\uD55C\\uAE00"', '"a\\"b"', "'a\"b'", "\\d{3}"])
    def test_a_text_that_json_or_yaml_escape(self, bench: Bench, spelled: str) -> None:
        named = bench.harness.bytes_of(TWO).replace(
            b"---\n", f"---\nnotes: {spelled}\n".encode(), 1
        )
        bench.harness.edit_outside(TWO, named)
        wanted = bench.find("tsk-2").fields["notes"]

        assert [one.id for one in bench.store.files(mentioning=[wanted])] == ["tsk-2"]

    def test_half_a_character_is_no_matter(self, bench: Bench) -> None:
        half = '---\nentity_type: Task\nentity_id: tsk-9\nnotes: "\\ud800 한글"\n---\n'
        bench.harness.edit_outside("work/half.md", half.encode())

        found = [one.id for one in bench.store.files(mentioning=["한글", "\ud800"])]

        assert found in (["tsk-9"], [])  # YAML 1.2 may refuse it

    def test_those_whose_bytes_are_admitted(self, bench: Bench) -> None:
        seen = []

        def where(path: str, data: bytes) -> bool:
            seen.append((path, data))
            return path == ONE

        assert [one.id for one in bench.store.files(where=where)] == ["tsk-1"]
        assert (TWO, bench.harness.bytes_of(TWO)) in seen

    def test_the_paths_of_all(self, bench: Bench) -> None:
        bench.harness.edit_outside("work/note.md", b"no entity")

        assert sorted(bench.store.paths()) == sorted([ONE, TWO, PROJECT, "work/note.md"])


def test_an_update_is_no_move() -> None:
    assert issubclass(Move, EntityChange)
    assert not issubclass(EntityChange, Move)
