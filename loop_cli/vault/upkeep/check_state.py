"""Check the state around the entities: the log against the files, the lock, staged files, links."""

from __future__ import annotations

import os

from loop_cli.core import timestamps
from loop_cli.core.check.finding import Finding, Found
from loop_cli.errors import Action, Sentence, StorageError
from loop_cli.failures import VaultLocked
from loop_cli.planning import check_links
from loop_cli.planning.check_walk import against_records
from loop_cli.system.folders import open_folder
from loop_cli.vault import LOOP, STAGED
from loop_cli.vault.commit import intents
from loop_cli.vault.commit.recovery import recover
from loop_cli.vault.files.passed import passed_over
from loop_cli.vault.log import verify
from loop_cli.vault.upkeep import upgrade

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from loop_cli.core.check.across import Register
    from loop_cli.core.check.report import PassedOver
    from loop_cli.core.entity import FieldNames
    from loop_cli.core.links import LinkSource
    from loop_cli.planning.check_links import Mending
    from loop_cli.vault.handle import Vault

_LONG = 60 * timestamps.SECOND  # no change holds the lock for a minute


def look(vault: Vault, register: Register) -> Mending:
    """Check all of it; `register` has the entities of the vault."""
    found = [*lock_and_staged(vault), *_edited(vault), *_old_places(vault)]
    links = check_links.look(_Surroundings(vault), register)
    return links.replace(findings=(*found, *links.findings))


def passed(vault: Vault) -> PassedOver:
    """Return the files that are not checked."""
    return passed_over(vault.root, vault.schema.places)


def _edited(vault: Vault) -> Iterator[Finding]:
    """Find the files that changed after their last record."""
    return against_records(*verify.against_files(vault))


def _old_places(vault: Vault) -> Iterator[Finding]:
    """Find files of loop where an older `loop init` put them."""
    paths = upgrade.moves(vault.layout)
    if not paths:
        return
    words = Sentence(
        f"loop's own files are here, and site generators publish them; to move them to {LOOP}/: ",
        Action("upgrade_vault"),
    )
    path = list(paths)[-1]
    yield Finding(path=path, line=1, found=Found(rule="old-place", message=words))


def lock_and_staged(vault: Vault) -> Iterator[Finding]:
    """Find a lock that is held for too long.

    If nobody holds the lock, recovery handles what a crash left. Files that remain then belong to
    nobody.
    """
    try:
        folder = open_folder(vault.root, STAGED)
    except OSError:
        return
    names: list[str] = []
    try:
        with folder, vault.lock(wait=0):
            recover(vault)
            names = sorted(folder.names())
    except VaultLocked as error:
        holder = error.details.get("holder") or {}
        since = timestamps.parse(str(holder.get("since")))
        if since is not None and vault.clock() - since > _LONG:
            found = Found(rule="stale-lock", message=error.message)
            yield Finding(path=f"{LOOP}/lock", line=1, found=found)
    except (StorageError, OSError):  # a vault that we can only read
        return
    for name in names:
        words = f"{name} is not a file of loop, and is left alone"
        if intents.OURS.fullmatch(name):
            words = Sentence(
                f"{name} is not a change that can be finished; to take it aside: ",
                Action("take_aside"),
            )
        found = Found(rule="staged-leftover", message=words)
        yield Finding(path=f"{STAGED}/{name}", line=1, found=found)


class _Surroundings:
    """What the check of links asks of a vault."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.names: FieldNames = vault.names

    @property
    def excluded(self) -> Iterable[str]:
        return self._vault.schema.places.exclude

    def paths(self) -> Iterable[str]:
        return self._vault.locator().everything()

    def link_sources(self, where: Callable[[str, bytes], bool]) -> Iterator[LinkSource]:
        return self._vault.locator().link_sources(where)

    def is_there(self, path: str) -> bool:
        return os.path.lexists(os.path.join(self._vault.root, path))
