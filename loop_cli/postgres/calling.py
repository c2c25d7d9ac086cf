"""Land changes by one call: the database compares, chains and writes (`land` in `migrations`).

Lines are sent in two pieces, without the digest of the line before them, which only the database
knows when it is their turn.
"""

from __future__ import annotations

import os

from loop_cli.core.records.record import AuditRecord
from loop_cli.lean import jsontext
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.jsontext import as_json
from loop_cli.lean.records import Struct
from loop_cli.planning.snapshot import etag_of
from loop_cli.postgres import lines
from loop_cli.postgres.keys import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from loop_cli.planning.plan import Plan
    from loop_cli.postgres.attempt import Planned
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.lines import Line

LARGEST = 32 * 1024 * 1024  # bytes; what is larger is written in several statements
_CALL = "CALL land(%s::jsonb, NULL::bigint, NULL::text)"
_OF_RUN = "SELECT line FROM record WHERE run = %s AND seq > %s ORDER BY seq"


class Part(Struct):
    """A line of the log without the digest of the line before it, which `start` ends with."""

    record: dict[str, Any]
    start: str
    end: str

    def line(self, previous: str | None) -> Line:
        """Return the line after another one."""
        self.record["metadata"]["previous"] = previous
        digest = "null" if previous is None else f'"{previous}"'
        text = f"{self.start}{digest}{self.end}".encode()
        found = sha256_hex(text)
        return lines.Line(
            text=text, digest=found, record=AuditRecord(data=self.record, digest=found)
        )


class Call(Struct):
    """What is written by one call: its changes in JSON, the parts of their lines, the paths.
    `after` is the end of the log when they were planned; `moving` tells that files come, go or
    move."""

    changes: tuple[str, ...]
    parts: tuple[Part, ...]
    paths: frozenset[str | None]
    after: int
    moving: bool


def are_for(planned: Sequence[Planned]) -> bool:
    """Whether changes can be written by one call: not too large together, and no file comes, goes
    or moves of an id that several have, because the times of the others depend on it."""
    size = 0
    for one in planned:
        shared = one.plan.beside if one.found is None else one.found.located.shared
        if is_moving(one) and shared:
            return False
        size += len(one.plan.data) + sum(map(len, one.plan.kept.values()))
    return size <= LARGEST


def is_moving(planned: Planned) -> bool:
    """Whether a file comes, goes or moves. Then nothing may have changed since: that its id is its
    own depends on all others."""
    return planned.plan.source != planned.plan.target


def call_of(
    planned: Sequence[Planned], said: Sequence[dict[str, object]], *, group: bool, after: int
) -> Call:
    """Return the call for changes, given what it writes of each file. Raises `InvalidFile` for a
    path that no record can name."""
    name = os.urandom(16).hex()
    changes, parts = [], []
    for index, one in enumerate(planned):
        if group:
            place = {"id": name, "index": index, "count": len(planned)}
            one.plan.record["metadata"]["group"] = place
        part = _part(one.plan)
        changes.append(as_json({**_old(one), **_recorded(part), **said[index]}))
        parts.append(part)
    return Call(
        changes=tuple(changes),
        parts=tuple(parts),
        paths=frozenset(path for one in planned for path in (one.plan.source, one.plan.target)),
        after=after,
        moving=any(map(is_moving, planned)),
    )


def send(
    connection: Connection,
    call: Call,
    *,
    rules: int,
    version: int | None,
    deciding: bool,
    channel: str,
) -> list[Line] | None:
    """Write; return the lines once they are durable, None if something is not as it was
    planned with."""
    head = as_json(
        {
            "rules": rules,
            "version": version,
            "deciding": int(deciding),
            "channel": channel,
            "moving": call.moving,
        }
    )
    wanted = f'{head[:-1]}, "changes": [{", ".join(call.changes)}]}}'
    row = connection.execute(_CALL, (wanted,)).fetchone()
    if row is None or row[0] is None:
        return None
    return chained(call.parts, row[1])


def chained(parts: Sequence[Part], previous: str | None) -> list[Line]:
    """Return the lines after another one."""
    found: list[Line] = []
    for part in parts:
        found.append(part.line(previous))
        previous = found[-1].digest
    return found


def landed(connection: Connection, call: Call) -> list[Line]:
    """Return the lines that are in the log by a call of which no answer came; none if it has not
    landed."""
    run = plain(str(call.parts[0].record["run_id"]))
    for (text,) in connection.execute(_OF_RUN, (run, call.after)).fetchall():
        first = call.parts[0]
        start, end = first.start.encode(), first.end.encode()
        if text.startswith(start) and text.endswith(end):
            previous = jsontext.loads(text[len(start) : len(text) - len(end)])
            return chained(call.parts, previous)
    return []


def _part(plan: Plan) -> Part:
    """Return the two pieces of a line."""
    mark = os.urandom(16).hex()
    plan.record["metadata"]["previous"] = mark
    start, _mark, end = as_json(plan.record).partition(f'"{mark}"')
    try:
        end.encode()
        start.encode()
    except UnicodeEncodeError:
        raise lines.unnamable(plan.path) from None
    return Part(record=plan.record, start=start, end=end)


def _old(one: Planned) -> dict[str, Any]:
    """Return what must still be there, and what is kept of it."""
    kept = [{"name": name, "data": data.hex()} for name, data in one.plan.kept.items()] or None
    if one.found is None:
        return {"kept": kept}
    place = one.found.place
    return {
        "source": os.fsencode(place.path).hex(),
        "old_etag": etag_of(place.data),
        "old_id": None if place.id is None else place.id.hex(),
        "old_last": place.last,
        "kept": kept,
    }


def _recorded(part: Part) -> dict[str, Any]:
    """Return the columns of the line, without those that all have."""
    record = AuditRecord(data=part.record, digest="")
    (_seq, _text, _segment, _ended, _digest, entity, _own, at, run, undoes, key, redacts) = (
        lines.Line(text=b"", digest="", record=record).columns(0)
    )
    assert isinstance(entity, bytes), "a record names an entity"
    return {
        "start": part.start,
        "end": part.end,
        "entity": entity.hex(),
        "recorded": at,
        "run": run,
        "undoes": undoes,
        "key": key,
        "redacts": redacts,
    }
