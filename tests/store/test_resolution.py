"""What a resolver decides becomes the next change; if the entity moves again, it is asked anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.changes import BodyChange, Edits, parse_changes
from loop_cli.core.conflict import Resolution, fail
from loop_cli.core.diff import MISSING
from loop_cli.errors import ConflictError
from loop_cli.operations import update as operations

if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.core.commits import UpdateResult
    from loop_cli.core.conflict import Conflict
    from tests.store.conftest import Bench


def update(
    bench: Bench, resolve: Callable[[Conflict], Resolution], *texts: str, **more: Any
) -> UpdateResult:
    """Update as somebody who read the entity before the status became doing."""
    seen = bench.find()
    bench.commit("status=doing", "tags+=theirs")
    change = bench.change(*texts, if_match=seen.revision.etag, **more).replace(seen=seen)
    return operations.update(bench.store, change, origin=bench.origin, resolve=resolve)


def always(**decided: Any) -> Callable[[Conflict], Resolution]:
    return lambda _conflict: Resolution(apply=True, **decided)


@pytest.mark.parametrize(
    ("decided", "status", "name"),
    [
        ({}, "done", "mine"),
        ({"theirs": ("status",)}, "doing", "mine"),
        ({"values": {"status": "hold"}}, "hold", "mine"),
        ({"values": {"entity_name": "another"}, "theirs": ("status",)}, "doing", "another"),
    ],
)
def test_each_field_is_what_was_decided(
    bench: Bench, decided: dict[str, Any], status: str, name: str
) -> None:
    done = update(bench, always(**decided), "status=done", "entity_name=mine")
    fields = bench.find().fields
    assert (fields["status"], fields["entity_name"]) == (status, name)
    assert fields["tags"] == ["a", "b", "theirs"]
    assert done.changed
    assert bench.metadata()["rebased_from"]["etag"] is not None


def test_a_value_may_be_removed_and_a_body_replaced(bench: Bench) -> None:
    decided = always(values={"tags": MISSING, "body": "merged\n"})
    update(bench, decided, "tags+=mine", body=BodyChange(text="mine\n"))
    now = bench.find()
    assert ("tags" in now.fields, now.body) == (False, "merged\n")


def test_other_edits_are_made_instead(bench: Bench) -> None:
    edits = Edits(changes=parse_changes(["entity_name=edited"], read=str))
    update(bench, always(edits=edits), "status=done")
    fields = bench.find().fields
    assert (fields["status"], fields["entity_name"]) == ("doing", "edited")


def test_who_was_asked_and_left_it_is_told_apart(bench: Bench) -> None:
    for asked in (True, False):
        decided = Resolution(apply=False, asked=asked)
        with pytest.raises(ConflictError) as caught:
            update(bench, lambda _conflict, decided=decided: decided, "status=done")  # type: ignore[misc]
        assert caught.value.asked is asked
        bench.commit("status=todo")


def test_if_it_moves_again_the_whole_change_is_asked_about_from_what_was_read(
    bench: Bench,
) -> None:
    met: list[Conflict] = []

    def resolve(conflict: Conflict) -> Resolution:
        met.append(conflict)
        if len(met) == 1:
            bench.commit("entity_name=moved")
            return Resolution(apply=True, theirs=("status",))
        return Resolution(apply=True)

    update(bench, resolve, "status=done", "entity_name=mine")
    first, second = ({one.field: one for one in conflict.fields} for conflict in met)
    assert second["status"].requested == first["status"].requested == "done"
    assert (second["entity_name"].base, second["entity_name"].current) == ("a task", "moved")
    assert [len(conflict.changes) for conflict in met] == [1, 2]
    assert bench.find().fields["status"] == "done"


def test_edits_made_on_a_state_that_moves_are_asked_about_from_that_state(bench: Bench) -> None:
    met: list[Conflict] = []

    def resolve(conflict: Conflict) -> Resolution:
        met.append(conflict)
        if len(met) == 1:
            edits = Edits(changes=parse_changes(["status=hold"], read=str))
            bench.commit("status=blocked")
            return Resolution(apply=True, edits=edits)
        return Resolution(apply=False)

    with pytest.raises(ConflictError):
        update(bench, resolve, "status=done")
    (status,) = met[1].fields
    assert (status.base, status.current, status.requested) == ("doing", "blocked", "hold")


def test_what_was_read_is_known_even_after_an_edit_outside(bench: Bench) -> None:
    seen = bench.find()
    bench.harness.edit_outside("work/tsk-1.md", seen.raw.replace(b"todo", b"doing"))
    change = bench.change("entity_name=mine", if_match=seen.revision.etag).replace(seen=seen)
    with pytest.raises(ConflictError) as caught:
        operations.update(bench.store, change, origin=bench.origin, resolve=fail)
    found: Conflict = caught.value.conflict
    assert [(one.field, one.base, one.base_known, one.overlap) for one in found.fields] == [
        ("entity_name", "a task", True, False),
        ("status", "todo", True, False),
    ]
