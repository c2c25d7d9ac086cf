"""`loop edit`: an entity's text in your editor."""

from __future__ import annotations

import os

from loop_cli.cli import context, output
from loop_cli.core import conflict
from loop_cli.core.changes import Edits
from loop_cli.core.entity import Precondition
from loop_cli.core.store import EntityChange, Mend, only
from loop_cli.errors import ConfirmationRefused, EditorFailed, InvalidFile, NoEntity
from loop_cli.operations import update as operations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.config import Settings
    from loop_cli.core.entity import Entity
    from loop_cli.vault.store import VaultStore

EXAMPLES = """The editor is LOOP_EDITOR or the setting 'editor', else VISUAL, else EDITOR, else one
of the usual ones. One with a window needs its option to wait: LOOP_EDITOR='code --wait'.

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
    store = context.open_store(settings)
    chosen = context.chosen_path(store.root, path)
    store.refresh()
    try:
        opened = operations.get(store, entity_id, path=chosen)
    except InvalidFile as error:
        _mend(store, error, entity_id, chosen, command)
        return
    output.warn([*opened.warnings, *store.warnings])
    origin = context.origin(store.root)
    change = EntityChange(
        entity_id=entity_id,
        path=chosen,
        edits=Edits(),
        precondition=Precondition(if_match=opened.revision.etag, own_reading=True),
        seen=opened,
    )

    def check(edits: Edits) -> None:
        operations.preview_of(store, change.replace(edits=edits), origin=origin)

    from loop_cli.cli.prompt import editing
    from loop_cli.cli.prompt import questions as prompt
    from loop_cli.cli.prompt.editor import Draft
    from loop_cli.cli.render import entity as render
    from loop_cli.markdown import notes

    text, parse = _text(opened, check, fields_only=fields_only)
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
            resolve = prompt.resolver(store, change, origin=origin, settings=settings)
        result = operations.update(store, change, origin=origin, resolve=resolve)
        draft.settle()
    output.warn([*result.warnings, *store.warnings])
    output.show(render.updated(result))


def _mend(
    store: VaultStore, error: InvalidFile, entity_id: str, path: str | None, command: str
) -> None:
    """Open a file that can't be read at the line that is wrong, and write it once it is whole.
    Raises the error where the text is left as it was, or is none."""
    if error.data is None or isinstance(error, NoEntity):
        raise error
    try:
        text = error.data.decode()
    except UnicodeDecodeError:
        raise error from None
    from loop_cli.cli.prompt import editing
    from loop_cli.cli.prompt.editor import Draft
    from loop_cli.cli.render import entity as render
    from loop_cli.lean.basics import sha256_hex
    from loop_cli.markdown import notes

    seen = Precondition(if_match=sha256_hex(error.data)[:16], own_reading=True)
    origin = context.origin(store.root)

    def parse(saved: str) -> Mend | None:
        if saved == text:
            return None
        change = Mend(
            entity_id=entity_id, path=path, edits=Edits(), precondition=seen, data=saved.encode()
        )
        try:
            only(store.commit([change], origin=origin, dry_run=True))
        except InvalidFile as why:
            reason = why.details["reason"]
            raise InvalidFile("your text", reason, line=why.details["line"]) from None
        return change

    with Draft(command, name=f"{entity_id}.md", environ=os.environ) as draft:
        draft.tell_of_others()
        mark = notes.mark_for(text)
        change = editing.until_valid(draft, text, parse, mark=mark, wrong=error)
        if change is None:
            draft.settle()
            raise error
        result = only(store.commit([change], origin=origin))
        draft.settle()
    output.warn([*result.warnings, *store.warnings])
    output.note(f"{result.after.path} can be read again")
    output.show(render.entity(result.after, store.schema, with_body=False, formatted=False))


_HASTY = "; if a window of your editor is still open, give it its option to wait"


def _command(settings: Settings) -> str:
    """The editor's command line; one that was not named for loop needs a terminal."""
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


def _text(
    opened: Entity, check: Callable[[Edits], None], *, fields_only: bool
) -> tuple[str, Callable[[str], Edits]]:
    """The text to edit, and what makes edits of it once it is edited: none where nothing is
    changed. It raises `InvalidFile` with the line of that text, or `InvalidChange`."""
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
        except ValueError as error:  # a line of the fields is the fence
            raise InvalidFile("your text", str(error)) from None
        if edits:
            check(edits)
        return edits

    return (whole.yaml if fields_only else whole.text), parse
