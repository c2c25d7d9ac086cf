"""The stores under one contract: each with the same few handles for the suite, and a bench
to work at."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.changes import BodyChange, Edits, parse_changes
from loop_cli.core.commits import CommitResult, EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import Origin
from loop_cli.errors import ConflictError, LoopError
from loop_cli.planning.snapshot import etag_of
from loop_cli.postgres import outside
from loop_cli.postgres.store import PostgresStore
from loop_cli.vault import schema_file
from loop_cli.vault.store import VaultStore
from tests.postgres.computed import assert_as_computed
from tests.store.folder import Folder, entity
from tests.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from loop_cli.core.conflict import Conflict
    from loop_cli.core.entity import Entity
    from loop_cli.core.store import Store
    from tests.conftest import Clock

PRIVATE = ("actual_hours",)
ONE, TWO = "work/tsk-1.md", "work/tsk-2.md"


class Harness(ABC):
    """A store, and what other programs do to its files. `clock` is that of store and files."""

    store: Store
    clock: Clock

    @abstractmethod
    def make(self, texts: dict[str, bytes]) -> None:
        """A fresh store of these files."""

    @abstractmethod
    def edit_outside(self, path: str, data: bytes) -> None:
        """Write a file as another program does."""

    @abstractmethod
    def remove_outside(self, path: str) -> None:
        """Remove a file as another program does."""

    @abstractmethod
    def bytes_of(self, path: str) -> bytes:
        """A file's bytes."""

    @abstractmethod
    def lines(self) -> list[bytes]:
        """The log's lines, oldest first, without their newlines."""

    @abstractmethod
    def record_outside(self, line: bytes) -> None:
        """Append a line to the log as another program does."""

    @abstractmethod
    def kept(self, sha256: str) -> bytes | None:
        """What was kept of a value that the log has only the hash of."""


