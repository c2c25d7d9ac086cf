"""What every store does with entities that come."""

from __future__ import annotations

import pytest

from loop_cli.core.commits import Delete
from loop_cli.core.ids import IdRule
from loop_cli.errors import EntityNotFound, InvalidChange, UsageError
from loop_cli.wire.models import AuditRecord as RecordModel
from loop_cli.wire.models import InvalidChangeDocument
from tests.store.conftest import ONE, Bench
from tests.store.life.conftest import (
    TEXT,
    THREE,
    commit,
    is_there,
    made,
    new,
    refused,
    seen,
)


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
