"""`loop log`: the audit records."""

from __future__ import annotations

from typing import Annotated

import typer

from loop_cli.cli import app, options, output
from loop_cli.core import operations, timestamps
from loop_cli.core.operations import LogQuery
from loop_cli.errors import UsageError

EXAMPLES = """Examples:

\b
loop log
loop log tsk-019-14 --limit 5
loop log --since 2026-01-09 --source cli --json
loop log --run 3f0c2a52-5d0c-4a0e-9a43-0f6f7c1f4a11
"""
_TABLE_LIMIT = 30


def log(
    entity_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Only this entity's records.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-l",
            min=0,
            metavar="N",
            help=f"At most N records; 0 is all. A table has {_TABLE_LIMIT} otherwise.",
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Not older than this.")
    ] = None,
    actor: Annotated[
        str | None, typer.Option("--actor", metavar="NAME", help="user:NAME, or NAME alone.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="DOOR", help="ui, api, script or cli.")
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN_ID", help="Only this run's records.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON record a line.")] = False,
    vault: options.Vault = None,
) -> None:
    """Show the audit records, newest first."""
    instant = None if since is None else timestamps.parse(since)
    if since is not None and instant is None:
        raise UsageError(
            f"--since: {since!r} is no timestamp",
            hint=f"such as 2026-01-09 or {timestamps.EXAMPLE}",
        )
    if source is not None and source not in ("ui", "api", "script", "cli"):
        raise UsageError(f"--source: {source!r} is none of ui, api, script, cli")
    shown = limit if limit is not None or as_json else _TABLE_LIMIT
    store = app.open_store(app.open_settings({"vault": vault}))
    query = LogQuery(
        entity_id=entity_id,
        limit=shown or None,
        since=instant,
        actor=actor,
        source=source,
        run_id=run,
    )
    found = operations.log(store, query)
    if as_json:
        for record in found:
            output.line(output.json_text(record.data))
        output.warn(store.warnings)
        return
    records = list(found)
    output.warn(store.warnings)
    if not records:
        output.note("no records")
        return
    from loop_cli.cli import render

    output.show(render.records(records))
    if limit is None and len(records) == _TABLE_LIMIT:
        output.note(f"the newest {_TABLE_LIMIT}; --limit 0 shows all")