class InMemory(Harness):
    """`MemoryStore`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def make(self, texts: dict[str, bytes]) -> None:
        self.memory = MemoryStore(
            texts,
            names=FieldNames(),
            schema=schema_file.shipped(),
            clock=self.clock,
            private=PRIVATE,
        )
        self.store = self.memory

    def edit_outside(self, path: str, data: bytes) -> None:
        self.memory.edit_outside(path, data)

    def remove_outside(self, path: str) -> None:
        self.memory.remove_outside(path)

    def bytes_of(self, path: str) -> bytes:
        return self.memory.read(path)

    def lines(self) -> list[bytes]:
        return self.memory.lines

    def record_outside(self, line: bytes) -> None:
        self.memory.lines.append(line)

    def kept(self, sha256: str) -> bytes | None:
        return self.memory.kept(sha256)


class OnDisk(Harness):
    """`VaultStore` on real files, whose modification times are the clock's."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self.root = root
        self.clock = clock

    def make(self, texts: dict[str, bytes]) -> None:
        self.root.mkdir()
        for path, data in texts.items():
            self.edit_outside(path, data)
        self.store = VaultStore(
            str(self.root), names=FieldNames(), clock=self.clock, private=PRIVATE
        )

    def edit_outside(self, path: str, data: bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        os.utime(file, ns=(self.clock.now * 1000,) * 2)

    def remove_outside(self, path: str) -> None:
        (self.root / path).unlink()

    def bytes_of(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def lines(self) -> list[bytes]:
        log = self.root / ".loop" / "audit_log.jsonl"
        return log.read_bytes().splitlines() if log.exists() else []

    def record_outside(self, line: bytes) -> None:
        log = self.root / ".loop" / "audit_log.jsonl"
        log.parent.mkdir(exist_ok=True)
        with log.open("ab") as file:
            file.write(line + b"\n")

    def kept(self, sha256: str) -> bytes | None:
        file = self.root / ".loop" / "kept" / sha256
        return file.read_bytes() if file.exists() else None


class InPostgres(Harness):
    """`PostgresStore` on a vault of its own in a real server."""

    def __init__(self, address: str, clock: Clock) -> None:
        self.address = address
        self.clock = clock

    def make(self, texts: dict[str, bytes]) -> None:
        self.postgres = PostgresStore(
            self.address, names=FieldNames(), clock=self.clock, private=PRIVATE
        )
        self.store = self.postgres
        for path, data in texts.items():
            self.edit_outside(path, data)

    def edit_outside(self, path: str, data: bytes) -> None:
        outside.put(self.postgres.handle, path, data, self.clock.now)

    def remove_outside(self, path: str) -> None:
        outside.remove(self.postgres.handle, path)

    def bytes_of(self, path: str) -> bytes:
        found = dict(self._rows("SELECT path, data FROM file"))
        return bytes(found[path.encode()])

    def lines(self) -> list[bytes]:
        return [line for (line,) in self._rows("SELECT line FROM record ORDER BY seq")]

    def record_outside(self, line: bytes) -> None:
        outside.append(self.postgres.handle, line)

    def kept(self, sha256: str) -> bytes | None:
        return self.store.kept(sha256)

    def close(self) -> None:
        """Close it, once all rows are as if they had been computed just now."""
        try:
            assert_as_computed(self.postgres)
        finally:
            self.postgres.close()

    def _rows(self, query: str) -> list[Any]:
        return self.postgres.handle.database.read(
            lambda connection: connection.execute(query.encode()).fetchall()
        )


def text(entity_id: str, *lines: str, updated: str | None = "2026-01-09", body: str = "") -> bytes:
    """A Task's file."""
    head = [
        "---",
        "entity_type: Task",
        f"entity_id: {entity_id}",
        "entity_name: a task  # as people call it",
        *([] if updated is None else [f"updated: {updated}"]),
        "closed: 2026-01-01",
        "status: todo",
        "tags: [a, b]",
        *lines,
        "---",
    ]
    return ("\n".join(head) + "\n" + body).encode()


class Bench:
    """A store with two Tasks, and short words for what the suite does with them."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.store = harness.store
        self.clock: Clock = harness.clock
        self.origin = Origin(
            run_id="5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f", actor="user:개발팀", invoked_by="pytest"
        )

    def find(self, entity_id: str = "tsk-1") -> Entity:
        return self.store.find(entity_id)

    def change(
        self,
        *texts: str,
        entity_id: str = "tsk-1",
        body: BodyChange | None = None,
        path: str | None = None,
        forced: bool = False,
        **expected: str | None,
    ) -> EntityChange:
        edits = Edits(changes=parse_changes(texts, read=str), body=body)
        precondition = Precondition(**expected).replace(forced=forced)  # type: ignore[arg-type]
        return EntityChange(entity_id=entity_id, edits=edits, precondition=precondition, path=path)

    def outcome(self, *texts: str, **more: Any) -> CommitResult | LoopError:
        (outcome,) = self.store.commit([self.change(*texts, **more)], origin=self.origin)
        return outcome

    def commit(self, *texts: str, **more: Any) -> CommitResult:
        """Change the entity as somebody who has just read it."""
        if not more.keys() & {"if_match", "expected_updated_at", "forced"}:
            path, entity_id = more.get("path"), more.get("entity_id", "tsk-1")
            more["if_match"] = self.store.find(entity_id, path=path).revision.etag
        outcome = self.outcome(*texts, **more)
        assert isinstance(outcome, CommitResult), outcome
        return outcome

    def conflict(self, *texts: str, **more: Any) -> Conflict:
        outcome = self.outcome(*texts, **more)
        assert isinstance(outcome, ConflictError), outcome
        found: Conflict = outcome.conflict
        return found

    def change_outside(self, old: str, new: str, **record: Any) -> None:
        """What another program does that records its changes with etags."""
        before = self.harness.bytes_of(ONE)
        after = before.replace(old.encode(), new.encode())
        metadata = {"path": ONE, "etag_before": etag_of(before), "etag_after": etag_of(after)}
        data = {"entity_id": "tsk-1", "source": "ui", "action": "update", **record}
        data["metadata"] = {**metadata, **data.get("metadata", {})}
        self.harness.edit_outside(ONE, after)
        self.harness.record_outside(json.dumps(data).encode())

    def records(self) -> list[dict[str, Any]]:
        """The log, oldest first."""
        return [json.loads(line) for line in self.harness.lines()]

    def metadata(self) -> dict[str, Any]:
        """Of the newest record."""
        found: dict[str, Any] = self.records()[-1]["metadata"]
        return found


@pytest.fixture(params=["memory", "vault", "postgres"])
def harness(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Harness]:
    """One of the stores, still without files: `make` gives it some."""
    if request.param == "postgres":
        pytest.importorskip("psycopg", reason="psycopg is not installed")
        made = InPostgres(request.getfixturevalue("postgres_vault"), clock)
        yield made
        made.close()
    else:
        yield InMemory(clock) if request.param == "memory" else OnDisk(tmp_path / "vault", clock)


@pytest.fixture
def bench(harness: Harness) -> Bench:
    """A store of two Tasks, files of one hour ago."""
    harness.clock.advance(-3600)
    harness.make({ONE: text("tsk-1", body="Body\n"), TWO: text("tsk-2")})
    harness.clock.advance(3600)
    return Bench(harness)


@pytest.fixture
def vault(tmp_path: Path) -> Folder:
    """An empty vault whose cache is kept."""
    return Folder(tmp_path)


@pytest.fixture
def three(vault: Folder) -> Folder:
    """Three entities in two folders, indexed."""
    for number, folder in enumerate(("a", "a", "b")):
        vault.put(f"{folder}/{number}.md", entity(f"t-{number}", "status: todo"))
    assert vault.check() == ["t-0", "t-1", "t-2"]
    return vault
