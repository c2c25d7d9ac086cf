"""`loop backlinks`: the references and links to an entity."""

from __future__ import annotations

from loop_cli.cli import context, output

EXAMPLES = """'loop help links' says what counts as a link. Links in notes and canvases count too.

Examples:

\b
loop backlinks tsk-019-14
loop backlinks prj-019 --json
"""


def backlinks(*, entity_id: str, path: str | None, as_json: bool, vault: str | None) -> None:
    """Run `loop backlinks`."""
    settings = context.open_settings({"vault": vault})
    loop = context.operations(settings)
    entity_id, chosen = context.named(settings, loop, entity_id, path)
    found = loop.backlinks(entity_id, path=chosen)
    warnings = [*found.entity.warnings, *loop.take_warnings()]
    if output.as_document(found.as_dict(), warnings, wanted=as_json):
        return
    if not found.found:
        output.note("nothing refers or links to it")
        return
    from loop_cli.cli.render import links as render_links

    output.page()
    output.show(render_links.backlinks(found))
