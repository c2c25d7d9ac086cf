"""`loop history`: show the history of an entity."""

from __future__ import annotations

from loop_cli.cli import context, output

EXAMPLES = """Examples:

\b
loop history tsk-019-14
loop history tsk-019-14 --limit 5
loop history tsk-019-14 --json
"""


def history(
    *,
    entity_id: str,
    limit: int,
    path: str | None,
    utc: bool,
    as_json: bool,
    vault: str | None,
) -> None:
    """Run `loop history`."""
    settings = context.open_settings({"vault": vault})
    loop = context.operations(settings)
    entity_id, chosen = context.named(settings, loop, entity_id, path, gone=True)
    found = loop.history(entity_id, limit=limit or None, path=chosen)
    warnings = [*found.warnings, *loop.take_warnings()]
    if not output.as_document(found.as_dict(), warnings, wanted=as_json):
        from loop_cli.cli.render import past as render_past

        output.page()
        output.show(render_past.story(found, render_past.Clock(utc=output.shows_utc(utc))))
