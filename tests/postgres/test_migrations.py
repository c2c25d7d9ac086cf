"""Tables of each older version become the newest by themselves, with all that was in them."""

from __future__ import annotations

import threading

import psycopg
import pytest

from loop_cli.core.entity import FieldNames
from loop_cli.core.query import Query
from loop_cli.operations.backlinks import backlinks
from loop_cli.planning.snapshot import etag_of
from loop_cli.postgres import migrations
from loop_cli.postgres.address import parse
from loop_cli.postgres.store import PostgresStore
from tests.conftest import Clock
from tests.store.conftest import text

FILES = {
    "work/회의.md": text("tsk-1", "status: todo", body="회의록을 정리한다\n"),
    "work/b.md": text("tsk-2", "parent_id: tsk-1", body="see [[회의]]\n"),
}
_FILE = (
    "INSERT INTO file (path, folded, data, etag, modified, kind, admitted)"
    " VALUES (%s, %s, %s, %s, 1, 0, false)"
)


def of_version(address: str, version: int) -> None:
    """Make a vault as a loop with fewer steps has made it. Only the bytes are right."""
    at = parse(address)
    with psycopg.connect(at.conninfo, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{at.schema}"'.encode())
        connection.execute(f'SET search_path TO "{at.schema}"'.encode())
        for step in migrations.STEPS[:version]:
            connection.execute(step.encode())
        connection.execute("INSERT INTO note VALUES ('version', %s)", (str(version),))
        for path, data in FILES.items():
            connection.execute(_FILE, (path.encode(), path.encode(), data, etag_of(data)))


@pytest.mark.parametrize("version", range(1, len(migrations.STEPS)))
def test_an_older_vault_is_migrated_where_several_open_it(
    postgres_vault: str, version: int
) -> None:
    of_version(postgres_vault, version)
    stores: list[PostgresStore] = []

    def work() -> None:
        stores.append(PostgresStore(postgres_vault, names=FieldNames(), clock=Clock()))

    threads = [threading.Thread(target=work) for _number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(stores) == len(threads)
    for store in stores:
        assert {one.path: one.raw for one in store.files()} == FILES
        assert [one.id for one in store.scan(Query(types=("Task",)))] == ["tsk-1", "tsk-2"]
        assert [one.id for one in store.search(Query(text="정리"))] == ["tsk-1"]
        assert [one.field for one in backlinks(store, "tsk-1").found] == ["parent_id", "body"]
        store.close()
