"""A query means the same to every store: what `evaluate` makes of all entities."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from loop_cli.core.entity import FieldNames
from loop_cli.core.evaluate import Places, evaluate
from loop_cli.core.query import Condition, Query, is_there, parse_condition, parse_sort
from loop_cli.errors import UsageError
from loop_cli.vault import schema_file
from loop_cli.vault.index import index, pages, values
from tests.conftest import Clock
from tests.store.conftest import ONE, TWO, Bench, text
from tests.store.folder import Folder
from tests.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.store import Store
    from tests.store.conftest import Harness

KEYS = ("status", "due", "hours", "상태", "a.b", 'x, "y', "etag")
TEXTS = (
    "todo", "Done", "done", "가", "가", "각", "각", "K", "\u212a", "", "a,b", "~",
    "2026-01-09", "2026-01-09T10:00+09:00", "2026-01-10", "today", "5", "05", "5.0", "1e1", "-7",
    "9007199254740993", "true", "null", "[]", "{", '"', "\\", "A", "b", "straße", "STRASSE",
    "e\u0301", "é", "👩‍💻", "\u200c", "x" * 150,
)  # fmt: skip
SCALARS = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(TEXTS),
    st.text(max_size=4),
    st.none(),
    st.booleans(),
    st.integers(-9, 12),
    st.sampled_from([2**53, 2**53 + 1, -(2**63), 10**30, 0.5, 5.0, 1e300, -0.0]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=4,
)
FIELDS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5)
PATHS = st.sampled_from(
    [
        *(
            "status",
            "due",
            "hours",
            "상태",
            r"a\.b",
            "status.due",
            "due.상태.hours",
            'x, "y',
            "none",
        ),
        *("entity_id", "entity_type", "path", "updated_at", "etag", "entity_name"),
    ]
)
GIVEN = st.sampled_from(["2026-W02", "2026-W03"]) | st.sampled_from(
    [one.replace(",", r"\,") for one in TEXTS]
)
CONDITIONS = st.one_of(
    st.builds(
        lambda path, sign, given: f"{path}{sign}{given}",
        PATHS,
        st.sampled_from(("<", "<=", ">", ">=")),
        GIVEN,
    ),
    st.builds(
        lambda path, sign, given: f"{path}{sign}{','.join(given)}",
        PATHS,
        st.sampled_from(("=", "=", "!=", "~")),
        st.lists(GIVEN, min_size=1, max_size=3),
    ),
    st.builds("{}:{}".format, st.sampled_from(("has", "missing")), PATHS),
)
SORTS = st.lists(
    st.builds("{}{}".format, st.sampled_from(("", "-")), PATHS), min_size=1, max_size=3
).map(",".join)


@st.composite
def queries(draw: st.DrawFn) -> Query:
    conditions = []
    for one in draw(st.lists(CONDITIONS, max_size=2)):
        try:
            conditions.append(parse_condition(one, today=0))
        except UsageError:
            assume(False)
    return Query(
        types=draw(st.sampled_from(((), ("Task",), ("Task", "Note"), ("none",)))),
        conditions=tuple(conditions),
        sort=parse_sort(draw(SORTS)) if draw(st.booleans()) else (),
        limit=draw(st.sampled_from((None, None, 1, 2, 3, 100))),
    )


ENTITIES = st.lists(
    st.tuples(
        st.sampled_from(("t-1", "t-1", "t-2", "가", "가", "T-1", "12")),
        st.sampled_from(("Task", "Note")),
        FIELDS,
    ),
    max_size=6,
)


def laid_out(entities: list[tuple[str, str, dict[str, Any]]]) -> dict[str, bytes]:
    """Files in folders whose order is another than that of their paths."""
    files = {}
    for number, (entity_id, kind, fields) in enumerate(entities):
        lines = [f"entity_id: {json.dumps(entity_id)}", f"entity_type: {kind}"]
        lines += [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in fields.items()]
        folder = ("a/", "a-/", "")[number % 3]
        files[f"{folder}{number}.md"] = "\n".join(["---", *lines, "---", ""]).encode()
    return files


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Limits that a vault of some files passes: pages, kept values, tables of what is sorted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "PAGE", 2)
        patch.setattr(pages, "SORTED", 2)
        patch.setattr(values, "_ENOUGH", 2)
        patch.setattr(index, "YOUNG", 0)  # what was just written is not read again
        patch.setattr(values, "_BATCH", 2)
        patch.setattr(values, "_LONG", 100)
        patch.setattr(values, "FIELDS", 2)
        yield


def put_later(vault: Folder, files: dict[str, bytes]) -> None:
    """Write files at another time than all before."""
    for path, data in files.items():
        place = vault.put(path, data)
        later = time.time_ns()
        os.utime(place, ns=(later, later))


def same_as_evaluated(store: Store, query: Query) -> None:
    found = list(store.scan(query))

    assert found == list(evaluate(store.scan(), query, store.schema))
    if found and query.limit is not None:
        places = Places(query, store.schema)
        rest = query.replace(cursor=places.cursor(found[-1]), limit=None)
        whole = list(store.scan(query.replace(limit=None)))
        assert found + list(store.scan(rest)) == whole


TWICE = [("t-1", "Task", {"due": "x"}), ("t-1", "Note", {}), ("t-1", "Task", {"due": ["x"]})]
BY_DUE = Query(sort=parse_sort("-due,path"), limit=2)


@example(TWICE, [BY_DUE, Query(limit=1), Query(conditions=(is_there(("due",)),))], TWICE)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(entities=ENTITIES, asked=st.lists(queries(), min_size=1, max_size=4), later=ENTITIES)
def test_every_store_answers_as_python_does(
    entities: list[tuple[str, str, dict[str, Any]]],
    asked: list[Query],
    later: list[tuple[str, str, dict[str, Any]]],
) -> None:
    with tempfile.TemporaryDirectory() as root:
        vault = Folder(Path(root))
        for path, data in laid_out(entities).items():
            vault.put(path, data)
        memory = MemoryStore(
            laid_out(entities), names=FieldNames(), schema=schema_file.shipped(), clock=Clock()
        )
        for query in asked:
            same_as_evaluated(memory, query)
            same_as_evaluated(vault.store(kept=False), query)
            same_as_evaluated(vault.store(), query)
        put_later(vault, laid_out(later))
        store = vault.store()
        for query in asked:
            same_as_evaluated(store, query)
            assert list(store.scan(query)) == list(vault.store(kept=False).scan(query))


class TestEveryStore:
    """What the evaluation can't show: revisions, and entities that change."""

    def test_by_the_time_of_the_revision(self, bench: Bench) -> None:
        bench.commit("status=done", entity_id="tsk-2")
        bench.clock.advance(60)
        bench.commit("status=done")

        newest = Query(sort=parse_sort("-updated_at"), limit=1)
        assert [one.id for one in bench.store.scan(newest)] == ["tsk-1"]
        moment = bench.find("tsk-2").revision.updated_at
        for sign, ids in (("=", ["tsk-2"]), (">", ["tsk-1"]), ("<=", ["tsk-2"])):
            condition = parse_condition(f"updated_at{sign}{moment}", today=0)
            assert [one.id for one in bench.store.scan(Query(conditions=(condition,)))] == ids

    def test_a_shared_id_has_the_time_of_each_file(self, harness: Harness) -> None:
        harness.make({ONE: text("t"), TWO: text("t"), "x.md": text("x")})
        bench = Bench(harness)
        bench.commit("status=done", entity_id="t", path=TWO)
        by_time = Query(sort=parse_sort("updated_at"))

        found = list(harness.store.scan(by_time))

        assert found == list(evaluate(harness.store.scan(), by_time, harness.store.schema))
        moment = bench.store.find("t", path=TWO).revision.updated_at
        condition = parse_condition(f"updated_at={moment}", today=0)
        (one,) = harness.store.scan(Query(conditions=(condition,)))
        assert one.path == TWO

    def test_what_changes_is_found_as_it_is_now(self, bench: Bench) -> None:
        done = Query(conditions=(parse_condition("status=done", today=0),))
        assert list(bench.store.scan(done)) == []
        bench.commit("status=done")
        assert [one.id for one in bench.store.scan(done)] == ["tsk-1"]
        bench.harness.edit_outside(TWO, text("tsk-2").replace(b"todo", b"done"))
        assert [one.id for one in bench.store.scan(done)] == ["tsk-1", "tsk-2"]
        bench.harness.remove_outside(ONE)
        assert [one.id for one in bench.store.scan(done)] == ["tsk-2"]

    def test_a_cursor_goes_on_where_others_came_and_went(self, harness: Harness) -> None:
        harness.make({f"{name}.md": text(name) for name in "abcdef"})
        store = harness.store
        query = Query(sort=parse_sort("-entity_id"), limit=2)
        places = Places(query, store.schema)
        (*_first, last) = store.scan(query)
        assert last.id == "e"
        harness.remove_outside("e.md")
        harness.edit_outside("dd.md", text("dd"))
        harness.edit_outside("z.md", text("z"))

        rest = query.replace(cursor=places.cursor(last))
        assert [one.id for one in store.scan(rest)] == ["dd", "d"]

    def test_pages_of_a_search(self, harness: Harness) -> None:
        files = {f"{name}.md": text(name, body="회의") for name in "abc"}
        harness.make({**files, "d.md": text("회의"), "e.md": text("회의2")})
        query = Query(text="회의", limit=2)
        places = Places(query, harness.store.schema)
        found: list[str] = []
        cursor = None
        while page := list(harness.store.search(query.replace(cursor=cursor))):
            found += [hit.id for hit in page]
            cursor = places.cursor(page[-1])
        assert found == ["회의", "회의2", "a", "b", "c"]
        by_path = query.replace(sort=parse_sort("-path"))
        assert [hit.id for hit in harness.store.search(by_path)] == ["회의2", "회의"]

    def test_a_cursor_of_another_list_is_an_error(self, bench: Bench) -> None:
        with pytest.raises(UsageError, match="not a cursor of this list"):
            list(bench.store.scan(Query(cursor="61-62", sort=parse_sort("due"))))


