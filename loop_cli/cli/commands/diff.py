"""`loop diff`: compare an entity with an earlier state."""

from __future__ import annotations

from loop_cli.cli import context, output
from loop_cli.operations import history

EXAMPLES = """Examples:

\b
loop diff tsk-019-14
loop diff tsk-019-14 --since 3
loop diff tsk-019-14 --since 2026-01-09
loop diff tsk-019-14 --since 3f0c2a52-5d0c-4a0e-9a43-0f6f7c1f4a11 --json
"""


def diff(
    *,
    entity_id: str,
    since: str,
    path: str | None,
    utc: bool,
    as_json: bool,
    vault: str | None,
) -> None:
    """Run `loop diff`."""
    wanted = history.parse_since(since)
    settings = context.open_settings({"vault": vault})
    loop = context.operations(settings)
    entity_id, chosen = context.named(settings, loop, entity_id, path)
    found = loop.difference(entity_id, wanted, path=chosen)
    warnings = [*found.warnings, *loop.take_warnings()]
    if not output.as_document(found.as_dict(), warnings, wanted=as_json):
        from loop_cli.cli.render import past as render_past

        output.page()
        output.show(render_past.difference(found, render_past.Clock(utc=output.shows_utc(utc))))
