"""`loop watch`: the changes of a vault as they happen."""

from __future__ import annotations

from loop_cli.cli import context, output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.cli import options

EXAMPLES = """Examples:

\b
loop watch
loop watch --json | jq -r 'select(.event == "outside").path'
"""


def watch(
    as_json: options.EventLines = False,
    vault: options.Vault = None,
) -> None:
    """Show changes as they happen, one a line: who, what, inside or outside.

    Inside is what has a record in the audit log. Outside is what another program
    did to a file without one. Ends when interrupted, or when nobody reads.
    """
    from loop_cli.store.notify import follow
    from loop_cli.store.watch import Watcher

    store = context.open_store(context.open_settings({"vault": vault}))
    watcher = Watcher(store)
    if not as_json:
        from loop_cli.cli import render_watch
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
