"""What a server can't do for its callers."""

from __future__ import annotations

from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def needs_files(what: str) -> NoReturn:
    """Raise `UsageError` for what needs the vault's files."""
    raise UsageError(
        f"{what} needs the vault's files, and a server is asked here",
        hint="run it where the vault is; --vault DIR names a folder",
    )
