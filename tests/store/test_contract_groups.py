"""The contract of every store: several changes at once, and values that are hashed."""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.changes import BodyChange
from loop_cli.core.commits import CommitResult, EntityChange
from loop_cli.core.records.record import Origin
from loop_cli.errors import ConflictError, EntityNotFound, InvalidChange, UsageError
from loop_cli.failures import AlreadyDone
from tests.store.conftest import ONE, TWO, Bench, OnDisk, text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Clock


class TestMany:
    """Several changes in one commit."""

    def changes(self, bench: Bench) -> list[EntityChange]:
        return [
            bench.change("status=doing", forced=True),
            bench.change("status=nonsense", entity_id="tsk-2", forced=True),
            bench.change("status=done", entity_id="none", forced=True),
            bench.change("status=hold", entity_id="tsk-2", forced=True),
        ]

    def test_each_has_its_outcome_in_order(self, bench: Bench) -> None:
        found = bench.store.commit(self.changes(bench), origin=bench.origin)

        assert [type(one) for one in found] == [
            CommitResult,
            InvalidChange,
            EntityNotFound,
            CommitResult,
        ]
        assert bench.find("tsk-1").fields["status"] == "doing"
        assert bench.find("tsk-2").fields["status"] == "hold"
        assert len(bench.harness.lines()) == 2

    def test_a_later_change_of_the_same_entity_sees_the_earlier_one(self, bench: Bench) -> None:
        seen = bench.find().revision.etag
        found = bench.store.commit(
            [bench.change("status=doing", if_match=seen), bench.change("notes=x", if_match=seen)],
            origin=bench.origin,
        )

        assert [type(one) for one in found] == [CommitResult, ConflictError]

    @pytest.mark.parametrize("wrong", [[0, 1], [2, 0], [0, 1, 2, 3]])
    def test_atomic_is_all_or_none(self, bench: Bench, wrong: list[int]) -> None:
        before = bench.harness.bytes_of(ONE), bench.harness.bytes_of(TWO)
        changes = [self.changes(bench)[index] for index in wrong]

        with pytest.raises((InvalidChange, EntityNotFound, UsageError)):
            bench.store.commit(changes, origin=bench.origin, atomic=True)

        assert (bench.harness.bytes_of(ONE), bench.harness.bytes_of(TWO)) == before
        assert bench.harness.lines() == []

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_an_atomic_group_changes_no_entity_twice(self, bench: Bench, dry_run: bool) -> None:
        changes = [bench.change("status=doing", forced=True), bench.change("notes=x", forced=True)]

        with pytest.raises(UsageError, match="twice"):
            bench.store.commit(changes, origin=bench.origin, atomic=True, dry_run=dry_run)

        assert bench.harness.lines() == []

    def test_an_atomic_group_lands_whole(self, bench: Bench) -> None:
        changes = [self.changes(bench)[index] for index in (0, 3)]

        found = bench.store.commit(changes, origin=bench.origin, atomic=True)

        assert [type(one) for one in found] == [CommitResult, CommitResult]
        groups = [one["metadata"]["group"] for one in bench.records()]
        assert len({group["id"] for group in groups}) == 1
        assert [(group["index"], group["count"]) for group in groups] == [(0, 2), (1, 2)]
        assert [one["metadata"]["previous"] for one in bench.records()] == [
            None,
            hashlib.sha256(bench.harness.lines()[0]).hexdigest(),
        ]

    def test_nothing_to_do_is_nothing_to_record(self, bench: Bench) -> None:
        changes = [
            bench.change("status=todo", forced=True),
            bench.change("status=todo", entity_id="tsk-2", forced=True),
        ]

        for atomic in (False, True):
            found = bench.store.commit(changes, origin=bench.origin, atomic=atomic)
            assert [one.changed for one in found if isinstance(one, CommitResult)] == [False] * 2
        assert bench.harness.lines() == []
        assert bench.store.commit([], origin=bench.origin) == []


