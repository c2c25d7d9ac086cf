"""Find an entity: its file and its records, as they were at one moment.

A read takes no lock and never waits: because of the exchange of SPEC §6, it sees the old file or
the new one. If a crash left something, the next process that finds the lock free recovers it.
"""

from __future__ import annotations

import os

from loop_cli.errors import LoopError
from loop_cli.vault.files import reading as files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.entity import Entity
    from loop_cli.planning.resolution import Located
    from loop_cli.planning.snapshot import Snapshot
    from loop_cli.vault.handle import Vault

_TRIES = 20


def find(vault: Vault, entity_id: str, *, path: str | None = None, note: bool = False) -> Entity:
    """Do what `Store.find` says; with `note`, what `Store.note` says."""
    for _attempt in range(_TRIES):
        unsettled = recover_if_free(vault)
        locator = vault.locator()
        located = locator.note(entity_id) if note else locator.find(entity_id, path=path)
        snapshot = vault.observe(located, unsettled=unsettled)
        if not snapshot.edited_outside or _is_of_one_moment(vault, located, snapshot, unsettled):
            break
    entity = snapshot.entity
    return entity.replace(warnings=(*located.warnings, *entity.warnings))


def recover_if_free(vault: Vault) -> bool:
    """Call `recovery.recover_if_free`; that module is loaded only if something is staged."""
    if not vault.has_staged():
        return False
    from loop_cli.vault.commit import recovery

    return recovery.recover_if_free(vault)


def _is_of_one_moment(vault: Vault, located: Located, seen: Snapshot, unsettled: bool) -> bool:
    """Whether the file and its records are of one moment, and no change was on its way."""
    last = seen.history.last
    starts_here = last is not None and last.etag_before == seen.entity.revision.etag
    if starts_here and not unsettled and vault.has_staged():
        return False
    path = located.parsed.path
    try:  # last, so that later changes are noticed; two changes may have the same time
        now = files.read_stable(os.path.join(vault.root, path), path)
    except LoopError:
        return False
    return now == (located.parsed.data, located.modified)
