"""The vault's schema: what is read from it, and what is said of one that has a wrong shape."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loop_cli.core.schema.paths import SchemaError
from loop_cli.core.schema.schema import _condition, _split, build
from loop_cli.vault import schema_file

DATA: dict[str, Any] = {
    "entity_types": ["Task", "Project"],
    "paths": {"include": ["a", "b"], "exclude": ["a/x"], "exclude_files": ["README.md"]},
    "required_fields": {"all": ["entity_id"], "Task": ["status"]},
    "known_fields": {"all": ["entity_id", "tags"], "Task": ["status", "tags", "due"]},
    "write_targets": {"writable_fields": {"Project": ["summary"]}},
    "task": {
        "status": ["todo", "done"],
        "types": ["dev", "bug"],
        "status_labels": {"todo": "할 일"},
        "status_default": "todo",
    },
    "priority": {"values": ["high", "low"], "labels": {"high": "높음"}},
    "condition_ids": ["cond-a"],
    "condition_labels": {"cond-a": "첫째"},
    "impact": {"tiers": ["none", "strategic"]},
    "validation_rules": {
        "conditional_required": {
            "Task": [
                {"field": "closed", "when": "status = done"},
                {"field": "target", "when": "type in [dev, bug]"},
                {"field": "odd", "when": "whenever it likes"},
                "closed when done",
                None,
            ]
        },
        "format_rules": {"Project": {"strength": "must be one of [strong, weak]"}},
    },
    "a_section_of_tomorrow": [1, {"x": None}],
}
SCHEMA = build(DATA)


def test_the_plain_sections() -> None:
    assert SCHEMA.types == ("Task", "Project")
    assert (SCHEMA.places.include, SCHEMA.places.exclude) == (("a", "b"), ("a/x",))
    assert SCHEMA.places.exclude_files == ("README.md",)
    assert SCHEMA.required_fields("Task") == ("entity_id", "status")
    assert SCHEMA.required_fields("Other") == ("entity_id",)
    assert SCHEMA.known_fields("Task") == ("entity_id", "tags", "status", "due")
    assert not SCHEMA.shipped


def test_what_may_be_written() -> None:
    assert SCHEMA.writable_fields("Project", {}) == ("summary",)
    assert SCHEMA.writable_fields("Task", {}) == SCHEMA.known_fields("Task")
    assert SCHEMA.writable_fields("Other", {"own": 1}) == ("entity_id", "tags", "own")
    assert schema_file.shipped().writable_fields("Other", {}) is None


@pytest.mark.parametrize(
    ("entity_type", "field", "kind", "choices"),
    [
        ("Task", "status", "text", ("todo", "done")),
        ("Project", "status", "text", ()),
        ("Task", "type", "text", ("dev", "bug")),
        ("Project", "priority", "text", ("high", "low")),
        ("Project", "priority_flag", "text", ("high", "low")),
        ("Project", "tier", "any", ()),
        ("Task", "conditions_3y", "list", ("cond-a",)),
        ("Project", "strength", "text", ("strong", "weak")),
        ("Task", "strength", "any", ()),
        ("Task", "due", "date", ()),
        ("Task", "unheard_of", "any", ()),
    ],
)
def test_the_enumerations_and_kinds_of_fields(
    entity_type: str, field: str, kind: str, choices: tuple[str, ...]
) -> None:
    spec = SCHEMA.spec(entity_type, (field,), {})

    if field == "tier":
        choices, kind = ("none", "strategic"), "text"
    assert (spec.kind, spec.choices) == (kind, choices)


def test_a_nested_field_is_not_the_field_of_its_name() -> None:
    assert SCHEMA.spec("Task", ("meta", "status"), {}).choices == ()
    assert SCHEMA.spec("Task", ("meta", "due"), {"meta": {"due": 3}}).kind == "number"


def test_an_enumeration_of_the_vault_goes_before_the_table_of_known_fields() -> None:
    own = {name: {"values": ["low", "high"]} for name in ("confidence", "due", "tags", "mine")}
    schema = build(own)
    kinds = {name: schema.spec("Task", (name,), {}).kind for name in own}
    assert kinds == {"confidence": "text", "due": "text", "tags": "list", "mine": "text"}
    assert schema.spec("Task", ("mine",), {"mine": ["low"]}).kind == "list"
    assert schema.spec("Task", ("confidence",), {"confidence": 0.5}).choices == ("low", "high")


def test_the_table_of_known_fields_is_of_top_level_fields() -> None:
    schema = build({})
    assert schema.spec("Task", ("budget",), {}).kind == "number"
    assert schema.spec("Task", ("meta", "budget"), {"meta": {}}).kind == "any"
    assert schema.spec("Task", ("meta", "budget"), {"meta": {"budget": "-"}}).kind == "text"


def test_labels() -> None:
    assert SCHEMA.label("Task", "status", "todo") == "할 일"
    assert SCHEMA.label("Task", "priority_flag", "high") == "높음"
    assert SCHEMA.label("Task", "conditions_3y", "cond-a") == "첫째"
    assert SCHEMA.label("Task", "status", "done") is None
    assert SCHEMA.label("Task", "status", ["todo"]) is None


def test_conditional_rules_are_read_as_far_as_they_are_understood() -> None:
    assert [rule.field for rule in SCHEMA.unmet("Task", {"status": "done", "type": "bug"})] == [
        "closed",
        "target",
    ]
    assert SCHEMA.unmet("Task", {"status": "done", "closed": "2026-01-09"}) == []
    assert [rule.when for rule in SCHEMA.unmet("Task", {"status": "done", "closed": ""})] == [
        "status = done"
    ]
    assert SCHEMA.unmet("Task", {"status": ["done"]}) == []
    assert SCHEMA.unmet("Other", {"status": "done"}) == []


def test_an_empty_schema_says_nothing() -> None:
    empty = build({})

    assert empty.types == ()
    assert not empty.knows_type("Task")
    assert empty.writable_fields("Task", {"x": 1}) == ("x",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"entity_types": "Task"}, "entity_types must be a list of names"),
        ({"entity_types": [1]}, "entity_types must be a list of names"),
        ({"paths": ["a"]}, "paths must be a mapping"),
        ({"paths": {"include": "a"}}, "paths.include must be a list of names"),
        ({"required_fields": ["a"]}, "required_fields must be a mapping"),
        ({"known_fields": {"Task": "a"}}, "known_fields.Task must be a list of names"),
        ({"write_targets": 5}, "write_targets must be a mapping"),
        (
            {"write_targets": {"writable_fields": {"Task": [None]}}},
            "write_targets.writable_fields.Task must be a list of names",
        ),
        (
            {"validation_rules": {"conditional_required": []}},
            "validation_rules.conditional_required must be a mapping",
        ),
        (
            {"validation_rules": {"format_rules": "x"}},
            "validation_rules.format_rules must be a mapping",
        ),
    ],
)
def test_a_section_of_a_wrong_shape_is_named(data: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        build(data)


@pytest.mark.parametrize(
    "data",
    [
        {"task": ["todo"]},
        {"task": {"status": "todo"}},
        {"priority": None},
        {"priority": {"values": [1, 2]}},
        {"condition_labels": []},
        {"entity_types": ["Task"], "task": {"status_labels": "x"}},
        {"validation_rules": {"conditional_required": {"Task": "x"}}},
        {"validation_rules": {"conditional_required": {"Task": [{"when": 5}, 7, [1]]}}},
        {"validation_rules": {"format_rules": {"Task": ["x"], "Project": {"a": 5}}}},
        {"known_fields": {"Task": None}, "paths": None},
    ],
)
def test_what_is_no_enumeration_or_rule_is_left_alone(data: dict[str, Any]) -> None:
    assert build(data).choices == {}


@example("")
@example("a in [b, c]")
@example("a = b")
@given(st.text(alphabet="ab가_ =[],in\t!", max_size=20))
def test_a_condition_is_what_this_expression_says(text: str) -> None:
    match = re.fullmatch(r"(\w+)\s+(?:=\s*(\S+)|in\s*\[(.*)\])", text.strip())
    values = match and ((match[2],) if match[2] else _split(match[3]))
    assert _condition(text) == (match and (match[1], values))
