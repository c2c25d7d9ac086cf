"""What a vault in PostgreSQL costs: python -m tests.bench.postgres [--entities N] [--copy N]
    [--sync MS]

Ratios of one run, on a server of its own with fsync: get by id at 1,000 and at many entities; the
first page of a filtered and sorted list against the bare SQL; durable changes against pgbench with
one update and one insert, at 1 and at 16 clients (two processes, as pgbench has two threads), with
the same by a bare loop of psycopg; a copy against a bare COPY of the same bytes. And, at both
sizes, the memory of a server that has answered some hundred requests, and how long it takes to find
what leads to an entity. With `--sync` the server waits so long before each sync, as on a slower
disk; who commits meanwhile shares it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from loop_cli.core.changes import Edits, parse_changes
from loop_cli.core.commits import CommitResult, Delete, EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.query import Query, parse_condition, parse_sort
from loop_cli.core.records.record import Origin
from loop_cli.core.whole import WholeFile
from loop_cli.lean.basics import uuid4
from loop_cli.operations.backlinks import backlinks
from loop_cli.operations.batcher import Batcher
from loop_cli.postgres import outside, whole
from loop_cli.postgres.address import parse
from loop_cli.postgres.store import PostgresStore
from tests.bench.common import print_table
from tests.postgres.cluster import Cluster
from tests.postgres.test_writers import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.core.store import Store
    from loop_cli.postgres.database import Connection

HEAD = """---
entity_type: Note
entity_id: tsk-{number:07}
entity_name: a task with a number {number}
created: 2026-01-01
updated: 2026-01-01
status: {status}
due: 2026-{month:02}-{day:02}
assignee: person-{person}
tags: [a, b]
---

"""
BODY = "A paragraph of the body, as long as they are. 회의록을 정리한다.\n" * 12
_GROW = """
WITH one AS (SELECT * FROM file WHERE id = 'tsk-0000000'::bytea),
new AS (
    SELECT n, name, convert_to('work/' || name || '.md', 'UTF8') AS path,
        convert_to(replace(convert_from(one.data, 'UTF8'), 'tsk-0000000', name), 'UTF8') AS data
    FROM one, generate_series(%s::int, %s::int) AS n,
    LATERAL (SELECT 'tsk-' || lpad(n::text, 7, '0') AS name) AS called
),
words AS (
    INSERT INTO words SELECT new.path, names, grams
    FROM new, words WHERE words.path = 'work/tsk-0000000.md'::bytea
),
mentions AS (
    INSERT INTO mention SELECT convert_to('=' || new.name, 'UTF8'), new.path FROM new
)
INSERT INTO file (path, folded, data, etag, modified, kind, admitted, id, type, title, updated, at,
    fields, keys, ranks, claims, stem)
SELECT new.path, new.path, new.data, left(encode(sha256(new.data), 'hex'), 16), modified, kind,
    admitted, convert_to(name, 'UTF8'), type, title, updated + n, at,
    replace(fields, 'tsk-0000000', name),
    keys || jsonb_build_object(
        'assignee', jsonb_build_array('=person-' || mod(n, 5000), 'h', 't'),
        'status', jsonb_build_array(CASE mod(n, 3) WHEN 0 THEN '=todo' ELSE '=done' END, 'h'),
        'entity_id', jsonb_build_array('=' || name, 'h', 't')),
    ranks || jsonb_build_object(
        'due', left(ranks->>'due', -4) || lpad(to_hex(mod(n, 65536)), 4, '0')),
    claims, convert_to(name, 'UTF8')
