"""The members of a vault, as its list in `00_Meta/members.yaml` has them."""

from __future__ import annotations

from loop_cli.errors import LoopError
from loop_cli.planning import membership
from loop_cli.vault.files import reading as files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def display_name(root: str, login: str) -> str:
    """Return how a user of the system is called; the login if none is listed."""
    return membership.display_name(_said(root), login)


def names(root: str) -> tuple[str, ...] | None:
    """Return the names of all members, in the file's order; None if there are none."""
    return membership.names(_said(root))


def listed(root: str) -> dict[str, Any]:
    """All that are listed, by login, with what the file says of each."""
    return membership.listed(_said(root))


def _said(root: str) -> dict[Any, Any]:
    """What the list says; nobody is listed if it can't be read."""
    try:
        data, _modified = files.read_stable(files.inside(root, membership.PATH), membership.PATH)
    except LoopError:
        return {}
    return membership.said(data)
