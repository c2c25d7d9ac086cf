"""The vault whose words are offered: the one that a command would work on."""

from __future__ import annotations

import os

from loop_cli import config
from loop_cli.cli.complete.candidates import Vault
from loop_cli.system import home


def open_vault(given: str | None) -> Vault | None:
    """Return the vault; None if there is none."""
    root = given or os.environ.get("LOOP_VAULT") or _around() or _by_settings()
    if root and root.startswith(config.DATABASES):
        from loop_cli.cli.complete.asked import StoredVault

        return StoredVault(root)
    return Vault(os.path.abspath(home.expand(root, os.environ))) if root else None


def _around() -> str | None:
    found = config.find_marker(os.getcwd())
    return None if found is None else found[0]


def _by_settings() -> str | None:
    if not os.path.exists(config.user_config_path(os.environ) or ""):
        return None
    from loop_cli.cli import context

    settings = context.open_settings({}, need_vault=False)
    return settings.database or settings.root
