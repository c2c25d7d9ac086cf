"""An update computes only what it changes; the row of its file is as if all had been computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loop_cli.core.changes import BodyChange, Edits, parse_changes
from loop_cli.core.commits import CommitResult, EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import Origin
from loop_cli.errors import LoopError
from loop_cli.lean.basics import uuid4
from loop_cli.postgres import outside, recomputing
from loop_cli.postgres.store import PostgresStore
from tests.conftest import Clock
from tests.postgres.vaults import dropped, fresh

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = """---
entity_type: Note
entity_id: tsk-1
entity_name: 회의 준비
created: 2026-01-01
aliases: [first, 1.10]
status: todo
due: 2026-03-04
weight: 1.50
nothing:
tags: [a, b]
deep: {er: {n: 1}, z: x}
---
A body with words.
"""
PATH = "work/tsk-1.md"
NAMES = ("status", "due", "weight", "nothing", "tags", "aliases", "deep", "deep.er", "deep.er.n",
         "entity_name", "new", "updated", "deep.z")  # fmt: skip
VALUES = (
    "=todo", "=완료", "=2026-05-06", "=2026-05-06T07:08:09Z", ":=1", ":=1.5", ":=true", ":=null",
    "=", ":=[]", ':=["x", 2]', ':={"er": {"m": "y"}}', '="' + "long " * 60 + '"',
)  # fmt: skip
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)),
        st.tuples(st.sampled_from(NAMES), st.just("unset")),
        st.tuples(st.just("body"), st.text("a가 \n", max_size=20)),
    ),
    min_size=1,
    max_size=6,
)
ROW = (
    "SELECT data, etag, kind, admitted, id, type, title, updated, at, fields, keys, ranks,"
    " stem, claims, names::text, grams::text,"
    " ARRAY(SELECT name FROM mention WHERE path = file.path ORDER BY name)"
    " FROM file LEFT JOIN words USING (path)"
)


@pytest.fixture(scope="module")
def store(postgres: str) -> Iterator[PostgresStore]:
    """A store that the examples share: each empties it."""
    address = fresh(postgres)
    made = PostgresStore(address, names=FieldNames(), clock=Clock())
    yield made
    made.close()
    dropped(address)


@example([("status", "=done"), ("status", "=todo")])
@example([("weight", ":=2"), ("body", "말 word"), ("due", "unset")])
@example([("status", ":=null"), ("status", "=2026-01-02")])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(CHANGES)
def test_a_row_after_updates_is_the_row_of_its_file(
    store: PostgresStore, changes: list[tuple[str, str]]
) -> None:
    reset(store)
    landed = [one for one in changes if changed(store, *one)]
    rows = fetched(store)

    again(store)

    assert fetched(store) == rows, landed
    assert store.upkeep.verify().problems == ()


def changed(store: PostgresStore, name: str, value: str) -> bool:
    """Whether a change landed; rules may refuse it."""
    body = BodyChange(text=value, append=False) if name == "body" else None
    try:
        given = [] if body or value == "unset" else [name + value]
        unset = [name] if value == "unset" and not body else []
        edits = Edits(changes=parse_changes(given, unset=unset, read=str), body=body)
        one = EntityChange(entity_id="tsk-1", edits=edits, precondition=Precondition(forced=True))
        (outcome,) = store.commit([one], origin=Origin(run_id=uuid4(), actor="user:x"))
    except LoopError:
        return False
    return isinstance(outcome, CommitResult) and outcome.record is not None


def reset(store: PostgresStore) -> None:
    def work(connection: Any) -> None:
        with connection.transaction():
            for table in ("file", "words", "mention"):
                connection.execute(f"DELETE FROM {table}")
            connection.execute("DELETE FROM record")
            connection.execute("UPDATE head SET seq = 0, digest = NULL, own = NULL")
            outside.put_files(store.handle, connection, [(PATH, FILE.encode(), Clock().now)])

    store.handle.database.read(work)


def again(store: PostgresStore) -> None:
    """Compute all rows anew."""

    def work(connection: Any) -> None:
        connection.execute("DELETE FROM note WHERE name = 'form'")
        recomputing.recompute(store.handle, connection)

    store.handle.database.read(work)


def fetched(store: PostgresStore) -> list[Any]:
    return store.handle.database.read(lambda connection: connection.execute(ROW).fetchall())
