"""Durable single updates a second, beside what the disk allows.

    python tests/bench/throughput.py [--corpus DIR] [--folder DIR] [--runs N] [--updates N]

Three loops in turn, N rounds: the bare disk, one process, eight processes on eight
entities. The bare disk does what one update can't do without (`vault.commit`, `vault.log`):
content and intent written and synced, their folder synced, a line appended and synced, one
rename, both folders synced, the intent removed; on files of the same sizes. Every update is a
commit of its own with the etag of the one before.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a program sees its own folder

from loop_cli.core.changes import Change, Edits
from loop_cli.core.commits import EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import Origin
from loop_cli.errors import LoopError, only
from loop_cli.vault.store import VaultStore
from tests.bench import common

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Barrier

PROCESSES = 8
BARE, ONE, EIGHT = "the bare disk", "one process", f"{PROCESSES} processes"


class Writer:
    """Updates one entity again and again through a store of its own."""

    def __init__(self, root: Path, entity_id: str) -> None:
        self._store = VaultStore(
            str(root),
            names=FieldNames(),
            clock=lambda: time.time_ns() // 1000,
            lock_timeout=300,
            cache=str(root.parent / "cache"),
        )
        self._id = entity_id
        self._origin = Origin(run_id="00000000-0000-4000-8000-000000000000", actor="user:bench")
        self._etag = self._store.find(entity_id).revision.etag

    def update(self) -> None:
        """One durable change. Raises `LoopError` where it did not land."""
        value = f"bench {os.getpid()} {time.time_ns()}"
        renamed = Change(path=("entity_name",), operation="set", value=value, typed=True)
        change = EntityChange(
            entity_id=self._id,
            edits=Edits(changes=(renamed,)),
            precondition=Precondition(if_match=self._etag),
        )
        result = only(self._store.commit([change], origin=self._origin))
        assert result.changed
        self._etag = result.after.revision.etag


class BareDisk:
    """The writes, syncs and renames of an update, with nothing around them."""

    def __init__(self, root: Path, *, entity: int, line: int) -> None:
        self._root = root
        self._staged, self._place = root / "staged", root / "entities"
        for folder in (self._staged, self._place):
            folder.mkdir(parents=True)
        self._content = b"x" * (entity - 1) + b"\n"
        self._line = b"x" * (line - 1) + b"\n"
        self._log = os.open(root / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        (self._place / "entity.md").write_bytes(self._content)

    def update(self) -> None:
        """As durable as a commit."""
        content, intent = self._staged / "one.new", self._staged / "one.intent"
        for path in (content, intent):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(descriptor, self._content if path is content else self._line)
            os.fsync(descriptor)
            os.close(descriptor)
        _sync(self._staged)
        os.write(self._log, self._line)
        os.fsync(self._log)
        os.rename(content, self._place / "entity.md")
        _sync(self._place)
        _sync(self._staged)
        os.unlink(intent)

    def close(self) -> None:
        """Close the log."""
        os.close(self._log)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def rate(update: Callable[[], None], count: int) -> float:
    """Calls a second, after a first one that loads what all others find there."""
    update()
    begin = time.perf_counter()
    for _index in range(count):
        update()
    return count / (time.perf_counter() - begin)


def rate_of_processes(root: Path, ids: list[str], count: int) -> float:
    """Updates a second of all processes together; each has `count` to do, on its entity."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(len(ids) + 1)
    workers = [context.Process(target=_work, args=(root, one, count, start)) for one in ids]
    for worker in workers:
        worker.start()
    start.wait(timeout=60)
    begin = time.perf_counter()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - begin
    if any(worker.exitcode for worker in workers):
        raise SystemExit("a process failed")
    return count * len(ids) / seconds


def _work(root: Path, entity_id: str, count: int, start: Barrier) -> None:
    writer = Writer(root, entity_id)
    writer.update()
    start.wait(timeout=60)
    for _index in range(count):
        writer.update()


def syncs_of(update: Callable[[], None]) -> int:
    """How often one call syncs, so that the table shows that both sides do the same."""
    with mock.patch("os.fsync", wraps=os.fsync) as sync:
        update()
    return sync.call_count


def main() -> None:
    """Measure and print the table."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="loop-bench-", dir=options.folder) as folder:
        vault = Path(folder, "vault")
        words = common.lay_out_vault(vault, options.corpus)
        ids = _entities(vault)
        writer = Writer(vault, ids[0])
        syncs = {ONE: syncs_of(writer.update)}
        bare = _bare_like(vault, ids[0], Path(folder, "bare"))
        syncs[BARE] = syncs_of(bare.update)
        rates: dict[str, list[float]] = {BARE: [], ONE: [], EIGHT: []}
        each = max(1, options.updates // PROCESSES)
        for _round in range(options.runs):
            rates[BARE].append(rate(bare.update, options.updates))
            rates[ONE].append(rate(Writer(vault, ids[0]).update, options.updates))
            rates[EIGHT].append(rate_of_processes(vault, ids, each))
        bare.close()
    print(f"on {words}; {options.runs} rounds of {options.updates}; {os.cpu_count()} processors")
    _print(rates, {**syncs, EIGHT: syncs[ONE]})


def _print(rates: dict[str, list[float]], syncs: dict[str, int]) -> None:
    rows = [
        [
            name,
            str(syncs[name]),
            f"{statistics.median(found):.0f}",
            f"{1e3 / statistics.median(found):.2f}",
            f"{common.paired_ratio(found, rates[BARE]):.2f}",
        ]
        for name, found in rates.items()
    ]
    common.print_table(["updates by", "syncs", "a second", "ms each", "of the disk"], rows)


def _entities(vault: Path) -> list[str]:
    """Entities that can be found and written, one a process: of the size in the middle."""
    found: list[str] = []
    files = sorted((path.stat().st_size, path) for path in vault.rglob("*.md"))
    middle = files[len(files) // 2][0]
    for _distance, path in sorted((abs(size - middle), path) for size, path in files):
        if len(found) == PROCESSES:
            break
        try:
            if path.stem not in found:
                Writer(vault, path.stem).update()
                found.append(path.stem)
        except LoopError:
            continue
    if len(found) < PROCESSES:
        sys.exit(f"{vault} has fewer than {PROCESSES} entities named as their files")
    return found


def _bare_like(vault: Path, entity_id: str, folder: Path) -> BareDisk:
    """A bare disk with the sizes of the entity and of its record."""
    entity = next(vault.rglob(f"{entity_id}.md"))
    line = next(vault.glob("*/audit_log.jsonl")).read_bytes().splitlines()[-1]
    return BareDisk(folder, entity=entity.stat().st_size, line=len(line) + 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=common.CORPUS, help="the vault to copy")
    parser.add_argument("--folder", type=Path, help="where to work: the disk to measure")
    parser.add_argument("--runs", type=int, default=7, help="rounds")
    parser.add_argument("--updates", type=int, default=200, help="updates of each loop a round")
    return parser.parse_args()


if __name__ == "__main__":
    main()
