"""The rules about one entity: what each finds, where, what it allows, and what it repairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.check import fields
from loop_cli.core.check.finding import RULES, Finding
from loop_cli.core.entity import FieldNames
from loop_cli.core.schema.rules import Rules
from loop_cli.core.schema.schema import build
from loop_cli.vault import schema_file
from tests.check.conftest import IDS, SCHEMA, make_rules, subject

if TYPE_CHECKING:
    from loop_cli.core.check.finding import Found, Subject


def found(one: Subject, rules: Rules) -> list[Found]:
    return list(fields.findings(one, rules))


def only(one: Subject, rules: Rules) -> Found:
    (single,) = found(one, rules)
    assert single.rule in RULES
    return single


def repair(one: Found) -> dict[str, Any]:
    """What a repair sets; a removal is None."""
    return {change.name: change.value for change in one.repair}


@pytest.mark.parametrize("entity_type", [name for name in IDS if name != "Note"])
def test_nothing_is_wrong_with_what_is_right(entity_type: str, rules: Rules) -> None:
    assert found(subject(entity_type), rules) == []


class TestFieldsOfTheSchema:
    def test_an_unknown_field_with_its_nearest(self, rules: Rules) -> None:
        one = only(subject(staus="todo"), rules)
        assert (one.rule, one.at, one.nearest) == ("unknown-field", ("staus",), ("status",))
        assert one.message == "staus: is not a field of Task; did you mean status?"
        assert "due" in one.allowed
        assert not one.repair

    def test_a_type_that_the_schema_does_not_have(self, rules: Rules) -> None:
        one = only(subject("Note", whatever=1), rules)
        assert (one.rule, one.at) == ("unknown-type", ("entity_type",))
        assert one.allowed == ["Track", "Project", "Task", "Hypothesis", "NorthStar"]

    @pytest.mark.parametrize("empty", [None, ""])
    def test_a_required_field(self, empty: object, rules: Rules) -> None:
        one = only(subject("Track", status=empty), rules)
        assert (one.rule, one.message) == ("missing-field", "status: is required for Track")
        assert one.at == (() if empty is None else ("status",))

    def test_a_list_that_needs_an_item(self, rules: Rules) -> None:
        one = only(subject("Project", conditions_3y=[]), rules)
        assert one.message == "conditions_3y: needs an item for Project"

    @pytest.mark.parametrize("field", ["parent_id", "project_id"])
    def test_a_task_names_its_project_twice(self, field: str, rules: Rules) -> None:
        one = only(subject("Task", **{field: None}), rules)
        assert repair(one) == {field: "prj-001"}
        assert one.if_there == ("prj-001", "Project")

    def test_a_conditional_field(self, rules: Rules) -> None:
        one = only(subject(status="done"), rules)
        assert (one.rule, one.at) == ("missing-conditional", ("status",))
        assert one.message == "closed: is required when status = done"
        assert only(subject(status="done", closed=""), rules).at == ("closed",)

    def test_a_conditional_field_that_is_no_date_is_a_warning_as_in_a_write(self) -> None:
        when = [{"field": "notes", "when": "status = done"}]
        conditions = {"conditional_required": {"Task": when}}
        schema = build({**SCHEMA, "validation_rules": conditions})
        (one,) = found(subject(status="done"), Rules(schema, FieldNames()))
        assert one.message == "notes: is required when status = done"
        assert Finding(path="a.md", line=1, found=one).severity == "warning"
        (dated,) = found(subject(status="done"), make_rules())
        assert Finding(path="a.md", line=1, found=dated).severity == "error"

    def test_identity_under_other_names(self) -> None:
        rules = make_rules(id="@stem", created="date", updated="lastmod")
        one = subject(entity_id="My note", created=None, updated=None)
        del one.fields["entity_id"]
        assert found(one, rules) == []

    def test_the_schema_of_the_package_is_silent_on_types_of_others(self) -> None:
        schema = schema_file.shipped()
        rules = Rules(schema, FieldNames())
        assert found(subject("Note", whatever=1, status=None), rules) == []


class TestValues:
    @pytest.mark.parametrize(
        ("field", "value", "rule", "right"),
        [
            ("status", "Done", "not-in-enumeration", "done"),
            ("status", " to do ", "not-in-enumeration", "todo"),
            ("status", "active", "not-in-enumeration", "doing"),
            ("status", "paused", "not-in-enumeration", None),
            ("status", "dne", "not-in-enumeration", None),
            ("status", 3, "not-in-enumeration", None),
            ("due", "2026-1-9", "wrong-type", "2026-01-09"),
            ("due", "2026.01.09", "wrong-type", "2026-01-09"),
            ("due", "2026/1/09", "wrong-type", "2026-01-09"),
            ("due", "2026-13-01", "wrong-type", None),
            ("due", "09-01-2026", "wrong-type", None),
            ("due", "2026-1/9", "wrong-type", None),
            ("due", "soon", "wrong-type", None),
            ("start_time", "9:30", "wrong-type", "09:30"),
            ("start_time", "09:30:00", "wrong-type", "09:30"),
            ("start_time", "09:30:10", "wrong-type", None),
            ("start_time", "25:00", "wrong-type", None),
            ("estimated_hours", "8", "wrong-type", 8),
            ("estimated_hours", "1.5", "wrong-type", 1.5),
            ("estimated_hours", "8h", "wrong-type", None),
            ("estimated_hours", True, "wrong-type", None),
            ("has_exec_details", "Yes", "wrong-type", True),
            ("has_exec_details", "off", "wrong-type", False),
            ("has_exec_details", "maybe", "wrong-type", None),
            ("tags", "urgent", "wrong-type", ["urgent"]),
            ("tags", "urgent, late", "wrong-type", None),
            ("tags", {"a": 1}, "wrong-type", None),
            ("assignee", 7, "wrong-type", "7"),
            ("assignee", ["a", "b"], "wrong-type", None),
        ],
    )
    def test_a_wrong_value(
        self, field: str, value: object, rule: str, right: object, rules: Rules
    ) -> None:
        more = {"closed": "2026-01-01"} if field == "status" else {}
        one = only(subject("Task", **{field: value}, **more), rules)
        assert (one.rule, one.at) == (rule, (field,))
        assert repair(one) == ({} if right is None else {field: right})
        assert one.allowed

    def test_an_empty_text_that_is_no_text_is_null(self, rules: Rules) -> None:
        one = only(subject(due=""), rules)
        assert (one.rule, repair(one)) == ("wrong-type", {"due": None})

    def test_what_is_right_after_its_repair(self, rules: Rules) -> None:
        """A repair leaves nothing to find."""
        for value in ("Done", "active", " to do "):
            one = only(subject(status=value, closed="2026-01-01"), rules)
            assert found(subject(closed="2026-01-01", **repair(one)), rules) == []

    @pytest.mark.parametrize("value", ["yesterday", 20260109, "2026-02-30"])
    def test_times(self, value: object, rules: Rules) -> None:
        one = only(subject(updated=value), rules)
        assert (one.rule, one.at, one.repair) == ("wrong-type", ("updated",), ())

    def test_forms(self, rules: Rules) -> None:
        one = only(subject("Hypothesis", hypothesis_question="It is so."), rules)
        assert one.message == "hypothesis_question: 'It is so.' is not a text that ends in '?'"
        assert not one.repair
        assert repair(only(subject("NorthStar", status="moving"), rules)) == {"status": "fixed"}

    @pytest.mark.parametrize(
        ("name", "right"),
        [
            (" blank ", "blank"),
            ("two\nlines", None),
            ("bell\x07", None),
            ("가" * 201, None),
            (2026, "2026"),
            (["a"], None),
        ],
    )
    def test_the_form_of_a_name(self, name: object, right: str | None, rules: Rules) -> None:
        one = only(subject("Track", entity_name=name), rules)
        assert one.rule == "name-form"
        assert repair(one) == ({} if right is None else {"entity_name": right})


class TestIdsAndFieldsThatMustNotBe:
    @pytest.mark.parametrize("entity_id", ["tsk-1", "prj-001", "x", "tsk-001-01\n", "t" * 300])
    def test_an_id_against_its_pattern(self, entity_id: str, rules: Rules) -> None:
        one = only(subject(entity_id=entity_id), rules)
        assert (one.rule, one.allowed) == ("id-pattern", r"^tsk-\d{3}-\d{2}$")

    def test_a_type_without_a_pattern_of_its_own_goes_by_the_prefix(self, rules: Rules) -> None:
        names = {one.rule for one in found(subject("Note", entity_id="hyp-1"), rules)}
        assert names == {"unknown-type", "id-pattern"}

    def test_a_template_is_only_that(self, rules: Rules) -> None:
        assert only(subject(entity_id="tsk-{{N}}", status="dne", odd=1), rules).rule == "template"

    def test_what_is_computed_is_not_stored(self, rules: Rules) -> None:
        assert found(subject("Hypothesis", validated_by=[]), rules) == []
        one = only(subject("Hypothesis", validated_by=["prj-001"]), rules)
        assert (one.rule, one.repair[0].operation) == ("derived-field", "unset")

    def test_what_a_type_must_not_have(self, rules: Rules) -> None:
        assert found(subject(validates=[]), rules) == []
        one = only(subject(validates=["hyp-01"]), rules)
        assert (one.rule, one.at, one.repair) == ("forbidden-field", ("validates",), ())
