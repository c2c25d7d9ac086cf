"""From changes to the state they lead to (SPEC §4): types, enumerations, all problems at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.changes import parse_changes
from loop_cli.core.entity import FieldNames
from loop_cli.core.intent import Intent, intend
from loop_cli.core.schema.rules import Rules
from loop_cli.core.schema.schema import build
from loop_cli.errors import InvalidChange
from loop_cli.vault import schema_file

if TYPE_CHECKING:
    from loop_cli.core.schema.schema import Schema

TASK: dict[str, Any] = {
    "entity_id": "tsk-1",
    "entity_type": "Task",
    "entity_name": "first",
    "created": "2026-01-01",
    "updated": "2026-01-02",
    "status": "todo",
    "assignee": "개발팀",
    "project_id": "prj-1",
    "parent_id": "prj-1",
    "tags": ["a", "b"],
    "estimated_hours": 4,
    "notes": None,
}
SHIPPED = schema_file.shipped()
OWN = build(
    {
        "entity_types": ["Task"],
        "known_fields": {"all": ["title"], "Task": ["status", "free", "meta"]},
    }
)


def wish(
    *texts: str,
    fields: dict[str, Any] | None = None,
    entity_type: str = "Task",
    schema: Schema = SHIPPED,
    set_json: dict[str, Any] | None = None,
) -> Intent:
    """What the changes lead to."""
    return intend(
        TASK if fields is None else fields,
        parse_changes(texts, fields=set_json, read=str),
        entity_id="tsk-1",
        entity_type=entity_type,
        rules=Rules(schema, FieldNames()),
    )


def problems(*texts: str, **more: Any) -> list[dict[str, Any]]:
    with pytest.raises(InvalidChange) as caught:
        wish(*texts, **more)
    found: list[dict[str, Any]] = caught.value.details["problems"]
    return found


class TestTypes:
    """Text becomes what the field holds."""

    @pytest.mark.parametrize(
        ("text", "field", "value"),
        [
            ("status=doing", "status", "doing"),
            ("estimated_hours=8", "estimated_hours", 8),
            ("estimated_hours=2.5", "estimated_hours", 2.5),
            ("actual_hours=-1", "actual_hours", -1),
            ("actual_hours=1000.0", "actual_hours", 1000.0),
            ("due=2026-02-28", "due", "2026-02-28"),
            ("start_time=10:30", "start_time", "10:30"),
            ("tags=x, y ,,z", "tags", ["x", "y", "z"]),
            (r"tags=x\, y ,z\,", "tags", ["x, y", "z,"]),
            (r"tags+=x\,y", "tags", ["a", "b", "x,y"]),
            (r"tags+=x\,y,z", "tags", ["a", "b", "x,y", "z"]),
            ("conditions_3y=cond-a,cond-b", "conditions_3y", ["cond-a", "cond-b"]),
            ("notes=1", "notes", "1"),
            ("notes=true", "notes", "true"),
            ("entity_name=a, b", "entity_name", "a, b"),
            ("links=a", "links", ["a"]),
            ("due:=null", "due", None),
            ("tags:=[]", "tags", []),
            ("links:=[1, true]", "links", [1, True]),
        ],
    )
    def test_by_the_schema_or_the_table_of_known_fields(
        self, text: str, field: str, value: Any
    ) -> None:
        found = wish(text).fields[field]

        assert found == value
        assert type(found) is type(value)

    @pytest.mark.parametrize(
        ("now", "text", "value"),
        [
            (3, "free=4", 4),
            (3.5, "free=4", 4),
            (True, "free=false", False),
            (["x"], "free=a,b", ["a", "b"]),
            ("text", "free=4", "4"),
            (None, "free=4", "4"),
            ([1, 2], "free+=3", [1, 2, 3]),
            (["1", "2"], "free+=3", ["1", "2", "3"]),
            ([1, 2], "free-=2", [1]),
        ],
    )
    def test_else_by_the_value_there_now(self, now: Any, text: str, value: Any) -> None:
        found = wish(text, fields={"free": now}, schema=OWN).fields["free"]

        assert found == value
        assert type(found) is type(value)

    def test_else_text(self) -> None:
        assert wish("free=4", fields={}, schema=OWN).fields == {"free": "4"}

    @pytest.mark.parametrize(
        "text",
        [
            "estimated_hours=many",
            "estimated_hours=1_000",
            "estimated_hours=٣",
            "estimated_hours=1e999",
            "estimated_hours=" + "9" * 5000,
            "estimated_hours:=true",
            'estimated_hours:="8"',
            "due=tomorrow",
            "due=2026-02-30",
            "due=2026-02-01T10:00",
            "due:=20260201",
            "start_time=25:00",
            "start_time=9:5",
            'tags:="a"',
            'tags:={"a": 1}',
            "notes:=5",
            "notes:=[]",
            "entity_name:=true",
            "status:=1",
        ],
    )
    def test_a_wrong_type_is_refused(self, text: str) -> None:
        (problem,) = problems(text)

        assert problem["problem"] in ("wrong_type", "not_in_enumeration", "name")
        assert problem["field"] == text.split(":=", maxsplit=1)[0].split("=", maxsplit=1)[0]
        assert problem["allowed"]

    def test_text_that_is_not_utf_8_is_refused(self) -> None:
        assert problems('notes:="\\ud800"')[0]["problem"] == "not_text"
        assert problems('links:=[{"\\udfff": 1}]')[0]["problem"] == "not_text"


class TestEmpty:
    """`field=` is "" for text and [] for a list, otherwise an error that names the way out."""

    def test_text_and_lists(self) -> None:
        found = wish("notes=", "tags=").fields

        assert found["notes"] == ""
        assert found["tags"] == []

    @pytest.mark.parametrize("field", ["estimated_hours", "due", "start_time", "status", "type"])
    def test_anything_else_names_null(self, field: str) -> None:
        (problem,) = problems(f"{field}=")

        assert f"{field}:=null" in problem["message"]

    def test_a_mapping_too(self) -> None:
        (problem,) = problems("expected_impact=", entity_type="Project", fields={})

        assert "expected_impact:=null" in problem["message"]


class TestLists:
    """`+=` and `-=`."""

    def test_add_and_remove(self) -> None:
        found = wish("tags+=c", "tags-=a")

        assert found.fields["tags"] == ["b", "c"]
        assert found.diff == {"tags": {"old": ["a", "b"], "new": ["b", "c"]}}

    @pytest.mark.parametrize("text", ["tags+=a", "tags-=missing", "links-=x"])
    def test_what_changes_nothing_changes_nothing(self, text: str) -> None:
        found = wish(text)

        assert found.diff == {}
        assert found.edits == ()

    def test_adding_and_removing_again_is_no_change(self) -> None:
        found = wish("tags+=c", "tags-=c")

        assert found.edits == ()
        assert found.diff == {}

    def test_a_missing_or_null_list_begins(self) -> None:
        assert wish("links+=x").fields["links"] == ["x"]
        assert wish("tags+=x", fields={"tags": None}).fields["tags"] == ["x"]

    def test_items_split_at_commas_as_a_whole_list_does(self) -> None:
        assert wish("tags+=c,d").fields["tags"] == ["a", "b", "c", "d"]
        assert wish("tags-=b, a").fields["tags"] == []

    def test_an_item_that_is_there_is_one_item_with_its_commas(self) -> None:
        there = {"tags": ["a", "c,d"]}
        assert wish("tags+=c,d", fields=there).edits == ()
        assert wish("tags-=c,d", fields=there).fields["tags"] == ["a"]

    def test_an_item_outside_the_enumeration_is_refused(self) -> None:
        (problem,) = problems("conditions_3y+=cond-x")

        assert problem["problem"] == "not_in_enumeration"
        assert problem["allowed"] == ["cond-a", "cond-b", "cond-c", "cond-d", "cond-e"]

    @pytest.mark.parametrize("text", ["status+=x", "notes+=x", "due-=x", "estimated_hours+=1"])
    def test_what_is_no_list_is_refused(self, text: str) -> None:
        assert problems(text)[0]["problem"] == "not_a_list"

    @pytest.mark.parametrize("text", ["links.0=x", "tags.0!", "tags.0+=x", "tags.a.b=x"])
    def test_list_indexes_are_refused(self, text: str) -> None:
        (problem,) = problems(text, fields={**TASK, "links": ["x"]})

        assert problem["problem"] == "not_a_mapping"
        assert "is a list" in problem["message"]


class TestNested:
    """`outer.inner=text`."""

    def test_a_missing_or_null_parent_becomes_a_mapping(self) -> None:
        for fields in ({}, {"meta": None}):
            assert wish("meta.a.b=x", fields=fields, schema=OWN).fields["meta"] == {"a": {"b": "x"}}

    def test_the_type_is_that_of_the_value_there(self) -> None:
        fields = {"meta": {"n": 1, "due": 5, "keep": "x"}}

        found = wish("meta.n=2", "meta.due=6", fields=fields, schema=OWN)

        assert found.fields == {"meta": {"n": 2, "due": 6, "keep": "x"}}
        assert found.diff == {"meta.n": {"old": 1, "new": 2}, "meta.due": {"old": 5, "new": 6}}
        assert found.wanted == {"meta.n": 2, "meta.due": 6}
        assert fields == {"meta": {"n": 1, "due": 5, "keep": "x"}}

    def test_a_nested_field_is_removed(self) -> None:
        fields = {"meta": {"n": 1, "m": 2}}

        assert wish("meta.n!", fields=fields, schema=OWN).fields == {"meta": {"m": 2}}
        assert wish("meta.gone.far!", fields=fields, schema=OWN).diff == {}

    def test_a_scalar_has_no_keys(self) -> None:
        (problem,) = problems("notes.a=x", fields={**TASK, "notes": "text"})

        assert problem["problem"] == "not_a_mapping"

    def test_a_mapping_with_keys_that_are_no_text_is_recorded_whole(self) -> None:
        found = wish("meta:={}", fields={"meta": {1: "a"}}, schema=OWN)
        mixed = wish('meta:={"x": 2}', fields={"meta": {1: "a", "x": 1}}, schema=OWN)

        assert found.diff == {"meta": {"old": {1: "a"}, "new": {}}}
        assert mixed.diff == {"meta": {"old": {1: "a", "x": 1}, "new": {"x": 2}}}


class TestRefused:
    """Every problem at once, each with what is allowed and the nearest match."""

    def test_all_problems_at_once(self) -> None:
        found = problems(
            "status=dome", "stauts=done", "entity_id=x", "due=soon", "assignee!", "notes=fine"
        )

        assert [(one["field"], one["problem"]) for one in found] == [
            ("status", "not_in_enumeration"),
            ("stauts", "unknown_field"),
            ("entity_id", "read_only"),
            ("due", "wrong_type"),
            ("assignee", "required"),
        ]
        assert found[0]["value"] == "dome"
        assert found[0]["allowed"] == ["todo", "doing", "hold", "done", "blocked"]
        assert found[0]["nearest"] == ["done"]
        assert found[1]["nearest"][0] == "status"
        assert "status" in found[1]["allowed"]

    def test_the_message_names_the_entity_and_every_field(self) -> None:
        with pytest.raises(InvalidChange) as caught:
            wish("status=dome", "stauts=done")

        assert caught.value.exit_code == 6
        assert "tsk-1: 2 problems" in caught.value.message
        assert "did you mean done?" in caught.value.message
        assert "did you mean status" in caught.value.message

    @pytest.mark.parametrize("field", ["entity_id", "entity_type", "created", "updated"])
    def test_identity_and_time_are_never_writable(self, field: str) -> None:
        assert problems(f"{field}=x")[0]["problem"] == "read_only"
        assert problems(f"{field}!")[0]["problem"] == "read_only"
        assert problems(set_json={field: 1})[0]["problem"] == "read_only"
        assert problems(f"{field}.inner=x", entity_type="Note")[0]["problem"] == "read_only"

    def test_a_known_field_that_may_not_be_written(self) -> None:
        (problem,) = problems("parent_id=prj-2")

        assert problem["problem"] == "read_only"
        assert "status" in problem["allowed"]
        assert "entity_id" not in problem["allowed"]

    def test_only_what_is_changed_is_validated(self) -> None:
        broken = {**TASK, "status": "nonsense", "due": "soon", "entity_name": None}

        assert wish("notes=x", fields=broken).diff == {"notes": {"old": None, "new": "x"}}

    def test_a_required_field_is_neither_removed_nor_emptied(self) -> None:
        assert problems("status!")[0]["problem"] == "required"
        assert problems("status:=null")[0]["problem"] == "required"

    def test_a_long_value_is_not_repeated_whole(self) -> None:
        (problem,) = problems("status=" + "x" * 10_000)

        assert len(problem["value"]) < 300
        assert len(problem["message"]) < 500


class TestWritable:
    """Which fields may be changed."""

    def test_a_type_without_a_list_has_its_known_fields(self) -> None:
        found = wish("confidence=0.5", "tags=a", fields={}, entity_type="MetaHypothesis")

        assert found.fields == {"confidence": 0.5, "tags": ["a"]}
        assert problems("vision=x", fields={}, entity_type="MetaHypothesis")[0]["problem"] == (
            "unknown_field"
        )

    def test_an_unknown_type_in_a_vault_with_a_schema_has_the_common_fields_and_its_own(
        self,
    ) -> None:
        fields = {"mine": 1}

        assert wish("mine=2", "title=t", fields=fields, entity_type="Other", schema=OWN).fields == {
            "mine": 2,
            "title": "t",
        }
        (problem,) = problems("mime=2", fields=fields, entity_type="Other", schema=OWN)
        assert problem["nearest"] == ["mine"]

    def test_an_unknown_type_in_a_vault_without_a_schema_is_free(self) -> None:
        found = wish("anything=2", fields={}, entity_type="Note")

        assert found.fields == {"anything": "2"}


class TestWarnings:
    """Conditional rules only warn on an update."""

    def test_a_condition_that_is_now_unmet(self) -> None:
        assert wish("status=done").warnings == ("closed is required when status = done",)
        assert wish("type=bug").warnings == ("target_project is required when type in [dev, bug]",)

    @pytest.mark.parametrize("removed", ["closed!", "closed:=null"])
    @pytest.mark.parametrize("before", [{}, {"closed": None}, {"closed": "2026-01-02"}])
    def test_nobody_may_empty_what_the_same_change_requires(
        self, removed: str, before: dict[str, Any]
    ) -> None:
        for changes in (("status=done", removed), (removed, "status=done")):
            (problem,) = problems(*changes, fields={**TASK, **before})
            assert (problem["field"], problem["rule"]) == ("closed", "missing-conditional")
            assert problem["message"] == "is required when status = done"

    def test_nor_a_field_that_is_no_date(self) -> None:
        for removed in ("target_project!", "target_project:=null"):
            (problem,) = problems("type=bug", removed)
            assert problem["message"] == "is required when type in [dev, bug]"

    def test_what_was_wrong_before_is_no_obstacle(self) -> None:
        done = {**TASK, "status": "done"}
        assert wish("closed!", "notes=x", fields=done).warnings == (
            "closed is required when status = done",
        )

    def test_one_that_is_met(self) -> None:
        assert wish("status=done", "closed=2026-01-09").warnings == ()
        assert wish("status=doing").warnings == ()


class TestResult:
    """What an intent holds."""

    def test_edits_are_those_that_differ(self) -> None:
        found = wish("status=todo", "notes=x", "due!")

        assert found.edits == ((("notes",), "x"),)
        assert list(found.wanted) == ["status", "notes", "due"]

    def test_the_fields_given_are_left_as_they_are(self) -> None:
        fields = {**TASK, "tags": ["a"]}

        wish("tags+=b", "status=done", fields=fields)

        assert fields["tags"] == ["a"]
        assert fields["status"] == "todo"

    def test_set_json_takes_keys_literally(self) -> None:
        found = wish(set_json={"a.b": 1}, fields={}, entity_type="Note")

        assert found.fields == {"a.b": 1}
        assert found.diff == {r"a\.b": {"old": None, "new": 1, "added": True}}


def test_text_is_not_added_to_a_list_of_mappings() -> None:
    fields = {**TASK, "links": [{"label": "a", "url": "https://example.com"}]}
    (problem,) = problems('links+={"label": "b"}', fields=fields)
    assert problem["problem"] == "wrong_type"
    assert ":=" in problem["message"]
