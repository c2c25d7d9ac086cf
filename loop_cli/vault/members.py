"""`00_Meta/members.yaml`: how the vault calls the users of its machines.

members:
  builder: 개발팀         # login: display name
"""

from __future__ import annotations

import codecs

from loop_cli.core.names import is_line, nfc
from loop_cli.errors import EntityNotFound, LoopError
from loop_cli.vault.files import reading as files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeGuard

PATH = "00_Meta/members.yaml"


def display_name(root: str, login: str) -> str:
    """Return the display name of a user of the system; the login if none is listed.

    If the file can't be read, nobody is listed: that must not stop a change from being recorded.
    The same holds for a name with a line break or an unprintable character.
    """
    members = _listed(root)
    name = None if members is None else members.get(login)
    return name if _is_name(name) else login


def names(root: str) -> tuple[str, ...] | None:
    """Return the names of all members, in the file's order; None if there are none."""
    members = _listed(root) or {}
    return tuple(dict.fromkeys(nfc(name) for name in members.values() if _is_name(name))) or None


def listed(root: str) -> dict[str, Any]:
    """All that are listed, by login, with what the file says of each."""
    return {login: said for login, said in (_listed(root) or {}).items() if isinstance(login, str)}


def _listed(root: str) -> dict[Any, Any] | None:
    try:
        data, _modified = files.read_stable(files.inside(root, PATH), PATH)
    except (EntityNotFound, LoopError):
        return None
    from loop_cli.markdown import reader

    try:
        members = reader.read(data.removeprefix(codecs.BOM_UTF8).decode()).get("members")
    except ValueError:
        return None
    return members if isinstance(members, dict) else None


def _is_name(name: Any) -> TypeGuard[str]:
    return isinstance(name, str) and bool(name.strip()) and is_line(name)
