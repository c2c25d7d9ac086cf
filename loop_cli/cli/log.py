"""`loop log`: the audit records."""

from loop_cli.cli import context, options, output
from loop_cli.core import operations, timestamps
from loop_cli.core.audit import SOURCES
from loop_cli.core.operations import LogQuery
from loop_cli.errors import UsageError

EXAMPLES = """Examples:

\b
loop log
loop log tsk-019-14 --limit 5
loop log --since 2026-01-09 --source cli --json
loop log --run 3f0c2a52-5d0c-4a0e-9a43-0f6f7c1f4a11
"""


def log(
    entity_id: options.OptionalId = None,
    limit: options.Limit = None,
    since: options.Since = None,
    actor: options.Actor = None,
    source: options.Source = None,
    run: options.Run = None,
    as_json: options.JsonLines = False,
    vault: options.Vault = None,
) -> None:
    """Show the audit records, newest first."""
    if source is not None and source not in SOURCES:
        raise UsageError(f"--source: {source!r} is none of {', '.join(SOURCES)}")
    shown = limit if limit is not None or as_json else options.TABLE_LIMIT
    store = context.open_store(context.open_settings({"vault": vault}))
    query = LogQuery(
        entity_id=entity_id,
        limit=shown or None,
        since=_instant(since),
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
    if limit is None and len(records) == options.TABLE_LIMIT:
        output.note(f"the newest {options.TABLE_LIMIT}; --limit 0 shows all")


def _instant(since: str | None) -> int | None:
    instant = None if since is None else timestamps.parse(since)
    if since is not None and instant is None:
        hint = f"such as 2026-01-09 or {timestamps.EXAMPLE}"
        raise UsageError(f"--since: {since!r} is no timestamp", hint=hint)
    return instant
