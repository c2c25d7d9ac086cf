"""`Operations`: the boundary that every door uses, and the implementation over a store."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.changes import Edits, parse_changes
from loop_cli.core.check.report import Scope
from loop_cli.core.commits import EntityChange
from loop_cli.core.conflict import rebase
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.query import Query
from loop_cli.core.records.record import Origin
from loop_cli.core.upkeep import AllowedField, Upkeep
from loop_cli.errors import LoopError, UsageError
from loop_cli.operations.boundary import EntityOperations, Operations
from loop_cli.operations.local import LocalOperations
from loop_cli.operations.log import LogQuery
from loop_cli.operations.undo import Target
from loop_cli.operations.update import LocalEntityOperations
from loop_cli.remote.entities import RemoteEntityOperations
from loop_cli.remote.operations import RemoteOperations
from loop_cli.vault import schema_file
from tests.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

ONE = "tsk-019-14"
TEXT = f"---\nentity_type: Task\nentity_id: {ONE}\nentity_name: One\nstatus: todo\n---\n"
# What could not go through HTTP: a store, and what is open.
NO_DATA = ("Store", "Vault", "Handle", "IO", "Folder", "Lock", "Path")
CALLABLES = {"resolve", "confirm", "ask", "progress"}


def abstract(cls: type) -> dict[str, Any]:
    names: frozenset[str] = cls.__abstractmethods__  # type: ignore[attr-defined]
    return {name: inspect.getattr_static(cls, name) for name in names}


def function(member: Any) -> Callable[..., Any]:
    made = member.fget if isinstance(member, property) else member
    assert inspect.isfunction(made)
    return made


@pytest.mark.parametrize("name", sorted(abstract(Operations)))
class TestEachVerb:
    """What holds for every method of `Operations`."""

    @pytest.mark.parametrize("kind", [LocalOperations, RemoteOperations])
    def test_is_there_in_each_implementation_with_the_same_signature(
        self, name: str, kind: type
    ) -> None:
        wanted, there = (inspect.getattr_static(cls, name) for cls in (Operations, kind))

        assert type(there) is type(wanted)
        assert inspect.signature(function(there)) == inspect.signature(function(wanted))

    def test_says_what_it_does(self, name: str) -> None:
        assert inspect.getdoc(function(abstract(Operations)[name]))

    def test_takes_and_gives_data(self, name: str) -> None:
        signature = inspect.signature(function(abstract(Operations)[name]))
        for parameter in signature.parameters.values():
            if parameter.name in CALLABLES:
                continue
            said = str(parameter.annotation)
            assert not any(word in said for word in (*NO_DATA, "Callable")), parameter
        assert not any(word in str(signature.return_annotation) for word in NO_DATA)


@pytest.mark.parametrize("kind", [LocalEntityOperations, RemoteEntityOperations])
def test_those_on_one_entity_are_a_part_of_all(kind: type) -> None:
    assert abstract(EntityOperations).keys() < abstract(Operations).keys()
    for name, member in abstract(EntityOperations).items():
        there = inspect.getattr_static(kind, name)
        assert inspect.signature(function(there)) == inspect.signature(function(member)), name


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(
        {f"Tasks/{ONE}.md": TEXT.encode()},
        names=FieldNames(),
        schema=schema_file.shipped(),
        clock=lambda: 1_768_000_000_000_000,
    )


@pytest.fixture
def loop(store: MemoryStore) -> LocalOperations:
    """Those over a store that does nothing besides reading and changing entities."""
    origin = Origin(run_id="3f0c2a52-5d0c-4a0e-9a43-0f6f7c1f4a11", actor="user:ops")
    return LocalOperations(store, origin=lambda: origin, vault="memory")


def change(*texts: str) -> EntityChange:
    edits = Edits(changes=parse_changes(texts, read=str))
    return EntityChange(entity_id=ONE, edits=edits, precondition=Precondition(forced=True))


class TestOverAStore:
    """`LocalOperations` over any store."""

    def test_a_change_is_read_listed_recorded_and_undone(self, loop: LocalOperations) -> None:
        assert loop.preview(change("status=doing")).changed
        assert loop.get(ONE).fields["status"] == "todo"

        done = loop.update(change("status=doing"), resolve=rebase)

        assert done.changed
        assert done.run_id == loop.run_id
        assert loop.get(ONE, fresh=True).fields["status"] == "doing"
        assert [one.listed.id for one in loop.select(Query())] == [ONE]
        assert [record.entity_id for record in loop.log(LogQuery())] == [ONE]
        assert len(loop.history(ONE, limit=None).events) == 1

        undone = loop.undo(Target(given=loop.run_id))

        assert undone.undone == loop.run_id
        assert loop.get(ONE).fields["status"] == "todo"

    def test_many_are_planned_and_carried_out(self, loop: LocalOperations) -> None:
        plan = loop.plan(Query(), Edits(changes=parse_changes(("status=doing",), read=str)))
        counts: list[int] = []

        outcomes = list(loop.carry_out(plan.changes, progress=counts.append))

        assert [one.error for one in outcomes] == [None]
        assert counts == [1]

    def test_who_runs_this_is_asked_once_and_only_where_it_matters(
        self, store: MemoryStore
    ) -> None:
        asked: list[str] = []

        def origin() -> Origin:
            asked.append("origin")
            return Origin(run_id="3f0c2a52-5d0c-4a0e-9a43-0f6f7c1f4a11", actor="user:ops")

        loop = LocalOperations(store, origin=origin, vault="memory")
        loop.get(ONE)
        list(loop.select(Query()))
        assert asked == []

        loop.preview(change("status=doing"))
        loop.update(change("status=doing"), resolve=rebase)
        assert asked == ["origin"]


UPKEEP: dict[str, Callable[[LocalOperations], object]] = {
    "check": lambda loop: loop.check(Scope()),
    "passed_over": lambda loop: loop.passed_over(),
    "close_schema": lambda loop: loop.close_schema(),
    "allow": lambda loop: loop.allow(AllowedField(entity_type="Task", name="rating", kind=None)),
    "views": lambda loop: loop.views(),
    "replace_settings": lambda loop: loop._store.upkeep.replace_settings(None, b""),
    "kept": lambda loop: loop.kept(),
    "prune": lambda loop: loop.prune([]),
    "take_aside": lambda loop: loop.take_aside(),
    "follow": lambda loop: next(loop.follow(LogQuery())),
    "watch": lambda loop: next(loop.watch()),
    "verify": lambda loop: loop.verify(),
    "rotate": lambda loop: loop.rotate(at_least=0),
    "redact": lambda loop: loop.redact(ONE, "notes"),
    "migrate": lambda loop: loop.migrate(None),
}


@pytest.mark.parametrize("verb", UPKEEP)
def test_what_a_store_can_not_do_it_refuses_in_words(loop: LocalOperations, verb: str) -> None:
    with pytest.raises(UsageError, match="this vault's store can't"):
        UPKEEP[verb](loop)


def test_every_verb_of_upkeep_but_three_that_tell_is_refused_by_default() -> None:
    public = {name for name in vars(Upkeep) if name[0] != "_"}

    assert len(public - {"template", "members", "notes"}) == len(UPKEEP)


def test_a_store_that_does_not_know_of_notes_tells_of_none(loop: LocalOperations) -> None:
    assert loop.overview(today=0, since=0).notes == 0


def test_a_store_without_templates_has_none(loop: LocalOperations) -> None:
    assert loop.template("Task") is None


def test_an_error_of_the_store_comes_through(loop: LocalOperations) -> None:
    with pytest.raises(LoopError) as raised:
        loop.get("tsk-0")

    assert raised.value.code == "not_found"
