"""A query means the same in SQL as in Python, and SQL answers it with indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loop_cli.core.entity import FieldNames
from loop_cli.core.evaluate import Places, evaluate
from loop_cli.core.query import Query, parse_condition, parse_sort
from loop_cli.core.wanted import Wanted
from loop_cli.postgres import listing, mentions, outside, reading
from loop_cli.postgres.selecting import BASE, Selection, text_query
from loop_cli.postgres.store import PostgresStore
from loop_cli.vault import schema_file
from tests.conftest import Clock
from tests.store.conftest import text
from tests.store.folder import entity
from tests.store.memory import MemoryStore
from tests.store.test_contract_search import BODIES, WORDS
from tests.store.test_queries import BY_DUE, ENTITIES, TWICE, laid_out, queries, same_as_evaluated

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = (
    " ".join(f"{one}{other}" for one in "abcdefghijk" for other in "lmnopqrstuvwxyz회의록") + "\n"
)


@pytest.fixture(scope="module")
def shared(postgres: str) -> Iterator[PostgresStore]:
    """A store that the examples of a test share: each empties it."""
    from tests.postgres.vaults import dropped, fresh

    address = fresh(postgres)
    store = PostgresStore(address, names=FieldNames(), clock=Clock())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "PAGE", 2)
        yield store
    store.close()
    dropped(address)


def fill(store: PostgresStore, files: dict[str, bytes]) -> None:
    """Have these files and no others."""

    def work(connection: Any) -> None:
        with connection.transaction():
            for table in ("file", "words", "mention"):
                connection.execute(f"DELETE FROM {table}")
            moved = [(path, data, Clock().now) for path, data in files.items()]
            outside.put_files(store.handle, connection, moved)

    store.handle.database.read(work)


@example(TWICE, [BY_DUE, Query(limit=1)], True)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    entities=ENTITIES, asked=st.lists(queries(), min_size=1, max_size=4), same_zone=st.booleans()
)
def test_sql_answers_as_python_does(
    shared: PostgresStore,
    entities: list[tuple[str, str, dict[str, Any]]],
    asked: list[Query],
    same_zone: bool,
) -> None:
    fill(shared, laid_out(entities))
    shared.handle.same_zone = same_zone
    memory = MemoryStore(
        laid_out(entities), names=FieldNames(), schema=schema_file.shipped(), clock=Clock()
    )
    assert [*shared.scan()] == [*memory.scan()]
    for query in asked:
        same_as_evaluated(shared, query)
        whole = query.replace(limit=None, sort=())
        expected = [*evaluate(shared.scan(), whole, shared.schema)]
        assert shared.count(query) == len(expected)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(bodies=BODIES, word=st.sampled_from(WORDS))
def test_a_search_finds_what_reading_all_finds(
    shared: PostgresStore, bodies: list[str], word: str
) -> None:
    files = {
        f"{number}.md": entity(f"t-{number}", f"entity_name: {body[:3]!r}", body=body)
        for number, body in enumerate(bodies)
    }
    fill(shared, files)
    memory = MemoryStore(files, names=FieldNames(), schema=schema_file.shipped(), clock=Clock())
    found = [(hit.id, hit.in_names, hit.line, hit.text) for hit in shared.search(Query(text=word))]
    assert found == [
        (hit.id, hit.in_names, hit.line, hit.text) for hit in memory.search(Query(text=word))
    ]


@pytest.fixture(scope="module")
def many(shared: PostgresStore) -> PostgresStore:
    """Two thousand tasks, of which few are alike, known to the planner of the database."""
    shared.handle.same_zone = True
    fill(
        shared,
        {
            f"work/{number}.md": text(
                f"tsk-{number:05}",
                f"due: 2026-{number % 12 + 1:02}-{number % 28 + 1:02}",
                f"assignee: person-{number % 400}",
                f"aliases: [alias-{number}]",
                f"parent_id: tsk-{number // 10:05}",
                body=f"word{number} 회의{number} [[{number // 10}]]\n{LONG}\n",
            )
            for number in range(2_000)
        },
    )

    def analyze(connection: Any) -> None:
        for table in ("file", "words", "mention"):
            connection.execute(f"VACUUM ANALYZE {table}")

    shared.handle.database.read(analyze)
    return shared


def plan_of(store: PostgresStore, statement: str, values: tuple[object, ...]) -> str:
    """What EXPLAIN says of a statement."""
    rows = store.handle.database.read(
        lambda connection: connection.execute(f"EXPLAIN {statement}".encode(), values).fetchall()
    )
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("conditions", "sort", "index"),
    [
        (("assignee=person-7",), None, "file_keys"),
        (("assignee=person-7", "status=todo"), "due", "file_keys"),
        (("due=2026-03-03",), None, "file_keys"),
        ((), "due", "file_due"),
        ((), "-due", "file_due_last"),
        ((), "updated_at", "file_at"),
        ((), "-updated_at", "file_at_last"),
        ((), None, "file_id"),
    ],
)
def test_the_first_page_of_a_list_comes_from_an_index(
    many: PostgresStore, conditions: tuple[str, ...], sort: str | None, index: str
) -> None:
    query = Query(
        types=("Task",),
        conditions=tuple(parse_condition(one, today=0) for one in conditions),
        sort=parse_sort(sort) if sort else (),
        limit=20,
    )
    selection = Selection(query, many.schema, same_zone=True)
    statement, values = listing.statement_of(selection, None, "true", ())

    plan = plan_of(many, f"{statement} LIMIT 20", values)

    assert f" {index} " in plan
    assert "Seq Scan" not in plan


def test_a_later_page_begins_in_the_index(many: PostgresStore) -> None:
    for sort in ("due", "-due", "updated_at"):
        query = Query(sort=parse_sort(sort), limit=20)
        selection = Selection(query, many.schema, same_zone=True)
        last = [*many.scan(query)][-1]
        cursor = Places(query, many.schema).cursor(last)
        after = selection.place_of(Places(query, many.schema).after(cursor))
        statement, values = listing.statement_of(selection, after, "true", ())
        assert "Index Cond" in plan_of(many, f"{statement} LIMIT 20", values)


@pytest.mark.parametrize("words", ["word77", "회의77", "wo"])
def test_a_search_uses_the_index_of_grams(many: PostgresStore, words: str) -> None:
    statement = f"SELECT id FROM file WHERE {BASE} AND {listing.with_words('grams')}"
    values = (text_query(*Wanted(words).grams()),)
    if words == "wo":  # every entity has it, so reading all is right
        assert len([*many.search(Query(text=words))]) == 2_000
        return
    assert "words_grams" in plan_of(many, statement, values)


def test_what_leads_to_an_entity_is_looked_up(many: PostgresStore) -> None:
    names = (mentions.of_files(["work/7.md"]),)
    assert "mention_pkey" in plan_of(many, reading.MENTIONING, names)
    assert "file_stem" in plan_of(many, reading.CALLED, (b"7",))
    statement = reading.AT.format(test="true")
    assert "file_pkey" in plan_of(many, statement, ([b"work/70.md", b"work/71.md"],))
    there = {one.path for one in many.links_to(["work/7.md"])}
    assert there == {"work/7.md", *(f"work/{number}.md" for number in range(70, 80))}
    referring = {one.id for one in many.files(referring_to=["tsk-00007"])}
    assert referring == {"tsk-00007", *(f"tsk-{number:05}" for number in range(70, 80))}


def test_an_id_and_an_alias_are_looked_up(many: PostgresStore) -> None:
    (said,) = many.handle.database.read(
        lambda connection: connection.execute(
            "SELECT prosrc FROM pg_proc WHERE oid = 'meant'::regproc"
        ).fetchall()
    )
    query = said[0].partition("RETURN QUERY")[2].partition(";")[0].replace("wanted", "%s")
    plan = plan_of(many, query, ([b"tsk-00007"], [b"alias-7"]))

    assert "file_id" in plan
    assert "file_claims" in plan
    assert "record_entity" in plan
    assert "Seq Scan on file" not in plan