class TestHashed:
    """What the log has only the hash of, and what is kept of it for undo."""

    def test_a_private_field(self, bench: Bench) -> None:
        bench.commit("actual_hours=5")
        bench.commit("actual_hours=8")

        old, new = (_digest(value) for value in (b"5", b"8"))
        assert bench.records()[0]["diff"]["actual_hours"] == {
            "old": None,
            "new": old,
            "added": True,
        }
        assert bench.records()[1]["diff"]["actual_hours"] == {"old": old, "new": new}
        assert bench.harness.kept(old["sha256"]) == b"5"
        assert bench.harness.kept(new["sha256"]) is None

    def test_the_result_still_has_the_value(self, bench: Bench) -> None:
        done = bench.commit("actual_hours=5")

        assert done.diff["actual_hours"]["new"] == 5

    @pytest.mark.parametrize(("size", "hashed"), [(65_536, False), (65_537, True)])
    def test_a_value_over_64_kib(self, bench: Bench, size: int, hashed: bool) -> None:
        large = "가" * ((size - 1) // 3)
        large += "x" * (size - len(large.encode()))
        bench.commit(body=BodyChange(text=large))
        bench.commit(body=BodyChange(text="small\n"))
        sha256 = hashlib.sha256(large.encode()).hexdigest()

        recorded = bench.records()[1]["diff"]["body"]["old"]

        assert recorded == ({"sha256": sha256, "bytes": size} if hashed else large)
        assert bench.harness.kept(sha256) == (large.encode() if hashed else None)

    def test_its_base_is_unknown_in_a_conflict(self, bench: Bench) -> None:
        bench.commit("actual_hours=5")
        seen = bench.find().revision
        bench.commit("actual_hours=8", "status=done")

        found = bench.conflict("actual_hours=9", "status=hold", if_match=seen.etag)

        assert [(one.field, one.base, one.base_known, one.overlap) for one in found.fields] == [
            ("actual_hours", None, False, True),
            ("status", "todo", True, True),
        ]


def test_what_the_vault_keeps_is_for_its_owner_alone(tmp_path: Path, clock: Clock) -> None:
    harness = OnDisk(tmp_path / "vault", clock)
    harness.make({ONE: text("tsk-1", "actual_hours: 5")})

    Bench(harness).commit("actual_hours=8")

    (kept,) = (harness.root / ".loop" / "kept").iterdir()
    assert kept.name == hashlib.sha256(b"5").hexdigest()
    assert kept.read_bytes() == b"5"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def _digest(value: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(value).hexdigest(), "bytes": len(value)}


def test_changes_of_several_callers_share_a_commit(bench: Bench) -> None:
    """Each is recorded as of its own origin."""
    others = [
        Origin(run_id=f"00000000-0000-4000-8000-00000000000{number}", actor=f"api:{number}")
        for number in range(2)
    ]
    changes = [
        bench.change("status=doing", entity_id=one, forced=True).replace(origin=other)
        for one, other in zip(("tsk-1", "tsk-2"), others, strict=True)
    ]

    outcomes = bench.store.commit(changes, origin=bench.origin)

    records = [one.record for one in outcomes if isinstance(one, CommitResult)]
    assert [(one.data["actor"], one.data["run_id"]) for one in records if one is not None] == [
        (other.actor, other.run_id) for other in others
    ]


def test_a_call_that_another_run_has_made_is_not_made_again(bench: Bench) -> None:
    """What one call records under its key, in several commits, is one call."""
    first = bench.origin.replace(key="job-7", request="a" * 64)
    again = first.replace(run_id="00000000-0000-4000-8000-000000000001")
    changes = [bench.change(one, forced=True) for one in ("status=doing", "status=hold")]

    for change in changes:
        (done,) = bench.store.commit([change], origin=first)
        assert isinstance(done, CommitResult)
    (refused,) = bench.store.commit([bench.change("status=todo", forced=True)], origin=again)

    assert isinstance(refused, AlreadyDone)
    assert refused.record.metadata["idempotency_key"] == "job-7"
    assert bench.find("tsk-1").fields["status"] == "hold"
    assert len([*bench.store.records_with_key("job-7")]) == 2
    assert [*bench.store.records_with_key("job-8")] == []
