"""`loop move`: move a task to another project."""

from __future__ import annotations

from loop_cli.cli import context, inputs, output

EXAMPLES = """loop also changes its project_id and parent_id, and the links to its file,
all in the same run.

Examples:

\b
loop move tsk-019-14 --project prj-020 --if-match 9f2c51d0a7b3e4f8
loop move tsk-019-14 --project prj-020 --dry-run --force
"""


def move(
    *,
    entity_id: str,
    project: str,
    expected_updated_at: list[str] | None,
    if_match: list[str] | None,
    conditions: list[str] | None,
    force: bool,
    path: str | None,
    dry_run: bool,
    as_json: bool,
    yes: bool,
    no_input: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop move`."""
    seen = inputs.precondition(expected_updated_at, if_match, conditions, force=force)
    settings = context.open_settings({"vault": vault, "lock_timeout": lock_timeout})
    interactive = output.may_ask(as_json=as_json, no_input=no_input)
    loop = context.operations(settings)
    entity_id, chosen = context.named(settings, loop, entity_id, path)
    project, _project_path = context.named(settings, loop, project, None)
    confirm = None
    if interactive:
        from loop_cli.cli.render import life as render_life

        confirm = render_life.confirm_move("Move", yes)
    result = loop.move(
        entity_id,
        project,
        precondition=seen,
        path=chosen,
        confirm=confirm,
        dry_run=dry_run,
    )
    warnings = [*result.warnings, *loop.take_warnings()]
    if not output.as_document(result.as_dict(), warnings, wanted=as_json):
        from loop_cli.cli.render import life as render_life

        output.show(render_life.moved("Move", result))
