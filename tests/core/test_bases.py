"""A base is known only where it really is what the caller read: on random histories, with edits
outside, deletions, new entities under the same id, undos, hashed values and values that JSON can't
say."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from loop_cli.core import timestamps
from loop_cli.core.changes import BodyChange, Change, Edits
from loop_cli.core.commits import Create, Delete, EntityChange
from loop_cli.core.diff import MISSING, value_at
from loop_cli.core.entity import Entity, FieldNames, Precondition
from loop_cli.core.names import split_dotted
from loop_cli.core.records.record import Origin
from loop_cli.errors import ConflictError, InvalidChange, LoopError, only
from loop_cli.lean.plain import same
from loop_cli.lean.records import Struct
from loop_cli.operations import undo as undoing
from loop_cli.operations.undo import Target
from loop_cli.vault import schema_file
from tests.store.memory import MemoryStore

if TYPE_CHECKING:
    from loop_cli.core.conflict import ConflictField

ID, FILE, COPY = "one", "one.md", "copy.md"
START = timestamps.parse("2026-01-09T00:00:00Z") or 0
WANTED = ("a", "m", "m.x", "secret", "body")
"""What every caller wants to change, one field at a time."""

scalars = st.sampled_from([None, True, 1, 2, "1", "x", ".inf", "null"])
# As YAML has them. JSON has no number for a key, and none that is infinite.
written = st.sampled_from(
    ["1", "2", "x", ".inf", "'.inf'", "{x: 1}", "{x: 2}", "{1: x}", "{'1': x}", "{x: {2: .inf}}",
     "{x: .inf, y: 1}", "[.inf, 1]", "['.inf', 1]"]
)  # fmt: skip
paths = st.sampled_from([("a",), ("secret",), ("m",), ("m", "x"), ("m", "y")])
values = st.one_of(
    scalars,
    st.lists(scalars, max_size=2),
    st.dictionaries(st.sampled_from(["x", "y", "1"]), scalars, max_size=2),
)
bodies = st.sampled_from(["", "text\n", "more\n", "long " * 20_000])
actions = st.one_of(
    st.tuples(st.just("set"), paths, values),
    st.tuples(st.just("unset"), paths, st.none()),
    st.tuples(st.just("body"), st.just(()), bodies),
    st.tuples(st.just("outside"), st.sampled_from(["a", "m", "secret"]), written),
    st.tuples(st.just("delete"), st.none(), st.none()),
    st.tuples(st.just("create"), st.none(), values),
    st.tuples(st.just("undo"), st.none(), st.none()),
    st.tuples(st.just("remove outside"), st.none(), st.none()),
    st.tuples(st.just("copy"), st.none(), st.none()),
    st.tuples(st.just("remove copy"), st.none(), st.none()),
)  # fmt: skip
histories = st.lists(actions, min_size=2, max_size=10)


class Reading(Struct):
    """What a caller read, and of the how manieth entity under the id."""

    entity: Entity
    life: int

    def value(self, name: str) -> Any:
        if name == "body":
            return self.entity.body
        return value_at(self.entity.fields, split_dotted(name))


class World:
    """A store with one id, and all that was ever read of it."""

    def __init__(self) -> None:
        self.now = START
        self.runs = 0
        self.life = 0
        self.lives: dict[str, int] = {}  # by the etag that was deleted
        text = b"---\nentity_id: one\nentity_type: Memo\na: 1\nm: {x: old}\n---\nBody\n"
        self.store = MemoryStore(
            {FILE: text},
            names=FieldNames(),
            schema=schema_file.shipped(),
            clock=lambda: self.now,
            private=("secret",),
        )
        self.readings: list[Reading] = []
        self.read()

    def origin(self) -> Origin:
        self.runs += 1
        return Origin(run_id=f"{self.runs:08x}-0000-4000-8000-000000000000", actor="user:개발팀")

    def read(self) -> None:
        with suppress(LoopError):
            entity = self.store.find(ID, path=FILE)
            self.readings.append(Reading(entity=copy.deepcopy(entity), life=self.life))

    def step(self, action: tuple[str, Any, Any]) -> None:
        self.now += timestamps.SECOND
        kind, what, value = action
        with suppress(LoopError, KeyError):
            getattr(self, f"do_{kind.replace(' ', '_')}")(what, value)
        self.read()

    def commit(self, change: Any) -> None:
        only(self.store.commit([change], origin=self.origin()))

    def change(self, edits: Edits) -> None:
        seen = Precondition(forced=True)
        self.commit(EntityChange(entity_id=ID, path=FILE, edits=edits, precondition=seen))

    def do_set(self, path: tuple[str, ...], value: Any) -> None:
        self.change(Edits(changes=(Change.to(path, value, restored=True),), body=None))

    def do_unset(self, path: tuple[str, ...], _value: Any) -> None:
        self.do_set(path, MISSING)

    def do_body(self, _path: Any, text: str) -> None:
        self.change(Edits(changes=(), body=BodyChange(text=text)))

    def do_outside(self, key: str, value: str) -> None:
        """Write the key as a person does, in YAML's own words."""
        head, _rule, rest = self.store.read(FILE).decode().partition("---\n")[2].partition("---\n")
        lines = [
            line
            for line in head.splitlines()
            if line[:1].strip() and not line.startswith(f"{key}:")
        ]
        lines = [line for line in lines if ": " in line or not line.endswith(":")]
        text = "\n".join([*lines, f"{key}: {value}"])
        self.store.edit_outside(FILE, f"---\n{text}\n---\n{rest}".encode())

    def do_delete(self, _what: Any, _value: Any) -> None:
        etag = self.store.find(ID, path=FILE).revision.etag
        gone = Delete(entity_id=ID, path=FILE, precondition=Precondition(forced=True), orphan=True)
        self.commit(gone)
        self.lives[etag] = self.life

    def do_create(self, _what: Any, value: Any) -> None:
        made = Create(
            entity_id=ID,
            entity_type="Memo",
            path=FILE,
            template="---\nentity_id: x\nentity_type: Memo\n---\nBody\n",
            fields={"a": value},
        )
        self.commit(made)
        self.life = self.runs

    def do_undo(self, _what: Any, _value: Any) -> None:
        undoing.undo(self.store, Target(entity_id=ID), origin=self.origin())
        if self.store.has(FILE):
            newest = next(self.store.records(ID))
            if newest.data["action"] == "create":
                self.life = self.lives[str(newest.etag_after)]

    def do_remove_outside(self, _what: Any, _value: Any) -> None:
        self.store.remove_outside(FILE)

    def do_copy(self, _what: Any, _value: Any) -> None:
        self.store.edit_outside(COPY, self.store.read(FILE))

    def do_remove_copy(self, _what: Any, _value: Any) -> None:
        self.store.remove_outside(COPY)

    def conflict(self, name: str, reading: Reading, part: str) -> tuple[ConflictField, ...] | None:
        """The fields of the conflict of a late caller; None where there is none."""
        revision = reading.entity.revision
        seen = Precondition(
            if_match=revision.etag if part != "time" else None,
            expected_updated_at=revision.updated_at if part != "etag" else None,
        )
        changes = () if name == "body" else (Change.to(split_dotted(name), "mine", restored=True),)
        body = BodyChange(text="mine\n") if name == "body" else None
        edits = Edits(changes=changes, body=body)
        change = EntityChange(entity_id=ID, path=FILE, edits=edits, precondition=seen)
        (outcome,) = self.store.commit([change], origin=self.origin(), dry_run=True)
        assert name == "m.x" or not isinstance(outcome, InvalidChange)  # m may be no mapping
        return outcome.conflict.fields if isinstance(outcome, ConflictError) else None


