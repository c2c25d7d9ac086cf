"""A small vault whose log and files are checked against each other, and stops under strace."""

from __future__ import annotations

import collections
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core import audit
from loop_cli.core.audit import Origin
from loop_cli.core.changes import BodyChange, Edits, parse_changes
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.store import staging
from loop_cli.store.base import EntityChange
from loop_cli.store.lines import encode
from loop_cli.store.staging import Intent, StagedChange, StagedCommit
from loop_cli.store.vault import VaultStore
from tests.effort import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


REPOSITORY = Path(__file__).parents[2]
UPDATED = "2100-02-01T00:00:00.000000Z"  # of what a crash built by hand was to write
RUN = "5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f"
FOLDER = "50_Projects/2026/prj-001_내구성/Tasks"
TEXT = """---
entity_type: Task
entity_id: {id}
entity_name: 이름   # a comment
status: todo
priority: low
updated: "2026-01-01"
---

Body
"""

# What needs no other entity to be there.
PLAIN = TEXT.replace("entity_type: Task", "entity_type: MetaHypothesis").replace(
    "priority: low", "if_broken: 멈춘다"
)


def etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def microseconds() -> int:
    return time.time_ns() // 1000


def origin() -> Origin:
    return Origin(run_id=RUN, actor="user:개발팀", invoked_by="pytest")


def change(
    entity_id: str,
    *texts: str,
    if_match: str | None = None,
    append: str | None = None,
) -> EntityChange:
    """A change as the command line builds it; forced where no etag is given."""
    return EntityChange(
        entity_id=entity_id,
        edits=Edits(
            changes=parse_changes(texts, read=lambda name: name),
            body=None if append is None else BodyChange(text=append, append=True),
        ),
        precondition=Precondition(if_match=if_match, forced=if_match is None),
    )


