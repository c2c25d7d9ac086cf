"""`loop watch`: show the changes of a vault as they happen."""

from __future__ import annotations

from loop_cli.cli import context, output, reader

EXAMPLES = """Examples:

\b
loop watch
loop watch --json | jq -r 'select(.event == "outside").path'
"""


def watch(*, as_json: bool, vault: str | None) -> None:
    """Run `loop watch`."""
    loop = context.operations(context.open_settings({"vault": vault}))
    if not as_json:
        from loop_cli.cli.render import watch as render_watch
    told = as_json
    for happenings in loop.watch():
        if not told:
            output.note(f"watching {loop.vault}; Ctrl-C ends it")
            told = True
        for one in happenings:
            if as_json:
                output.line(output.json_text(one.as_dict()))
            else:
                output.show(render_watch.happening(one))
        reader.leave_if_unread()
