"""Create, update and check go by one set of rules: what a write accepts, check finds nothing new
in; what check calls an error of a field, a write refuses, in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loop_cli.core.changes import Change, Edits
from loop_cli.core.check import fields as field_check
from loop_cli.core.check.across import Register
from loop_cli.core.check.finding import RULES, Subject
from loop_cli.core.commits import Create, EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import Origin
from loop_cli.core.schema.schema import build
from loop_cli.errors import InvalidChange, LoopError
from loop_cli.lean import jsontext
from loop_cli.vault import schema_file
from tests.check.conftest import SCHEMA
from tests.conftest import Clock
from tests.store.memory import MemoryStore

if TYPE_CHECKING:
    from loop_cli.core.schema.schema import Schema

NAMES = FieldNames()
ORIGIN = Origin(run_id="5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f", actor="user:x", invoked_by="pytest")
SHIPPED = schema_file.shipped()
# The conditional rules only warn, and aliases are no rule about a field's value.
LEFT = ("missing-conditional", "duplicate-alias")
ENTITIES: dict[str, dict[str, Any]] = {
    "prj-001": {"entity_type": "Project", "status": "doing", "owner": "x", "parent_id": "trk-1",
                "conditions_3y": ["cond-a"], "expected_impact": {"a": 1}},
    "trk-1": {"entity_type": "Track", "status": "doing", "owner": "x", "horizon": "12m",
              "conditions_3y": ["cond-a"]},
    "cond-a": {"entity_type": "Condition", "status": "doing", "if_broken": "x"},
    "tsk-001-01": {"entity_type": "Task", "status": "todo", "assignee": "x",
                   "project_id": "prj-001", "parent_id": "prj-001", "tags": ["a"]},
    "hyp-1-01": {"entity_type": "Hypothesis", "status": "doing",
                 "hypothesis_question": "Is it so?", "parent_id": "trk-1"},
    "hyp-1-02": {"entity_type": "Hypothesis", "status": "doing", "parent_id": "trk-1",
                 "hypothesis_question": "And so?", "parent_hypothesis_id": "hyp-1-01"},
}  # fmt: skip
WORDS = st.sampled_from(
    ["", " ", "x", " blank ", "two\nlines", "todo", "done", "Done", "doing", "2026-01-09", "10:30",
     "prj-001", "prj-002", "trk-1", "trk-2", "tsk-001-01", "hyp-1-01", "hyp-1-02", "[[prj-001]]",
     "cond-a", "cond-z", "high", "fixed", "So?", "bell\x07", "a" * 201, "12", "yes"]
)  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 9),
    WORDS,
    st.lists(WORDS | st.integers(0, 3), max_size=3),
    st.fixed_dictionaries({}, optional={"a": WORDS, "target_id": WORDS}),
    st.lists(st.fixed_dictionaries({"target_id": WORDS, "to": WORDS}), max_size=2),
)
SMALL = st.fixed_dictionaries(
    {},
    optional={
        "status": st.lists(st.sampled_from(["todo", "done", "doing", "Done"]), max_size=3),
        "required": st.lists(st.sampled_from(["status", "tags", "owner", "due"]), max_size=3),
        "known": st.lists(st.sampled_from(["due", "window_id", "notes", "owner"]), max_size=3),
        "form": st.sampled_from(["must end with '?'", "must be 'x'", "must be one of [x, done]"]),
        "forbidden": st.lists(st.sampled_from(["notes", "tags"]), max_size=1),
        "derived": st.lists(st.sampled_from(["validates", "owner"]), max_size=1),
        "patterns": st.booleans(),
    },
)


def small_schema(parts: dict[str, Any]) -> Schema:
    """A schema of its own that says a little of everything about Tasks."""
    data = {**SCHEMA, "task": {"status": parts.get("status", ["todo", "done"])}}
    required, known = dict(SCHEMA["required_fields"]), dict(SCHEMA["known_fields"])
    required["Task"] = [*required["Task"], *parts.get("required", [])]
    known["Task"] = [*known["Task"], *parts.get("known", [])]
    rules = {
        **SCHEMA["validation_rules"],
        "format_rules": {"Task": {"notes": parts.get("form", "")}},
        "forbidden": {"Task": parts.get("forbidden", [])},
        "derived_fields": {"Task": parts.get("derived", [])},
    }
    patterns = SCHEMA["id_patterns"] if parts.get("patterns") else {}
    return build(
        {**data, "required_fields": required, "known_fields": known, "validation_rules": rules,
         "id_patterns": patterns}
    )  # fmt: skip


def store_of(schema: Schema, entities: dict[str, dict[str, Any]]) -> MemoryStore:
    texts = {}
    for entity_id, fields in entities.items():
        whole = {"entity_id": entity_id, "entity_name": "n", "created": "2026-01-01",
                 "updated": "2026-01-02", **fields}  # fmt: skip
        lines = [f"{name}: {jsontext.dumps(value)}" for name, value in whole.items()]
        texts[f"{entity_id}.md"] = ("---\n" + "\n".join(lines) + "\n---\n").encode()
    return MemoryStore(texts, names=NAMES, clock=Clock(), schema=schema)


def findings(store: MemoryStore) -> dict[tuple[str, str], str]:
    """What check finds, by entity and words, with the rule."""
    found = {}
    register = Register(store.rules)
    for one in store.files():
        subject = Subject(id=one.id, type=one.type, name=one.name, path=one.path, fields=one.fields)
        register.add(subject)
        for what in field_check.findings(subject, store.rules):
            found[one.id, what.message] = what.rule
    for who, what in register.findings():
        found[who.id, what.message] = what.rule
    return found


def change_of(entity_id: str, field: str, value: Any) -> EntityChange:
    edits = Edits(changes=(Change.to((field,), value),))
    return EntityChange(entity_id=entity_id, edits=edits, precondition=Precondition(forced=True))


def judged(schema: Schema, entity_id: str, field: str, value: Any) -> None:
    """One update, and the same value written by another program, each against check."""
    store = store_of(schema, ENTITIES)
    before = findings(store)
    (done,) = store.commit([change_of(entity_id, field, value)], origin=ORIGIN)
    if not isinstance(done, LoopError):
        new = {key: rule for key, rule in findings(store).items() if key not in before}
        assert [key for key, rule in new.items() if rule not in LEFT] == []
    other = {name: dict(fields) for name, fields in ENTITIES.items()}
    other[entity_id][field] = value
    found = findings(store_of(schema, other))
    errors = {
        words
        for (who, words), rule in found.items()
        if who == entity_id and (who, words) not in before and words.startswith(f"{field}: ")
        if RULES[rule][0] == "error"
    }
    if errors:
        assert isinstance(done, InvalidChange), errors
        said = {f"{one['field']}: {one['message']}" for one in done.details["problems"]}
        writable = {one["problem"] for one in done.details["problems"]} & {"read_only"}
        assert writable or said & errors, (said, errors)


KNOWN = sorted(
    {"assigne", "window_id", "aliases"}.union(
        *(SHIPPED.known_fields(one["entity_type"]) for one in ENTITIES.values())
    )
)


@settings(max_examples=400)
@given(st.sampled_from(sorted(ENTITIES)), st.sampled_from(KNOWN), VALUES)
@example("tsk-001-01", "entity_name", " blank ")
@example("tsk-001-01", "assignee", "")
@example("hyp-1-01", "parent_hypothesis_id", "hyp-1-02")
@example("prj-001", "conditions_3y", [])
def test_by_the_shipped_schema(entity_id: str, field: str, value: Any) -> None:
    judged(SHIPPED, entity_id, field, value)


@settings(max_examples=300)
@given(
    SMALL,
    st.sampled_from(["tsk-001-01", "prj-001", "hyp-1-02"]),
    st.sampled_from(["status", "tags", "owner", "due", "window_id", "notes", "validates",
                     "project_id", "parent_id", "entity_name", "outgoing_relations", "odd"]),
    VALUES,
)  # fmt: skip
def test_by_a_schema_of_its_own(
    parts: dict[str, Any], entity_id: str, field: str, value: Any
) -> None:
    judged(small_schema(parts), entity_id, field, value)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(KNOWN), VALUES, max_size=3))
@example({"entity_name": " blank "})
def test_what_create_accepts_check_finds_nothing_in(fields: dict[str, Any]) -> None:
    for name in NAMES.read_only():
        fields.pop(name, None)
    store = store_of(SHIPPED, ENTITIES)
    before = findings(store)
    whole = {**ENTITIES["tsk-001-01"], "entity_name": "n", **fields}
    whole.pop("entity_type")
    template = "---\nentity_type:\nentity_id:\nentity_name:\ncreated:\nupdated:\n---\n"
    (done,) = store.commit(
        [
            Create(
                entity_id="tsk-001-02",
                entity_type="Task",
                path="tsk-001-02.md",
                fields=whole,
                template=template,
            )
        ],
        origin=ORIGIN,
    )
    if not isinstance(done, LoopError):
        new = {key: rule for key, rule in findings(store).items() if key not in before}
        assert [key for key, rule in new.items() if rule != "duplicate-alias"] == []


@pytest.mark.parametrize("value", [[], "", None])
def test_a_required_field_can_not_be_emptied(value: object) -> None:
    store = store_of(SHIPPED, ENTITIES)
    (done,) = store.commit([change_of("trk-1", "conditions_3y", value)], origin=ORIGIN)
    assert isinstance(done, InvalidChange)
    assert done.exit_code == 6


def test_what_was_wrong_before_is_no_obstacle() -> None:
    """An item that is added is judged, and not those beside it."""
    wrong = {**ENTITIES["prj-001"], "conditions_3y": ["cond-z"], "validates": ["hyp-9-99"]}
    store = store_of(SHIPPED, {**ENTITIES, "prj-001": wrong})
    for field, value in (
        ("conditions_3y", ["cond-z", "cond-a"]),
        ("validates", ["hyp-9-99", "hyp-1-01"]),
        ("notes", "x"),
    ):
        (done,) = store.commit([change_of("prj-001", field, value)], origin=ORIGIN)
        assert not isinstance(done, LoopError), done


def test_a_reference_may_be_an_alias() -> None:
    named = {**ENTITIES["prj-001"], "aliases": ["the project"]}
    store = store_of(SHIPPED, {**ENTITIES, "prj-001": named})
    (done,) = store.commit([change_of("tsk-001-01", "project_id", "the project")], origin=ORIGIN)
    assert not isinstance(done, LoopError), done
