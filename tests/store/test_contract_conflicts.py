"""The contract of every store: conflicts, rebasing, the order of checks (SPEC §3 and §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core import conflict
from loop_cli.core.query import parse_condition
from loop_cli.errors import (
    ConflictError,
    EntityNotFound,
    InvalidChange,
    InvalidFile,
    LoopError,
    UsageError,
)
from loop_cli.failures import AmbiguousId, PreconditionRequired
from loop_cli.operations import update as operations
from tests.store.conftest import ONE, TWO, Bench, text

if TYPE_CHECKING:
    from loop_cli.core.commits import UpdateResult
    from loop_cli.core.records.record import Origin
    from tests.store.conftest import Harness


class TestConditions:
    """A condition of a write, compared under the lock."""

    @pytest.mark.parametrize("given", ["nosuch=1", "missing:nosuch", "nosuch!=1"])
    def test_a_field_that_no_entity_has_is_a_slip(self, bench: Bench, given: str) -> None:
        before = bench.harness.bytes_of(ONE), bench.harness.lines()

        outcome = bench.outcome("status=done", conditions=(parse_condition(given, today=0),))

        assert isinstance(outcome, UsageError)
        assert outcome.message == f"--if {given!r}: no entity has a field 'nosuch'"
        assert (bench.harness.bytes_of(ONE), bench.harness.lines()) == before

    def test_one_that_another_entity_has_is_compared(self, bench: Bench) -> None:
        bench.harness.edit_outside(TWO, text("tsk-2", "nosuch: 1"))
        asked: dict[str, Any] = {"conditions": (parse_condition("nosuch=1", today=0),)}

        assert bench.conflict("status=done", **asked).conditions[0]["edited_outside"] is False

    def test_an_edit_outside_is_told_only_where_there_was_one(self, bench: Bench) -> None:
        asked: dict[str, Any] = {"conditions": (parse_condition("status=hold", today=0),)}
        assert bench.conflict("status=done", **asked).conditions[0]["edited_outside"] is False

        bench.commit("status=doing")
        raw = bench.harness.bytes_of(ONE)
        bench.harness.edit_outside(ONE, raw.replace(b"status: doing", b"status: blocked"))

        assert bench.conflict("status=done", **asked).conditions[0]["edited_outside"] is True


class TestConflicts:
    """A precondition that no longer holds."""

    def test_nothing_is_written(self, bench: Bench) -> None:
        bench.commit("status=doing")
        before = bench.harness.bytes_of(ONE), bench.harness.lines()

        bench.conflict("status=done", if_match="0" * 16)

        assert (bench.harness.bytes_of(ONE), bench.harness.lines()) == before

    def test_the_etag_has_changed(self, bench: Bench) -> None:
        seen = bench.find().revision
        bench.commit("status=doing")

        found = bench.conflict("status=done", if_match=seen.etag)

        assert found.reason == "etag_changed"
        assert found.expected_etag == seen.etag
        assert found.current_etag == bench.find().revision.etag
        (one,) = found.fields
        assert (one.base, one.current, one.requested, one.overlap) == (
            "todo",
            "doing",
            "done",
            True,
        )

    def test_the_time_has_changed(self, bench: Bench) -> None:
        seen = bench.find().revision
        bench.commit("status=doing")
        bench.commit("notes=x")

        found = bench.conflict("tags+=c", expected_updated_at=seen.updated_at)

        assert found.reason == "updated_changed"
        assert found.current_updated_at == bench.find().revision.updated_at
        assert [one.field for one in found.fields] == ["tags", "notes", "status"]
        assert not found.overlaps

    def test_an_outside_edit_has_its_own_reason_and_no_known_base(self, bench: Bench) -> None:
        seen = bench.commit("status=doing").after.revision
        bench.harness.edit_outside(ONE, bench.harness.bytes_of(ONE) + b"more\n")

        for stale in ({"if_match": seen.etag}, {"expected_updated_at": seen.updated_at}):
            found = bench.conflict("tags+=c", **stale)
            assert found.reason == "edited_outside"
            assert [(one.base, one.base_known, one.overlap) for one in found.fields] == [
                (None, False, True)
            ]

    def test_where_a_stand_in_was_compared_the_reason_is_edited_outside(self, bench: Bench) -> None:
        found = bench.conflict("status=done", expected_updated_at="2026-01-08")

        assert found.reason == "edited_outside"

    def test_a_file_that_is_gone_is_not_found(self, bench: Bench) -> None:
        seen = bench.find().revision
        bench.harness.remove_outside(ONE)

        assert isinstance(bench.outcome("status=done", if_match=seen.etag), EntityNotFound)

    def test_after_an_outside_edit_the_next_record_says_so_once(self, bench: Bench) -> None:
        bench.commit("status=doing")
        assert "edited_outside" not in bench.metadata()
        bench.harness.edit_outside(ONE, bench.harness.bytes_of(ONE) + b"more\n")

        bench.commit("status=hold")
        assert bench.metadata()["edited_outside"] is True
        bench.commit("status=done")
        assert "edited_outside" not in bench.metadata()


class TestRebase:
    """`--on-conflict=rebase`, through `operations.update`."""

    def update(self, bench: Bench, *texts: str, **more: Any) -> UpdateResult:
        return operations.update(
            bench.store,
            bench.change(*texts, **more),
            origin=bench.origin,
            resolve=conflict.rebase,
        )

    def test_what_does_not_overlap_is_applied_on_top(self, bench: Bench) -> None:
        seen = bench.find().revision
        bench.commit("status=doing")

        done = self.update(bench, "tags+=c", if_match=seen.etag)

        assert done.entity.fields["status"] == "doing"
        assert done.entity.fields["tags"] == ["a", "b", "c"]
        assert bench.metadata()["rebased_from"] == {"updated_at": None, "etag": seen.etag}

    def test_by_time_too(self, bench: Bench) -> None:
        bench.commit("status=doing", expected_updated_at="2026-01-09")

        self.update(bench, "notes=x", expected_updated_at="2026-01-09")

        assert bench.metadata()["rebased_from"] == {"updated_at": "2026-01-09", "etag": None}

    def test_what_overlaps_is_a_conflict(self, bench: Bench) -> None:
        seen = bench.find().revision
        bench.commit("status=doing")

        with pytest.raises(ConflictError):
            self.update(bench, "status=done", "tags+=c", if_match=seen.etag)

        assert bench.find().fields["tags"] == ["a", "b"]

    def test_so_is_anything_after_an_outside_edit(self, bench: Bench) -> None:
        seen = bench.find().revision
        bench.harness.edit_outside(ONE, bench.harness.bytes_of(ONE) + b"more\n")

        with pytest.raises(ConflictError):
            self.update(bench, "tags+=c", if_match=seen.etag)

    def test_a_change_of_others_recorded_without_values_is_not_overwritten(
        self, bench: Bench
    ) -> None:
        seen = bench.find().revision
        bench.change_outside("status: todo", "status: doing", modified_fields=["status"])

        with pytest.raises(ConflictError):
            self.update(bench, "status=done", if_match=seen.etag)

        assert bench.find().fields["status"] == "doing"

    def test_a_change_of_others_recorded_with_them_is_one_to_apply_on_top_of(
        self, bench: Bench
    ) -> None:
        seen = bench.find().revision
        diff = {"status": {"old": "todo", "new": "doing"}}
        bench.change_outside("status: todo", "status: doing", modified_fields=["status"], diff=diff)

        done = self.update(bench, "notes=x", if_match=seen.etag)

        assert (done.entity.fields["status"], done.entity.fields["notes"]) == ("doing", "x")

    def test_a_revision_whose_parts_contradict_each_other_is_none(self, bench: Bench) -> None:
        old = bench.find().revision
        now = bench.commit("status=doing").after.revision

        for etag, time in ((old.etag, now.updated_at), (now.etag, old.updated_at)):
            with pytest.raises(ConflictError) as caught:
                self.update(bench, "status=done", if_match=etag, expected_updated_at=time)
            assert caught.value.conflict.overlaps
            assert not caught.value.conflict.kept_moving

        assert bench.find().fields["status"] == "doing"

    def test_a_resolver_is_asked_though_the_etag_is_that_of_now(self, bench: Bench) -> None:
        now = bench.commit("status=doing").after.revision

        done = operations.update(
            bench.store,
            bench.change("status=done", if_match=now.etag, expected_updated_at="2026-01-01"),
            origin=bench.origin,
            resolve=lambda _conflict: conflict.Resolution(apply=True),
        )

        assert done.entity.fields["status"] == "done"


class TestOrder:
    """Find, valid, given, holds, anything to do: the first that fails is the error."""

    @pytest.mark.parametrize(
        ("entity_id", "change", "expected", "error"),
        [
            ("none", "status=nonsense", None, EntityNotFound),
            ("twice", "status=nonsense", None, AmbiguousId),
            ("tsk-1", "status=nonsense", None, InvalidChange),
            ("tsk-1", "status=nonsense", "0" * 16, InvalidChange),
            ("tsk-1", "notes=x", None, InvalidFile),
            ("tsk-1", "notes=x", "0" * 16, InvalidFile),
            ("tsk-1", "status=todo", None, PreconditionRequired),
            ("tsk-1", "status=todo", "0" * 16, ConflictError),
        ],
    )
    def test_the_first_failure_counts(
        self,
        harness: Harness,
        origin: Origin,
        entity_id: str,
        change: str,
        expected: str | None,
        error: type[LoopError],
    ) -> None:
        harness.make(
            {
                ONE: text("tsk-1", "notes: a", "notes: b"),
                "a.md": text("twice"),
                "b.md": text("twice"),
            }
        )
        bench = Bench(harness)

        outcome = bench.outcome(change, entity_id=entity_id, if_match=expected)

        assert type(outcome) is error
        assert harness.lines() == []
