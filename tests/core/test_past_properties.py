"""Looking back and undoing on random stories: what is rebuilt is what was, and what is unknown
is said so; an undo is the state before, and the undo of an undo the state after."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from loop_cli.core import timestamps
from loop_cli.core.changes import BodyChange, Change, Edits
from loop_cli.core.commits import EntityChange
from loop_cli.core.diff import MISSING, value_at
from loop_cli.core.entity import Entity, FieldNames, Precondition
from loop_cli.core.names import split_dotted
from loop_cli.core.records import past, story
from loop_cli.core.records.record import Origin
from loop_cli.core.records.story import Moment
from loop_cli.errors import LoopError, only
from loop_cli.lean.plain import same
from loop_cli.operations import history
from loop_cli.operations import undo as undoing
from loop_cli.operations.undo import Target
from loop_cli.vault import schema_file
from tests.store.memory import MemoryStore

IDS = ("one", "two")
START = timestamps.parse("2026-01-09T00:00:00Z") or 0
ALWAYS = ("entity_id", "entity_type", "updated")

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 99), st.text("ab가 #:'\n", max_size=6)
)
values = st.one_of(
    scalars,
    st.lists(scalars, max_size=3),
    st.dictionaries(st.sampled_from(["x", "y", "z.z"]), scalars, max_size=2),
)
names = st.sampled_from([("a",), ("b",), ("secret",), ("m", "x"), ("m", "y"), ("m",), ("body",)])
ids = st.sampled_from(IDS)
updates = st.one_of(
    st.builds(lambda path, value: ("set", path, value), names, values),
    st.builds(lambda path: ("unset", path, None), names),
    st.builds(lambda text: ("body", (), text), st.text("ab\n가", max_size=9)),
)
runs = st.integers(1, 3)
steps = st.lists(st.tuples(ids, runs, updates), min_size=1, max_size=12)
outside = st.builds(
    lambda key, value: ("outside", (key,), value), st.sampled_from(["a", "b", "c"]), values
)
stories = st.lists(st.one_of(updates, outside), min_size=1, max_size=12)


def run_id(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


class World:
    """A store of two notes whose every state is remembered."""

    def __init__(self) -> None:
        self.now = START
        texts = {f"{one}.md": self._text({"a": 1, "m": {"x": "old"}}, "Body\n", one) for one in IDS}
        self.store = MemoryStore(
            texts,
            names=FieldNames(),
            schema=schema_file.shipped(),
            clock=lambda: self.now,
            private=("secret",),
        )
        self.undos = 100

    def find(self, entity_id: str) -> Entity:
        return self.store.find(entity_id)

    def state(self, entity_id: str) -> tuple[dict[str, Any], str]:
        entity = self.find(entity_id)
        fields = {key: value for key, value in entity.fields.items() if key != "updated"}
        return copy.deepcopy(fields), entity.body

    def update(self, entity_id: str, run: int, update: tuple[str, Any, Any]) -> bool:
        """Whether it changed anything."""
        kind, path, value = update
        self.now += timestamps.SECOND
        if kind == "outside":
            fields, body = self.state(entity_id)
            fields[path[0]] = value
            self.store.edit_outside(f"{entity_id}.md", self._text(fields, body, entity_id))
            return False
        body_change = BodyChange(text=value) if kind == "body" else None
        change = Change(path=path, operation=kind, value=value, typed=True)  # type: ignore[arg-type]
        edits = Edits(changes=() if kind == "body" else (change,), body=body_change)
        seen = Precondition(if_match=self.find(entity_id).revision.etag)
        origin = Origin(run_id=run_id(run), actor="user:개발팀")
        wanted = EntityChange(entity_id=entity_id, edits=edits, precondition=seen)
        try:
            return only(self.store.commit([wanted], origin=origin)).changed
        except LoopError:  # a field within one that is no mapping, say
            return False

    def undo(self, **target: Any) -> undoing.UndoResult:
        self.now += timestamps.SECOND
        self.undos += 1
        origin = Origin(run_id=run_id(self.undos), actor="user:개발팀")
        return undoing.undo(self.store, Target(**target), origin=origin)

    @staticmethod
    def _text(fields: dict[str, Any], body: str, entity_id: str) -> bytes:
        known = {"entity_id": entity_id, "entity_type": "Memo", **fields}
        lines = [f"{key}: {json.dumps(value)}  # {key}\n" for key, value in known.items()]
        return ("---\n" + "".join(lines) + "---\n" + body).encode()


def equal(one: tuple[dict[str, Any], Any], other: tuple[dict[str, Any], Any]) -> bool:
    return same(one[0], other[0]) and one[1] == other[1]


@settings(max_examples=150, deadline=None)
@given(steps)
def test_every_state_that_was_is_rebuilt(given_steps: list[Any]) -> None:
    world = World()
    states = [world.state("one")]
    for _entity_id, run, update in given_steps:
        if world.update("one", run, update):
            states.append(world.state("one"))
    reveal = history.revealer(world.store)
    changes = story.changes(world.store.records("one"))

    assert len(changes) == len(states) - 1
    for count, state in enumerate(reversed(states)):
        entity = world.find("one")
        found, edited = past.rebuild(entity, changes, Moment(count=count), reveal=reveal)
        found.fields.pop("updated", None)
        assert (found.known, found.unknown, edited) == (None, set(), False)
        assert equal((found.fields, found.body), state)


@settings(max_examples=200, deadline=None)
@given(stories, st.data())
def test_what_is_told_of_an_edited_entity_is_true(told: list[Any], data: st.DataObject) -> None:
    """`truth` has the state before each recorded change, whatever was edited outside."""
    world = World()
    truth: list[tuple[dict[str, Any], str]] = []
    for update in told:
        before = world.state("one")
        if world.update("one", 1, update):
            truth.append(before)
    if not truth:
        return
    count = data.draw(st.integers(1, len(truth)))
    was, body = truth[-count]

    found = history.difference(world.store, "one", history.Since(given="", changes=count))

    now = world.find("one")
    for name, entry in found.diff.items():
        old = body if name == "body" else value_at(was, split_dotted(name))
        assert same(MISSING if entry.get("added") else entry["old"], old), name
    if not found.edited_outside:
        assert found.unknown == ()
    unknown = {split_dotted(name)[0] for name in found.unknown}
    for name in ("a", "b", "c", "m", "secret"):
        if name not in unknown and not same(was.get(name, MISSING), now.fields.get(name, MISSING)):
            assert any(split_dotted(one)[0] == name for one in found.diff) or found.edited_outside


HASHED_IN_ANOTHER_ORDER = [
    ("one", 1, ("set", ("secret",), {"y": None, "x": None})),
    ("one", 1, ("set", ("secret",), {"x": None})),
]


@settings(max_examples=150, deadline=None)
@given(steps)
@example(HASHED_IN_ANOTHER_ORDER)
def test_undo_goes_back_step_by_step_and_its_undo_forward(given_steps: list[Any]) -> None:
    world = World()
    states = [world.state("one")]
    for _entity_id, run, update in given_steps:
        if world.update("one", run, update):
            states.append(world.state("one"))
    undos = []
    for state in reversed(states[:-1]):
        undos.append(world.undo(entity_id="one").run_id)
        assert equal(world.state("one"), state)
    for state in states[1:]:
        world.undo(run_id=undos.pop())
        assert equal(world.state("one"), state)
    assert b"# entity_type\n" in world.find("one").raw


@settings(max_examples=150, deadline=None)
@given(steps, steps)
def test_a_run_is_undone_whole_and_redone(first: list[Any], second: list[Any]) -> None:
    world = World()
    for entity_id, _run, update in first:
        world.update(entity_id, 1, update)
    before = {one: world.state(one) for one in IDS}
    changed = {step[0] for step in second if world.update(step[0], 2, step[2])}
    after = {one: world.state(one) for one in IDS}
    if not changed:
        return

    undone = world.undo(run_id=run_id(2))
    assert {one: equal(world.state(one), before[one]) for one in IDS} == dict.fromkeys(IDS, True)
    if undone.changed:
        world.undo(run_id=undone.run_id)
        assert {one: equal(world.state(one), after[one]) for one in IDS} == dict.fromkeys(IDS, True)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_last_walks_back_to_the_beginning(given_steps: list[Any]) -> None:
    """Every step a run of its own."""
    world = World()
    states = [{one: world.state(one) for one in IDS}]
    for number, (entity_id, _run, update) in enumerate(given_steps, start=1):
        if world.update(entity_id, number, update):
            states.append({one: world.state(one) for one in IDS})
    for state in reversed(states[:-1]):
        world.undo(last=True)
        assert all(equal(world.state(one), state[one]) for one in IDS)
