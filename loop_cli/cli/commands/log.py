"""`loop log`: the audit records."""

from __future__ import annotations

from loop_cli.cli import context, output
from loop_cli.core import timestamps
from loop_cli.core.names import nfc
from loop_cli.core.records.record import SOURCES
from loop_cli.errors import EntityNotFound, UsageError
from loop_cli.operations import log as operations
from loop_cli.operations.log import LogQuery

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.vault.store import VaultStore

EXAMPLES = """Examples:

\b
loop log
loop log tsk-019-14 --limit 5
loop log --since 2026-01-09 --source cli --json
loop log --run 3f0c2a52-5d0c-4a0e-9a43-0f6f7c1f4a11
"""
_BACKLOG = 10
_PAUSE = 0.2  # seconds


def log(
    *,
    entity_id: str | None,
    limit: int | None,
    since: str | None,
    actor: str | None,
    source: str | None,
    run: str | None,
    follow: bool,
    utc: bool,
    as_json: bool,
    vault: str | None,
) -> None:
    """Run `loop log`."""
    if source is not None and source not in SOURCES:
        raise UsageError(f"--source: {source!r} is none of {', '.join(SOURCES)}")
    shown = limit if limit is not None or as_json else output.RECORDS
    if follow:
        shown = _BACKLOG if limit is None else limit
    store = context.open_store(context.open_settings({"vault": vault}))
    query = LogQuery(
        entity_id=entity_id,
        limit=shown or None,
        since=_instant(since),
        actor=actor,
        source=source,
        run_id=run,
    )
    if follow:
        _follow(store, query, as_json=as_json, utc=utc)
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
    from loop_cli.cli.render import past as render_past

    output.show(render_past.log_table(records, utc=output.shows_utc(utc)))
    if limit is None and len(records) == output.RECORDS:
        output.note(f"the newest {output.RECORDS}; --limit 0 shows all")


def _follow(store: VaultStore, query: LogQuery, *, as_json: bool, utc: bool) -> None:
    """Show records as they come, until interrupted or the reader of stdout goes away."""
    from loop_cli.vault.log.follow import Follower
    from loop_cli.vault.log.lines import parse_line

    wanted = _followed_id(store, query.entity_id)
    exact = output.shows_utc(utc)
    with Follower(store.log) as follower:
        backlog = list(operations.log(store, query))
        output.warn(store.warnings)
        for record in reversed(backlog):
            _show(record, as_json=as_json, utc=exact)
        shown = {record.digest for record in backlog}  # what came meanwhile may be among them
        while True:
            for line in follower.new_lines():
                new = parse_line(line)
                if new is None or new.digest in shown or not query.admits(new):
                    continue
                if wanted is None or new.is_of(wanted, None):
                    _show(new, as_json=as_json, utc=exact)
            shown = set()
            output.wait(_PAUSE)


def _show(record: AuditRecord, *, as_json: bool, utc: bool) -> None:
    if as_json:
        output.line(output.json_text(record.data))
        return
    from loop_cli.cli.render import past as render_past

    output.show(render_past.follow_line(record, utc=utc))


def _followed_id(store: VaultStore, given: str | None) -> str | None:
    """The id whose records are waited for; it need not be there yet."""
    if given is None:
        return None
    try:
        return operations.recorded_id(store, given)
    except EntityNotFound:
        return nfc(given)


def _instant(since: str | None) -> int | None:
    instant = None if since is None else timestamps.parse(since)
    if since is not None and instant is None:
        hint = f"such as 2026-01-09 or {timestamps.EXAMPLE}"
        raise UsageError(f"--since: {since!r} is no timestamp", hint=hint)
    return instant
