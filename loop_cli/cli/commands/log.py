"""`loop log`: show the audit records."""

from __future__ import annotations

from contextlib import suppress

from loop_cli.cli import context, output, reader
from loop_cli.core import timestamps
from loop_cli.core.names import nearest
from loop_cli.core.records.record import SOURCES
from loop_cli.errors import InvalidFile, UsageError
from loop_cli.failures import AmbiguousId
from loop_cli.operations import board as boards
from loop_cli.operations import clock
from loop_cli.operations.log import LogQuery

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.operations.boundary import Operations

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
    settings = context.open_settings({"vault": vault})
    loop = context.operations(settings)
    if entity_id is not None:
        entity_id, _path = context.named(settings, loop, entity_id, None, gone=True)
    query = LogQuery(
        entity_id=entity_id,
        limit=shown or None,
        since=_instant(since),
        actor=actor,
        source=source,
        run_id=run,
    )
    if follow:
        _follow(loop, query, as_json=as_json, utc=utc)
    found = loop.log(query)
    if as_json:
        count = 0
        for record in found:
            count += 1
            output.line(output.json_text(record.data))
        output.warn([*loop.take_warnings(), *_said_of_none(loop, query, count)])
        return
    records = list(found)
    output.warn([*loop.take_warnings(), *_said_of_none(loop, query, len(records))])
    if not records:
        output.note("no records")
        output.warn(boards.how_to_begin(loop))
        return
    from loop_cli.cli.render import past as render_past

    output.page()
    output.show(render_past.log_table(records, utc=output.shows_utc(utc)))
    if limit is None and len(records) == output.RECORDS:
        output.note(f"the newest {output.RECORDS}; --limit 0 shows all")


def _said_of_none(loop: Operations, query: LogQuery, count: int) -> list[str]:
    """Why there are no records, if there are none: no record has such an actor. Raises
    `EntityNotFound` for an entity that there is not and never was."""
    if count:
        return []
    if query.entity_id is not None:
        with suppress(InvalidFile, AmbiguousId):
            loop.history(query.entity_id, limit=1)
    actor = query.actor
    if actor is None or any(True for _record in loop.log(LogQuery(actor=actor, limit=1))):
        return []
    actors = dict.fromkeys(str(one.data.get("actor")) for one in loop.log(LogQuery()))
    close = nearest(actor, [*actors, *(one.partition(":")[2] for one in actors)], count=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    return [f"no record has the actor {actor!r}{meant}"]


def _follow(loop: Operations, query: LogQuery, *, as_json: bool, utc: bool) -> None:
    """Show new records until Ctrl-C, or until the reader of stdout is gone."""
    exact = output.shows_utc(utc)
    for number, records in enumerate(loop.follow(query)):
        if not number:
            output.warn(loop.take_warnings())
        for record in records:
            _show(record, as_json=as_json, utc=exact)
        if number:
            reader.wait(_PAUSE)


def _show(record: AuditRecord, *, as_json: bool, utc: bool) -> None:
    if as_json:
        output.line(output.json_text(record.data))
        return
    from loop_cli.cli.render import past as render_past

    output.show(render_past.follow_line(record, utc=utc))


def _instant(since: str | None) -> int | None:
    """The instant that a time names, or at which a day begins here: `2026-01-09`, `yesterday`."""
    if since is None:
        return None
    instant = clock.said(since)
    if instant is None:
        hint = f"such as yesterday, -1w, 2026-01-09 or {timestamps.EXAMPLE}"
        raise UsageError(f"--since: {since!r} is not a timestamp", hint=hint)
    return instant
