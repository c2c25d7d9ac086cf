"""The list of members in a vault's files. `planning.membership` has what it means.

If the file can't be read, nobody is listed: that must not stop a change from being recorded.
"""

from __future__ import annotations

from loop_cli.errors import EntityNotFound, LoopError
from loop_cli.vault.files import reading as files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PATH = "00_Meta/members.yaml"


def display_name(root: str, login: str) -> str:
    """Return the display name of a user of the system; the login if none is listed."""
    data = _read(root)
    if data is None:
        return login
    from loop_cli.planning import membership

    return membership.display_name(membership.said(data), login)


def names(root: str) -> tuple[str, ...] | None:
    """Return the names of all members, in the file's order; None if there are none."""
    data = _read(root)
    if data is None:
        return None
    from loop_cli.planning import membership

    return membership.names(membership.said(data))


def listed(root: str) -> dict[str, Any]:
    """All that are listed, by login, with what the file says of each."""
    data = _read(root)
    if data is None:
        return {}
    from loop_cli.planning import membership

    return membership.listed(membership.said(data))


def _read(root: str) -> bytes | None:
    try:
        return files.read_stable(files.inside(root, PATH), PATH)[0]
    except (EntityNotFound, LoopError):
        return None
