"""What to do next, as a command line that a shell takes as it stands."""

from __future__ import annotations

import shlex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.core.conflict import Conflict

_OPTION = "--on-conflict"


def after_conflict(conflict: Conflict, arguments: Sequence[str]) -> str:
    """Read again where fields overlap; otherwise the same command, rebased. Never --force."""
    if conflict.overlaps:
        return shlex.join(["loop", "get", conflict.entity_id, "--json"])
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if not skip and argument != _OPTION and not argument.startswith(_OPTION + "="):
            kept.append(argument)
        skip = argument == _OPTION
    return shlex.join(["loop", *kept, f"{_OPTION}=rebase"])
