"""Ids that differ only by case: no new entity gets one, in any store (creating.md, `taken`). Those
that are there already stay, and each is found by its own id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.core.commits import Delete, Restore
from loop_cli.core.ids import IdRule
from loop_cli.errors import InvalidChange
from tests.store.conftest import ONE, text
from tests.store.life.conftest import THREE, commit, is_there, last_record, made, new, refused, seen

if TYPE_CHECKING:
    from tests.store.conftest import Bench

CAPITALS = "work/Straße.md"


@pytest.mark.parametrize("entity_id", ["TSK-1", "Tsk-1"])
def test_a_new_one_is_refused(bench: Bench, entity_id: str) -> None:
    found = refused(bench, new(entity_id))

    assert isinstance(found, InvalidChange)
    (problem,) = found.details["problems"]
    assert (problem["field"], problem["problem"]) == ("entity_id", "taken")
    assert f"tsk-1 of {ONE} differs from it only by case" in found.message
    assert not is_there(bench, THREE)


@pytest.mark.parametrize("entity_id", ["straße", "STRASSE", "STRAßE"])
def test_one_with_capitals_is_found_too(bench: Bench, entity_id: str) -> None:
    bench.harness.edit_outside(CAPITALS, text("Straße"))

    assert CAPITALS in refused(bench, new(entity_id)).message
    commit(bench, Delete(entity_id="Straße", precondition=seen(bench, "Straße")))
    commit(bench, new(entity_id))


def test_one_that_loop_has_changed_is_found_too(bench: Bench) -> None:
    commit(bench, new("Straße", path=CAPITALS))
    bench.commit("status=doing", entity_id="Straße")

    assert CAPITALS in refused(bench, new("strasse")).message


def test_two_of_one_group_are_refused(bench: Bench) -> None:
    both = (new("Tsk-3"), new("tsk-3", path="work/other.md"))

    with pytest.raises(InvalidChange, match="taken"):
        bench.store.commit(both, origin=bench.origin, atomic=True)
    assert not is_there(bench, THREE)


def test_one_may_take_the_place_of_another_that_goes_with_it(bench: Bench) -> None:
    goes = Delete(entity_id="tsk-1", precondition=seen(bench))

    commit(bench, new("TSK-1"), goes, atomic=True)

    assert bench.find("TSK-1").path == THREE
    assert not is_there(bench, ONE)


def test_a_generated_one_passes_over_it(bench: Bench) -> None:
    rule = IdRule(kind="epoch", prefix="tsk-a7k9m2-")
    now = bench.clock.now // 1000
    bench.harness.edit_outside("work/other.md", text(f"TSK-A7K9M2-{now}"))
    list(bench.store.scan())

    (done,) = commit(bench, made(rule))

    assert done.after.id != f"tsk-a7k9m2-{now}"


def test_what_was_deleted_does_not_come_back_beside_one(bench: Bench) -> None:
    commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
    deletion = last_record(bench)
    commit(bench, new("TSK-1"))

    found = refused(bench, Restore(record=deletion))

    assert isinstance(found, InvalidChange)
    assert "TSK-1" in found.message
    assert not is_there(bench, ONE)


def test_those_that_are_there_are_two(bench: Bench) -> None:
    bench.harness.edit_outside(THREE, text("TSK-1"))

    bench.commit("status=doing")
    bench.commit("status=done", entity_id="TSK-1")

    found = {one.id: one.fields["status"] for one in map(bench.find, ("tsk-1", "TSK-1"))}
    assert found == {"tsk-1": "doing", "TSK-1": "done"}
