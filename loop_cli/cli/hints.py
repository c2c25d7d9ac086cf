"""What to do next, as a command line that a shell takes as it stands."""

from __future__ import annotations

import shlex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.core.conflict import Conflict

_OPTION = "--on-conflict"
_REBASING = ("update",)  # the commands that have the option
_WHERE = ("--vault", "--path")


def after_conflict(conflict: Conflict, arguments: Sequence[str]) -> str:
    """Read again where fields overlap; otherwise the same command, rebased. Never --force."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    given, literal = list(arguments[:end]), arguments[end:]
    rebases = not given or given[0] in _REBASING
    if conflict.overlaps or conflict.kept_moving or not rebases:
        where = [part for name in _WHERE for part in _taken(name, given)]
        return shlex.join(["loop", "get", conflict.entity_id, *where, "--json"])
    while _taken(_OPTION, given):
        continue
    return shlex.join(["loop", *given, f"{_OPTION}=rebase", *literal])


def _taken(option: str, given: list[str]) -> list[str]:
    """Take the first such option and its value out of `given`."""
    for index, argument in enumerate(given):
        size = 2 if argument == option else 1 if argument.startswith(option + "=") else 0
        if size:
            found, given[index : index + size] = given[index : index + size], []
            return found
    return []
