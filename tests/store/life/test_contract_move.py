"""What every store does with entities that move, and with groups of all kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.changes import Change, Edits
from loop_cli.core.commits import Delete, EntityChange, Move, Restore
from loop_cli.errors import ConflictError, InvalidChange
from loop_cli.wire.models import AuditRecord as RecordModel
from tests.store.conftest import ONE, TWO, Bench
from tests.store.life.conftest import (
    THREE,
    commit,
    is_there,
    last_record,
    new,
    refused,
    seen,
)

if TYPE_CHECKING:
    from loop_cli.core.commits import AnyChange


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
        assert bench.harness.bytes_of(self.TO) == before.replace(b"2026-01-09", updated)

    def test_the_record_has_both_paths(self, bench: Bench) -> None:
        (done,) = commit(bench, self.move(bench, "status=doing"))

        record = bench.records()[-1]
        RecordModel.model_validate(record)
        assert record["action"] == "move"
        assert record["diff"] == {"status": {"old": "todo", "new": "doing"}}
        metadata = record["metadata"]
        assert (metadata["path_before"], metadata["path"]) == (ONE, self.TO)
        assert metadata["etag_after"] == done.after.revision.etag != metadata["etag_before"]

    def test_its_conflicts_are_those_of_an_update(self, bench: Bench) -> None:
        stale = self.move(bench, "status=doing")
        bench.commit("status=doing")

        found = refused(bench, stale)

        assert isinstance(found, ConflictError)
        assert found.conflict.overlaps
        assert is_there(bench, ONE)

    def test_history_goes_with_it(self, bench: Bench) -> None:
        old = bench.find().revision
        commit(bench, self.move(bench))
        bench.commit("status=doing")

        found = bench.conflict("status=doing", if_match=old.etag)

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
        update = bench.change("status=doing", forced=True)
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
        assert bench.find().fields["status"] == "doing"
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
        second = new(
            "tsk-4", path="work/tsk-4.md", fields={"outgoing_relations": [{"target_id": "tsk-3"}]}
        )

        commit(bench, first, second, atomic=True)

        assert bench.find("tsk-4").id == "tsk-4"


def test_an_update_is_no_move() -> None:
    assert issubclass(Move, EntityChange)
    assert not issubclass(EntityChange, Move)


class TestNamesAlike:
    """Names that differ only by case are one name for some systems."""

    ALIKE = "work/TSK-1.md"

    def test_a_file_may_take_the_name_of_one_that_goes_with_it(self, bench: Bench) -> None:
        before = bench.harness.bytes_of(ONE)
        goes = Delete(entity_id="tsk-1", precondition=seen(bench))

        commit(bench, new("TSK-1", path=self.ALIKE), goes, atomic=True)
        deletion = last_record(bench)

        assert is_there(bench, self.ALIKE) and not is_there(bench, ONE)
        again = Delete(entity_id="TSK-1", precondition=seen(bench, "TSK-1"))
        commit(bench, Restore(record=deletion), again, atomic=True)
        assert bench.harness.bytes_of(ONE) == before
        assert not is_there(bench, self.ALIKE)

    @pytest.mark.parametrize("path", [ONE, "WORK/tsk-1.md"])
    def test_but_not_its_very_place(self, bench: Bench, path: str) -> None:
        goes = Delete(entity_id="tsk-1", precondition=seen(bench))

        with pytest.raises(InvalidChange):
            commit(bench, new("TSK-1", path=path), goes, atomic=True)

        assert is_there(bench, ONE)

    def test_nor_without_it(self, bench: Bench) -> None:
        assert isinstance(refused(bench, new("TSK-1", path=self.ALIKE)), InvalidChange)

    def test_a_file_moves_to_its_own_name(self, bench: Bench) -> None:
        change = bench.change(if_match=bench.find().revision.etag)

        commit(bench, Move(**{**change.__dict__, "to": self.ALIKE}))

        assert bench.find().path == self.ALIKE
        assert not is_there(bench, ONE)
