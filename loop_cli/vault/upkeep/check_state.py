"""What `loop check` finds around the entities: the log against the files, the lock, the staged."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.check.finding import Finding, Found
from loop_cli.errors import Action, Sentence, StorageError, VaultLocked
from loop_cli.system.folders import open_folder
from loop_cli.vault import LOOP, STAGED
from loop_cli.vault.commit import intents
from loop_cli.vault.commit.recovery import recover
from loop_cli.vault.files.passed import passed_over
from loop_cli.vault.log import verify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.check.report import PassedOver
    from loop_cli.vault.handle import Vault

_LONG = 60 * timestamps.SECOND  # no change holds the lock for a minute


def findings(vault: Vault) -> Iterator[Finding]:
    """All of it."""
    yield from _lock_and_staged(vault)
    yield from _edited(vault)


def passed(vault: Vault) -> PassedOver:
    """What nobody looks at."""
    return passed_over(vault.root, vault.schema.places)


def _edited(vault: Vault) -> Iterator[Finding]:
    """The files that are not as their last record left them."""
    edited, gone = verify.against_files(vault)
    for place in edited:
        words = "was edited outside loop since its last record"
        found = Found(rule="edited-outside", message=words)
        yield Finding(path=place.path, line=1, found=found, entity_id=place.entity_id)
    for place in gone:
        words = f"the file of {place.entity_id}, as its last record names it, is not there"
        found = Found(rule="gone", message=words)
        yield Finding(path=place.path, line=1, found=found, entity_id=place.entity_id)


def _lock_and_staged(vault: Vault) -> Iterator[Finding]:
    """A lock that somebody has held for longer than any change takes. Where nobody does, what
    a crash left staged is recovered on the way; what lies there then is nobody's."""
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
        words = f"{name} is no file of loop's, and is left alone"
        if intents.OURS.fullmatch(name):
            words = Sentence(
                f"{name} is no change that can be finished; '",
                Action("take_aside"),
                "' takes it aside",
            )
        found = Found(rule="staged-leftover", message=words)
        yield Finding(path=f"{STAGED}/{name}", line=1, found=found)