def test_a_sorted_list_goes_on_while_the_vault_changes(vault: Folder) -> None:
    for number in range(7):
        vault.put(f"{number}.md", text(f"t-{number}", f"n: {number}"))
    rows = vault.store().scan(Query(sort=parse_sort("-n")))
    assert [next(rows).id for _ in range(2)] == ["t-6", "t-5"]
    (vault.root / "4.md").unlink()
    (vault.root / "3.md").unlink()
    put_later(vault, {"new.md": text("t-3", "n: 3"), "2.md": text("t-2", "n: 99")})
    list(vault.store().scan())

    found = [(one.id, one.path, json.loads(one.fields)["n"]) for one in rows]

    assert found == [
        ("t-3", "new.md", 3), ("t-2", "2.md", 99), ("t-1", "1.md", 1), ("t-0", "0.md", 0)
    ]  # fmt: skip


def test_a_cache_that_is_made_anew_between_two_pages(vault: Folder) -> None:
    for number in range(7):
        vault.put(f"{number}.md", text(f"t-{number}", f"n: {number}"))
    store = vault.store()
    rows = store.scan(Query(sort=parse_sort("-n"), conditions=(parse_condition("n>0", today=0),)))
    found = [next(rows).id for _ in range(2)]
    store.cache.close()
    for file in vault.cache.iterdir():
        file.unlink()

    assert found + [one.id for one in rows] == [f"t-{number}" for number in range(6, 0, -1)]


