"""Rule A: the name of a file, and its folder (SPEC §2)."""

from __future__ import annotations

import re

from loop_cli.core.check.finding import Found
from loop_cli.core.names import nfc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.check.across import Register, Who
    from loop_cli.core.schema.rules import Rules

PROJECT_FILE = "project.md"
TASKS = "Tasks"
_SYNC_COPIES = (
    r"(.+)\.sync-conflict-\d{8}-\d{6}(?:-\w+)?",  # Syncthing
    r"(.+?) \([^()]*\b(?:conflicted copy|case conflict)\b[^()]*\)(?: \(\d+\))?",  # Dropbox, ...
    r"(.+?) \(conflict \d{8}t\d{6}\)",  # FSNotes
)
"""What names of files are like that a sync tool has made where both sides had changed."""


def misplaced(register: Register, rules: Rules) -> Iterator[tuple[Who, Found]]:
    """Find files whose name or folder breaks rule A."""
    for who in register.everybody:
        if not rules.schema.locations or rules.names.type_is_folder:
            return
        folder, _slash, name = who.path.rpartition("/")
        wanted = file_name(who.type, who.id, rules.schema.locations.get(who.type, ""))
        if wanted is not None and nfc(name) != nfc(wanted):
            yield (
                who,
                Found(
                    rule="file-name",
                    message=f"the file is called {name}, by rule A {wanted}",
                    allowed=wanted,
                ),
            )
        expected = _expected_folder(who, register, rules)
        if expected is not None and not re.fullmatch(expected[1], nfc(folder)):
            yield (
                who,
                Found(
                    rule="file-place",
                    message=f"the file of a {who.type} belongs in {expected[0]}",
                    allowed=expected[0],
                ),
            )


def sync_copy(path: str) -> Found | None:
    """That a file is named as a sync tool names the copy of one that both sides had changed."""
    stem, dot, ending = path.rpartition("/")[2].rpartition(".")
    for pattern in _SYNC_COPIES:
        match = re.fullmatch(pattern, stem, re.IGNORECASE)
        if match is not None:
            words = (
                f"looks like a sync tool's copy of {match[1]}{dot}{ending}, changed on both sides"
            )
            return Found(rule="sync-copy", message=f"{words}: merge the two, and delete one")
    return None


def file_name(entity_type: str, entity_id: str, place: str = "") -> str | None:
    """Return the file name by rule A, or by the type's place; None if neither gives one."""
    if entity_type == "Task":
        return f"{entity_id}.md"
    if entity_type == "Project":
        return PROJECT_FILE
    name = place.rpartition("/")[2]
    return None if not name or "{" in name else name


def _expected_folder(who: Who, register: Register, rules: Rules) -> tuple[str, str] | None:
    """Return the expected folder, in words and as a pattern; None if the schema gives none."""
    if who.type == "Task":
        project = _project_of(who, register)
        if project is not None:
            folder = f"{project.path.rpartition('/')[0]}/{TASKS}".lstrip("/")
            return folder, re.escape(nfc(folder))
    place = rules.schema.locations.get(who.type)
    return None if place is None else (place, pattern_of(place.rpartition("/")[0]))


def _project_of(who: Who, register: Register) -> Who | None:
    """Return the one project that a task refers to."""
    for one in who.references:
        if one.at == ("project_id",):
            found = [other for other in register.named(one.target) if other.type == "Project"]
            return found[0] if len(found) == 1 else None
    return None


def pattern_of(place: str) -> str:
    """Turn a place of `file_locations` into a pattern: `{year}` is any name, `...` any folders."""
    parts = []
    for part in nfc(place).strip("/").split("/"):
        if part == "...":
            parts.append(r"[^/]+(?:/[^/]+)*")
        else:
            pieces = re.split(r"(\{[^{}]*\})", part)
            parts.append(
                "".join(
                    "[^/]+" if piece.startswith("{") else re.escape(piece)
                    for piece in pieces
                    if piece
                )
            )
    return "/".join(parts)
