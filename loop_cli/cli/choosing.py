"""Complete a command line with a person at the terminal: an id that lacks, or a part of one.

Programs never come here: neither in a pipe nor with --json or --no-input.
"""

from __future__ import annotations

import os
import sys

from loop_cli.cli import context, output
from loop_cli.cli.command_table import COMMANDS
from loop_cli.core.names import nfc
from loop_cli.core.query import Query, parse_sort
from loop_cli.errors import EntityNotFound, LoopError, UsageError
from loop_cli.failures import AmbiguousId, Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.cli.prompt.picker import Item
    from loop_cli.core.evaluate import Selected
    from loop_cli.operations.boundary import Operations

_MOST = 50_000  # entities to choose from, those that changed last
_LEAST = 2  # letters of an id
_LISTED = 10
_NEVER = ("--force", "--yes", "-y")  # no question would show the whole id before it is used


def completed(arguments: Sequence[str], error: LoopError) -> list[str]:
    """The arguments with the whole id. Raises the error where nothing is to be completed, and
    `Interrupted` if the person leaves."""
    given = list(arguments)
    if "--json" in given or "--no-input" in given:
        raise error
    if not output.can_ask() or not output.is_terminal(sys.stdout):
        raise error
    if isinstance(error, UsageError) and error.lacks is not None:
        return _with_chosen(given, error.lacks, error)
    if isinstance(error, EntityNotFound):
        if given[:1] == ["update"] and len(given) > 1 and _is_change(given[1], error):
            return _with_chosen(given, "", error)
        return _with_whole(given, error)
    raise error


def _is_change(word: str, error: EntityNotFound) -> bool:
    """Whether a change stands where the id should be."""
    return "=" in word and error.details.get("entity_id") == word


def _with_chosen(given: list[str], option: str, error: LoopError) -> list[str]:
    """Let the person choose, and put the id in its place. Raises the error where a screen can't be
    drawn, or would not be read."""
    from loop_cli.cli.prompt import picker
    from loop_cli.cli.render import styles

    loop = _loop(given)
    if styles.is_plain() or "--plain" in given or os.environ.get("TERM", "dumb") == "dumb":
        raise error
    kind = "Project" if option == "--project" else None
    types = (kind,) if kind is not None and loop.schema.knows_type(kind) else ()
    query = Query(types=types, sort=parse_sort("-updated_at"), limit=_MOST)
    with output.progress("looking at the files", unit="files") as progress:
        items = [_item(one, loop) for one in loop.select(query, progress=progress)]
    if not items:
        raise UsageError("there is no entity to choose")
    what = "Which project?" if kind else "Which entity?"
    chosen = picker.pick(items, what)
    if chosen is None:
        raise Interrupted("nothing was chosen")
    if option:
        return [*given, option, chosen.id]
    start = _start(given)
    place = start + (2 if " ".join(given[start : start + 2]) in COMMANDS else 1)
    return [*given[:place], chosen.id, *given[place:]]


def _start(given: list[str]) -> int:
    """Where the command is: after the options of the program."""
    start = 0
    while start < len(given) and given[start].startswith("-"):
        start += 2 if given[start] in ("--vault", "--server") else 1
    return start


def _item(one: Selected, loop: Operations) -> Item:
    from loop_cli.cli.prompt.picker import Item

    own = {loop.names.id, loop.names.type, loop.names.name}
    lines = [f"{one.listed.type}  {one.listed.path}"]
    for name, value in one.fields.items():
        if name not in own and value not in (None, "", []):
            said = value if isinstance(value, str) else output.json_text(value)
            lines.append(f"{name}: {said}")
    return Item(
        id=one.listed.id,
        type=one.listed.type,
        name=one.listed.name or "",
        preview=tuple(lines),
    )


def _with_whole(given: list[str], error: EntityNotFound) -> list[str]:
    """Put the whole id for its beginning or end. Raises `AmbiguousId` where several fit."""
    part = error.details.get("entity_id")
    if not isinstance(part, str) or part not in given or len(part) < _LEAST or "-" in given:
        raise error
    if any(one in given for one in _NEVER):
        raise error
    wanted = nfc(part)
    ids = {
        one.listed.id: one.listed
        for one in _loop(given).select(Query())
        if one.listed.id.startswith(wanted) or one.listed.id.endswith(wanted)
    }
    if not ids:
        raise error
    if len(ids) > 1:
        shown = [f"  {key}  {one.name or ''}".rstrip() for key, one in ids.items()]
        more = [f"  and {len(ids) - _LISTED} more"] if len(ids) > _LISTED else []
        raise AmbiguousId(
            f"{len(ids)} ids begin or end with {part!r}\n" + "\n".join(shown[:_LISTED] + more),
            entity_id=part,
            paths=sorted(one.path for one in ids.values()),
            hint="give more of the id",
        )
    (whole,) = ids
    output.note(f"{part} is {whole}")
    return [whole if one == part else one for one in given]


def _loop(given: list[str]) -> Operations:
    vault = None
    for one, after in zip(given, [*given[1:], ""], strict=True):
        if one == "--vault":
            vault = after
        elif one.startswith("--vault="):
            vault = one.partition("=")[2]
    return context.operations(context.open_settings({"vault": vault}))
