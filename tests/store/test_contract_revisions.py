"""The contract of every store: revisions and preconditions (SPEC §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.cli.hints import spelled
from loop_cli.core import timestamps
from loop_cli.core.records import record as audit
from loop_cli.errors import Action, ConflictError
from loop_cli.failures import PreconditionRequired
from loop_cli.planning.snapshot import etag_of
from loop_cli.vault.log.lines import encode
from tests.store.conftest import ONE, TWO, Bench, text

if TYPE_CHECKING:
    from tests.store.conftest import Harness


def instant(shown: str) -> int:
    found = timestamps.parse(shown)
    assert found is not None
    return found


def stand_in(harness: Harness, path: str, modified: str) -> str:
    """The stand-in of SPEC §3, computed by its words: `modified` to the second."""
    digits = int(etag_of(harness.bytes_of(path)), 16) % 10**6
    return f"{modified}.{digits:06}Z"


class TestPreconditions:
    """What holds, what is recorded of it, and what is required (SPEC §3)."""

    def test_none_given_is_an_error_that_names_the_ways(self, bench: Bench) -> None:
        refused = bench.outcome("status=done")

        assert isinstance(refused, PreconditionRequired)
        for way in ("--if-match", "--expected-updated-at", "--force"):
            assert way in spelled(refused.message)
        assert refused.hint == Action("read_again", entity_id="tsk-1")
        assert bench.harness.lines() == []

    def test_even_where_nothing_would_change(self, bench: Bench) -> None:
        assert isinstance(bench.outcome("status=todo"), PreconditionRequired)
        assert isinstance(bench.outcome("status=todo", if_match="0" * 16), ConflictError)

    def test_the_etag(self, bench: Bench) -> None:
        bench.commit("status=done", if_match=bench.find().revision.etag)

        assert bench.metadata()["precondition"] == "etag"
        assert "forced" not in bench.metadata()

    def test_the_reported_time(self, bench: Bench) -> None:
        bench.commit("status=doing", expected_updated_at=bench.find().revision.updated_at)
        bench.commit("status=done", expected_updated_at=bench.find().revision.updated_at)

        assert [one["metadata"]["precondition"] for one in bench.records()] == ["updated_at"] * 2

    def test_the_same_instant_in_other_words(self, bench: Bench) -> None:
        bench.commit("status=doing")
        shown = bench.find().revision.updated_at
        assert shown == "2026-01-09T14:35:10.123456Z"

        bench.commit("status=done", expected_updated_at="2026-01-09 23:35:10.123456000+09:00")

    def test_both(self, bench: Bench) -> None:
        seen = bench.find().revision

        bench.commit("status=doing", if_match=seen.etag, expected_updated_at=seen.updated_at)

        assert bench.metadata()["precondition"] == "etag"
        now = bench.find().revision
        for stale in (
            {"if_match": seen.etag, "expected_updated_at": now.updated_at},
            {"if_match": now.etag, "expected_updated_at": seen.updated_at},
        ):
            assert isinstance(bench.outcome("status=done", **stale), ConflictError)

    def test_force_is_recorded(self, bench: Bench) -> None:
        bench.commit("status=done", forced=True)

        assert bench.metadata()["precondition"] == "none"
        assert bench.metadata()["forced"] is True

    @pytest.mark.parametrize("expected", ["2026-01-09", "2026-01-09T09:00:00+09:00"])
    def test_the_files_own_value_is_accepted_while_it_was_never_recorded(
        self, bench: Bench, expected: str
    ) -> None:
        bench.commit("status=done", expected_updated_at=expected)

        assert bench.metadata()["precondition"] == "literal"

    @pytest.mark.parametrize("written", ["2026-01-09", '"2026-01-09"', "'2026-01-09'  # today"])
    def test_an_unquoted_date_in_the_file_is_no_false_conflict(
        self, harness: Harness, written: str
    ) -> None:
        harness.make({ONE: text("tsk-1", updated=written)})

        assert Bench(harness).commit("status=done", expected_updated_at="2026-01-09").changed

    def test_of_two_updates_on_one_day_with_the_same_date_the_second_is_a_conflict(
        self, bench: Bench
    ) -> None:
        bench.commit("status=doing", expected_updated_at="2026-01-09")

        found = bench.conflict("tags+=c", expected_updated_at="2026-01-09")

        assert found.reason == "updated_changed"
        assert [one.data["modified_fields"] for one in found.changes] == [["status"]]

    def test_the_files_own_value_is_not_accepted_once_recorded(self, bench: Bench) -> None:
        bench.commit("status=doing")
        bench.clock.advance(60)
        bench.harness.edit_outside(ONE, text("tsk-1", updated="2026-01-10"))

        found = bench.conflict("status=done", expected_updated_at="2026-01-10")

        assert found.reason == "edited_outside"

    def test_nor_after_the_file_has_another(self, bench: Bench) -> None:
        bench.harness.edit_outside(ONE, text("tsk-1", updated="2026-01-10"))

        assert bench.conflict("status=done", expected_updated_at="2026-01-09")
        assert bench.commit("status=done", expected_updated_at="2026-01-10").changed

    def test_a_file_without_updated_has_only_the_stand_in(self, harness: Harness) -> None:
        harness.make({ONE: text("tsk-1", updated=None), TWO: text("tsk-2", updated="yesterday")})
        bench = Bench(harness)

        for entity_id, path in (("tsk-1", ONE), ("tsk-2", TWO)):
            shown = bench.find(entity_id).revision.updated_at
            assert shown == stand_in(harness, path, "2026-01-09T14:35:10")
            assert bench.commit("status=done", entity_id=entity_id, expected_updated_at=shown)
            assert bench.metadata()["precondition"] == "updated_at"
            assert "literal_before" not in bench.metadata()


class TestReported:
    """`updated_at`, as `get` reports it and preconditions are compared with."""

    def test_of_a_file_never_recorded_it_is_the_stand_in(self, bench: Bench) -> None:
        assert bench.find().revision.updated_at == stand_in(
            bench.harness, ONE, "2026-01-09T13:35:10"
        )

    def test_of_a_recorded_state_it_is_the_files_own_value(self, bench: Bench) -> None:
        bench.commit("status=done")

        found = bench.find()

        assert found.revision.updated_at == found.fields["updated"]
        assert found.fields["updated"] == "2026-01-09T14:35:10.123456Z"

    def test_after_an_outside_edit_it_is_the_stand_in_again(self, bench: Bench) -> None:
        bench.commit("status=done")
        bench.clock.advance(60)
        bench.harness.edit_outside(ONE, bench.harness.bytes_of(ONE) + b"more\n")

        assert bench.find().revision.updated_at == stand_in(
            bench.harness, ONE, "2026-01-09T14:36:10"
        )

    def test_raised_above_the_recorded_time_where_the_file_is_older(self, bench: Bench) -> None:
        bench.commit("status=done")
        bench.clock.advance(-3600)
        bench.harness.edit_outside(ONE, bench.harness.bytes_of(ONE) + b"more\n")

        assert bench.find().revision.updated_at == stand_in(
            bench.harness, ONE, "2026-01-09T14:35:11"
        )

    def test_an_outside_edit_that_is_taken_back_was_none(self, bench: Bench) -> None:
        done = bench.commit("status=done")
        recorded = bench.harness.bytes_of(ONE)
        bench.harness.edit_outside(ONE, recorded + b"more\n")
        bench.harness.edit_outside(ONE, recorded)

        assert bench.find().revision == done.after.revision

    def test_states_that_another_program_recorded_have_stand_ins(self, bench: Bench) -> None:
        """Its `updated` may be the same in two of them."""
        dates = {"updated_before": "2026-01-09", "updated_after": "2026-01-09"}
        bench.change_outside("status: todo", "status: doing", metadata=dates)
        first = bench.find().revision.updated_at
        assert first == stand_in(bench.harness, ONE, "2026-01-09T14:35:10")

        bench.change_outside("status: doing", "status: hold", metadata=dates)

        assert bench.find().revision.updated_at != first
        for stale in (first, "2026-01-09"):
            found = bench.conflict("status=done", expected_updated_at=stale)
            assert found.reason == "edited_outside"
        bench.commit("status=done")
        assert "edited_outside" not in bench.metadata()

    def test_a_change_that_is_taken_back_leaves_the_time_that_was_reported(
        self, bench: Bench
    ) -> None:
        before, raw = bench.find().revision, bench.harness.bytes_of(ONE)
        record = bench.commit("status=done").record
        assert record is not None
        bench.clock.advance(-3600)
        bench.harness.edit_outside(ONE, raw)
        bench.clock.advance(3600)

        undone = audit.compose_undo(record, timestamp=bench.clock.now)
        bench.harness.record_outside(encode(undone))

        assert bench.find().revision == before
        assert bench.conflict("status=done", expected_updated_at="2026-01-08").reason == (
            "edited_outside"
        )
        assert bench.commit("status=done", expected_updated_at=before.updated_at).changed

    def test_two_files_with_one_id_have_their_own_records(self, harness: Harness) -> None:
        harness.make({ONE: text("tsk-1"), TWO: text("tsk-1", "notes: another")})
        bench = Bench(harness)

        first = bench.commit("status=done", path=ONE)
        second = bench.commit("status=hold", path=TWO)

        assert harness.store.find("tsk-1", path=ONE).revision == first.after.revision
        assert harness.store.find("tsk-1", path=TWO).revision == second.after.revision
        assert [one["metadata"]["path"] for one in bench.records()] == [ONE, TWO]
        assert "edited_outside" not in bench.metadata()


class TestUpdated:
    """`updated` as it is written: later than everything before it."""

    def test_when_the_clock_stands_still(self, bench: Bench) -> None:
        times = [
            instant(bench.commit(f"notes={number}").after.revision.updated_at)
            for number in range(5)
        ]

        assert times == [bench.clock.now + number for number in range(5)]

    def test_when_the_clock_goes_back(self, bench: Bench) -> None:
        first = bench.commit("status=doing").after.revision.updated_at
        bench.clock.advance(-86_400)

        second = bench.commit("status=done").after.revision.updated_at

        assert instant(second) == instant(first) + 1

    @pytest.mark.parametrize("future", ["2030-01-01", "2030-01-01T00:00:00.000000Z"])
    def test_when_the_file_has_a_time_in_the_future(self, harness: Harness, future: str) -> None:
        harness.make({ONE: text("tsk-1", updated=future)})

        done = Bench(harness).commit("status=done")

        assert done.after.revision.updated_at == "2030-01-01T00:00:00.000001Z"

    def test_when_the_file_was_modified_in_the_future(self, harness: Harness) -> None:
        harness.clock.advance(3600)
        harness.make({ONE: text("tsk-1")})
        harness.clock.advance(-3600)
        bench = Bench(harness)
        shown = bench.find().revision.updated_at

        done = bench.commit("status=done")

        assert instant(done.after.revision.updated_at) == instant(shown) + 1

    def test_when_an_outside_edit_puts_an_old_time_back(self, bench: Bench) -> None:
        old = bench.harness.bytes_of(ONE)
        first = bench.commit("status=done").after.revision.updated_at
        bench.clock.advance(-7200)
        bench.harness.edit_outside(ONE, old)
        shown = bench.find().revision.updated_at

        again = bench.commit("status=done").after.revision.updated_at

        assert instant(again) > instant(shown) > instant(first)

    def test_it_is_utc_with_microseconds(self, bench: Bench) -> None:
        bench.clock.set("2026-02-01T00:00:00Z")

        bench.commit("status=done")

        assert b"updated: 2026-02-01T00:00:00.000000Z\n" in bench.harness.bytes_of(ONE)

    def test_a_missing_one_is_added(self, harness: Harness) -> None:
        harness.make({ONE: text("tsk-1", updated=None)})
        bench = Bench(harness)

        done = bench.commit("status=done")

        assert bench.find().fields["updated"] == done.after.revision.updated_at
        assert bench.records()[0]["modified_fields"] == ["status"]
