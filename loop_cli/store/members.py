"""`00_Meta/members.yaml`: how the vault calls the users of its machines.

members:
  builder: 개발팀         # login: display name
"""

from __future__ import annotations

from loop_cli.errors import EntityNotFound, LoopError
from loop_cli.store import files

PATH = "00_Meta/members.yaml"


def display_name(root: str, login: str) -> str:
    """The display name of an operating-system user; the login where none is listed.

    A file that can't be read lists nobody: it must not keep a change from being recorded. Nor
    must a name with a line break or another character that can't be printed.
    """
    try:
        data, _modified = files.read_stable(files.inside(root, PATH), PATH)
    except (EntityNotFound, LoopError):
        return login
    from loop_cli.markdown import reader

    try:
        members = reader.read(data.decode("utf-8-sig")).get("members")
    except ValueError:
        return login
    name = members.get(login) if isinstance(members, dict) else None
    return name if isinstance(name, str) and name.strip() and name.isprintable() else login
