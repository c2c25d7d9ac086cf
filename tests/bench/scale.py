"""What finding, listing and changing many cost as a vault grows, beside what can't be avoided.

    python tests/bench/scale.py [--entities 1000,10000,100000] [--runs N] [--changes N]

On generated vaults (`generate.py`), in the process's own time, which other programs disturb
least; the runs of both sides take turns. The other side is a bare loop:

- first index: read the same files and parse their frontmatter with py-yaml12;
- list: scan and stat the vault, and print as many lines, as long; before the first of the lists
  one entity was changed, the others are of a vault as it was;
- first search: the first index, as it was made just before;
- apply: read each file, replace one line, write, sync in groups of the same size, rename.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from contextlib import redirect_stdout
from pathlib import Path

import yaml12

from loop_cli.core.records.record import Origin
from loop_cli.operations import apply, bulk

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a program sees its own folder

from loop_cli.cli import output
from loop_cli.cli.commands import listing
from loop_cli.core.entity import FieldNames
from loop_cli.core.query import Query
from loop_cli.operations.selection import Selection
from loop_cli.system.folders import Folders, Syncs
from loop_cli.vault.index.index import YOUNG
from loop_cli.vault.store import VaultStore
from tests.bench import common, generate
from tests.bench.startup import METER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LISTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("Task", "--sort -due", "--limit 20"), "2.5"),
    (("--where assignee=운영", "--sort due", "--limit 10"), "2.5"),
    (("Task", "--where due<2026-07-01"), "3"),
    (("Task", "--sort due"), ""),
)
"""Lists of a vault as it was, and at most how many times as long as a bare one."""
PEAKS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("list", (), "150"),
    ("list", ("--where assignee=운영", "--sort due", "--limit 10"), "100"),
    ("apply", (), "150"),
)
"""Commands, and at most how many MiB they take."""
_FORCED = bulk.LineRules(now=0, today=0, force=True)
_ORIGIN = Origin(run_id="00000000-0000-4000-8000-000000000000", actor="user:bench")


class Vault:
    """A generated vault, and both sides of each row on it."""

    def __init__(self, folder: Path, entities: int) -> None:
        self.root = folder / str(entities)
        self._cache = folder / f"cache-{entities}"
        generate.lay_out(self.root, entities=entities)
        self._settle()
        self._ids = generate.task_ids(self.root, entities)
        self._paths = sorted(self.root.glob("50_Projects/*/*/Tasks/*.md"))
        self._turn = 0

    def _settle(self) -> None:
        time.sleep(YOUNG / 1e9 + 0.2)  # younger files are read again, as in no vault in use

    def store(self) -> VaultStore:
        """A store of its own, as every command has."""
        names = FieldNames()
        clock = lambda: time.time_ns() // 1000  # noqa: E731
        return VaultStore(str(self.root), names=names, clock=clock, cache=str(self._cache))

    def index(self) -> None:
        """The first index."""
        shutil.rmtree(self._cache, ignore_errors=True)
        self.store().locator().index.refresh()

    def bare_index(self) -> None:
        """The same files, read and parsed."""
        for entry in self._scan():
            with open(entry.path, encoding="utf-8") as file:
                text = file.read()
            end = text.find("\n---", 4)
            if text.startswith("---\n") and end > 0:
                yaml12.parse_yaml(text[4 : end + 1])

    def change_one(self) -> None:
        """As an editor would, before a list; those changed before are not young any more."""
        self._settle()
        self._turn += 1
        path = self._paths[self._turn]
        path.write_text(path.read_text() + "\n")

    def lister(self, *options: str) -> tuple[Callable[[], None], Callable[[], None]]:
        """`list` with some options of it and `--json`, printed to nowhere as the command prints
        it; and a scan with a stat of each file, that prints as many lines, which are as long."""
        types, where, sort, limit = _parsed(options)
        query = listing.query(types, where, sort)
        lengths = array("L")

        def ours() -> None:
            found = Selection(self.store(), query.replace(limit=limit))
            with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
                lines = (one.listed.json for one in found)
                output.json_lines(lines if lengths else _measured_lines(lines, lengths))

        def bare() -> None:
            for entry in self._scan():
                entry.stat(follow_symlinks=False)
            with open(os.devnull, "wb") as nowhere:
                for length in lengths:
                    nowhere.write(b"x" * length + b"\n")

        ours()
        return ours, bare

    def search(self) -> None:
        """A first search, after a first index."""
        next(self.store().search(Query(text="회의")), None)

    def apply(self, count: int) -> None:
        """As many changes, each of another entity."""
        self._turn += 1
        line = '{"id": "%s", "set": {"entity_name": "이름 %d"}}'
        batch = [line % (one, self._turn) for one in self._ids[:count]]
        lines = (batch[start : start + 100] for start in range(0, count, 100))
        counts = bulk.Counts(apply.apply(self.store(), lines, origin=_ORIGIN, how=_FORCED))
        assert (counts.landed, counts.failed) == (len(batch), 0), counts.error()

    def bare_apply(self, count: int) -> None:
        """The same lines replaced, with group syncs of the same size."""
        self._turn += 1
        paths = self._paths[:count]
        folders = Folders(str(self.root))
        for start in range(0, len(paths), bulk.AT_ONCE):
            syncs = Syncs()
            group = paths[start : start + bulk.AT_ONCE]
            inner = [folders.open(str(path.parent.relative_to(self.root))) for path in group]
            for path in group:
                head, _name, rest = path.read_bytes().partition(b"entity_name: ")
                _old, newline, rest = rest.partition(b"\n")
                staged = path.with_suffix(".tmp")
                staged.write_bytes(
                    head + f"entity_name: bare {self._turn}".encode() + newline + rest
                )
                syncs.take(os.open(staged, os.O_RDONLY))
            for folder in inner:
                syncs.add(folder)
            syncs.run()
            for path in group:
                path.with_suffix(".tmp").rename(path)
            for folder in inner:
                syncs.add(folder)
            syncs.run()
        folders.close()

    def _scan(self) -> Iterator[os.DirEntry[str]]:
        waiting = [str(self.root)]
        while waiting:
            for entry in os.scandir(waiting.pop()):
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name.endswith(".md"):
                    yield entry


def _parsed(options: tuple[str, ...]) -> tuple[list[str], list[str], str | None, int | None]:
    """Types, `--where`, `--sort` and `--limit`."""
    types = [one for one in options if not one.startswith("--")]
    given = [one.removeprefix("--").partition(" ") for one in options if one.startswith("--")]
    where = [text for name, _blank, text in given if name == "where"]
    one = {name: text for name, _blank, text in given}
    return types, where, one.get("sort"), int(one["limit"]) if "limit" in one else None


def _measured_lines(lines: Iterable[bytes], lengths: array[int]) -> Iterator[bytes]:
    """The lines, whose lengths are kept for the other side."""
    for line in lines:
        lengths.append(len(line))
        yield line


def paired(
    before: Callable[[], object],
    ours: Callable[[], object],
    bare: Callable[[], object],
    runs: int,
    clock: Callable[[], float],
) -> tuple[float, float]:
    """The median time of ours in seconds, and that of the ratios; `before` is in neither."""
    times, ratios = [], []
    for _run in range(runs):
        before()
        begin = clock()
        ours()
        middle = clock()
        bare()
        times.append(middle - begin)
        ratios.append((middle - begin) / (clock() - middle))
    return statistics.median(times), statistics.median(ratios)


def _peak(vault: Vault, what: str, *options: str) -> float:
    """The most memory of a command in a process of its own, in MiB."""
    python = common.built_environment()
    environment = {"PATH": os.environ["PATH"], "LOOP_VAULT": str(vault.root)}
    environment |= {"HOME": str(vault.root.parent / f"home-{vault.root.name}")}
    given = [part for one in options for part in one.split(" ", 1)]
    command = [str(python.parent / "loop"), what, *given, "--json"]
    changes = None
    if what == "apply":
        command[1:] = ["apply", "-", "--force"]
        line = '{"id": "%s", "set": {"entity_name": "peak"}}\n'
        changes = "".join(line % one for one in generate.task_ids(vault.root, 10_000)).encode()
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", METER, *command],
        env=environment,
        input=changes,
        capture_output=True,
        check=True,
    )
    return int(done.stderr.split()[-1]) / 2**20


def instructions(vault: Vault, entity_id: str, python: Path) -> float | None:
    """Millions of instructions of `get ID --json`, the index being there."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    environment = {"PATH": os.environ["PATH"], "LOOP_VAULT": str(vault.root)}
    environment |= {"HOME": str(vault.root.parent / f"home-{vault.root.name}")}
    command = [str(python), str(python.parent / "loop"), "get", entity_id, "--json"]
    tool = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    for prefix in ([], tool):
        done = subprocess.run([*prefix, *command], env=environment, capture_output=True, check=True)
    return int(done.stderr.decode().rpartition("Collected : ")[2].split()[0]) / 1e6


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entities", default="1000,10000,100000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where to work: the disk to measure")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="loop-scale-", dir=options.folder) as folder:
        for entities in map(int, options.entities.split(",")):
            rows += _measured(Vault(Path(folder), entities), entities, options)
    common.print_table(["what", "entities", "seconds", "ratio", "bound"], rows)


