"""Many write to the same entities at once, from several programs and servers: nothing that was
acknowledged is lost, and each entity's states follow each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

from loop_cli.core.commits import CommitResult, Create
from loop_cli.core.entity import FieldNames
from loop_cli.core.ids import IdRule
from loop_cli.core.records.record import Origin
from loop_cli.lean.basics import uuid4
from loop_cli.postgres import outside
from loop_cli.postgres.store import PostgresStore
from tests.store.conftest import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

REPOSITORY = Path(__file__).parents[2]
SECONDS = float(os.environ.get("LOOP_TEST_SECONDS", "4"))  # of writing; by hand 60
IDS = [f"tsk-{number}" for number in range(10)]
TOKEN = "a-token-of-the-tests-0123456789"


def filled(address: str, ids: Iterable[str] = IDS) -> PostgresStore:
    """A vault with some tasks."""
    store = PostgresStore(address, names=FieldNames(), clock=lambda: time.time_ns() // 1000)
    for entity_id in ids:
        data = text(entity_id, "n: 0").replace(b"entity_type: Task", b"entity_type: Note")
        outside.put(store.handle, f"work/{entity_id}.md", data, 1_700_000_000_000_000)
    return store


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}
    return {**kept, "PYTHONPATH": str(REPOSITORY), **own, **more}


def writer(
    home: Path, address: str, report: Path, seconds: float, *, threads: int, **more: str
) -> subprocess.Popen[bytes]:
    """A program with some threads that write."""
    return subprocess.Popen(
        [
            sys.executable, "-m", "tests.postgres.writers",
            address, str(report), str(seconds), str(threads), *IDS,
        ],
        cwd=REPOSITORY,
        env=environment(home, **more),
    )  # fmt: skip


class Server:
    """`loop serve` on a vault."""

    def __init__(self, home: Path, address: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "loop_cli", "serve", "--port", "0", "--no-dashboard"],
            cwd=home,
            env=environment(home, LOOP_VAULT=address, LOOP_API_TOKEN=TOKEN),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert " at http" in line, line
        self.url = line.rpartition(" at ")[2].strip()

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """The status and the document of an answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("Authorization", f"Bearer {TOKEN}")
        request.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def stop(self) -> None:
        """End it as a supervisor does."""
        self.process.terminate()
        assert self.process.wait(60) == 0


def ask_to_write(server: Server, until: float, report: list[dict[str, Any]]) -> None:
    """A client of a server that changes entities, as somebody who names what was read."""
    number = 0
    while time.monotonic() < until:
        number += 1
        entity_id, run = IDS[(number * 7) % len(IDS)], uuid4()
        said: dict[str, Any] = {"run": run, "id": entity_id}
        try:
            _status, seen = server.ask("GET", f"/api/entities/{entity_id}")
            begun = time.perf_counter()
            line = {"set": {"n": number}, "if_match": seen["etag"]}
            status, answer = server.ask("PATCH", f"/api/entities/{entity_id}", line, X_Run_Id=run)
        except (OSError, ValueError, KeyError) as error:
            report.append({**said, "outcome": "lost", "why": repr(error)})
            time.sleep(0.05)
            continue
        said["took"] = time.perf_counter() - begun
        if status == 200 and answer["changed"]:
            report.append({**said, "outcome": "landed", "after": answer["etag"]})
        elif answer.get("code") == "answer_lost":
            report.append({**said, "outcome": "lost"})
        else:
            report.append({**said, "outcome": "no", "why": answer.get("code")})


