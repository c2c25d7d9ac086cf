"""The vault's file of settings, as a whole."""

from __future__ import annotations

from loop_cli.core.names import SETTINGS
from loop_cli.errors import StorageError
from loop_cli.failures import ChangedMeanwhile
from loop_cli.system import settings_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.vault.handle import Vault


def read(vault: Vault) -> bytes | None:
    """Its bytes; None if there is none. Raises `StorageError`."""
    try:
        return settings_file.read(vault.root, SETTINGS)
    except OSError as error:
        raise StorageError(f"{SETTINGS} can't be read: {error.strerror}") from None


def replace(vault: Vault, before: bytes | None, after: bytes) -> None:
    """Write it in the place of bytes that were read. Raises `ChangedMeanwhile`, `VaultLocked`,
    `StorageError`."""
    with vault.lock():
        if read(vault) != before:
            raise ChangedMeanwhile(SETTINGS)
        settings_file.replace(vault.root, SETTINGS, after)
