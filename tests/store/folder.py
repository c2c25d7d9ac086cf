"""A vault in a folder, and a cache that outlives the stores that use it."""

from __future__ import annotations

import gc
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from loop_cli.core.entity import FieldNames
from loop_cli.errors import LoopError
from loop_cli.vault.index.cache import LAYOUT
from loop_cli.vault.store import VaultStore

if TYPE_CHECKING:
    from pathlib import Path

OLD = 1_700_000_000_000_000_000  # a time of modification long ago


def entity(entity_id: str, *lines: str, body: str = "") -> bytes:
    head = ["---", f"entity_id: {entity_id}", "entity_type: Task", *lines, "---", body]
    return "\n".join(head).encode()


class Folder:
    """A vault, and a cache that outlives the stores that use it."""

    def __init__(self, root: Path, names: FieldNames | None = None) -> None:
        self.root = root / "vault"
        self.cache = root / "cache"
        self.names = names or FieldNames()
        self.root.mkdir()

    @property
    def file(self) -> Path:
        return self.cache / f"index-{LAYOUT}.sqlite"

    def put(self, path: str | bytes, data: bytes, *, old: bool = True) -> str:
        place = os.path.join(os.fsencode(self.root), os.fsencode(path))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(data)
        if old:
            os.utime(place, ns=(OLD, OLD))
        return os.fsdecode(place)

    def store(self, *, kept: bool = True) -> VaultStore:
        cache = str(self.cache) if kept else None
        return VaultStore(str(self.root), names=self.names, clock=_now, cache=cache)

    def query(self, query: str) -> list[Any]:
        with sqlite3.connect(self.file) as database:
            return database.execute(query).fetchall()

    def check(self, *ids: str, notices: int = 0) -> list[str]:
        """All ids, once a list and finds are as without a cache."""
        kept, fresh = self.store(), self.store(kept=False)
        listed = list(kept.scan())
        assert listed == list(fresh.scan())
        for entity_id in {*ids, *(one.id for one in listed)}:
            assert outcome(kept, entity_id) == outcome(fresh, entity_id)
        for one in listed:
            assert kept.find(one.id, path=one.path).revision == one.revision
        assert len(kept.cache.notices) == notices, kept.cache.notices
        return [one.id for one in listed]


def _now() -> int:
    return time.time_ns() // 1000


def outcome(store: VaultStore, entity_id: str) -> object:
    """What a find gives, or says."""
    try:
        return store.find(entity_id)
    except LoopError as error:
        return type(error), error.message


def settle(vault: Folder) -> None:
    """Have all of the cache in its one file, and nobody who has it open."""
    gc.collect()
    with sqlite3.connect(vault.file) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def garbage(file: Path) -> None:
    file.write_bytes(b"this is no database" * 1000)
