"""Keys of fields that differ only by case mean the key in the file (SPEC §4)."""

from __future__ import annotations

from loop_cli.lean.plain import key_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.changes import Change


def spelled_as_there(
    changes: tuple[Change, ...], fields: Mapping[str, Any]
) -> tuple[tuple[Change, ...], tuple[tuple[str, str], ...]]:
    """Return the changes with the keys of the file, and the top-level names that were replaced.

    Only keys that differ by case are replaced. Changes that come from a text, as in an editor or an
    undo, name their keys exactly.
    """
    exact = {one.path[0] for one in changes if one.operation == "unset" or one.restored}
    found: dict[str, str] = {}
    made = []
    for change in changes:
        name = change.path[0]
        there = name if change.restored or change.implied else by_case(name, fields)
        if there in exact:
            there = name
        elif there != name:
            found[name] = there
        made.append(change if there == name else change.replace(path=(there, *change.path[1:])))
    return tuple(made), tuple(found.items())


def by_case(name: str, fields: Mapping[str, Any]) -> str:
    """Return the key that a name means: the same, or the one that differs only by case."""
    if key_in(fields, name) in fields:
        return name
    folded = name.casefold()
    alike = [key for key in fields if isinstance(key, str) and key.casefold() == folded]
    return alike[0] if len(alike) == 1 else name
