"""Stops under strace."""

from __future__ import annotations

import collections
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.effort import ALL
from tests.faults.vault import REPOSITORY, RUN, Vault

if TYPE_CHECKING:
    from collections.abc import Iterable

# openat counts where it creates a file; what only reads changes nothing.
CALLS = (
    "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,"
    "unlinkat,ftruncate,fchmod,fchown,chmod,chown,fcntl,mkdir,mkdirat,rmdir,flock"
)
STRACE = ("strace", "-f", "-y", "-e", f"trace={CALLS}")
WITH_ENOSPC = {
    "openat",
    "write",
    "pwrite64",
    "fsync",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "mkdir",
    "mkdirat",
}
WITHOUT_ERROR = {"fcntl", "flock"}
STEADY = Path(__file__).with_name("steady.py")
_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")


@dataclass(frozen=True)
class Stop:
    """The `when`th `call` of a run; `text` shows it."""

    call: str
    when: int
    text: str


@dataclass
class Run:
    """A finished run under strace: its exit code, and the writing calls after the lock."""

    code: int
    out: bytes
    err: bytes
    trace: str
    stops: list[Stop]


class Tracer:
    """Runs Python programs under strace, with faults injected."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._trace = folder / "trace"

    def __call__(self, vault: Vault, program: list[str], injections: Iterable[str] = ()) -> Run:
        """`injections` are those of strace's `-e inject=`."""
        faults = list(injections)
        options = [part for one in faults for part in ("-e", f"inject={one}")]
        if not any(":signal=" in one for one in faults):
            options.append("--seccomp-bpf")  # half the time, but signals get lost on the way
        done = subprocess.run(
            [*STRACE, *options, "-o", str(self._trace), sys.executable, str(STEADY), *program],
            env=self.environment(vault),
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        trace = self._trace.read_text(errors="replace")
        return Run(
            code=done.returncode,
            out=done.stdout,
            err=done.stderr,
            trace=trace,
            stops=self._stops(trace, str(vault.root)),
        )

    def environment(self, vault: Vault) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self._folder),
            "XDG_CACHE_HOME": "/dev/null",  # no cache: how often it locks differs from run to run
            "LOOP_VAULT": str(vault.root),
            "LOOP_RUN_ID": RUN,
        }

    @staticmethod
    def _stops(trace: str, root: str) -> list[Stop]:
        """The calls on the vault from the lock on, each with its number among its like."""
        counts: collections.Counter[str] = collections.Counter()
        stops: list[Stop] = []
        for line in trace.splitlines():
            match = _CALL.match(line)
            if match is None:
                continue
            call, rest = match.groups()
            counts[call] += 1
            reads = call == "openat" and "O_CREAT" not in rest
            if (stops or call == "flock") and not reads and root in rest:
                stops.append(Stop(call=call, when=counts[call], text=line))
        return stops


def spread(stops: list[Stop], count: int) -> list[Stop]:
    """At most `count` of the stops, evenly; all where LOOP_FAULTS=all."""
    if ALL or len(stops) <= count:
        return stops
    return [stops[index * len(stops) // count] for index in range(count)]
