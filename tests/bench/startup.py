"""What one command costs a caller that starts it as a process, beside an empty interpreter.

    python tests/bench/startup.py [--corpus DIR] [--runs N] [--clock] [--python EXE]

Counts instructions with callgrind, which hardly vary; where valgrind is absent or with
`--clock`, the medians of the time of N runs in turn. Everything runs on a temporary copy
of a vault, in an environment without settings, from a built wheel.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a program sees its own folder

from tests.bench import common

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Measure = Callable[["list[str]", Path], "tuple[float, bytes]"]

MEMORY_BOUND = 40.0  # MiB, of every command
UPDATE = "loop update --json"
# What is shown -> the program's arguments, and the bound in empty interpreters.
CASES: dict[str, tuple[tuple[str, ...] | None, float | None]] = {
    "python -c pass": (None, None),
    "loop --version": (("--version",), None),
    "loop get --json": (("get", common.ENTITY, "--json"), 2.4),
    "loop get --field status": (("get", common.ENTITY, "--field", "status"), 2.4),
    "loop __complete": (("__complete", "zsh", "--", "get", "tsk"), 2.4),
    UPDATE: (("update", common.ENTITY, "status=doing", "--json", "--expected-updated-at"), 3.1),
}
# The settings of whoever measures do not count: no such folder is there.
_CLEAN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "XDG_CONFIG_HOME": "/nonexistent"}
_FROM_SOURCES = f"""
import sys
sys.path.insert(0, {str(common.PROJECT)!r})
from loop_cli.cli.start import main
main()
"""
_CALLGRIND = ("--tool=callgrind", "--callgrind-out-file=/dev/null")
# A small process between this one and the command: a child starts with its parent's peak.
METER = """
import os, resource, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
unit = 1 if sys.platform == "darwin" else 1024
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit, file=sys.stderr)
sys.exit(code)
"""


class Bench:
    """Runs the commands of one environment on a vault that is laid out anew for each write."""

    def __init__(self, python: Path, folder: Path, corpus: Path) -> None:
        self._program = [str(python), str(python.parent / "loop")]
        if not Path(self._program[1]).exists():
            self._program[1:] = ["-c", _FROM_SOURCES]
        self._vault = folder / "vault"
        self._corpus = corpus
        self.vault_in_words = self._lay_out()

    def run(self, case: str, measure: Measure) -> float:
        """One measured run. Raises `RuntimeError` where an update did not land."""
        arguments, _bound = CASES[case]
        if arguments is None:
            return measure([self._program[0], "-c", "pass"], self._vault)[0]
        if case != UPDATE:
            return measure([*self._program, *arguments], self._vault)[0]
        self._lay_out()
        before = self._get()
        value, output = measure([*self._program, *arguments, before["updated_at"]], self._vault)
        result, after = json.loads(output), self._get()
        record = next(self._vault.glob("*/audit_log.jsonl")).read_text().splitlines()[-1]
        landed = after["fields"]["status"] == "doing" and after["etag"] != before["etag"]
        if not (landed and result["changed"] and result["run_id"] in record):
            raise RuntimeError("the measured update did not land")
        return value

    def _lay_out(self) -> str:
        shutil.rmtree(self._vault, ignore_errors=True)
        return common.lay_out_vault(self._vault, self._corpus)

    def _get(self) -> dict[str, Any]:
        command = [*self._program, "get", common.ENTITY, "--json"]
        read: dict[str, Any] = json.loads(_start(command, self._vault).stdout)
        return read


def instructions(command: list[str], cwd: Path) -> tuple[float, bytes]:
    """Millions of instructions of a command, and its output."""
    valgrind = shutil.which("valgrind")
    assert valgrind, "the caller looks"
    done = _start([valgrind, *_CALLGRIND, *command], cwd)
    match = re.search(rb"Collected : (\d+)", done.stderr)
    assert match, done.stderr.decode(errors="replace")
    return int(match[1]) / 1e6, done.stdout


def milliseconds(command: list[str], cwd: Path) -> tuple[float, bytes]:
    """The time of a command, and its output."""
    begin = time.perf_counter()
    done = _start(command, cwd)
    return (time.perf_counter() - begin) * 1e3, done.stdout


def peak_memory(command: list[str], cwd: Path) -> tuple[float, bytes]:
    """The most memory that a command had resident, in MiB, and its output."""
    done = _start([sys.executable, "-I", "-S", "-c", METER, *command], cwd)
    return int(done.stderr.split()[-1]) / 2**20, done.stdout


def _start(command: list[str], cwd: Path) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        command, cwd=cwd, env=_CLEAN, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{command} failed\n{done.stderr.decode(errors='replace')}")
    return done


def main() -> None:
    """Measure and print the table."""
    options = _options()
    clock = options.clock or shutil.which("valgrind") is None
    measure = milliseconds if clock else instructions
    python = options.python or common.built_environment()
    with tempfile.TemporaryDirectory(prefix="loop-bench-") as folder:
        bench = Bench(python, Path(folder), options.corpus)
        memory = {case: bench.run(case, peak_memory) for case in CASES}  # and compiles what is not
        values: dict[str, list[float]] = {case: [] for case in CASES}
        for _round in range(options.runs or (15 if clock else 1)):
            for case in CASES:
                values[case].append(bench.run(case, measure))
    print(f"on {bench.vault_in_words}; Python {sys.version.split()[0]}")
    _print(values, memory, "ms" if clock else "M instructions")


def _print(values: dict[str, list[float]], memory: dict[str, float], unit: str) -> None:
    empty = next(iter(values.values()))
    rows = []
    for case, found in values.items():
        ratio, bound = common.paired_ratio(found, empty), CASES[case][1]
        row = [case, f"{statistics.median(found):.1f}", f"{ratio:.2f}", *_against(ratio, bound)]
        rows.append([*row, f"{memory[case]:.1f}", *_against(memory[case], MEMORY_BOUND)])
    common.print_table(["command", unit, "ratio", "bound", "", "peak MiB", "bound", ""], rows)


def _against(value: float, bound: float | None) -> tuple[str, str]:
    if bound is None:
        return "", ""
    return f"{bound:g}", "ok" if value <= bound else "OVER"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=common.CORPUS, help="the vault to copy")
    parser.add_argument("--runs", type=int, help="rounds; 1 for instructions, 15 for time")
    parser.add_argument("--clock", action="store_true", help="time even where valgrind is there")
    parser.add_argument(
        "--python",
        type=Path,
        help="measure this interpreter's loop, or its sources, instead of a fresh wheel",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