FROM new, one
"""
_PGBENCH = r"""\set id random(1, 10000)
BEGIN;
UPDATE bench SET data = repeat('x', 900) WHERE id = :id;
INSERT INTO bench_log (line) VALUES (repeat('y', 700));
COMMIT;
"""


def main() -> None:
    """Run all, and print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entities", type=int, default=1_000_000)
    parser.add_argument("--copy", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--sync", type=float, default=0.0, help="ms that a sync takes more")
    given = parser.parse_args()
    server = Cluster(
        fsync="on",
        shared_buffers="256MB",
        autovacuum="on",
        max_connections="80",
        commit_delay=str(int(given.sync * 1000)),
        commit_siblings="0",
    )
    try:
        server.init()
        server.start()
        store = opened(f"{server.url}&vault=bench")
        outside.put(store.handle, "work/tsk-0000000.md", text(0), 1_700_000_000_000_000)
        grow(store, 1, 999)
        few, memory = leading(store, 1_000), serving(f"{server.url}&vault=bench")
        reading(store, given.entities)
        lots, later = leading(store, given.entities), serving(f"{server.url}&vault=bench")
        print_table(["", "backlinks", "deletion"], [few, lots])
        print_table(
            ["memory of a server", "MiB"],
            [["at 1,000", f"{memory:.0f}"], [f"at {given.entities:,}", f"{later:.0f}"]],
        )
        writing(server, given.seconds)
        store.close()
        copying(server, given.copy)
    finally:
        server.close()


def opened(address: str) -> PostgresStore:
    return PostgresStore(
        address, names=FieldNames(), clock=lambda: time.time_ns() // 1000, lock_timeout=60.0
    )


def text(number: int) -> bytes:
    status = ("todo", "done", "done")[number % 3]
    month, day = number % 12 + 1, number % 28 + 1
    head = HEAD.format(number=number, status=status, month=month, day=day, person=number % 5000)
    return (head + BODY).encode()


def grow(store: PostgresStore, start: int, end: int) -> None:
    store.handle.database.read(lambda connection: connection.execute(_GROW.encode(), (start, end)))
    for table in (b"file", b"words", b"mention"):
        store.handle.database.read(partial(_analyzed, table))


def _analyzed(table: bytes, connection: Connection) -> None:
    connection.execute(b"VACUUM ANALYZE " + table)


def median(work: Callable[[int], object], count: int) -> float:
    """The median time of a call, in seconds, after some that warm up."""
    took = []
    for number in range(count + 20):
        begun = time.perf_counter()
        work(number)
        took.append(time.perf_counter() - begun)
    return statistics.median(took[20:])


def reading(store: PostgresStore, many: int) -> None:
    """`get` at 1,000, which are there, and at many; the first page at the larger size."""
    few = median(lambda number: store.find(f"tsk-{number * 7 % 1000:07}"), 400)
    begun = time.perf_counter()
    grow(store, 1000, many - 1)
    print(f"filled with {many:,} entities in {time.perf_counter() - begun:.0f} s")
    lots = median(lambda number: store.find(f"tsk-{number * 7919 % many:07}"), 400)
    rows = [
        ["get at 1,000", f"{few * 1000:.2f} ms", ""],
        [f"get at {many:,}", f"{lots * 1000:.2f} ms", f"{lots / few:.2f}"],
    ]
    for name, conditions, sort in (
        ("status=todo, sort due", ("status=todo",), "due"),
        ("assignee, sort -due", ("assignee=person-7",), "-due"),
        ("sort updated_at", (), "-updated_at"),
    ):
        query = Query(
            types=("Note",),
            conditions=tuple(parse_condition(one, today=0) for one in conditions),
            sort=parse_sort(sort),
            limit=50,
        )
        page = median(partial(page_of, store, query), 20)
        bare = median(partial(bare_page, store, conditions, sort), 20)
        rows.append([f"first page, {name}", f"{page * 1000:.1f} ms", f"{bare * 1000:.1f} ms bare"])
    print_table(["", "median", ""], rows)


def leading(store: PostgresStore, many: int) -> list[str]:
    """How long a look for what leads to an entity takes, and a deletion up to its refusal."""
    found = median(lambda number: backlinks(store, f"tsk-{number % many:07}"), 100)
    deletion = median(partial(_deleted, store, many), 100)
    return [f"at {many:,}", f"{found * 1000:.1f} ms", f"{deletion * 1000:.1f} ms"]


def _deleted(store: PostgresStore, many: int, number: int) -> None:
    gone = Delete(entity_id=f"tsk-{number % many:07}", precondition=Precondition(forced=True))
    store.commit([gone], origin=Origin(run_id=uuid4(), actor="user:x"), dry_run=True)


def serving(address: str) -> float:
    """The memory of a server in MiB, after requests of all kinds."""
    with tempfile.TemporaryDirectory() as home:
        server = Server(Path(home), address)
        for number in range(100):
            server.ask("GET", f"/api/entities/tsk-{number:07}")
            server.ask("GET", f"/api/entities?limit=50&sort=-due&assignee=person-{number}")
            server.ask("PATCH", f"/api/entities/tsk-{number:07}", {"set": {"count": number}})
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        server.stop()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def page_of(store: PostgresStore, query: Query, _number: int) -> list[Any]:
    return [*store.scan(query)]


def bare_page(
    store: PostgresStore, conditions: tuple[str, ...], sort: str, _number: int
) -> list[Any]:
    tests = ["admitted AND kind = 3 AND type = 'Note'"]
    for one in conditions:
        name, _equal, value = one.partition("=")
        tests.append(f"""keys @> '{{"{name}": ["={value}"]}}'""")
    order = {
        "due": """coalesce(ranks->>'due', '02') COLLATE "C", id, path""",
        "-due": """coalesce(ranks->>'due', '') COLLATE "C" DESC, id, path""",
        "-updated_at": "at DESC, id, path",
    }[sort]
    query = (
        f"SELECT id, path, title, fields FROM file WHERE {' AND '.join(tests)}"
        f" ORDER BY {order} LIMIT 50"
    )
    return store.handle.database.read(
        lambda connection: connection.execute(query.encode()).fetchall()
    )


def writing(server: Cluster, seconds: float) -> None:
    """Durable changes a second, against pgbench."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bench (id int PRIMARY KEY, data text)")
        connection.execute("CREATE TABLE bench_log (id bigserial PRIMARY KEY, line text)")
        connection.execute(
            "INSERT INTO bench SELECT n, repeat('x', 900) FROM generate_series(1, 10000) AS n"
        )
    rows = []
    address = f"{server.url}&vault=bench"
    for clients in (1, 16):
        base = pgbench(server, clients, seconds)
        for name, work, where in (
            ("", direct, address),
            (" through a server each", shared, address),
            (" the same by a bare psycopg loop", bare, server.url),
        ):
            if work is shared and clients == 1:
                continue
            ours = in_processes(work, where, clients, seconds)
            rows.append([f"{clients}{name}", f"{base:.0f}", f"{ours:.0f}", f"{ours / base:.2f}"])
    print_table(["clients, durable changes a second", "pgbench", "here", "ratio"], rows)


def in_processes(
    work: Callable[[str, int, int, float, float], float],
    address: str,
    clients: int,
    seconds: float,
) -> float:
    """Changes a second by so many clients in up to two processes."""
    processes = min(2, clients)
    each = clients // processes
    start = time.time() + 3.0
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        found = [
            pool.submit(work, address, number * each, each, start, seconds)
            for number in range(processes)
        ]
        return sum(one.result() for one in found)


def direct(address: str, first: int, clients: int, start: float, seconds: float) -> float:
    store = opened(address)
    return updates(store, first, clients, start, seconds)


def shared(address: str, first: int, clients: int, start: float, seconds: float) -> float:
    store = opened(address)
    return updates(Batcher(store), first, clients, start, seconds)


def bare(address: str, first: int, clients: int, start: float, seconds: float) -> float:
    """The statements of pgbench, by threads with a connection each."""
    data, line = "x" * 900, "y" * 700

    def work(which: int, until: float) -> int:
        count = 0
        with psycopg.connect(address, autocommit=True, prepare_threshold=2) as connection:
            while time.monotonic() < until:
                with connection.transaction():
                    connection.execute(
                        "UPDATE bench SET data = %s WHERE id = %s",
                        (data, which * 60 + count % 60 + 1),
                    )
                    connection.execute("INSERT INTO bench_log (line) VALUES (%s)", (line,))
                count += 1
        return count

    return in_threads(work, first, clients, start, seconds)


def in_threads(
    work: Callable[[int, float], int], first: int, clients: int, start: float, seconds: float
) -> float:
    """What so many threads do a second, from a moment on."""
    time.sleep(max(0.0, start - time.time()))
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(clients) as pool:
        found = [pool.submit(work, first + number, until) for number in range(clients)]
        return sum(one.result() for one in found) / seconds


def pgbench(server: Cluster, clients: int, seconds: float) -> float:
    script = server.folder / "script.sql"
    script.write_text(_PGBENCH)
    done = server.run(
        "pgbench", "-n", "-f", str(script), "-c", str(clients), "-j", "2", "-T", str(int(seconds)),
        "-h", str(server.folder), "-p", str(server.port), "-U", "postgres", "postgres",
    )  # fmt: skip
    found = re.search(r"tps = ([\d.]+)", done.stdout.decode())
    assert found is not None
    return float(found[1])


def updates(store: Store, first: int, clients: int, start: float, seconds: float) -> float:
    """Acknowledged changes a second, by so many threads, each with entities of its own."""

    def work(which: int, until: float) -> int:
        etags: dict[str, str] = {}
        number = 0
        while time.monotonic() < until:
            number += 1
            entity_id = f"tsk-{which * 60 + number % 60:07}"
            etag = etags.get(entity_id) or store.find(entity_id).revision.etag
            edits = Edits(changes=parse_changes([f"count:={number}"], read=str), body=None)
            change = EntityChange(
                entity_id=entity_id, edits=edits, precondition=Precondition(if_match=etag)
            )
            (found,) = store.commit([change], origin=Origin(run_id=uuid4(), actor="user:x"))
            assert isinstance(found, CommitResult), found
            etags[entity_id] = found.after.revision.etag
        return number

    return in_threads(work, first, clients, start, seconds)


def copying(server: Cluster, count: int) -> None:
    """A copy of files in memory, against a COPY of their bytes."""
    files = [
        WholeFile(path=f"work/tsk-{n:07}.md", data=text(n), modified=1_700_000_000_000_000)
        for n in range(count)
    ]
    address = f"{server.url}&vault=copied"
    with psycopg.connect(parse(address).conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (path bytea PRIMARY KEY, data bytea)")
        begun = time.perf_counter()
        with connection.cursor().copy("COPY bare FROM STDIN") as copy:
            for one in files:
                copy.write_row((one.path.encode(), one.data))
        base = time.perf_counter() - begun
    target = whole.opened(address, names=FieldNames(), clock=lambda: 0, make=True)
    target.begin("copy of the benchmark")
    begun = time.perf_counter()
    for start in range(0, count, 500):
        target.put_files(files[start : start + 500])
    target.complete()
    ours = time.perf_counter() - begun
    target.close()
    print_table(
        [f"copy of {count:,} files", "seconds", "ratio"],
        [["bare COPY", f"{base:.1f}", ""], ["loop copy", f"{ours:.1f}", f"{base / ours:.2f}"]],
    )


if __name__ == "__main__":
    main()