def _measured(vault: Vault, entities: int, options: argparse.Namespace) -> list[list[str]]:
    changes = min(options.changes, entities // 2)
    cpu, wall = time.process_time, time.perf_counter
    rows = []

    def row(
        what: str,
        sides: tuple[Callable[[], object], Callable[[], object]],
        bound: str,
        before: Callable[[], object] = int,
        clock: Callable[[], float] = cpu,
    ) -> None:
        seconds, ratio = paired(before, *sides, options.runs, clock)
        rows.append([what, str(entities), f"{seconds:.2f}", f"{ratio:.2f}", bound])

    row("first index", (vault.index, vault.bare_index), "3")
    row("list --where", vault.lister("--where status=todo"), "2", before=vault.change_one)
    for given, bound in LISTS:
        row(f"list {' '.join(given)}", vault.lister(*given), bound)
    row("first search", (vault.search, vault.index), "1", before=vault.index)
    sides = (lambda: vault.apply(changes), lambda: vault.bare_apply(changes))
    row(f"apply of {changes}", sides, "4", clock=wall)
    for what, given, bound in PEAKS:
        name = " ".join((what, *given))
        peak = _peak(vault, what, *given)
        rows.append([f"{name}, peak MiB", str(entities), f"{peak:.0f}", "", bound])
    found = instructions(vault, generate.task_ids(vault.root, 5)[-1], common.built_environment())
    if found is not None:
        rows.append(["get ID --json, M instructions", str(entities), f"{found:.1f}", "", ""])
    return rows


if __name__ == "__main__":
    main()
