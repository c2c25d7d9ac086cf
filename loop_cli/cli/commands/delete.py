"""`loop delete`: delete an entity, and keep its bytes."""

from __future__ import annotations

from loop_cli.cli import context, inputs, output
from loop_cli.errors import UsageError
from loop_cli.operations.delete import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.operations.delete import DeleteResult

EXAMPLES = """If others refer or link to an entity, it is not deleted without --cascade or --orphan.
--cascade also deletes the entities that refer to it. It does not delete files that only
link to it; a warning names these links. The bytes are kept: 'loop undo' restores them,
'loop kept' lists them.

Examples:

\b
loop delete tsk-019-13 --if-match 9f2c51d0a7b3e4f8
loop delete prj-019 --cascade --dry-run
loop delete prj-site-a7k9m2 --archive --cascade --expected-updated-at 2025-12-30
"""


def delete(
    *,
    entity_id: str,
    expected_updated_at: list[str] | None,
    if_match: list[str] | None,
    conditions: list[str] | None,
    force: bool,
    cascade: bool,
    orphan: bool,
    archive: bool,
    path: str | None,
    dry_run: bool,
    as_json: bool,
    yes: bool,
    no_input: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop delete`."""
    if cascade and orphan:
        raise UsageError("--cascade and --orphan can't go together")
    seen = inputs.precondition(expected_updated_at, if_match, conditions, force=force)
    settings = context.open_settings({"vault": vault, "lock_timeout": lock_timeout})
    interactive = output.may_ask(as_json=as_json, no_input=no_input)
    loop = context.operations(settings)
    entity_id, chosen = context.named(settings, loop, entity_id, path)
    request = Request(
        entity_id=entity_id,
        now=context.now(),
        precondition=seen,
        path=chosen,
        cascade=cascade,
        orphan=orphan,
        archive=archive,
    )
    result = loop.delete(
        request,
        confirm=_confirm(yes) if interactive else None,
        dry_run=dry_run,
    )
    warnings = [*result.warnings, *loop.take_warnings()]
    if not output.as_document(result.as_dict(), warnings, wanted=as_json):
        from loop_cli.cli.render import life as render_life

        output.show(render_life.removed(result))


def _confirm(yes: bool) -> Callable[[DeleteResult], bool]:
    def confirm(preview: DeleteResult) -> bool:
        from loop_cli.cli.prompt import questions as prompt
        from loop_cli.cli.render import life as render_life

        output.tell(render_life.to_remove(preview))
        return yes or prompt.yes_or_no("Archive?" if preview.archived else "Delete?")

    return confirm
