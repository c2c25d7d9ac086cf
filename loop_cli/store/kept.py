"""What `.loop/kept/` holds: deleted files and replaced values that an undo needs, and text of
others that no record has. It stays until it is pruned (SPEC §6).
"""

from __future__ import annotations

import os
import re
import stat

from loop_cli.core import audit, timestamps
from loop_cli.core.names import nfc
from loop_cli.errors import StorageError
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from loop_cli.core.audit import AuditRecord
    from loop_cli.store.vault import VaultStore

FOLDER = "kept"
_OURS = re.compile(r"[0-9a-f]{64}")


class Kept(Struct):
    """One file of `.loop/kept/`, kept at an instant; of which entity, as far as records tell.

    `what` is `file` for a whole entity, else the field; None for what no record names: it is
    of a change that did not land, or the text of somebody else.
    """

    name: str
    size: int
    kept_at: int
    entity_id: str | None = None
    entity_name: str | None = None
    what: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "name": self.name,
            "bytes": self.size,
            "kept_at": timestamps.render(self.kept_at),
            "entity_id": self.entity_id,
            "entity_name": self.entity_name,
            "what": self.what,
        }


def listed(store: VaultStore) -> list[Kept]:
    """All that is kept, the newest first. Raises `StorageError`."""
    found = {one.name: one for one in _files(store.root)}
    if found:
        for record in store.records():
            for sha256, what in _named(record):
                one = found.get(sha256)
                if one is not None and one.what is None:
                    name = record.data.get("entity_name")
                    found[sha256] = one.replace(
                        entity_id=record.entity_id,
                        entity_name=name if isinstance(name, str) else None,
                        what=what,
                    )
    return sorted(found.values(), key=lambda one: (-one.kept_at, one.name))


def chosen(
    everything: list[Kept], *, entity_id: str | None = None, before: int | None = None
) -> list[Kept]:
    """Those of one entity, and those kept before an instant."""
    return [
        one
        for one in everything
        if (entity_id is None or (one.entity_id is not None and one.entity_id == nfc(entity_id)))
        and (before is None or one.kept_at < before)
    ]


def prune(store: VaultStore, unwanted: list[Kept]) -> None:
    """Remove what is kept, for good. Raises `StorageError`, `VaultLocked`."""
    folder = _folder(store.root)
    with store.lock():
        store.recover()
        try:
            for one in unwanted:
                os.unlink(os.path.join(folder, one.name))
            if unwanted:
                os.sync()
        except OSError as error:
            raise StorageError(f"what is kept can't be removed: {error.strerror}") from error


def _files(root: str) -> Iterator[Kept]:
    folder = _folder(root)
    try:
        for entry in os.scandir(folder):
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                continue
            yield Kept(name=entry.name, size=status.st_size, kept_at=status.st_mtime_ns // 1000)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"what is kept can't be listed: {error.strerror}") from error


def _folder(root: str) -> str:
    return os.path.join(os.path.join(root, ".loop"), FOLDER)


def _named(record: AuditRecord) -> Iterator[tuple[str, str]]:
    """The hashes that a record names, each with what it is of."""
    values = [(record.metadata.get("kept"), "file")]
    values += [(entry.get("old"), name) for name, entry in record.diff.items()]
    for value, what in values:
        if isinstance(value, dict) and audit.is_digest(value):
            sha256 = str(value["sha256"])
            if _OURS.fullmatch(sha256):
                yield sha256, what
