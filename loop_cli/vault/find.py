"""Finding an entity: the file and its records as they were at one moment.

A read takes no lock and never waits for one: the exchange of SPEC §6 shows it the old file
or the new one. What a crash left is recovered by whoever next finds the lock free.
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
    """As `Store.find` says, and of a `note` `Store.note`."""
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
    """As `recovery.recover_if_free`, which is loaded where something lies staged."""
    if not vault.has_staged():
        return False
    from loop_cli.vault.commit import recovery

    return recovery.recover_if_free(vault)


def _is_of_one_moment(vault: Vault, located: Located, seen: Snapshot, unsettled: bool) -> bool:
    """Whether the file was as it was read when its records were, and none of these is of a
    change that was still to land."""
    last = seen.history.last
    starts_here = last is not None and last.etag_before == seen.entity.revision.etag
    if starts_here and not unsettled and vault.has_staged():
        return False
    path = located.parsed.path
    try:  # last, so that whatever landed meanwhile is seen; two changes may share a time
        now = files.read_stable(os.path.join(vault.root, path), path)
    except LoopError:
        return False
    return now == (located.parsed.data, located.modified)
