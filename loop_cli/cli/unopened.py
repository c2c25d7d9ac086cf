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
    if settings["server"] is not None:
        from loop_cli.cli import context

        return context.entity_operations(settings).rules
    if settings.database is not None:
        from loop_cli.cli import database

        return database.rules(settings)
    from loop_cli.core.schema.rules import Rules
    from loop_cli.vault import schema_file

    schema = schema_file.shipped() if settings.root is None else schema_file.load(settings.root)
    return Rules(schema, settings.names)


def protocol(settings: Settings) -> dict[str, Any]:
    """Return how a change reaches the file system of the vault."""
    from loop_cli.vault.files import probe

    return probe.protocol(settings.root)
