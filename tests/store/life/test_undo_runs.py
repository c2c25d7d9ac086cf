"""A run that makes, changes and deletes the same entity is undone as a whole, in every store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.core.changes import BodyChange, Edits, parse_changes
from loop_cli.core.commits import CommitResult, Delete, EntityChange, Move, Restore
from loop_cli.core.entity import Precondition
from loop_cli.errors import ConflictError, InvalidChange
from loop_cli.failures import NoSuchChange
from loop_cli.operations import undo as undoing
from loop_cli.wire.models import AuditRecord as RecordModel
from tests.conftest import Clock
from tests.store.conftest import ONE, TWO, Bench, InMemory, text
from tests.store.life.conftest import commit, is_there, last_record, new, refused, seen

if TYPE_CHECKING:
    from loop_cli.core.commits import AnyChange
    from loop_cli.core.records.record import Origin
    from loop_cli.operations.undo import UndoResult

FORCED = Precondition(forced=True)
THREE = "work/tsk-3.md"


def update(entity_id: str, *texts: str, body: str | None = None, **more: Any) -> EntityChange:
    edits = Edits(
        changes=parse_changes(texts, read=str),
        body=None if body is None else BodyChange(text=body),
    )
    return EntityChange(entity_id=entity_id, edits=edits, precondition=FORCED, **more)


def move(entity_id: str, to: str, *texts: str) -> Move:
    return Move(**{**update(entity_id, *texts).__dict__, "to": to})


def delete(entity_id: str = "tsk-1") -> Delete:
    return Delete(entity_id=entity_id, precondition=FORCED)


def create(entity_id: str = "tsk-3", path: str = THREE) -> AnyChange:
    return new(entity_id, path=path)


def origin_of(bench: Bench, run: int) -> Origin:
    return bench.origin.replace(run_id=f"00000000-0000-4000-8000-{run:012}")


def run(bench: Bench, *changes: AnyChange, number: int = 1) -> str:
    """Land changes one after the other, as the lines of one call."""
    origin = origin_of(bench, number)
    for change in changes:
        (done,) = bench.store.commit([change], origin=origin)
        assert isinstance(done, CommitResult), done
        bench.clock.advance(1)
    return origin.run_id


def undo(bench: Bench, run_id: str | None = None, *, number: int = 100) -> UndoResult:
    target = undoing.Target(run_id=run_id, last=run_id is None)
    return undoing.undo(bench.store, target, origin=origin_of(bench, number))


def files(bench: Bench) -> dict[str, bytes]:
    return {path: bench.harness.bytes_of(path) for path in bench.store.paths()}


def without_times(found: dict[str, bytes]) -> dict[str, list[bytes]]:
    return {
        path: [line for line in data.splitlines() if not line.startswith(b"updated:")]
        for path, data in found.items()
    }


RUNS: dict[str, list[AnyChange]] = {
    "create, delete, and another": [create(), delete("tsk-3"), update("tsk-1", "status=done")],
    "another, create, delete": [update("tsk-1", "status=done"), create(), delete("tsk-3")],
    "create, update": [create(), update("tsk-3", "status=done", body="x\n")],
    "create, update, delete, and another": [
        create(),
        update("tsk-3", "status=done"),
        delete("tsk-3"),
        update("tsk-2", "status=done"),
    ],
    "create, move, delete, and another": [
        create(),
        move("tsk-3", "work/other.md"),
        delete("tsk-3"),
        update("tsk-2", "status=done"),
    ],
    "create twice, delete once": [create(), delete("tsk-3"), create(path="work/other.md")],
    "update, delete": [update("tsk-1", "status=done", "tags+=x", body="new\n"), delete()],
    "update, update, delete": [
        update("tsk-1", "status=done"),
        update("tsk-1", "status=hold", "notes=x"),
        delete(),
    ],
    "move, update, delete": [
        move("tsk-1", "work/2026/one.md", "status=done"),
        update("tsk-1", "notes=x"),
        delete(),
    ],
    "delete, create": [delete(), create("tsk-1", ONE)],
    "update, delete, create, update": [
        update("tsk-1", "status=done", body="new\n"),
        delete(),
        create("tsk-1", ONE),
        update("tsk-1", "status=hold"),
    ],
    "delete, create elsewhere, move": [
        delete(),
        create("tsk-1", THREE),
        move("tsk-1", "work/2026/one.md", "status=hold"),
    ],
    "delete, create, delete": [delete(), create("tsk-1", ONE), delete()],
    "two that go": [update("tsk-1", "status=done"), delete(), delete("tsk-2")],
}


@pytest.mark.parametrize("changes", RUNS.values(), ids=RUNS)
def test_a_run_is_undone_as_a_whole_and_redone(bench: Bench, changes: list[AnyChange]) -> None:
    before = files(bench)
    run(bench, *changes)
    after = files(bench)

    undone = undo(bench)

    assert without_times(files(bench)) == without_times(before)
    for record in bench.records():
        RecordModel.model_validate(record)
    with pytest.raises(NoSuchChange):
        undo(bench, number=101)
    undo(bench, undone.run_id, number=102)
    assert without_times(files(bench)) == without_times(after)
    undo(bench, number=103)
    assert without_times(files(bench)) == without_times(before)


def test_what_was_changed_and_deleted_comes_back_byte_for_byte(bench: Bench) -> None:
    run(bench, update("tsk-1", "notes=x"), number=1)
    before, revision = files(bench), bench.find().revision
    run(bench, update("tsk-1", "status=done", body="new\n"), delete(), number=2)

    undo(bench)

    assert files(bench) == before
    assert bench.find().revision == revision
    undo(bench, number=101)  # and the run before that
    assert "notes" not in bench.find().fields


def test_what_took_the_place_of_another_is_put_back_and_older_runs_can_be_undone(
    bench: Bench,
) -> None:
    run(bench, update("tsk-1", "notes=x"), number=1)
    before = files(bench)
    run(bench, delete(), create("tsk-1", ONE), number=2)

    undo(bench)

    assert without_times(files(bench)) == without_times(before)
    undo(bench, number=101)
    assert "notes" not in bench.find().fields


def test_what_was_changed_since_it_took_the_place_of_another_stays(bench: Bench) -> None:
    run(bench, delete(), create("tsk-1", ONE), number=1)
    run(bench, update("tsk-1", "status=hold"), number=2)
    after = files(bench)

    with pytest.raises(ConflictError) as met:
        undo(bench, origin_of(bench, 1).run_id)

    assert "status" in [one.field for one in met.value.conflict.fields]
    assert files(bench) == after


def test_a_run_of_which_nothing_is_left_is_passed_over(bench: Bench) -> None:
    run(bench, update("tsk-1", "status=done"), number=1)
    passed = run(bench, create(), update("tsk-3", "status=done"), delete("tsk-3"), number=2)

    assert undo(bench).undone == origin_of(bench, 1).run_id

    assert bench.find().fields["status"] == "todo"
    with pytest.raises(NoSuchChange, match="what it made, it deleted again"):
        undo(bench, passed)


def test_what_others_changed_before_the_deletion_is_not_taken_back(bench: Bench) -> None:
    """The file is left as it is, which is gone; the run itself says why."""
    mine = run(bench, update("tsk-1", "status=done"), number=1)
    run(bench, update("tsk-1", "status=hold"), number=2)
    run(bench, delete(), number=1)

    with pytest.raises(ConflictError) as met:
        undo(bench, mine)

    assert [one.field for one in met.value.conflict.fields] == ["status"]
    assert not is_there(bench, ONE)


STEPS: list[AnyChange] = [
    create(),
    create("tsk-1", ONE),
    create("tsk-1", "work/again.md"),
    update("tsk-1", "status=done", "tags+=x"),
    update("tsk-1", "status=hold", body="new\n"),
    update("tsk-3", "notes=x"),
    move("tsk-1", "work/2026/one.md", "notes=y"),
    move("tsk-1", ONE),
    move("tsk-3", "work/other.md"),
    delete(),
    delete("tsk-3"),
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(range(len(STEPS))), min_size=1, max_size=8))
def test_whatever_a_run_did_is_undone_and_redone(steps: list[int]) -> None:
    harness = InMemory(Clock())
    project = text("prj-1").replace(b"entity_type: Task", b"entity_type: Project")
    harness.make({ONE: text("tsk-1", body="Body\n"), "work/project.md": project})
    bench = Bench(harness)
    before = files(bench)
    for step in steps:  # some can't be done, and are left out
        bench.store.commit([STEPS[step]], origin=origin_of(bench, 1))
        bench.clock.advance(1)
    after = files(bench)

    try:
        undone = undo(bench)
    except NoSuchChange:
        assert without_times(before) == without_times(after)
        return

    assert without_times(files(bench)) == without_times(before)
    with pytest.raises(NoSuchChange):
        undo(bench, number=101)
    if undone.changed:
        undo(bench, undone.run_id, number=102)
        assert without_times(files(bench)) == without_times(after)


class TestShared:
    """Two files carry one id; a path chooses."""

    COPY = "work/copy.md"

    @pytest.fixture(autouse=True)
    def _two(self, bench: Bench) -> None:
        bench.harness.edit_outside(self.COPY, text("tsk-1", body="Copy\n"))

    def delete(self, bench: Bench, path: str) -> None:
        data = bench.harness.bytes_of(path)
        found = bench.store.find("tsk-1", path=path)
        assert found.raw == data
        precondition = Precondition(if_match=found.revision.etag)
        run(bench, Delete(entity_id="tsk-1", path=path, precondition=precondition))

    @pytest.mark.parametrize("path", [ONE, COPY])
    def test_either_comes_back_beside_the_other(self, bench: Bench, path: str) -> None:
        before = files(bench)
        self.delete(bench, path)
        assert last_record(bench).metadata["shared"] is True

        undone = undo(bench)

        assert files(bench) == before
        undo(bench, undone.run_id, number=101)
        assert not is_there(bench, path)
        undo(bench, number=102)
        assert files(bench) == before

    def test_not_where_its_place_is_taken(self, bench: Bench) -> None:
        self.delete(bench, self.COPY)
        deletion = last_record(bench)
        commit(bench, new("tsk-9", path=self.COPY))

        assert isinstance(refused(bench, Restore(record=deletion)), InvalidChange)

    def test_the_only_one_with_an_id_says_nothing(self, bench: Bench) -> None:
        commit(bench, Delete(entity_id="tsk-2", path=TWO, precondition=seen(bench, "tsk-2")))

        assert "shared" not in last_record(bench).metadata
