"""Programs that write to a vault in PostgreSQL, and write down what they were answered.

Each line of a report is JSON: the run, the entity, and the outcome: `landed` (with the etags), `no`
(certainly nothing was written), `lost` (nobody knows).
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from typing import Any

from loop_cli.core.changes import Edits, parse_changes
from loop_cli.core.commits import CommitResult, EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import Origin
from loop_cli.errors import LoopError
from loop_cli.failures import AnswerLost
from loop_cli.lean.basics import uuid4
from loop_cli.postgres.store import PostgresStore


def clock() -> int:
    """The system's clock, which jumps by up to an hour where `LOOP_TEST_JUMPS` says so."""
    jump = random.randint(-3600, 3600) if os.environ.get("LOOP_TEST_JUMPS") else 0
    return time.time_ns() // 1000 + jump * 1_000_000


def write(store: PostgresStore, ids: list[str], until: float, report: Any) -> None:
    """Read an entity and change it, again and again, as somebody who names what was read."""
    random.seed()
    number = 0
    while time.monotonic() < until:
        number += 1
        entity_id, run = random.choice(ids), uuid4()
        said: dict[str, Any] = {"run": run, "id": entity_id}
        begun = time.perf_counter()
        try:
            seen = store.find(entity_id)
            change = EntityChange(
                entity_id=entity_id,
                edits=Edits(changes=parse_changes([f"n:={number}"], read=str), body=None),
                precondition=Precondition(if_match=seen.revision.etag),
            )
            begun = time.perf_counter()
            (outcome,) = store.commit([change], origin=Origin(run_id=run, actor="user:x"))
        except AnswerLost:
            said["outcome"] = "lost"
        except LoopError as error:
            said |= {"outcome": "no", "why": error.code}
        else:
            if isinstance(outcome, CommitResult):
                record = outcome.record
                assert record is not None or not outcome.changed
                said |= {"outcome": "landed" if record else "no", "why": "unchanged"}
                if record is not None:
                    said |= {"before": record.etag_before, "after": record.etag_after}
            else:
                said |= {"outcome": "no", "why": outcome.code}
        said["took"] = time.perf_counter() - begun
        report(said)


def main() -> None:
    """Arguments: address, file of the report, seconds, threads, ids."""
    address, file, seconds, threads, *ids = sys.argv[1:]
    store = PostgresStore(address, names=FieldNames(), clock=clock, lock_timeout=20.0)
    lock = threading.Lock()
    with open(file, "a", buffering=1) as out:

        def report(said: dict[str, Any]) -> None:
            with lock:
                out.write(json.dumps(said) + "\n")

        until = time.monotonic() + float(seconds)
        work = [
            threading.Thread(target=write, args=(store, ids, until, report))
            for _number in range(int(threads))
        ]
        for one in work:
            one.start()
        for one in work:
            one.join()
    store.close()


if __name__ == "__main__":
    main()