@dataclass
class Vault:
    """A vault of some tasks, `tsk-001-01` the first. `known` are texts that the log hashes."""

    root: Path
    known: dict[str, str] = field(default_factory=dict)
    count: int = 2

    def lay_out(self) -> Vault:
        (self.root / FOLDER).mkdir(parents=True)
        for number in range(1, self.count + 1):
            self.path(number).write_bytes(self.original(number))
        return self

    def copy(self, root: Path) -> Vault:
        shutil.copytree(self.root, root)
        return Vault(root=root, known=self.known, count=self.count)

    def id(self, number: int = 1) -> str:
        return f"tsk-001-{number:02}"

    def path(self, number: int = 1) -> Path:
        return self.root / FOLDER / f"{self.id(number)}.md"

    def original(self, number: int = 1) -> bytes:
        return TEXT.format(id=self.id(number)).encode()

    def data(self, number: int = 1) -> bytes:
        return self.path(number).read_bytes()

    def store(self, clock: Callable[[], int] = microseconds, wait: float = 10.0) -> VaultStore:
        return VaultStore(str(self.root), names=FieldNames(), clock=clock, lock_timeout=wait)

    @property
    def log(self) -> Path:
        return self.root / "_build" / "audit_log.jsonl"

    @property
    def staged(self) -> list[str]:
        """What is on its way, in `.loop/staged` and beside the entities."""
        folder = self.root / ".loop" / "staged"
        beside = [path.name for path in (self.root / FOLDER).iterdir() if path.name[0] == "."]
        return sorted(os.listdir(folder)) + beside if folder.is_dir() else beside

    @property
    def staged_anywhere(self) -> list[str]:
        """What is on its way, whatever folder it lies in."""
        folder = self.root / ".loop" / "staged"
        beside = [str(path) for path in self.root.rglob(".loop-*")]
        return sorted(os.listdir(folder)) + beside if folder.is_dir() else beside

    @property
    def kept(self) -> list[bytes]:
        folder = self.root / ".loop" / "kept"
        return [path.read_bytes() for path in folder.iterdir()] if folder.is_dir() else []

    def records(self) -> list[tuple[str, dict[str, Any]]]:
        """Digest and data of every line, oldest first; all must be whole."""
        if not self.log.exists():
            return []
        lines = self.log.read_bytes().split(b"\n")
        assert lines.pop() == b"", "the log ends in a torn line"
        return [(hashlib.sha256(line).hexdigest(), json.loads(line)) for line in lines]

    def landed(self, number: int | None = None) -> list[dict[str, Any]]:
        """The records that count, oldest first: pairs of undone and undo do not."""
        records = self.records()
        undone = {data["metadata"].get("rolled_back") for _digest, data in records}
        return [
            data
            for digest, data in records
            if digest not in undone
            and "rolled_back" not in data["metadata"]
            and number in (None, int(data["entity_id"][-2:]))
        ]

    def check_chain(self) -> None:
        """Every record names the line before it."""
        before = None
        for digest, data in self.records():
            assert data["metadata"]["previous"] == before
            before = digest

    def check_files(self) -> None:
        """Every file is what the landed records make of the original, byte for byte."""
        for number in range(1, self.count + 1):
            assert self.data(number) == self.replayed(number)

    def replayed(self, number: int) -> bytes:
        text = self.original(number).decode()
        for data in self.landed(number):
            assert etag(text.encode()) == data["metadata"]["etag_before"]
            for name, entry in data["diff"].items():
                text = self._applied(text, name, entry["new"])
            updated = data["metadata"]["updated_after"]
            text = re.sub(r"^updated: .*$", f'updated: "{updated}"', text, flags=re.M)
            assert etag(text.encode()) == data["metadata"]["etag_after"]
        return text.encode()

    def _applied(self, text: str, name: str, value: Any) -> str:
        if name != "body":
            return re.sub(rf"^{name}: .*$", f"{name}: {value}", text, flags=re.M)
        body = self.known[value["sha256"]] if isinstance(value, dict) else value
        end = text.index("\n---\n") + len("\n---\n")
        return text[:end] + body


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault that was never written to."""
    return Vault(root=tmp_path / "vault").lay_out()


# -- crashes built by hand --------------------------------------------------------------------


class Crash:
    """What a change of the status to done left behind: staged, and as far as it came.

    One that is `member` of a group, by the name of its commit and its place, is staged with it.
    """

    def __init__(
        self, vault: Vault, number: int = 1, member: tuple[str, int] | None = None
    ) -> None:
        self.vault = vault
        self.number = number
        self.before = vault.data(number)
        self.after = re.sub(
            rb"(?m)^updated: .*$",
            f'updated: "{UPDATED}"'.encode(),
            self.before.replace(b"status: todo", b"status: done"),
        )
        entity = vault.store().find(vault.id(number))
        record = audit.compose(
            action="update",
            before=entity,
            diff={"status": {"old": "todo", "new": "done"}},
            origin=origin(),
            timestamp=0,
            metadata={
                "etag_before": etag(self.before),
                "etag_after": etag(self.after),
                "updated_before": entity.revision.updated_at,
                "updated_after": UPDATED,
                "precondition": "none",
                "previous": vault.records()[-1][0] if vault.records() else None,
                **({"group": {"id": member[0], "index": member[1], "count": 2}} if member else {}),
            },
        )
        commit, index = member or (f"{number:032x}", 0)
        name = staging.name_of(commit, index)
        path = str(vault.path(number).relative_to(vault.root))
        self.change = StagedChange(
            str(vault.root),
            Intent(
                name=name,
                path=path,
                staged=staging.staged_place(str(vault.root), path, name),
                etag_before=etag(self.before),
                etag_after=etag(self.after),
                line=encode(record).decode(),
            ),
        )
        self.commit = StagedCommit(str(vault.root), commit, [self.change])
        if member is None:
            self.commit.stage([self.after])

    @property
    def line(self) -> bytes:
        return self.change.intent.line.encode()

    @property
    def staged(self) -> Path:
        return self.vault.root / self.change.intent.staged

    def record(self, *, upto: int | None = None) -> Crash:
        with self.vault.log.open("ab") as log:
            log.write(self.line + b"\n" if upto is None else self.line[:upto])
        return self

    def exchange(self) -> Crash:
        entity = self.vault.path(self.number)
        entity.write_bytes(self.after)
        self.staged.write_bytes(self.before)
        return self

    @staticmethod
    def group(vault: Vault, *numbers: int) -> list[Crash]:
        """Changes that were staged together, to land or not as one."""
        name = "a" * 32
        crashes = [Crash(vault, number, (name, index)) for index, number in enumerate(numbers)]
        commit = StagedCommit(str(vault.root), name, [crash.change for crash in crashes])
        commit.stage([crash.after for crash in crashes])
        for crash in crashes:
            crash.commit = commit
        return crashes

    def is_new(self) -> bool:
        assert self.vault.data(self.number) in (self.before, self.after)
        return self.vault.data(self.number) == self.after


# -- stops under strace -----------------------------------------------------------------------

# openat counts where it creates a file; what only reads changes nothing.
CALLS = (
    "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,"
    "unlinkat,ftruncate,fchmod,fchown,chmod,chown,fcntl,mkdir,mkdirat,rmdir,flock"
)
WITH_ENOSPC = {
    "openat",
    "write",
    "pwrite64",
    "fsync",
    "rename",
    "renameat2",
    "link",
    "linkat",
    "mkdir",
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
        options = [part for one in injections for part in ("-e", f"inject={one}")]
        strace = [
            "strace",
            "-f",
            "-y",
            "-o",
            str(self._trace),
            "-e",
            f"trace={CALLS}",
        ]
        done = subprocess.run(
            [*strace, *options, sys.executable, str(STEADY), *program],
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


@pytest.fixture
def tracer(tmp_path: Path) -> Tracer:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    return Tracer(tmp_path)


def spread(stops: list[Stop], count: int) -> list[Stop]:
    """At most `count` of the stops, evenly; all where LOOP_FAULTS=all."""
    if ALL or len(stops) <= count:
        return stops
    return [stops[index * len(stops) // count] for index in range(count)]
