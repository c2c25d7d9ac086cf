"""What a query finds in a store, and what is said of a query that asks for what there is not."""

from __future__ import annotations

from typing import Any

import pytest

from loop_cli.core.entity import FieldNames
from loop_cli.core.query import Query, equals, parse_condition, parse_sort
from loop_cli.core.schema.schema import build
from loop_cli.errors import UsageError
from loop_cli.operations.selection import Selection, resolve_types
from tests.conftest import Clock
from tests.store.memory import MemoryStore

SCHEMA = build(
    {
        "entity_types": ["Task", "Project", "Hypothesis", "Entity"],
        "known_fields": {"all": ["entity_id", "status"], "Task": ["status", "due", "project_id"]},
        "task": {"status": ["todo", "doing", "done"]},
    }
)


def store(**tasks: str) -> MemoryStore:
    """Tasks by id, each with some frontmatter lines."""
    texts = {
        f"{name}.md": f"---\nentity_id: {name}\nentity_type: Task\n{lines}\n---\n회의\n".encode()
        for name, lines in tasks.items()
    }
    return MemoryStore(texts, names=FieldNames(), clock=Clock(), schema=SCHEMA)


def query(*where: str, sort: str = "", **more: Any) -> Query:
    return Query(
        conditions=tuple(parse_condition(one, today=0) for one in where),
        sort=parse_sort(sort) if sort else (),
        **more,
    )


def found(selection: Selection) -> list[str]:
    return [one.listed.id for one in selection]


TASKS = {"c": "status: done", "a": "status: todo\ndue: 2026-01-09", "b": "status: doing"}


def test_all_by_id_and_those_that_are_asked_for() -> None:
    assert found(Selection(store(**TASKS), query())) == ["a", "b", "c"]
    assert found(Selection(store(**TASKS), query("status=todo,done"))) == ["a", "c"]
    assert found(Selection(store(**TASKS), query("status=todo,done", "missing:due"))) == ["c"]


def test_sorted_and_then_limited() -> None:
    assert found(Selection(store(**TASKS), query(sort="status", limit=2))) == ["a", "b"]
    assert found(Selection(store(**TASKS), query(sort="-status,entity_id"))) == ["c", "b", "a"]
    assert found(Selection(store(**TASKS), query(limit=2))) == ["a", "b"]


def test_the_values_of_what_is_found() -> None:
    (one,) = Selection(store(**TASKS), query("has:due"))

    assert one.value(("due",)) == "2026-01-09"
    assert one.value(("path",)) == "a.md"
    assert one.listed.own["entity_id"] == "a"


def test_a_search_in_its_order() -> None:
    tasks = store(x="entity_name: 회의\nstatus: todo", **TASKS)

    assert found(Selection(tasks, query(text="회의"))) == ["x", "a", "b", "c"]
    assert found(Selection(tasks, query("status=todo", text="회의"))) == ["x", "a"]
    assert found(Selection(tasks, query(limit=1, types=("task",), text="회의"))) == ["x"]
    assert found(Selection(tasks, query(types=("project",), text="회의"))) == []


class TestWarnings:
    """A field that there is not is told of, once nothing has it."""

    def told(self, *where: str) -> list[str]:
        selection = Selection(store(**TASKS), query(*where))
        list(selection)
        return selection.warnings

    def test_an_unknown_field(self) -> None:
        assert self.told("staus=done") == [
            "--where 'staus=done': no entity has a field 'staus'; did you mean status?"
        ]
        assert self.told("zzz!=1") == ["--where 'zzz!=1': no entity has a field 'zzz'"]

    def test_a_field_that_the_schema_or_an_entity_has(self) -> None:
        assert self.told("due=2020-01-01", "status=nothing", "entity_id=x", "etag=x") == []
        selection = Selection(store(a="mine: 1"), query("mine=2"))
        assert (found(selection), selection.warnings) == ([], [])

    def test_a_field_that_only_an_entity_past_the_limit_has(self) -> None:
        tasks = store(a="x: 1", b="x: 1", c="mine: 2")
        selection = Selection(tasks, query("mine!=5", limit=1))
        assert (found(selection), selection.warnings) == (["a"], [])

    def test_a_field_that_none_has_is_told_of_before_the_last_entity_too(self) -> None:
        selection = Selection(store(**TASKS), query("zzz!=5", limit=1))
        assert found(selection) == ["a"]
        assert selection.warnings == ["--where 'zzz!=5': no entity has a field 'zzz'"]

    def test_a_field_that_has_no_value(self) -> None:
        selection = Selection(store(a="mine:"), query("mine=2"))
        assert (found(selection), selection.warnings) == ([], [])

    def test_a_field_of_one_type_asked_of_another(self) -> None:
        selection = Selection(store(**TASKS), query("due=x", types=("Project",)))
        list(selection)
        assert "no entity has a field 'due'" in selection.warnings[0]


class TestTypes:
    """One word, however it is written."""

    @pytest.mark.parametrize(
        ("word", "name"),
        [
            ("Task", "Task"),
            ("task", "Task"),
            ("TASKS", "Task"),
            ("projects", "Project"),
            ("entities", "Entity"),
            ("hypothesis", "Hypothesis"),
            ("hypothesises", "Hypothesis"),
            ("Meeting", "Meeting"),
            ("회의", "회의"),
        ],
    )
    def test_what_is_meant(self, word: str, name: str) -> None:
        assert resolve_types((word, word), SCHEMA) == (name,)

    def test_a_slip_is_an_error_that_names_the_types(self) -> None:
        with pytest.raises(UsageError, match="no type 'taks'; did you mean Task") as caught:
            resolve_types(("taks",), SCHEMA)
        assert caught.value.hint == "the vault's types: Task, Project, Hypothesis, Entity"

    def test_it_is_told_before_anything_is_read(self) -> None:
        with pytest.raises(UsageError):
            Selection(store(), query(types=("taks",)))


def test_relations_are_conditions() -> None:
    tasks = store(a="project_id: 12", b="project_id: [x, p-1]", c="project_id: p-1")

    def of(value: str) -> list[str]:
        return found(Selection(tasks, Query(conditions=(equals("project_id", value),))))

    assert (of("p-1"), of("12"), of("x")) == (["b", "c"], ["a"], ["b"])
