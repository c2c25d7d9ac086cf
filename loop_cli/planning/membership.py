"""What a list of members says: how a vault calls the users of its machines.

members:
  builder: 개발팀         # login: display name
"""

from __future__ import annotations

import codecs

from loop_cli.core.names import is_line, nfc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeGuard


PATH = "00_Meta/members.yaml"


def said(data: bytes | None) -> dict[Any, Any]:
    """Return who is listed in the bytes of a file, by login; nobody if there are none, or they
    can't be read: that must not stop a change from being recorded."""
    if data is None:
        return {}
    from loop_cli.markdown import reader

    try:
        members = reader.read(data.removeprefix(codecs.BOM_UTF8).decode()).get("members")
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def listed(members: dict[Any, Any]) -> dict[str, Any]:
    """All that are listed, by login, with what the file says of each."""
    return {login: told for login, told in members.items() if isinstance(login, str)}


def names(members: dict[Any, Any]) -> tuple[str, ...] | None:
    """Return the names of all members, in the file's order; None if there are none."""
    return tuple(dict.fromkeys(nfc(name) for name in members.values() if _is_name(name))) or None


def display_name(members: dict[Any, Any], login: str) -> str:
    """Return the display name of a user of the system; the login if none is listed.

    A name with a line break or an unprintable character is none.
    """
    name = members.get(login)
    return name if _is_name(name) else login


def _is_name(name: Any) -> TypeGuard[str]:
    return isinstance(name, str) and bool(name.strip()) and is_line(name)
