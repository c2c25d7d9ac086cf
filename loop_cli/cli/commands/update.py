"""`loop update`: change an entity."""

from __future__ import annotations

from loop_cli.cli import context, inputs, output
from loop_cli.core import changes
from loop_cli.core.changes import Edits
from loop_cli.core.commits import EntityChange
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.config import Settings
    from loop_cli.core.commits import CommitResult
    from loop_cli.core.conflict import Conflict, Resolution, Resolver

EXAMPLES = """Forms of CHANGE:

\b
'field=text'       a text, converted to the field's type
'field:=json'      a JSON value
'field=@file'      the text of a file; =@- is standard input
'field+=item'      add to a list; a,b are two items, and \\, is a comma in one
'field-=item'      remove from a list
'field!'           remove the field
'outer.inner=text' a nested field

Examples:

\b
loop update tsk-019-14 'status=done' --if-match 9f2c51d0a7b3e4f8
loop update tsk-019-14 'tags+=urgent' 'due=2026-02-01' --expected-updated-at 2026-01-09
loop update prj-019 'expected_impact.metric=409s' 'notes!' --dry-run
loop update tsk-019-14 --append-body notes.md --if-match 9f2c51d0a7b3e4f8 --json
loop update tsk-019-14 'status=doing' --if 'status=todo'
loop update --where 'status=todo' --where 'due<today' 'priority=high' --dry-run
"""


def update(
    *,
    entity_id: str | None,
    change: list[str] | None,
    where: list[str] | None,
    expected_updated_at: list[str] | None,
    if_match: list[str] | None,
    conditions: list[str] | None,
    force: bool,
    on_conflict: str | None,
    unset: list[str] | None,
    set_json: str | None,
    body_file: str | None,
    append_body: str | None,
    path: str | None,
    atomic: bool,
    dry_run: bool,
    as_json: bool,
    yes: bool,
    no_input: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop update`."""
    words = [one for one in (entity_id, *(change or ())) if one is not None]
    if not where and not words:
        error = UsageError("which entity? give its id, or --where EXPR", hint="loop update --help")
        error.lacks = ""
        raise error
    read = inputs.Reader()
    fields, written = inputs.fields(set_json, read)
    parsed = changes.parse_changes(
        words if where else words[1:],
        unset=unset or (),
        fields=fields,
        written=written,
        read=read,
    )
    edits = Edits(changes=parsed, body=inputs.body(body_file, append_body, read))
    if not where and not edits and "=" in words[0]:
        error = UsageError(
            f"which entity? {words[0]!r} is a change, and no id is given",
            hint="loop update ID CHANGE...",
        )
        error.lacks = ""
        raise error
    seen = inputs.precondition(expected_updated_at, if_match, conditions, force=force)
    settings = context.open_settings(
        {"vault": vault, "lock_timeout": lock_timeout, "on_conflict": on_conflict}
    )
    interactive = output.may_ask(as_json=as_json, no_input=no_input)
    if where:
        if seen.given or force or path is not None or on_conflict is not None:
            raise UsageError(
                "--where uses the revisions of its plan: leave out preconditions and --path"
            )
        from loop_cli.cli.commands import bulk_update

        how = bulk_update.How(
            atomic=atomic, dry_run=dry_run, as_json=as_json, yes=yes, can_ask=interactive
        )
        bulk_update.run(settings, where, edits, how)
        return
    if atomic:
        raise UsageError("--atomic needs --where: a single change always lands whole or not at all")
    wanted = EntityChange(entity_id=words[0], path=path, edits=edits, precondition=seen)
    _update_one(
        settings, wanted, interactive=interactive, yes=yes, dry_run=dry_run, as_json=as_json
    )


def _update_one(
    settings: Settings,
    wanted: EntityChange,
    *,
    interactive: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    loop = context.entity_operations(settings)
    entity_id, path = context.named(settings, loop, wanted.entity_id, wanted.path)
    wanted = wanted.replace(entity_id=entity_id, path=path)
    resolve = _policy(settings["on_conflict"])
    if interactive and not dry_run:
        from loop_cli.cli.prompt import questions as prompt

        resolve = prompt.resolver(loop, wanted, settings=settings)
    result = loop.update(
        wanted,
        resolve=resolve,
        confirm=_confirm(yes) if interactive else None,
        dry_run=dry_run,
    )
    warnings = [*result.warnings, *loop.take_warnings()]
    if not output.as_document(result.as_dict(), warnings, wanted=as_json):
        from loop_cli.cli.render import entity as render

        output.show(render.updated(result))


def _policy(name: str) -> Resolver:
    """Return the resolver of `--on-conflict`; it is loaded only for a conflict."""

    def resolve(found: Conflict) -> Resolution:
        from loop_cli.core import conflict

        return conflict.POLICIES[name](found)

    return resolve


def _confirm(yes: bool) -> Callable[[CommitResult], bool]:
    from loop_cli.cli.prompt import questions as prompt

    return prompt.confirm_update(assume_yes=yes)
