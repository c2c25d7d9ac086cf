"""A revision that is printed was, at one moment, that of the file: beside any number of writers."""

from __future__ import annotations

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from loop_cli.core import timestamps
from loop_cli.core.entity import FieldNames
from loop_cli.core.query import Query
from loop_cli.vault.store import VaultStore
from tests.effort import ALL
from tests.faults import programs
from tests.faults.test_contention import started
from tests.faults.vault import Vault, etag, microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from loop_cli.core.entity import Revision

    Row = tuple[str, str, str]  # id, etag, updated_at

ENTITIES = 20
WRITERS = 3
ROUNDS = 1000 if ALL else 150


@pytest.fixture
def busy(tmp_path: Path) -> Vault:
    return Vault(root=tmp_path / "vault", count=ENTITIES).lay_out()


def opened(vault: Vault) -> VaultStore:
    """A store with a cache that all readers share."""
    cache = str(vault.root.parent / "cache")
    return VaultStore(str(vault.root), names=FieldNames(), clock=microseconds, cache=cache)


def row(entity_id: str, revision: Revision) -> Row:
    return entity_id, revision.etag, revision.updated_at


def listed(vault: Vault) -> Iterator[Row]:
    return (row(one.id, one.revision) for one in opened(vault).scan())


def searched(vault: Vault) -> Iterator[Row]:
    found = opened(vault).search(Query(text="body"))
    return (row(one.id, one.revision) for one in found)


def got(vault: Vault) -> Iterator[Row]:
    store = opened(vault)
    for number in range(1, ENTITIES + 1):
        yield row(vault.id(number), store.find(vault.id(number)).revision)


READERS: dict[str, Callable[[Vault], Iterator[Row]]] = {
    "list": listed, "search": searched, "get": got,
}  # fmt: skip


class Editor(threading.Thread):
    """Saves any of the files, as an editor does that knows no lock; tells of the states it made."""

    def __init__(self, vault: Vault) -> None:
        super().__init__()
        self.vault = vault
        self.ended = threading.Event()
        self.made: set[tuple[str, str, int]] = set()  # id, etag, time

    def run(self) -> None:
        while not self.ended.wait(0.02):
            number = random.randint(1, ENTITIES)
            path = self.vault.path(number)
            data = path.read_bytes() + b"more\n"
            new = path.with_suffix(".tmp")
            new.write_bytes(data)
            modified = os.stat(new).st_mtime_ns // 1000
            self.made.add((self.vault.id(number), etag(data), modified))
            new.rename(path)


def states_in_log(vault: Vault) -> set[Row]:
    """The states that the records lead from and to."""
    found = set()
    for _digest, data in vault.records():
        metadata = data["metadata"]
        for side in ("before", "after"):
            found.add((data["entity_id"], metadata[f"etag_{side}"], metadata[f"updated_{side}"]))
    return found


def states_of_editor(vault: Vault, editor: Editor) -> set[Row]:
    """Those that the editor made, whatever the last record was then."""
    times: dict[str, set[int | None]] = {}
    for _digest, data in vault.records():
        after = timestamps.parse(data["metadata"]["updated_after"])
        times.setdefault(data["entity_id"], {None}).add(after)
    return {
        (
            entity_id,
            made,
            timestamps.render(timestamps.stand_in(modified=modified, recorded=recorded, etag=made)),
        )
        for entity_id, made, modified in editor.made
        for recorded in times.get(entity_id, {None})
    }


@pytest.mark.parametrize("edits", [False, True])
def test_every_revision_that_is_told_existed(busy: Vault, edits: bool) -> None:
    before = set(listed(busy))
    editor = Editor(busy)
    processes = started(programs.updates(busy, ROUNDS) for _ in range(WRITERS))

    def read(name: str) -> set[Row]:
        told: set[Row] = set()
        while any(process.poll() is None for process in processes):
            told.update(READERS[name](busy))
        return told

    if edits:
        editor.start()
    try:
        with ThreadPoolExecutor() as pool:
            told = dict(zip(READERS, pool.map(read, READERS), strict=True))
    finally:
        editor.ended.set()
        ends = [process.wait() for process in processes]
    if edits:
        editor.join()

    assert ends == [0] * WRITERS
    true = before | states_in_log(busy) | states_of_editor(busy, editor) | set(listed(busy))
    for name, rows in told.items():
        assert not rows - true, (name, len(rows - true), len(rows))
        assert len(rows) > ENTITIES, name
