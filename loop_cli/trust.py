"""Whose vault it is: whether its settings are choices, or data alone (docs: trust).

A vault can come from anybody: a shared disk, a folder of another user, an archive. Its files
are data in any case. The choices in its `.loop/config.toml`, such as what to do about a
conflict, count only where the folder `.loop` was made by this user or by a member of a group
of this user who shares it with that group.

Root may do anything to anybody, so it trusts less: what root has made, and what the user has
made who called it with `sudo`. It trusts no group, since in some systems new folders get the
group of the folder that they are in.

Who cloned a vault or has unpacked one has made its `.loop` as far as the system can tell. So
even a vault that is trusted can't name a program or a place outside, nor widen rights.
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
    """Why the choices in a file of the vault's `.loop` don't count, in words; None where they do.

    Raises `OSError` where the file or its folder is not there.
    """
    if not hasattr(os, "geteuid"):  # Windows
        return None
    folder, _slash, name = file.rpartition("/")
    made_by = vault.root.status(folder)
    ours = _ours(environ)
    shared = os.geteuid() != 0 and _is_shared(made_by)
    if made_by.st_uid not in ours and not shared:
        return "the .loop folder was made by neither you nor a member of your groups"
    # In a folder that is not shared, its owner may have let others write all the same.
    written_by = vault.open(folder).status(name).st_uid
    if written_by not in ours and not (shared or written_by == made_by.st_uid):
        return f"{name} is another user's"
    return None


def _ours(environ: Mapping[str, str]) -> set[int]:
    """The users whose choices are ours."""
    user = os.geteuid()
    caller = environ.get("SUDO_UID", "") if user == 0 else ""
    return {user, int(caller)} if caller.isascii() and caller.isdecimal() else {user}


def _is_shared(status: os.stat_result) -> bool:
    """Whether a folder is one that the members of a group of ours write to."""
    if not stat.S_ISDIR(status.st_mode) or not status.st_mode & _GROUP_WRITES:
        return False
    return status.st_gid == os.getegid() or status.st_gid in os.getgroups()
