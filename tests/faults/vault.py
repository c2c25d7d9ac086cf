"""A small vault whose log and files are checked against each other.

Processes that are stopped import this, too: nothing here needs pytest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loop_cli.core.changes import BodyChange, Edits, parse_changes
from loop_cli.core.commits import EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import Origin
from loop_cli.vault.store import VaultStore

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[2]
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
        return self.root / ".loop" / "audit_log.jsonl"

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
            and (number is None or number == int(data["entity_id"][-2:]))
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