def reports(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for file in files:
        for line in file.read_text().splitlines():
            yield json.loads(line)


def settled(store: PostgresStore, told: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Compare what was answered with the log; count the outcomes."""
    runs: dict[str, int] = {}
    after: dict[str, str | None] = {}
    previous: dict[str, str | None] = {}
    for record in reversed([*store.records()]):
        run = str(record.data["run_id"])
        runs[run] = runs.get(run, 0) + 1
        after[run] = record.etag_after
        if record.entity_id in previous:
            assert record.etag_before == previous[record.entity_id], "a state came from nowhere"
        previous[record.entity_id] = record.etag_after
    counts: dict[str, int] = {}
    for one in told:
        counts[one["outcome"]] = counts.get(one["outcome"], 0) + 1
        there = runs.pop(one["run"], 0)
        if one["outcome"] == "landed":
            assert there == 1, f"{one['run']} was acknowledged, and is {there} times in the log"
            assert after[one["run"]] == one["after"]
        elif one["outcome"] == "no":
            assert there == 0, f"{one['run']} was refused ({one['why']}), and landed"
        else:
            assert there in (0, 1)
    assert not runs, "the log has what nobody has asked for"
    for entity_id, etag in previous.items():
        assert store.find(entity_id).revision.etag == etag
    assert store.upkeep.verify().problems == ()
    return counts


def times(told: Iterable[dict[str, Any]]) -> str:
    took = sorted(one["took"] for one in told if one["outcome"] == "landed")
    middle, late = took[len(took) // 2], took[len(took) * 99 // 100]
    return f"{len(took)} landed, p50 {middle * 1000:.1f} ms, p99 {late * 1000:.1f} ms"


def test_sixteen_writers_in_four_programs_and_two_servers(
    tmp_path: Path, postgres_vault: str
) -> None:
    store = filled(postgres_vault)
    servers = [Server(tmp_path, postgres_vault) for _number in range(2)]
    files = [tmp_path / f"{number}.jsonl" for number in range(2)]
    programs = [writer(tmp_path, postgres_vault, one, SECONDS, threads=4) for one in files]
    until = time.monotonic() + SECONDS
    asked: list[list[dict[str, Any]]] = [[] for _number in range(8)]
    clients = [
        threading.Thread(target=ask_to_write, args=(servers[number % 2], until, report))
        for number, report in enumerate(asked)
    ]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    assert [program.wait(60) for program in programs] == [0, 0]

    told = [*reports(files), *(said for report in asked for said in report)]
    counts = settled(store, told)

    print(times(told), counts)
    for those in (reports(files), asked[0] + asked[2], asked[1] + asked[3]):
        assert any(one["outcome"] == "landed" for one in those), "each door has landed some"
    assert counts["landed"] > 20
    assert "lost" not in counts
    for server in servers:
        server.stop()
    store.close()


def test_clocks_that_jump_between_programs(tmp_path: Path, postgres_vault: str) -> None:
    """Times grow for every entity, whatever the clocks of its writers say."""
    store = filled(postgres_vault)
    files = [tmp_path / f"{number}.jsonl" for number in range(2)]
    seconds = min(SECONDS, 3.0)
    programs = [
        writer(tmp_path, postgres_vault, one, seconds, threads=2, LOOP_TEST_JUMPS="1")
        for one in files
    ]
    assert [program.wait(60) for program in programs] == [0, 0]
    counts = settled(store, reports(files))
    assert counts["landed"] > 5
    for entity_id in IDS:
        updated = [one.metadata["updated_after"] for one in store.records(entity_id)]
        assert updated == sorted(set(updated), reverse=True)
    store.close()


def test_a_server_serves_a_vault_in_postgresql(tmp_path: Path, postgres_vault: str) -> None:
    store = filled(postgres_vault)
    one, other = (Server(tmp_path, postgres_vault) for _number in range(2))
    events: list[str] = []

    def listen() -> None:
        request = urllib.request.Request(one.url + "/api/events")
        request.add_header("Authorization", f"Bearer {TOKEN}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            for line in answer:
                if line.startswith(b"data:") and b"tsk-3" in line:
                    events.append(line.decode())
                    return

    listener = threading.Thread(target=listen)
    listener.start()
    time.sleep(1)
    _status, seen = one.ask("GET", "/api/entities/tsk-3")
    status, done = other.ask(
        "PATCH", "/api/entities/tsk-3", {"set": {"n": 7}, "if_match": seen["etag"]}
    )
    assert status == 200
    listener.join(20)
    assert events, "what one server writes is an event at the other"
    status, conflict = one.ask(
        "PATCH", "/api/entities/tsk-3", {"set": {"n": 8}, "if_match": seen["etag"]}
    )
    assert (status, conflict["current_etag"]) == (409, done["etag"])
    key = {"Idempotency_Key": "k-1"}
    line = {"set": {"n": 9}, "if_match": done["etag"]}
    first = one.ask("PATCH", "/api/entities/tsk-3", line, **key)
    again = other.ask("PATCH", "/api/entities/tsk-3", line, **key)
    assert first[1]["run_id"] == again[1]["run_id"]
    assert one.ask("GET", "/api/entities?limit=3")[1]["total"] == len(IDS)
    for server in (one, other):
        server.stop()
    store.close()


class Meddled(str):
    """The pattern of a path. Once, when an id is put into it, something happens first."""

    happens: Callable[[], object]

    def replace(self, old: str, new: str, count: SupportsIndex = -1, /) -> str:
        happens, self.happens = self.happens, list
        happens()
        return super().replace(old, new, count)


def new(
    store: PostgresStore, meanwhile: Callable[[], object] = list, *, dry_run: bool = False
) -> str:
    """Create a note whose id is the next number; return the id. Between the choice of the id and
    the look for its place there is something else, once."""
    path = Meddled("n/{entity_id}.md")
    path.happens = meanwhile
    change = Create(
        entity_type="Note",
        entity_id=IdRule(kind="next", prefix="n-", width=3),
        path=path,
        fields={"entity_name": "x"},
        template="---\n---\n",
    )
    origin = Origin(run_id=uuid4(), actor="user:x")
    (made,) = store.commit([change], origin=origin, dry_run=dry_run)
    assert isinstance(made, CommitResult)
    return made.after.id


def test_a_free_id_has_a_free_place(postgres_vault: str) -> None:
    """Another one is created in between: that is no error, but the next id."""
    with closing(filled(postgres_vault, ())) as store, closing(filled(postgres_vault, ())) as other:
        assert new(store, lambda: new(other)) == "n-002"
        assert new(store, lambda: new(other), dry_run=True) == "n-003"
        assert new(store) == "n-004"
