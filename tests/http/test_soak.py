"""Many clients beside an editor that knows no lock and a command line that writes, while the server
is killed now and then: nothing that was acknowledged is lost, nothing is done twice.

`LOOP_SOAK_SECONDS`, `LOOP_SOAK_CLIENTS` and `LOOP_SOAK_KILLS` make it longer.
"""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx2

from tests.http.conftest import WRITER, Server, Vault

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = float(os.environ.get("LOOP_SOAK_SECONDS", "6"))
CLIENTS = int(os.environ.get("LOOP_SOAK_CLIENTS", "8"))
KILLS = int(os.environ.get("LOOP_SOAK_KILLS", "2"))
IDS = (
    "tsk-019-01",
    "tsk-019-02",
    "tsk-019-07",
    "tsk-019-13",
    "tsk-019-14",
    "tsk-020-01",
    "tsk-020-02",
)


class Soak:
    """What was acknowledged, by whom."""

    def __init__(self, vault: Vault, serve: Callable[..., Server]) -> None:
        self.vault = vault
        self.serve = serve
        self.server = serve()
        self.url = self.server.url
        self.until = time.monotonic() + SECONDS
        self.killed = 0
        self.acknowledged: dict[str, str] = {}  # run by key
        self.refused: Counter[int] = Counter()
        self.failures: list[str] = []

    @property
    def goes_on(self) -> bool:
        """Until the time is over, and all kills are."""
        return time.monotonic() < self.until or self.killed < KILLS

    def client(self, number: int) -> None:
        dice = random.Random(number)
        with httpx2.Client(timeout=30, headers=WRITER) as http:
            count = 0
            while self.goes_on:
                count += 1
                path = f"/api/tasks/{dice.choice(IDS)}"
                read = self.ask(http, "GET", path)
                if read is None or read.status_code != 200:
                    continue
                if dice.random() < 0.5:
                    self.ask(http, "GET", "/api/tasks?limit=5&sort=-due")
                    continue
                body = {
                    "notes": f"{number}.{count}",
                    "expected_updated_at": read.json()["task"]["updated"],
                }
                self.write(http, path, body)

    def write(self, http: httpx2.Client, path: str, body: dict[str, Any]) -> None:
        """Until there is an answer, under one key."""
        key = str(uuid.uuid4())
        answer = None
        while answer is None:
            answer = self.ask(http, "PUT", path, json=body, headers={"Idempotency-Key": key})
        if answer.status_code == 200 and answer.json()["changed"]:
            self.acknowledged[key] = answer.json()["run_id"]
        elif answer.status_code not in (200, 409, 503):
            self.failures.append(f"{answer.status_code}: {answer.text[:300]}")
        else:
            self.refused[answer.status_code] += 1

    def ask(self, http: httpx2.Client, method: str, path: str, **more: Any) -> Any:
        """The answer; None where the server went away."""
        try:
            answer = http.request(method, f"{self.url}{path}", **more)
        except httpx2.TransportError:
            time.sleep(0.1)
            return None
        if answer.status_code >= 500 and answer.status_code != 503:
            self.failures.append(f"{method} {path}: {answer.text[:300]}")
        return answer

    def editor(self) -> None:
        """Saves a file of its own vault folder now and then, as editors do: by another file."""
        dice = random.Random(0)
        while self.goes_on:
            path = next(self.vault.root.rglob(f"{dice.choice(IDS)}.md"))
            text = path.read_text(encoding="utf-8")
            beside = path.with_name(f".{path.name}.swp")
            beside.write_text(text + "\n가", encoding="utf-8")
            beside.replace(path)
            time.sleep(0.2)

    def commands(self) -> None:
        while self.goes_on:
            self.vault.command("update", IDS[0], f"notes={time.time_ns()}", "--force")

    def killer(self) -> None:
        """Each kill comes at a moment of its own, so that it meets every step of a write."""
        dice = random.Random(KILLS)
        try:
            for _each in range(KILLS):
                time.sleep(dice.uniform(0.05, max(0.2, 2 * SECONDS / (KILLS + 1))))
                self.server.process.kill()
                self.server.process.wait()
                self.server = self.serve()
                self.url = self.server.url
        except Exception as error:
            self.failures.append(f"the server did not come back: {error}")
        self.killed = KILLS


def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice(
    serve: Callable[..., Server], vault: Vault
) -> None:
    soak = Soak(vault, serve)
    works: list[Callable[[], None]] = [
        *(lambda number=number: soak.client(number) for number in range(CLIENTS)),
        soak.editor, soak.commands, soak.killer,
    ]  # fmt: skip
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    records = [one for one in vault.records() if one["source"] == "api"]
    standing = _without_undone(vault.records())
    by_key = Counter(one["metadata"]["idempotency_key"] for one in standing if one in records)
    runs = {one["metadata"]["idempotency_key"]: one["run_id"] for one in standing if one in records}
    print(f"{len(soak.acknowledged)} acknowledged, {dict(soak.refused)} refused")
    assert soak.failures == []
    assert len(soak.acknowledged) > CLIENTS
    assert [key for key, count in by_key.items() if count > 1] == []
    assert {key: runs.get(key) for key in soak.acknowledged} == soak.acknowledged
    assert vault.command("audit", "verify")["ok"] is True


def _without_undone(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that count: what a crash or an editor made undone has a record of that."""
    from hashlib import sha256

    from loop_cli.vault.log.lines import encode

    undone = {one["metadata"].get("rolled_back") for one in records} - {None}
    return [
        one
        for one in records
        if "rolled_back" not in one["metadata"]
        and sha256(encode(one).rstrip(b"\n")).hexdigest() not in undone
    ]
