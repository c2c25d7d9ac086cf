"""Answers about a vault without opening it: its rules, and how changes reach its files."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.config import Settings
    from loop_cli.core.schema.rules import Rules


def rules(settings: Settings) -> Rules:
    """The rules of the schema of the vault in force, or where there is none of the shipped one:
    without the members, and without opening the vault. A server is asked for its schema."""
    from loop_cli.cli import context

    if settings["server"] is not None:
        return context.entity_operations(settings).rules
    if settings.database is not None:
        from loop_cli.cli import database

        return database.rules(settings)
    from loop_cli.core.schema.rules import Rules
    from loop_cli.vault import VaultLayout, schema_file

    if settings.root is None:
        schema = schema_file.shipped()
    else:
        named = settings["files.schema"]
        schema = schema_file.load(VaultLayout(settings.root, schema=named))
    return Rules(schema, settings.names)


def is_older(settings: Settings) -> bool:
    """Whether an older `loop init` made the vault in force, where site generators publish it."""
    if settings.root is None:
        return False
    from loop_cli.vault import VaultLayout
    from loop_cli.vault.upkeep import upgrade

    named = {"schema": settings["files.schema"], "log": settings["files.log"]}
    return bool(upgrade.moves(VaultLayout(settings.root, **named)))


def protocol(settings: Settings) -> dict[str, Any]:
    """Return how a change reaches the file system of the vault."""
    from loop_cli.vault.files import probe

    return probe.protocol(settings.root)
