"""Results as rich renderables; text from a vault goes in as `Text`, never as markup."""

from __future__ import annotations

import time

from rich import box
from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from loop_cli.cli import diffs
from loop_cli.cli.text import visible
from loop_cli.core import timestamps
from loop_cli.core.diff import MISSING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from loop_cli.core.audit import AuditRecord
    from loop_cli.core.conflict import Conflict
    from loop_cli.core.entity import Entity
    from loop_cli.core.operations import UpdateResult
    from loop_cli.core.schema import Schema
    from loop_cli.store.base import CommitResult

# The style of a field of a conflict, and what its sign says.
_SIGNS = {
    "": ("", ""),
    "!": ("bold red", "changed since you read it, and you change it too"),
    "?": ("bold yellow", "what you read is in no record, so it may have changed; you change it"),
}
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def entity(
    found: Entity, schema: Schema, *, with_body: bool, formatted: bool = True
) -> RenderableType:
    """An entity: identity, revision, fields in the schema's order with the labels of values.

    The body is rendered as Markdown where it is `formatted`, and is text otherwise.
    """
    parts: list[RenderableType] = [_heading(found), _identity(found), Text()]
    order = [name for name in schema.known_fields(found.type) if name in found.fields]
    order += [name for name in found.fields if name not in order]
    table = _grid()
    for name in order:
        value = found.fields[name]
        text = _value(value)
        label = schema.label(found.type, name, value)
        if label is not None and label.casefold() != str(value).casefold():
            text.append(f"  {visible(label)}", style="dim")
        table.add_row(Text(visible(name), style="cyan"), text)
    parts.append(table)
    if with_body:
        shown = visible(found.body)
        parts += [Text(), Markdown(shown, hyperlinks=False) if formatted else Text(shown.rstrip())]
    elif found.body.strip():
        count = len(found.body.splitlines())
        lines = "1 line" if count == 1 else f"{count} lines"
        parts += [Text(), Text(f"body: {lines}; --body shows it", style="dim")]
    return Group(*parts)


def updated(result: UpdateResult) -> RenderableType:
    """What an update did, or would do."""
    if not result.changed:
        return Text(f"{visible(result.entity.id)}: nothing to change; it is as you want it")
    revision = result.entity.revision
    if result.dry_run:
        last = Text("dry run: nothing was written", style="yellow")
    else:
        last = Text("updated", style="green")
        last.append(f" {revision.updated_at} · etag {revision.etag} · run {result.run_id}", "dim")
    return Group(_heading(result.entity), diffs.table(result.diff), last)


def preview(planned: CommitResult) -> RenderableType:
    """What an update would do, before it is confirmed."""
    return Group(_heading(planned.before), _identity(planned.before), diffs.table(planned.diff))


def conflict(found: Conflict, *, now: int | None = None) -> RenderableType:
    """The three columns of a conflict, overlaps marked, and who changed what.

    `now` is an instant, the system's clock otherwise.
    """
    parts: list[RenderableType] = [_conflict_words(found), Text()]
    parts += [_change_line(record, now) for record in found.changes]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    signs: dict[str, None] = {}
    for title in ("", "field", "when you read it", "now", "yours"):
        table.add_column(title, overflow="fold")
    for field in found.fields:
        base = _value(field.base) if field.base_known else Text("not known", style="dim")
        yours = _value(field.requested) if field.wanted else Text("·", style="dim")
        sign = ("!" if field.base_known else "?") if field.overlap else ""
        style = _SIGNS[sign][0]
        name = Text(visible(field.field), style=style or "cyan")
        table.add_row(Text(sign, style=style), name, base, _value(field.current), yours)
        signs[sign] = None
    parts.append(table)
    parts += [Text(f"{sign} {_SIGNS[sign][1]}", style=_SIGNS[sign][0]) for sign in signs if sign]
    return Group(*parts)


def settings(rows: Sequence[Mapping[str, Any]], protocol: Mapping[str, Any]) -> RenderableType:
    """The table of settings, and what the vault's file system can do."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("setting", "value", "from", "about"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(
            Text(row["name"], style="cyan"),
            _value(list(row["value"]) if isinstance(row["value"], tuple) else row["value"]),
            Text(visible(row["origin"])),
            Text(row["about"], style="dim"),
        )
    words = {True: "yes", False: "no", None: "not known"}
    lines = Text("writes to this vault: ")
    lines.append(f"exchange {words[protocol['exchange']]}, lease {words[protocol['lease']]}")
    lines.append(f"; window left to other editors: {protocol['window']}")
    return Group(table, lines)


def ago(instant: int, now: int | None = None) -> str:
    """How long an instant is ago, in words."""
    seconds = ((time.time_ns() // 1000 if now is None else now) - instant) // timestamps.SECOND
    if seconds < -1:  # a stand-in may lie within the second that has just begun
        return "in the future"
    for length, unit in _UNITS:
        count = seconds // length
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _heading(found: Entity) -> Text:
    heading = Text(visible(found.id), style="bold")
    if found.name:
        heading.append(f"  {visible(found.name)}", style="not bold")
    return heading


def _identity(found: Entity) -> Text:
    instant = timestamps.parse(found.revision.updated_at)
    when = f" ({ago(instant)})" if instant is not None else ""
    return Text(
        f"{visible(found.type)} · {visible(found.path)}\n"
        f"updated_at {found.revision.updated_at}{when} · etag {found.revision.etag}",
        style="dim",
    )


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(overflow="fold")
    grid.add_column(overflow="fold")
    return grid


def _value(value: Any) -> Text:
    if value is None or value is MISSING:
        return Text("—", style="dim")
    if isinstance(value, list) and all(not isinstance(item, list | dict) for item in value):
        return Text(", ".join(diffs.plain(item) for item in value) or "[]")
    return Text(diffs.plain(value))


def _conflict_words(found: Conflict) -> Text:
    reasons = {
        "updated_changed": "it was changed since you read it",
        "etag_changed": "it was changed since you read it",
        "edited_outside": "it was edited outside loop since you read it",
        "deleted": "it was deleted since you read it",
    }
    words = Text(f"{visible(found.entity_id)}: {reasons[found.reason]}\n")
    pairs = (
        ("updated_at", found.expected_updated_at, found.current_updated_at),
        ("etag", found.expected_etag, found.current_etag),
    )
    given = [f"{name} {old}; now {new}" for name, old, new in pairs if old is not None]
    return words.append(visible("you read " + "\nyou read ".join(given)), style="dim")


def _change_line(record: AuditRecord, now: int | None) -> Text:
    data = record.as_change()
    instant = timestamps.parse(str(data["timestamp"]))
    when = ago(instant, now) if instant is not None else str(data["timestamp"])
    fields = ", ".join(map(str, data["modified_fields"] or ()))
    return Text(visible(f"{data['actor']} changed {fields} through {data['source']}, {when}"))
