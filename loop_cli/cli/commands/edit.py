"""`loop edit`: open an entity's text in your editor."""

from __future__ import annotations

import os

from loop_cli.cli import context, output
from loop_cli.core import conflict
from loop_cli.core.changes import Edits
from loop_cli.core.commits import EntityChange
from loop_cli.core.entity import Precondition
from loop_cli.errors import InvalidFile
from loop_cli.failures import ConfirmationRefused, EditorFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.config import Settings

EXAMPLES = """The editor is the first of: LOOP_EDITOR, the setting 'editor', VISUAL, EDITOR, one of
the usual editors. An editor with a window needs its option to wait: LOOP_EDITOR='code --wait'.

Examples:

\b
loop edit tsk-019-14
loop edit tsk-019-14 --fields
loop edit hyp-1-01 --path 60_Hypotheses/2026/hyp-1-01.md
loop edit tsk-019-14 --editor 'code --wait'
"""


def edit(
    *,
    entity_id: str,
    fields_only: bool,
    path: str | None,
    editor: str | None,
    no_input: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop edit`."""
    settings = context.open_settings(
        {"vault": vault, "lock_timeout": lock_timeout, "editor": editor}
    )
    command = _command(settings)
    loop = context.operations(settings)
    entity_id, chosen = context.named(settings, loop, entity_id, path)
    try:
        opened = loop.get(entity_id, path=chosen, fresh=True)
    except InvalidFile as error:
        from loop_cli.cli.prompt import editing

        editing.mend(loop, error, entity_id, chosen, command)
        return
    output.warn([*opened.warnings, *loop.take_warnings()])
    context.run_id()  # report problems before anything is typed
    change = EntityChange(
        entity_id=entity_id,
        path=chosen,
        edits=Edits(),
        precondition=Precondition(if_match=opened.revision.etag, own_reading=True),
        seen=opened,
    )

    def check(edits: Edits) -> None:
        loop.preview(change.replace(edits=edits))

    from loop_cli.cli.prompt import editing
    from loop_cli.cli.prompt import questions as prompt
    from loop_cli.cli.prompt.editor import Draft
    from loop_cli.cli.render import entity as render
    from loop_cli.markdown import notes

    text, parse = editing.text_of(opened, check, fields_only=fields_only)
    name = f"{opened.id}.yaml" if fields_only else f"{opened.id}.md"
    with Draft(command, name=name, environ=os.environ) as draft:
        draft.tell_of_others()
        edits = editing.until_valid(draft, text, parse, mark=notes.mark_for(text))
        if not edits:
            draft.settle()
            output.note(f"{opened.id}: nothing was changed{_HASTY if draft.hasty else ''}")
            return
        change = change.replace(edits=edits)
        resolve = conflict.POLICIES[settings["on_conflict"]]
        if output.may_ask(no_input=no_input):
            resolve = prompt.resolver(loop, change, settings=settings)
        result = loop.update(change, resolve=resolve)
        draft.settle()
    output.warn([*result.warnings, *loop.take_warnings()])
    output.show(render.updated(result))


_HASTY = "; if a window of your editor is still open, give it its option to wait"


def _command(settings: Settings) -> str:
    """Return the editor's command line; an editor that was not set for loop needs a terminal."""
    from loop_cli.cli.prompt import editor

    named = settings["editor"]
    if named is None and not output.can_ask():
        raise ConfirmationRefused(
            "there is no terminal to open an editor on",
            hint="loop update ID 'field=value' needs none; nor does an editor named by LOOP_EDITOR",
        )
    command = editor.command(named, os.environ)
    if command is None:
        raise EditorFailed("no editor was found", hint="name yours: export EDITOR=vim")
    return command
