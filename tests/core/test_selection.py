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


class TestUnknown:
    """A field that there is not is refused before anything is selected."""

    def refused(self, selected: Query, **tasks: str) -> str:
        with pytest.raises(UsageError) as caught:
            Selection(store(**(tasks or TASKS)), selected)
        return caught.value.message

    def test_an_unknown_field(self) -> None:
        assert self.refused(query("staus=done")) == (
            "--where 'staus=done': no entity has a field 'staus'; did you mean status?"
        )
        assert self.refused(query("zzz!=1")) == "--where 'zzz!=1': no entity has a field 'zzz'"

    @pytest.mark.parametrize("where", ["has:zzz", "missing:zzz", "zzz<1", "zzz~x", "zzz.y=1"])
    def test_in_every_form(self, where: str) -> None:
        assert self.refused(query(where)) == f"--where {where!r}: no entity has a field 'zzz'"

    def test_a_field_to_sort_by(self) -> None:
        told = "--sort: no entity has a field 'staus'; did you mean status?"
        assert self.refused(query(sort="due,-staus")) == told

    @pytest.mark.parametrize(
        "where", ["due=2020-01-01", "status=todo", "entity_id=x", "etag=x", "created<today"]
    )
    def test_a_field_that_the_schema_or_every_entity_has(self, where: str) -> None:
        selection = Selection(store(**TASKS), query(where))
        list(selection)
        assert selection.warnings == []

    def test_a_field_that_only_one_entity_has(self) -> None:
        selection = Selection(store(a="mine: 1"), query("mine=2"))
        assert (found(selection), selection.warnings) == ([], [])

    def test_a_field_that_only_an_entity_past_the_limit_has(self) -> None:
        tasks = store(a="x: 1", b="x: 1", c="mine: 2")
        selection = Selection(tasks, query("mine!=5", limit=1))
        assert (found(selection), selection.warnings) == (["a"], [])

    def test_a_field_that_has_no_value(self) -> None:
        selection = Selection(store(a="mine:"), query("mine=2"))
        assert (found(selection), selection.warnings) == ([], [])

    def test_a_field_of_one_type_asked_of_another(self) -> None:
        said = self.refused(query("due=2026-01-09", types=("Project",)))
        assert "no entity has a field 'due'" in said

    def test_a_value_that_no_entity_has_and_the_schema_does_not_list(self) -> None:
        for where, said in (
            ("status=dnoe", ["no entity has the status 'dnoe'; did you mean done?"]),
            ("status!=todo,zzz", ["no entity has the status 'zzz'"]),
        ):
            selection = Selection(store(**TASKS), query(where))
            list(selection)
            assert selection.warnings == said
        own = Selection(store(a="status: mine"), query("status=mine"))
        assert (found(own), own.warnings) == (["a"], [])


class TestComparisons:
    """A condition never falls back to comparing letters."""

    @pytest.mark.parametrize(
        ("where", "said"),
        [
            ("due<tomorow", "due is compared with a date, and 'tomorow' is none"),
            ("due<2026-13-01", "due is compared with a date"),
            ("due>=2026-02-30", "due is compared with a date"),
            ("due=someday", "due is compared with a date"),
            ("due!=2026-1-9", "due is compared with a date"),
            ("due<5", "due is compared with a date"),
            ("updated_at<soon", "updated_at is compared with a date"),
            ("updated>x", "updated is compared with a date"),
            ("created=0", "created is compared with a date"),
            ("estimated_hours>lots", "estimated_hours is compared with a number"),
            ("estimated_hours=today", "estimated_hours is compared with a number"),
            ("start_time<noon", "start_time is compared with a time"),
            ("immutable=yes", "immutable is compared with true or false"),
            ("mine<b", "mine is compared with a date or a number"),
            ("mine.deep>b", "deep is compared with a date or a number"),
            ("status<todo", "status has values that are not ordered by letters"),
        ],
    )
    def test_with_what_is_no_value_of_the_field(self, where: str, said: str) -> None:
        fields = "estimated_hours: 1\nstart_time: 10:30\nimmutable: true\nmine: a\nupdated: x"
        with pytest.raises(UsageError, match=said):
            Selection(store(a=fields), query(where, types=("Task",)))

    @pytest.mark.parametrize(
        "where",
        [
            *("due<yesterday", "due<=eom", "due>2026-W05", "due=", "due<2026-01-09T10:00Z"),
            *("due~2026-01", "entity_id>a", "entity_name<나", "path>a", "estimated_hours<2.5"),
            *("start_time<12:00", "immutable=true", "mine<3", "mine<today", "mine=b", "due<내일"),
        ],
    )
    def test_with_what_is_one(self, where: str) -> None:
        fields = "estimated_hours: 1\nstart_time: 10:30\nimmutable: true\nmine: a\nentity_name: b"
        list(Selection(store(a=fields), query(where)))


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

    def test_a_type_that_neither_the_schema_nor_a_file_has(self) -> None:
        with pytest.raises(UsageError, match="no type '회의'"):
            Selection(store(**TASKS), query(types=("회의",)))
        elsewhere = MemoryStore(
            {"m.md": b"---\nentity_id: m\nentity_type: Meeting\n---\n"},
            names=FieldNames(),
            clock=Clock(),
            schema=SCHEMA,
        )
        assert found(Selection(elsewhere, query(types=("Meeting",)))) == ["m"]

    def test_it_is_told_before_anything_is_read(self) -> None:
        with pytest.raises(UsageError):
            Selection(store(), query(types=("taks",)))


def test_relations_are_conditions() -> None:
    tasks = store(a="project_id: 12", b="project_id: [x, p-1]", c="project_id: p-1")

    def of(value: str) -> list[str]:
        return found(Selection(tasks, Query(conditions=(equals("project_id", value),))))

    assert (of("p-1"), of("12"), of("x")) == (["b", "c"], ["a"], ["b"])