class TestKeptValues:
    """Values are kept for the next list; a list does without them."""

    QUERY = Query(conditions=(parse_condition("n=2", today=0),))

    @pytest.fixture
    def numbered(self, vault: Folder) -> Folder:
        for number in range(5):
            vault.put(f"{number}.md", text(f"t-{number}", f"n: {number}"))
        return vault

    def kept(self, vault: Folder) -> list[Any]:
        return vault.query(
            "SELECT CAST(name AS TEXT), count(*) FROM field JOIN value ON field = number GROUP BY 1"
        )

    def test_those_of_the_fields_that_were_asked_for_last(self, numbered: Folder) -> None:
        list(numbered.store().scan(self.QUERY))
        assert self.kept(numbered) == [("n", 5)]
        list(numbered.store().scan(Query(sort=parse_sort("status,tags"))))
        assert self.kept(numbered) == [("status", 5), ("tags", 5)]

    def test_another_program_is_writing(self, numbered: Folder) -> None:
        list(numbered.store().scan())
        with sqlite3.connect(numbered.file, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            begin = time.monotonic()
            store = numbered.store()
            assert [one.id for one in store.scan(self.QUERY)] == ["t-2"]
            assert time.monotonic() - begin < 5
            assert store.take_warnings() == []
            other.execute("ROLLBACK")
        other.close()
        assert self.kept(numbered) == []

    def test_a_file_that_is_read_again(self, numbered: Folder) -> None:
        list(numbered.store().scan(self.QUERY))
        put_later(numbered, {"4.md": text("t-4", "n: 2")})
        assert [one.id for one in numbered.store().scan(self.QUERY)] == ["t-2", "t-4"]
        put_later(numbered, {"2.md": text("t-2")})
        assert [one.id for one in numbered.store().scan(self.QUERY)] == ["t-4"]
        missing = Query(conditions=(parse_condition("missing:n", today=0),))
        assert [one.id for one in numbered.store().scan(missing)] == ["t-2"]

    def test_they_are_forgotten_between_two_pages(self, numbered: Folder) -> None:
        rows = numbered.store().scan(Query(conditions=(parse_condition("n>0", today=0),)))
        found = [next(rows).id]
        list(numbered.store().scan(Query(sort=parse_sort("status,tags"))))
        assert found + [one.id for one in rows] == ["t-1", "t-2", "t-3", "t-4"]


@pytest.mark.parametrize("query", [Query(sort=parse_sort("-n"), limit=2), Query(limit=None)])
def test_all_entities_are_looked_at_once_where_few_are_asked_for(
    vault: Folder, query: Query
) -> None:
    """A page that is not full is the last, so that nobody looks for another."""
    for number in range(5):
        vault.put(f"{number}.md", text(f"t-{number}", f"n: {number}"))
    store = vault.store()
    rows = query.replace(conditions=(parse_condition("n=2", today=0),))
    list(store.scan(rows))
    statements: list[str] = []
    store.cache.run(lambda database: database.set_trace_callback(statements.append))

    assert [one.id for one in store.scan(rows)] == ["t-2"]

    asked = [one for one in statements if one.lstrip().startswith("SELECT") and "loop_call" in one]
    assert len([one for one in asked if "pragma_function_list" not in one]) == 1


def test_an_error_in_what_a_condition_means_is_no_damage(
    vault: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite would take it for its own, and the cache be made anew."""
    vault.put("a.md", text("t-1", "n: 1"))
    store = vault.store()
    monkeypatch.setattr(Condition, "admits", lambda *_given: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        list(store.scan(Query(conditions=(parse_condition("n=1", today=0),))))
    assert store.take_warnings() == []


def test_the_memory_of_a_list_does_not_grow_with_what_it_is_without(tmp_path: Path) -> None:
    """Nor with what is sorted: each of 300 entities has 20 KB."""
    vault = Folder(tmp_path)
    for number in range(300):
        vault.put(f"{number}.md", text(f"t-{number:03}", f"n: {number}", f"notes: {'x' * 20_000}"))
    list(vault.store().scan())
    queries = (
        Query(conditions=(parse_condition("n<0", today=0),)),
        Query(sort=parse_sort("-n"), limit=1),
        Query(sort=parse_sort("notes,-n")),
    )
    for query in queries:
        tracemalloc.start()
        assert sum(1 for _one in vault.store().scan(query)) == (
            query.limit or (300 if query.sort else 0)
        )
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 2_000_000, query
