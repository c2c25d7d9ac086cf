"""`loop watch`: the changes of a vault as they happen."""

from __future__ import annotations

from loop_cli.cli import context, output

EXAMPLES = """Examples:

\b
loop watch
loop watch --json | jq -r 'select(.event == "outside").path'
"""


def watch(*, as_json: bool, vault: str | None) -> None:
    """Run `loop watch`."""
    from loop_cli.vault.upkeep.notify import follow
    from loop_cli.vault.upkeep.watch import Watcher

    store = context.open_store(context.open_settings({"vault": vault}))
    watcher = Watcher(store.handle)
    if not as_json:
        from loop_cli.cli.render import watch as render_watch
    told = as_json
    for paths in follow(store.root, watcher):
        if not told:
            output.note(f"watching {store.root}; Ctrl-C ends it")
            told = True
        for one in watcher.happenings(paths):
            if as_json:
                output.line(output.json_text(one.as_dict()))
            else:
                output.show(render_watch.happening(one))
        output.leave_if_unread()
