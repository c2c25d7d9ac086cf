"""What can be told from records: which count, what happened since, and what was before."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core import conflict, timestamps
from loop_cli.core.diff import MISSING
from loop_cli.core.entity import Entity, Revision
from loop_cli.core.records import record as audit
from loop_cli.core.records.record import AuditRecord, History, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTES = {"notes": {"old": "a", "new": "b"}}
START = timestamps.parse("2026-01-09T00:00:00Z") or 0


def at(second: int) -> str:
    """The timestamp of a second of the day of these tests."""
    return timestamps.render(START + second * timestamps.SECOND)


def instant(second: int) -> int:
    return START + second * timestamps.SECOND


def record(data: dict[str, Any]) -> AuditRecord:
    line = json.dumps(data, ensure_ascii=False).encode()
    return AuditRecord(data=data, digest=hashlib.sha256(line).hexdigest())


def change(number: int, diff: dict[str, Any] | None = None, **metadata: Any) -> AuditRecord:
    """The record that led from state `number - 1` to state `number`, in second `number`."""
    return record(
        {
            "run_id": f"run-{number}",
            "timestamp": at(number),
            "actor": "user:개발팀",
            "source": "cli",
            "entity_id": "tsk-1",
            "action": "update",
            "modified_fields": list(NOTES if diff is None else diff),
            "diff": NOTES if diff is None else diff,
            "metadata": {
                "path": "tsk-1.md",
                "etag_before": f"e{number - 1}",
                "etag_after": f"e{number}",
                "updated_before": at(number - 1),
                "updated_after": at(number),
                "previous": None,
                **metadata,
            },
        }
    )


def undo_of(one: AuditRecord) -> AuditRecord:
    return record(audit.compose_undo(one, timestamp=instant(99)))


class TestHistory:
    """Which records count, and the latest time there ever was."""

    def test_an_undone_record_is_left_out_and_its_undo_record_stays(self) -> None:
        one, two, three = change(1), change(2), change(3)
        undone = undo_of(two)

        assert list(audit.without_undone([three, undone, two, one])) == [three, undone, one]

    def test_the_last_record_is_the_newest_with_an_etag_that_is_not_undone(self) -> None:
        one, two = change(1), change(2)

        assert History([two, one]).last is two
        assert History([record({"entity_id": "tsk-1"}), one]).last is one
        assert History([]).last is None

    def test_after_an_undo_the_undo_record_is_the_last_one(self) -> None:
        one, two = change(1), change(2)
        last = History([undo_of(two), two, one]).last

        assert last is not None
        assert last.etag_after == "e1"
        assert last.updated_after == instant(1)

    def test_the_ceiling_is_the_latest_time_of_any_record_undone_ones_too(self) -> None:
        one, two = change(1), change(2)

        assert History([two, one]).ceiling == instant(2)
        assert History([undo_of(two), two, one]).ceiling == instant(2)
        assert History([]).ceiling is None

    def test_the_ceiling_sees_what_others_recorded_out_of_order(self) -> None:
        foreign = record({**change(50).data, "source": "ui"})

        assert History([foreign, change(2)]).ceiling == instant(50)
        assert History([undo_of(change(3)), change(3), foreign, change(2)]).ceiling == instant(50)

    def test_no_more_is_read_than_needed(self) -> None:
        read: list[int] = []

        def newest_first() -> Iterator[AuditRecord]:
            for number in range(9, 0, -1):
                read.append(number)
                yield change(number)

        history = History(newest_first())

        assert history.last is not None
        assert history.ceiling == instant(9)
        assert read == [9]


class TestSince:
    """The records after the expected revision, and whether they tell all that happened."""

    LOG = (change(3), change(2), change(1))

    def since(self, log: Any, **expected: Any) -> tuple[list[str], bool]:
        given = {"current_etag": "e3", "updated_at": None, "etag": None, **expected}
        found, whole = audit.since(log, **given)
        return [str(one.etag_after) for one in found], whole

    def test_from_the_revision_that_a_record_left_the_entity_at(self) -> None:
        assert self.since(self.LOG, updated_at=instant(1)) == (["e3", "e2"], True)
        assert self.since(self.LOG, etag="e2") == (["e3"], True)
        assert self.since(self.LOG, etag="e3") == ([], True)

    def test_from_the_revision_before_the_first_record(self) -> None:
        assert self.since(self.LOG, updated_at=instant(0)) == (["e3", "e2", "e1"], True)
        assert self.since(self.LOG, etag="e0") == (["e3", "e2", "e1"], True)

    def test_from_the_literal_value_that_the_file_had_before_the_first_record(self) -> None:
        log = (change(2), change(1, literal_before="2026-01-08"))

        found = self.since(log, current_etag="e2", updated_at=timestamps.parse("2026-01-08"))

        assert found == (["e2", "e1"], True)

    def test_an_outside_edit_after_the_last_record_breaks_the_chain(self) -> None:
        assert self.since(self.LOG, current_etag="other", etag="e2") == (["e3"], False)
        assert self.since(self.LOG, current_etag="other", etag="e3") == ([], False)

    def test_an_outside_edit_between_two_records_breaks_the_chain(self) -> None:
        log = (change(3, etag_before="outside"), change(2), change(1))

        assert self.since(log, etag="e1") == (["e3", "e2"], False)
        assert self.since(log, etag="e2") == (["e3"], False)

    def test_a_reader_of_the_outside_edit_itself_misses_nothing(self) -> None:
        log = (change(3, etag_before="outside", updated_before=at(30)), change(2))

        assert self.since(log, etag="outside") == (["e3"], True)
        assert self.since(log, updated_at=instant(30)) == (["e3"], True)

    def test_undone_pairs_do_not_exist(self) -> None:
        two = change(2)
        log = [change(3, etag_before="e1"), undo_of(two), two, change(1)]

        assert self.since(audit.without_undone(log), etag="e1") == (["e3"], True)

    def test_a_revision_that_no_record_names(self) -> None:
        between = instant(1) + 1

        assert self.since(self.LOG, updated_at=between) == (["e3", "e2"], False)
        assert self.since(self.LOG, etag="unheard-of") == ([], False)
        assert self.since((), updated_at=instant(1)) == ([], False)

    def test_both_parts_of_an_expected_revision_must_be_those_of_one_state(self) -> None:
        assert self.since(self.LOG, etag="e1", updated_at=instant(1)) == (["e3", "e2"], True)
        assert self.since(self.LOG, etag="e0", updated_at=instant(0))[1]
        for etag, second in (("e0", 3), ("e1", 3), ("e3", 1), ("e3", 99)):
            assert not self.since(self.LOG, etag=etag, updated_at=instant(second))[1]

    @pytest.mark.parametrize(
        "gap",
        [
            {"diff": {}},
            {"diff": None},
            {"diff": "status"},
            {"diff": {"status": "doing"}},
            {"diff": {"status": {"new": "doing"}}},
            {"modified_fields": ["notes", "status"]},
        ],
        ids=["empty", "null", "text", "no entry", "no base", "not all"],
    )
    def test_a_record_that_does_not_hold_what_it_changed_leaves_a_gap(
        self, gap: dict[str, Any]
    ) -> None:
        log = [change(3), record({**change(2).data, "source": "ui", **gap}), change(1)]

        assert self.since(log, etag="e1") == (["e3", "e2"], False)
        assert self.since(log, etag="e2") == (["e3"], True)

    def test_a_record_without_any_diff_leaves_one_too(self) -> None:
        data = {key: value for key, value in change(3).data.items() if key != "diff"}

        assert self.since([record(data), change(2)], etag="e2") == (["e3"], False)

    def test_a_record_that_changed_no_byte_leaves_none(self) -> None:
        approved = {**change(3, {}, etag_before="e3").data, "action": "approve"}

        assert self.since([record(approved), change(3)], etag="e2") == (["e3", "e3"], True)

    def test_a_time_that_others_did_not_move_is_that_of_the_oldest_state_with_it(self) -> None:
        three, two = (
            change(number, updated_before=at(1), updated_after=at(1)) for number in (3, 2)
        )
        for one in (three, two):
            del one.data["metadata"]["previous"]

        assert self.since([three, two, change(1)], updated_at=instant(1)) == (["e3", "e2"], True)
        assert self.since([three, two], updated_at=instant(1)) == (["e3", "e2"], True)


class TestRebuild:
    """The state before some records."""

    def test_the_diffs_are_undone_newest_first(self) -> None:
        log = [
            change(2, {"status": {"old": "doing", "new": "done"}}),
            change(
                1,
                {
                    "status": {"old": "todo", "new": "doing"},
                    "meta.a": {"old": 1, "new": 2},
                    "new": {"old": None, "new": 5, "added": True},
                    "gone": {"old": 7, "new": None, "removed": True},
                    "body": {"old": "before\n", "new": "after\n"},
                },
            ),
        ]
        now = {"status": "done", "meta": {"a": 2, "b": 3}, "new": 5}

        state, body, unknown = conflict.rebuild(now, "after\n", log)

        assert state == {"status": "todo", "meta": {"a": 1, "b": 3}, "gone": 7}
        assert body == "before\n"
        assert unknown == set()
        assert now == {"status": "done", "meta": {"a": 2, "b": 3}, "new": 5}

    def test_a_value_that_was_hashed_is_unknown_with_all_below_and_above_it(self) -> None:
        digest = {"sha256": "0" * 64, "bytes": 5}
        state, _body, unknown = conflict.rebuild(
            {"meta": {"a": {"b": 1}}, "other": 2},
            "",
            [change(1, {"meta.a": {"old": digest, "new": digest}})],
        )

        for path in (("meta",), ("meta", "a"), ("meta", "a", "b")):
            assert conflict.value_before(state, unknown, path) == (MISSING, False)
        assert conflict.value_before(state, unknown, ("meta", "c")) == (MISSING, True)
        assert conflict.value_before(state, unknown, ("other",)) == (2, True)

    def test_a_value_that_was_hashed_and_then_not_is_known_before_that(self) -> None:
        digest = {"sha256": "0" * 64, "bytes": 70_000}
        log = [
            change(2, {"notes": {"old": digest, "new": "x"}}),
            change(1, {"notes": {"old": "short", "new": digest}}),
        ]

        state, _body, unknown = conflict.rebuild({"notes": "x"}, "", log)

        assert conflict.value_before(state, unknown, ("notes",)) == ("short", True)

    def test_a_hashed_body_does_not_hide_the_field_of_that_name(self) -> None:
        digest = {"sha256": "0" * 64, "bytes": 70_000}
        log = [
            change(2, {"body": {"old": digest, "new": digest}}),
            change(1, {r"\body": {"old": 1, "new": 2}}),
        ]

        _state, body, _unknown = conflict.rebuild({"body": 2}, "now", log)

        assert audit.is_digest(body)


class TestRecords:
    """One line of the log."""

    def test_a_record_of_another_program_may_lack_anything(self) -> None:
        foreign = record({"entity_id": 7, "metadata": [], "diff": {"a": 1, "b": {"old": 2}}})

        assert foreign.entity_id == "7"
        assert foreign.metadata == {}
        assert foreign.diff == {"b": {"old": 2}}
        assert (foreign.etag_before, foreign.etag_after, foreign.updated_after) == (None,) * 3
        assert not foreign.is_own

    def test_the_protocol_makes_a_record_our_own_whatever_its_door(self) -> None:
        assert record({**change(1).data, "source": "ui"}).is_own
        assert not change(1, migrated_from={"file": "audit.log"}).is_own

    def test_whose_record_it_is(self) -> None:
        one = change(1)

        assert one.is_of("tsk-1", None)
        assert one.is_of("tsk-1", "tsk-1.md")
        assert not one.is_of("tsk-1", "copy/tsk-1.md")
        assert not one.is_of("tsk-10", None)

    def test_the_shape_of_spec_6(self) -> None:
        entity = Entity(
            id="tsk-1",
            type="Task",
            name="첫째",
            path="a/tsk-1.md",
            fields={},
            body="",
            raw=b"",
            revision=Revision(updated_at=at(1), etag="e1"),
        )
        origin = Origin(run_id="run", actor="user:개발팀", tty=True, invoked_by="bash")

        data = audit.compose(
            action="update",
            before=entity,
            diff={"status": {"old": "todo", "new": "done"}},
            origin=origin,
            timestamp=instant(2),
            metadata={"etag_before": "e1"},
        )

        assert data == {
            "run_id": "run",
            "timestamp": at(2),
            "actor": "user:개발팀",
            "source": "cli",
            "entity_type": "Task",
            "entity_id": "tsk-1",
            "entity_name": "첫째",
            "action": "update",
            "modified_fields": ["status"],
            "diff": {"status": {"old": "todo", "new": "done"}},
            "metadata": {
                "path": "a/tsk-1.md",
                "etag_before": "e1",
                "tty": True,
                "invoked_by": "bash",
            },
        }

    def test_an_undo_record_is_an_empty_update_that_leads_back(self) -> None:
        one = change(5, {"status": {"old": "a", "new": "b"}}, forced=True, edited_outside=True)

        data = audit.compose_undo(one, timestamp=instant(9))

        assert (data["action"], data["modified_fields"], data["diff"]) == ("update", [], {})
        assert data["timestamp"] == at(9)
        assert data["metadata"]["rolled_back"] == one.digest
        assert (data["metadata"]["etag_before"], data["metadata"]["etag_after"]) == ("e5", "e4")
        assert data["metadata"]["updated_after"] == at(4)
        assert "forced" not in data["metadata"]
        assert "edited_outside" not in data["metadata"]
        assert one.data["diff"]

    @pytest.mark.parametrize(
        ("value", "hashed"),
        [
            ({"sha256": "x", "bytes": 1}, True),
            ({"sha256": "x"}, False),
            ({"sha256": "x", "bytes": 1, "more": 2}, False),
            ("sha256", False),
            (None, False),
        ],
    )
    def test_which_values_are_hashes(self, value: Any, hashed: bool) -> None:
        assert audit.is_digest(value) == hashed
