"""The same work by what a user would pick instead, in times of whole processes beside `loop`.

    PATH=FOLDER-OF-THE-TOOLS:$PATH python tests/bench/peers.py [--entities 1000,10000] [--runs N]

Each tool has the same generated entities (`generate.py`), the first run of each is not counted,
and the runs of all take turns. `loop` is an installed wheel and always gives the revision that it
read. What is compared is in `sides.py`; what is not on the PATH is left out and named. To install:

- rg: `apt-get install ripgrep` (13.0; without it grep is used)
- yq: the Go program of mikefarah, 4.30 or newer (not the one of Debian or PyPI)
- taskwarrior: `apt-get install taskwarrior` (2.6.2)
- juno-kanban: `pip install juno-kanban==2.0.5 ruamel.yaml` in an environment of its own
- strace: `apt-get install strace` (without it the column "syncs" has question marks)

Nothing is downloaded here. The table is that of `loop help costs`: ratios to `loop` in the same
round, their medians, at each number of entities; below 1 the other is faster. A side that a job
took `--patience` seconds of is not run for it again, and after a minute a process is ended.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a program sees its own folder

from loop_cli.vault.index.index import YOUNG
from tests.bench import common, generate, sides
from tests.bench.sides import AT_ONCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.sides import Command, Side

STATUSES = ("blocked", "doing")  # all of "change 500" are "doing" before the first run
LIMIT = 60.0  # seconds of one process
HEAD = ["", *sides.JOBS, "left alone", "syncs", "checks", "records"]


def run(side: Side, command: Command, prefix: Sequence[str] = ()) -> float:
    """Seconds of one process, `LIMIT` of one that was ended since it took longer.

    Its output goes to a file: where it is thrown away, grep does less.
    """
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **side.environment}
    with open(f"{side.folder}.out", "wb") as out, open(f"{side.folder}.err", "wb") as err:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [*prefix, *command.words],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            env=environment,
            cwd=side.folder,
            start_new_session=True,
        )
        # Not `communicate(timeout=…)`: it looks every 50 ms whether the process has ended.
        limit = threading.Timer(LIMIT, _end, (process.pid,))
        limit.daemon = True
        limit.start()
        process.communicate(command.given)
        seconds = time.perf_counter() - begin
        limit.cancel()
    if process.returncode == -signal.SIGKILL and seconds >= LIMIT:
        return LIMIT
    if process.returncode:
        said = Path(f"{side.folder}.err").read_text(errors="replace")[-500:]
        raise SystemExit(f"{side.name}: {command.words[:3]} failed: {said}")
    return seconds * command.times


def _end(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # just now, by itself
        os.killpg(group, signal.SIGKILL)


def measure(found: list[Side], runs: int, patience: float) -> dict[str, dict[str, list[float]]]:
    """Seconds of each run by job and side; a side that took too long already is not run again."""
    times: dict[str, dict[str, list[float]]] = {job: {} for job in sides.JOBS}
    for job, taken in times.items():
        for turn in range(runs + 1):
            for side in found:
                ids = side.ids
                status = "hold" if job == "change" else STATUSES[turn % 2]
                command = side.command(job, ids[turn * 37 % AT_ONCE % len(ids)], status)
                mine = taken.setdefault(side.name, [])
                if command is None or (side is not found[0] and sum(mine) > patience):
                    continue
                if job.startswith("change"):
                    os.sync()  # so that what others wrote is not paid for by who syncs
                mine.append(run(side, command))
        for mine in taken.values():
            if len(mine) > 1:
                del mine[0]  # the first warms the caches
    return times


def left_alone(side: Side) -> str:
    """How many files, of those that "change 500" changes, differ in nothing but that."""
    paths = side.files()
    if not paths:
        return "no files"
    before = {path: path.read_bytes() for path in paths}
    command = side.command("change 500", side.ids[0], "doing")
    assert command is not None
    run(side, command)
    changed = [path for path in paths if path.read_bytes() != before[path]]
    if not changed:
        raise SystemExit(f"{side.name} changed nothing")
    kept = [path for path in changed if _rest(side, path.read_bytes()) == _rest(side, before[path])]
    return f"{100 * len(kept) // len(changed)} %"


def _rest(side: Side, content: bytes) -> bytes:
    """All that a change of the status has nothing to do with."""
    head, mark, body = content.partition(b"\n---\n")
    return side.touched.sub(b"", head + b"\n") + mark + body


def syncs(side: Side) -> str:
    """How many syncs one change has."""
    if shutil.which("strace") is None:
        return "?"
    command = side.command("change", side.ids[3], "done")
    assert command is not None
    log = f"{side.folder}.strace"
    run(
        side, command, ("strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,syncfs,sync", "-o", log)
    )
    return str(Path(log).read_text().count("sync("))


def compared(folder: Path, entities: int, options: argparse.Namespace) -> dict[str, list[str]]:
    """The cells of each side's row."""
    vault = folder / f"vault-{entities}"
    generate.lay_out(vault, entities=entities)
    ids = generate.task_ids(vault, entities)
    python = options.python or common.built_environment()
    text = next(vault.rglob(f"{ids[len(ids) // 2]}.md")).read_text()
    phrase = text.partition("entity_name: ")[2].partition("\n")[0]
    found: list[Side] = []
    for kind in sides.ALL:
        if kind.installed():
            found.append(kind(folder / f"{kind.__name__}-{entities}", ids, phrase, python))
            found[-1].prepare(vault)
    time.sleep(YOUNG / 1e9 + 0.2)  # younger files are read again, as in no vault in use
    alone = {side.name: left_alone(side) for side in found}
    times = measure(found, options.runs, options.patience)
    rows = {}
    for side in found:
        cells = [_cell(times[job], side.name, found[0].name) for job in sides.JOBS]
        rows[side.name] = [*cells, alone[side.name], syncs(side), *side.facts]
    return rows


def _cell(times: dict[str, list[float]], name: str, unit: str) -> str:
    """Milliseconds of the unit itself, ratios of the others."""
    mine = times[name]
    if not mine:
        return "–"
    if name == unit:
        return f"{statistics.median(mine) * 1000:.0f} ms"
    ratio = common.paired_ratio(mine, times[unit][: len(mine)])
    digits = 2 if ratio < 1 else 1 if ratio < 10 else 0
    return (">" if LIMIT in mine else "") + f"{ratio:.{digits}f}"


def joined(tables: list[dict[str, list[str]]]) -> list[list[str]]:
    """One table: the times of every size beside each other, the facts once, of the largest."""
    rows = []
    for name, last in tables[-1].items():
        count = len(sides.JOBS)
        cells = zip(*(table[name][:count] for table in tables), strict=True)
        times = [values[0] if len(set(values)) == 1 else ", ".join(values) for values in cells]
        rows.append([name, *(one.replace(" ms,", ",") for one in times), *last[count:]])
    return rows


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entities", default="1000,10000")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--patience", type=float, default=20, help="seconds of a job of a side")
    parser.add_argument("--python", type=Path, help="of an environment that has loop already")
    parser.add_argument("--folder", type=Path, help="where to work: the disk to measure")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="loop-peers-", dir=options.folder) as folder:
        sizes = map(int, options.entities.split(","))
        rows = joined([compared(Path(folder), entities, options) for entities in sizes])
    for row in (HEAD, ["---"] * len(HEAD), *rows):
        print("|" + "|".join(cell if cell == "---" else f" {cell} " for cell in row) + "|")
    for kind in sides.ALL:
        if not kind.installed():
            print(f"{kind.name}: not on the PATH, so left out")


if __name__ == "__main__":
    main()
