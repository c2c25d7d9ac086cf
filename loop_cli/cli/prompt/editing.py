"""Open a text in the editor until it is valid; the reasons are shown at the top."""

from __future__ import annotations

import os

from loop_cli.cli import output
from loop_cli.core import merge
from loop_cli.errors import InvalidChange, InvalidFile, NoEntity
from loop_cli.markdown import notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from loop_cli.cli.prompt.editor import Draft
    from loop_cli.core.changes import Edits
    from loop_cli.core.commits import Mend
    from loop_cli.core.entity import Entity
    from loop_cli.errors import LoopError
    from loop_cli.operations.boundary import Operations

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
    """Return what `parse` makes of the edited text, without the notes.

    If the text is `wrong` from the start, the reason is at the top, and the editor opens at the
    line. If `parse` raises `InvalidFile` or `InvalidChange`, the text is opened again. If the
    person does not change it then, or if nobody can be asked, the error is raised. Raises what
    `Draft.edit` raises.
    """
    shown = text if wrong is None else _with_reasons(text, wrong, mark)
    refused, line = None, None if wrong is None else _line_in(shown, wrong, mark)
    while True:
        found = draft.edit(shown, line=line)
        left = notes.without(found, mark + _REASON)
        saved = notes.without(left, mark)
        try:
            return parse(saved)
        except (InvalidFile, InvalidChange) as error:
            if saved == refused or not output.can_ask():
                raise _placed(error, found, mark) from None
            refused = saved
            shown = _with_reasons(left, error, mark)
            line = _line_in(shown, error, mark)


def text_of(
    opened: Entity, check: Callable[[Edits], None], *, fields_only: bool
) -> tuple[str, Callable[[str], Edits]]:
    """Return the text to edit, and a function that turns the edited text into edits.

    There are no edits if nothing changed. The function raises `InvalidFile` with the line of that
    text, or `InvalidChange`.
    """
    from loop_cli.markdown.document import split_any
    from loop_cli.planning import edited

    whole = split_any(opened.raw.decode())

    def parse(saved: str) -> Edits:
        before = whole.yaml_line - 1 if fields_only else 0
        try:
            text = whole.replace(yaml=saved).text if fields_only else saved
            edits = edited.edits_of(opened, text.encode())
        except InvalidFile as error:
            line, reason = error.details["line"], error.details["reason"]
            raise InvalidFile("your text", reason, line=line and max(line - before, 1)) from None
        except ValueError as error:  # a line of the fields would close the frontmatter
            raise InvalidFile("your text", str(error)) from None
        if edits:
            check(edits)
        return edits

    return (whole.yaml if fields_only else whole.text), parse


def mend(
    loop: Operations, error: InvalidFile, entity_id: str, path: str | None, command: str
) -> None:
    """Open an unreadable file at the wrong line, and write it when it is valid.

    Raises its error if the text stays as it was, or is not a text.
    """
    if error.data is None or isinstance(error, NoEntity):
        raise error
    try:
        text = error.data.decode()
    except UnicodeDecodeError:
        raise error from None
    from loop_cli.cli.prompt.editor import Draft
    from loop_cli.cli.render import entity as render
    from loop_cli.core.changes import Edits
    from loop_cli.core.commits import Mend
    from loop_cli.core.entity import Precondition
    from loop_cli.lean.basics import sha256_hex

    seen = Precondition(if_match=sha256_hex(error.data)[:16], own_reading=True)

    def parse(saved: str) -> Mend | None:
        if saved == text:
            return None
        change = Mend(
            entity_id=entity_id, path=path, edits=Edits(), precondition=seen, data=saved.encode()
        )
        try:
            loop.mend(change, dry_run=True)
        except InvalidFile as why:
            reason = why.details["reason"]
            raise InvalidFile("your text", reason, line=why.details["line"]) from None
        return change

    with Draft(command, name=f"{entity_id}.md", environ=os.environ) as draft:
        draft.tell_of_others()
        mark = notes.mark_for(text)
        change = until_valid(draft, text, parse, mark=mark, wrong=error)
        if change is None:
            draft.settle()
            raise error
        result = loop.mend(change)
        draft.settle()
    output.warn([*result.warnings, *loop.take_warnings()])
    output.note(f"{result.after.path} can be read again")
    output.show(render.entity(result.after, loop.schema, with_body=False, formatted=False))


def refuse_markers(text: str, path: str, *, before: str = "") -> None:
    """Raise `InvalidFile` if a text still has conflict markers; `before` may have them."""
    lines = merge.marker_lines(text, before)
    if lines:
        reason = (
            "there are still conflict markers: keep the lines that you want, and remove the markers"
        )
        raise InvalidFile(path, reason, line=lines[0])


def _placed(error: LoopError, kept: str, mark: str) -> LoopError:
    """Return the error with the line in the file that is kept, which has notes."""
    line = error.details.get("line")
    if not isinstance(error, InvalidFile) or line is None:
        return error
    placed = InvalidFile(
        error.details["path"], error.details["reason"], line=notes.line_among(kept, mark, line)
    )
    placed.hint, placed.data = error.hint, error.data
    return placed


def _line_in(shown: str, error: LoopError, mark: str) -> int | None:
    """Return the line of an error in a text with notes."""
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
        "Correct it and save it; or close the editor without a change to give up;",
        "it is kept in a file then. Lines like this one are taken out.",
    ]
    if line is not None:
        place = notes.line_among(text, mark, line) + len(noted)
        noted[1] = f"  line {place}: {noted[1].strip()}"
    return notes.on_top(text, [f"! {one}" for one in noted], mark)