MADE_ANEW = [("set", ("a",), 2), ("delete", None, None), ("create", None, 1)]
BROUGHT_BACK = [
    ("set", ("a",), 2),
    ("delete", None, None),
    ("undo", None, None),
    ("set", ("m", "x"), 1),
]


@settings(max_examples=300, deadline=None)
@given(histories, st.sampled_from(["etag", "time", "both"]))
@example(MADE_ANEW, "etag")
@example(BROUGHT_BACK, "etag")
@example([("outside", "a", "{1: x}"), ("set", ("a",), 1), ("set", ("a",), {"1": "x"})], "etag")
@example([("outside", "a", ".inf"), ("set", ("a",), 1), ("set", ("a",), ".inf")], "both")
def test_a_base_that_is_known_is_what_the_caller_read(told: list[Any], part: str) -> None:
    world = World()
    for action in told:
        world.step(action)
    for reading in world.readings:
        for name in WANTED:
            for field in world.conflict(name, reading, part) or ():
                if field.base_known:
                    assert same(field.base, reading.value(field.field)), (field, reading)
                if field.wanted and not field.overlap:
                    assert same(field.current, reading.value(field.field))
                    assert reading.life == world.life


def test_the_histories_have_both_kinds() -> None:
    """So that the test above can fail: some bases are known after all, and some are not."""
    world = World()
    for action in BROUGHT_BACK:
        world.step(action)
    brought_back = [world.conflict("a", reading, "etag") for reading in world.readings[:-1]]
    world = World()
    for action in MADE_ANEW:
        world.step(action)
    made_anew = [world.conflict("a", reading, "etag") for reading in world.readings[:-1]]

    assert all(fields and fields[0].base_known for fields in brought_back)
    assert all(fields and not fields[0].base_known for fields in made_anew)
