"""Decide whether the user trusts a vault, so that its settings are choices (docs: trust).

A vault may come from anybody: a shared disk, a folder of another user, an archive. Its files are
always only data. The choices in its `.loop/config.toml`, such as what to do about a conflict, count
only if this user made the folder `.loop`, or a member of a group of this user who shares it with
that group.

Root may do anything to anybody, so it trusts less: only what root has made, or the user who called
it with `sudo`. It trusts no group, because in some systems new folders get the group of the folder
that they are in.

If you clone or unpack a vault, the system says that you made its `.loop`. So even a trusted vault
can't name a program or a place outside, and can't extend rights.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from loop_cli.system.folders import Folders

_GROUP_WRITES = 0o020


def distrust(vault: Folders, file: str, *, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return why the choices in a file of the vault's `.loop` do not count; None if they do.

    Raises `OSError` if the file or its folder is missing.
    """
    if not hasattr(os, "geteuid"):  # Windows
        return None
    folder, _slash, name = file.rpartition("/")
    made_by = vault.root.status(folder)
    ours = _ours(environ)
    shared = os.geteuid() != 0 and _is_shared(made_by)
    if made_by.st_uid not in ours and not shared:
        return "the .loop folder was made by neither you nor a member of your groups"
    # In a folder that is not shared, its owner may still have given rights to others.
    written_by = vault.open(folder).status(name).st_uid
    if written_by not in ours and not (shared or written_by == made_by.st_uid):
        return f"{name} is another user's"
    return None


def _ours(environ: Mapping[str, str]) -> set[int]:
    """Return the users whose choices we trust."""
    user = os.geteuid()
    caller = environ.get("SUDO_UID", "") if user == 0 else ""
    return {user, int(caller)} if caller.isascii() and caller.isdecimal() else {user}


def _is_shared(status: os.stat_result) -> bool:
    """Whether the members of one of our groups write to a folder."""
    if not stat.S_ISDIR(status.st_mode) or not status.st_mode & _GROUP_WRITES:
        return False
    return status.st_gid == os.getegid() or status.st_gid in os.getgroups()
