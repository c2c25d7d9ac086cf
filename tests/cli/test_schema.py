"""`loop schema`: what an agent asks before it writes. The JSON Schema says what `check` says."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loop_cli.core import describe
from loop_cli.core.check import fields
from loop_cli.core.check.finding import Subject
from loop_cli.core.entity import FieldNames
from loop_cli.core.schema.rules import Rules
from loop_cli.errors import LoopError
from loop_cli.vault import VaultLayout, schema_file
from loop_cli.vault.store import VaultStore

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

# What JSON Schema has no word for.
BEYOND = {"unknown-type", "derived-field", "template"}
RULES = Rules(schema_file.shipped(), FieldNames())
TASK: dict[str, Any] = {
    "entity_type": "Task",
    "entity_id": "tsk-019-14",
    "entity_name": "이름",
    "created": "2026-01-01",
    "updated": "2026-01-02",
    "status": "todo",
    "assignee": "개발팀",
    "parent_id": "prj-019",
    "project_id": "prj-019",
}


def validator(entity_type: str, rules: Rules = RULES) -> Any:
    made = describe.json_schema(describe.describe(entity_type, rules), rules)
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


def by_check(entity_type: str, values: dict[str, Any], rules: Rules = RULES) -> bool:
    """Whether the rules of `check` find nothing."""
    subject = Subject(
        id=str(values.get("entity_id")), type=entity_type, name=None, path="x.md", fields=values
    )
    return not [one for one in fields.findings(subject, rules) if one.rule not in BEYOND]


VALUES = st.one_of(
    st.none(),
    st.sampled_from(["", "todo", "done", "dev", "high", "2026-01-09", "10:30", "prj-019", "x?"]),
    st.booleans(),
    st.integers(0, 3),
    st.lists(st.sampled_from(["cond-a", "x"]), max_size=2),
    st.just({"a": 1}),
)


VALIDATOR = validator("Task")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(RULES.known("Task")), VALUES, max_size=3))
@example({"validates": ""})
@example({"validates": {}})
def test_it_accepts_what_check_accepts(changes: dict[str, Any]) -> None:
    own = {name: value for name, value in changes.items() if name not in TASK}
    kept = {name: value for name, value in changes.items() if name in ("status", "assignee")}
    values = {**TASK, **own, **kept}
    assert VALIDATOR.is_valid(values) == by_check("Task", values)


@pytest.mark.parametrize("field", TASK)
def test_a_required_field(field: str) -> None:
    for value in (None, ""):
        values = {**TASK, field: value}
        assert not validator("Task").is_valid(values)
    values = dict(TASK)
    del values[field]
    assert not validator("Task").is_valid(values)


def test_forms_conditions_and_what_is_forbidden() -> None:
    task = validator("Task")
    assert task.is_valid({**TASK, "status": "done", "closed": "2026-01-01"})
    assert not task.is_valid({**TASK, "status": "done"})
    assert not task.is_valid({**TASK, "type": "bug", "target_project": None})
    assert task.is_valid({**TASK, "validates": []})
    assert not task.is_valid({**TASK, "validates": ["hyp-1-01"]})
    assert not task.is_valid({**TASK, "staus": "todo"})
    question = {**TASK, "entity_type": "Hypothesis", "entity_id": "hyp-1-01"}
    for name in ("assignee", "project_id"):
        del question[name]
    assert validator("Hypothesis").is_valid({**question, "hypothesis_question": "So?"})
    assert not validator("Hypothesis").is_valid({**question, "hypothesis_question": "So."})


def _agree(root: str) -> int:
    """How many entities of a vault are judged, by both alike."""
    names = FieldNames()
    rules = Rules(schema_file.load(VaultLayout(root)), names)
    locator = VaultStore(root, names=names, clock=lambda: 0).locator()
    validators: dict[str, Any] = {}
    judged = 0
    for path in locator.paths():
        try:
            parsed = locator.read(path).parsed
        except LoopError:
            continue
        if not rules.schema.knows_type(parsed.type) or "{" in parsed.id:
            continue
        if parsed.type not in validators:
            validators[parsed.type] = validator(parsed.type, rules)
        judged += 1
        by_schema = validators[parsed.type].is_valid(copy.deepcopy(parsed.fields))
        assert by_schema == by_check(parsed.type, parsed.fields, rules), path
    return judged


def test_the_sample_vault(sample_vault: Path) -> None:
    assert _agree(str(sample_vault)) > 20


@pytest.mark.corpus
def test_the_corpus(corpus: Path) -> None:
    assert _agree(str(corpus)) > 300


class TestCommand:
    def test_the_types(self, read_only: Loop) -> None:
        done = read_only("schema")
        assert done.code == 0
        assert "50_Projects/.../Tasks/{id}.md" in done.out
        assert "^hyp-[1-9]-\\d{2}$" in done.out

    def test_the_fields_of_a_type(self, read_only: Loop) -> None:
        lines = {
            line.split()[0]: line for line in read_only("schema", "Task").lines if line.strip()
        }
        assert "one of todo, doing, hold, done, blocked" in lines["status"]
        assert "required, default todo" in lines["status"]
        assert "required when status = done" in lines["closed"]
        assert "must not be there" in lines["validates"]
        assert "the id of a Project" in lines["project_id"]
        assert "not for writing" in lines["created"]
        assert "not for writing" not in lines["due"]

    def test_json_schema_of_a_type(self, read_only: Loop) -> None:
        made = read_only("schema", "Task", "--json").json
        jsonschema.Draft202012Validator.check_schema(made)
        own = made["x-loop"]
        assert {"status", "due", "body"} <= set(own["writable"])
        assert "created" not in own["writable"]
        assert own["required_when"]["closed"] == ["status = done"]
        assert (own["place"], own["file"], own["parent"]) == (
            "50_Projects/.../Tasks/", "{id}.md", "Project",
        )  # fmt: skip
        assert made["properties"]["created"]["readOnly"] is True
        entity = read_only("get", "tsk-019-14", "--json").json
        jsonschema.validate(entity["fields"], made)

    def test_json_schema_of_all(self, read_only: Loop) -> None:
        made = read_only("schema", "--json").json
        jsonschema.Draft202012Validator.check_schema(made)
        whole = jsonschema.Draft202012Validator(made)
        for entity_id in ("tsk-019-14", "prj-019", "hyp-1-01", "ns-001", "ev-001"):
            values = read_only("get", entity_id, "--json").json["fields"]
            assert whole.is_valid(values), entity_id
            assert not whole.is_valid({**values, "status": 7}), entity_id

    def test_what_update_refuses_is_read_only(self, loop: Loop) -> None:
        made = loop("schema", "Task", "--json").json
        for name, field in made["properties"].items():
            done = loop("update", "tsk-019-14", f"{name}:=null", "--force", "--dry-run", "--json")
            problems = [] if done.code == 0 else done.error["problems"]
            refused = any(one["problem"] == "read_only" for one in problems)
            assert refused is bool(field.get("readOnly")), name

    def test_an_unknown_type(self, read_only: Loop) -> None:
        error = read_only("schema", "task", "--json").error
        assert (error["code"], "did you mean Task?" in error["error"]) == ("usage", True)

    def test_without_a_vault_it_is_the_default_schema(self, loop: Loop, tmp_path: Path) -> None:
        done = loop("schema", env={"LOOP_VAULT": None}, cwd=tmp_path / "home")
        assert done.code == 0
        assert "ships with loop" in done.err

    def test_a_broken_schema(self, loop: Loop) -> None:
        loop.path("00_Meta/schema_constants.yaml").write_text("a: [\n")
        error = loop("schema", "--json").error
        assert (error["code"], error["line"]) == ("invalid_file", 1)
