"""Edit both sides of a conflict as one text in the editor."""

from __future__ import annotations

import os

from loop_cli.cli.prompt import editing
from loop_cli.cli.prompt.editor import Draft
from loop_cli.cli.render import diffs
from loop_cli.core.choices import merged_text
from loop_cli.core.conflict import Resolution
from loop_cli.core.diff import MISSING
from loop_cli.core.names import BODY, split_dotted
from loop_cli.failures import EditorFailed
from loop_cli.markdown import notes
from loop_cli.planning import edited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.core.changes import Edits
    from loop_cli.core.choices import Choices
    from loop_cli.core.commits import CommitResult
    from loop_cli.core.conflict import Conflict, ConflictField
    from loop_cli.core.entity import FieldNames
    from loop_cli.markdown.document import Document

THEIRS, MINE = "now", "yours"


def edit_all(
    choices: Choices,
    asked: Edits,
    *,
    preview: Callable[[Edits], CommitResult],
    names: FieldNames,
    editor: str | None,
    confirm: Callable[[Resolution], bool],
) -> Resolution | None:
    """Open the whole merged text in the editor.

    Clashing fields have their current value, with both versions in comments; a clash of the body is
    between markers. The saved text is shown, and the person confirms it; None if not. Raises
    `EditorFailed`; `InvalidFile` or `InvalidChange` if the person gave up.
    """
    entity = choices.conflict.entity
    settled = choices
    for field in choices.open:
        settled = settled.take(field, "theirs")
    done = preview(settled.resolution().applied_to(asked))
    document = edited.not_yet(done, names)
    mark = notes.mark_for(document.text)
    text = _with_clashes(document, choices.open, mark)

    def parse(saved: str) -> Edits:
        editing.refuse_markers(saved, entity.path, before=entity.raw.decode())
        edits = edited.edits_of(entity, saved.encode())
        preview(edits)
        return edits

    with Draft(_needed(editor), name=f"{entity.id}.md", environ=os.environ) as draft:
        edits = editing.until_valid(draft, text, parse, mark=mark)
        decided = Resolution(apply=True, edits=edits, asked=True)
        if not confirm(decided):
            return None
        draft.settle()
        return decided


def edit_field(conflict: Conflict, field: ConflictField, *, editor: str | None) -> str:
    """Open the text of one field, with clashes between markers; return the edited text.

    Raises `EditorFailed`; `InvalidFile` if the markers are still there.
    """
    merged = merged_text(field)
    text = str(field.current) if merged is None else merged.marked(theirs=THEIRS, mine=MINE)
    name = f"{conflict.entity_id}.{field.field}.md"

    def parse(saved: str) -> str:
        editing.refuse_markers(saved, conflict.path, before=str(field.current))
        return saved

    with Draft(_needed(editor), name=name, environ=os.environ) as draft:
        saved = editing.until_valid(draft, text, parse, mark=notes.mark_for(text))
        draft.settle()
        return saved


def _with_clashes(document: Document, clashes: tuple[ConflictField, ...], mark: str) -> str:
    noted: dict[str, list[str]] = {}
    body = document.body
    for field in clashes:
        if field.field == BODY:
            text = merged_text(field)
            body = body if text is None else text.marked(theirs=THEIRS, mine=MINE)
            continue
        key = split_dotted(field.field)[0]
        noted.setdefault(key, []).extend(_versions(field))
    yaml = notes.above(document.yaml, noted, mark)
    return document.replace(yaml=yaml, body=body).text


def _versions(field: ConflictField) -> list[str]:
    read = diffs.plain(field.base) if field.base_known else "not known"
    return [
        f"{field.field} was changed on both sides"
        if field.base_known
        else f"{field.field} may have changed since you read it",
        f"  when you read it: {_shown(read)}",
        f"  now:              {_shown(field.current)}",
        f"  yours:            {_shown(field.requested)}",
    ]


def _shown(value: object) -> str:
    text = "(not there)" if value is MISSING else diffs.plain(value)
    return text.replace("\n", "\\n")


def _needed(editor: str | None) -> str:
    if editor is None:
        raise EditorFailed("no editor was found", hint="name yours: export EDITOR=vim")
    return editor
