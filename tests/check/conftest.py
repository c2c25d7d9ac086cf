"""The rules of `check` on plain mappings, under a schema that says a little of everything."""

from __future__ import annotations

from typing import Any

import pytest

from loop_cli.core.check.finding import Subject
from loop_cli.core.entity import FieldNames
from loop_cli.core.schema.rules import Rules
from loop_cli.core.schema.schema import build

SCHEMA: dict[str, Any] = {
    "entity_types": ["Track", "Project", "Task", "Hypothesis", "NorthStar"],
    "id_patterns": {
        "trk": r"^trk-\d$",
        "prj": r"^prj-\d{3}$",
        "tsk": r"^tsk-\d{3}-\d{2}$",
        "hyp": r"^hyp-\d{2}$",
    },
    "required_fields": {
        "all": ["entity_type", "entity_id", "entity_name", "created", "updated", "status"],
        "Task": ["project_id", "parent_id"],
        "Project": ["conditions_3y"],
    },
    "known_fields": {
        "all": [
            "entity_type", "entity_id", "entity_name", "created", "updated", "status",
            "parent_id", "project_id", "tags", "aliases", "validates", "outgoing_relations",
        ],
        "Task": ["due", "start_time", "estimated_hours", "closed", "has_exec_details", "assignee"],
        "Hypothesis": ["hypothesis_question", "parent_hypothesis_id"],
        "Project": ["conditions_3y", "priority_flag"],
        "Track": [],
        "NorthStar": [],
    },
    "task": {
        "status": ["todo", "doing", "done"],
        "status_default": "todo",
        "status_labels": {"todo": "To Do"},
    },
    "project": {"status": ["planning", "doing", "done"]},
    "status_mapping": {"active": "doing", "paused": "hold"},
    "file_locations": {
        "Track": "20_Strategy/{year}/",
        "Project": "50_Projects/{year}/{folder}/",
        "Task": "50_Projects/.../Tasks/",
        "NorthStar": "01_North_Star/north_star.md",
    },
    "validation_rules": {
        "derived_fields": {"Hypothesis": ["validated_by"]},
        "parent_references": {"Task": "Project", "Project": "Track", "Hypothesis": "Track"},
        "conditional_required": {"Task": [{"field": "closed", "when": "status = done"}]},
        "format_rules": {
            "Hypothesis": {"hypothesis_question": "must end with '?'"},
            "NorthStar": {"status": "must be 'fixed'"},
        },
        "forbidden": {"Task": ["validates"]},
        "guardrails": {
            "filled": {"entity": "Project", "check": "conditions_3y is not empty list"},
            "track": {"entity": "Project", "check": "parent_id.startswith('trk-')"},
        },
    },
}  # fmt: skip
BASE: dict[str, dict[str, Any]] = {
    "Task": {"status": "todo", "project_id": "prj-001", "parent_id": "prj-001"},
    "Project": {"status": "doing", "parent_id": "trk-1", "conditions_3y": ["cond-a"]},
    "Track": {"status": "doing"},
    "Hypothesis": {"status": "open", "hypothesis_question": "Is it so?"},
    "NorthStar": {"status": "fixed"},
    "Note": {"status": "x"},
}
IDS = {
    "Task": "tsk-001-01",
    "Project": "prj-001",
    "Track": "trk-1",
    "Hypothesis": "hyp-01",
    "NorthStar": "ns-1",
    "Note": "note-1",
}


def subject(entity_type: str = "Task", **fields: Any) -> Subject:
    """An entity with nothing wrong but what `fields` bring; None removes a field."""
    entity_id = fields.pop("entity_id", IDS[entity_type])
    path = fields.pop("path", f"{entity_id}.md")
    whole = {
        "entity_type": entity_type,
        "entity_id": entity_id,
        "entity_name": "이름",
        "created": "2026-01-01",
        "updated": "2026-01-02",
        **BASE[entity_type],
        **fields,
    }
    whole = {name: value for name, value in whole.items() if value is not None}
    return Subject(id=entity_id, type=entity_type, name="이름", path=path, fields=whole)


def make_rules(**names: str) -> Rules:
    """The rules of the schema above."""
    return Rules(build(SCHEMA), FieldNames(**names))


@pytest.fixture
def rules() -> Rules:
    """The rules of the schema above."""
    return make_rules()
