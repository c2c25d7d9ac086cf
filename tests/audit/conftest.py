"""A vault with an audit log, somebody who writes, and the real program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli import demo
from loop_cli.core.changes import Edits, parse_changes
from loop_cli.core.commits import CommitResult, EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import Origin
from loop_cli.errors import only
from loop_cli.vault.store import VaultStore

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[2]
ID = "tsk-019-14"
START = 1_767_969_310_123_456


@dataclass(frozen=True)
class Done:
    """A finished run of the program."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document of a success."""
        assert (self.code, self.err) == (0, ""), self.err
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The object of a failure."""
        assert self.out == ""
        assert self.code != 0
        return json.loads(self.err)


class Vault:
    """The sample vault with its log. `now` is the clock's microseconds; each write takes one."""

    def __init__(
        self, root: Path, *, private: tuple[str, ...] = (), laid_out: bool = False
    ) -> None:
        if not laid_out:
            demo.lay_out(str(root))
        self.root = root
        self.now = START
        self.origin = Origin(
            run_id="5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f", actor="user:개발팀", invoked_by="pytest"
        )
        self.store = VaultStore(str(root), names=FieldNames(), clock=self._clock, private=private)

    def _clock(self) -> int:
        self.now += 1
        return self.now

    def update(self, *changes: str, entity_id: str = ID) -> CommitResult:
        """Change an entity through the store."""
        read: Callable[[str], str] = Path.read_text  # type: ignore[assignment]
        edits = Edits(changes=parse_changes(changes, unset=(), fields=None, read=read), body=None)
        change = EntityChange(
            entity_id=entity_id, edits=edits, precondition=Precondition(forced=True)
        )
        return only(self.store.commit([change], origin=self.origin))

    def loop(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> Done:
        """Run the real program."""
        done = subprocess.run(
            [sys.executable, "-m", "loop_cli", *arguments],
            env=self.environment,
            stdin=stdin,
            capture_output=True,
            timeout=60,
            check=False,
            cwd=self.root,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return Done(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY),
            "HOME": str(self.root.parent),
            "LOOP_VAULT": str(self.root),
        }

    # -- the log as bytes ---------------------------------------------------------------

    @property
    def active(self) -> Path:
        return self.root / "_build" / "audit_log.jsonl"

    @property
    def segments(self) -> list[Path]:
        """All files of the log, oldest first."""
        return [self.root / "_build" / name for name in self.store.log.segments()]

    @property
    def lines(self) -> list[bytes]:
        """All lines of the log, oldest first."""
        return [line for path in self.segments for line in path.read_bytes().split(b"\n") if line]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def put(self, lines: list[bytes]) -> None:
        """Give the active file these lines, as somebody who tampers would."""
        self.active.write_bytes(b"".join(line + b"\n" for line in lines))

    def append(self, data: bytes) -> None:
        """Append bytes as another program would."""
        self.active.parent.mkdir(exist_ok=True)
        with self.active.open("ab") as file:
            file.write(data)

    def task(self) -> Path:
        """The file of the task that the tests change."""
        return self.root / self.store.find(ID).path


def writer(root: Path, number: int, rounds: int) -> None:
    """What one of several processes does: write, again and again, by the system's clock."""
    vault = Vault(root, laid_out=True)
    vault.store = VaultStore(
        str(root), names=FieldNames(), clock=lambda: time.time_ns() // 1000, lock_timeout=60
    )
    for one in range(rounds):
        vault.update(f"notes={number}:{one}")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A fresh sample vault without a log."""
    return Vault(tmp_path / "vault")


@pytest.fixture
def written(vault: Vault) -> Vault:
    """A vault with five records."""
    for number in range(5):
        vault.update(f"notes=text {number}")
    return vault
