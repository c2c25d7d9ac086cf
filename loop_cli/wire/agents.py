"""The JSON of the commands that set up agents and automations."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loop_cli.wire.base import Shape


class ClientOfMcp(Shape):
    """A program that can start `loop mcp`."""

    client: str = Field(description="What the command line calls it.")
    title: str = Field(description="What it is.")
    path: str = Field(description="Its settings.")
    there: bool = Field(description="Whether that file is there.")


class ClientsDocument(Shape):
    """`loop mcp install --json` without a client."""

    clients: list[ClientOfMcp] = Field(description="The clients that are known.")


class EntryOfMcp(Shape):
    """How a client starts `loop mcp`."""

    command: str = Field(description="The program.")
    args: list[str] = Field(description="Its arguments.")
    env: dict[str, str] = Field(default={}, description="Variables; absent if there are none.")


class InstalledAt(Shape):
    """The settings of one client."""

    client: str = Field(description="The client.")
    path: str = Field(description="Its settings.")
    changed: bool = Field(description="False if the entry was there already.")


class InstallDocument(Shape):
    """`loop mcp install CLIENT... --json`."""

    name: str = Field(description="What the entry is called.")
    entry: EntryOfMcp = Field(description="The entry.")
    installed: list[InstalledAt] = Field(description="Where it is.")
    dry_run: Literal[True] = Field(default=True, description="There only with --dry-run.")


class ExportDocument(Shape):
    """`loop n8n export --json`."""

    folder: str = Field(description="The folder.")
    files: list[str] = Field(description="All files.")
    written: list[str] = Field(description="Those that were written now.")
