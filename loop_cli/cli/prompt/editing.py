"""A text goes to the editor until what comes back is valid; the reasons are shown on top."""

from __future__ import annotations

from loop_cli.cli import output
from loop_cli.core import merge
from loop_cli.errors import InvalidChange, InvalidFile
from loop_cli.markdown import notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from loop_cli.cli.prompt.editor import Draft
    from loop_cli.errors import LoopError

    Parsed = TypeVar("Parsed")

_REASON = " !"


def until_valid(
    draft: Draft,
    text: str,
    parse: Callable[[str], Parsed],
    *,
    mark: str,
    wrong: LoopError | None = None,
) -> Parsed:
    """What `parse` makes of the text as the person leaves it, without the notes marked so. Where it
    is `wrong` from the start, that stands on top, and the editor opens at the line.

    `parse` raises `InvalidFile` or `InvalidChange`, and the text is opened again. Left as it
    is then, or where nobody can be asked, the error is raised. Raises what `Draft.edit` does.
    """
    shown = text if wrong is None else _with_reasons(text, wrong, mark)
    refused, line = None, None if wrong is None else _line_in(shown, wrong, mark)
    while True:
        left = notes.without(draft.edit(shown, line=line), mark + _REASON)
        saved = notes.without(left, mark)
        try:
            return parse(saved)
        except (InvalidFile, InvalidChange) as error:
            if saved == refused or not output.can_ask():
                raise
            refused = saved
            shown = _with_reasons(left, error, mark)
            line = _line_in(shown, error, mark)


def refuse_markers(text: str, path: str, *, before: str = "") -> None:
    """Raise `InvalidFile` where a clash is still between its markers; `before` may have them."""
    lines = merge.marker_lines(text, before)
    if lines:
        reason = "a clash is still between its markers: keep what you want of both sides"
        raise InvalidFile(path, reason, line=lines[0])


def _line_in(shown: str, error: LoopError, mark: str) -> int | None:
    """The line of a text with notes that an error is about."""
    line = error.details.get("line")
    return None if line is None else notes.line_among(shown, mark, line)


def _with_reasons(text: str, error: LoopError, mark: str) -> str:
    if isinstance(error, InvalidChange):
        problems = error.details["problems"]
        reasons = [f"{problem['field']}: {problem['message']}" for problem in problems]
    else:
        reasons = [error.details["reason"]]
    line = error.details.get("line")
    noted = [
        "This can't be saved:",
        *(f"  {part}" for reason in reasons for part in reason.splitlines()),
        "Put it right and save it, or close the editor with the text as it is to give up;",
        "it is kept in a file then. Lines like this one are taken out.",
    ]
    if line is not None:
        place = notes.line_among(text, mark, line) + len(noted)
        noted[1] = f"  line {place}: {noted[1].strip()}"
    return notes.on_top(text, [f"! {one}" for one in noted], mark)
