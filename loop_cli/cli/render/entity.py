"""Show results with rich; text from a vault is `Text`, never markup."""

from __future__ import annotations

import time

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from loop_cli.cli.render import diffs, styles
from loop_cli.cli.render.counts import counted
from loop_cli.cli.render.text import one_line, visible
from loop_cli.core import timestamps
from loop_cli.core.diff import MISSING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from loop_cli.core.commits import CommitResult, UpdateResult
    from loop_cli.core.entity import Entity
    from loop_cli.core.schema.schema import Schema

LAYOUT_ONLY = "  comments or layout of the fields; no value"
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def entity(
    found: Entity, schema: Schema, *, with_body: bool, formatted: bool = True
) -> RenderableType:
    """Show an entity: identity, revision, fields in the schema's order with labels.

    The body is rendered as Markdown if it is `formatted`, and as plain text otherwise.
    """
    parts: list[RenderableType] = [_heading(found), _identity(found), Text()]
    order = [name for name in schema.known_fields(found.type) if name in found.fields]
    order += [name for name in found.fields if name not in order]
    table = _grid()
    for name in order:
        shown = found.fields[name]
        text = value(shown)
        label = schema.label(found.type, name, shown)
        if label is not None and label.casefold() != str(shown).casefold():
            text.append(f"  {visible(label)}", style=styles.QUIET)
        table.add_row(Text(visible(name), style=styles.FIELD), text)
    parts.append(table)
    if with_body:
        body = visible(found.body)
        parts += [Text(), _markdown(body) if formatted else Text(body.rstrip())]
    elif found.body.strip():
        count = len(found.body.splitlines())
        lines = counted(count, "line")
        parts += [Text(), Text(f"body: {lines}; --body shows it", style=styles.QUIET)]
    return Group(*parts)


def _markdown(text: str) -> RenderableType:
    from rich.markdown import Markdown  # it loads as much code as all the rest

    return Markdown(text, hyperlinks=False)


def updated(result: UpdateResult) -> RenderableType:
    """Show what an update did, or would do."""
    if not result.changed:
        return Text(f"{visible(result.entity.id)}: nothing to change; it is as you want it")
    revision = result.entity.revision
    if result.dry_run:
        last = Text("dry run: nothing was written", style=styles.NOTICE)
    else:
        last = Text("updated", style=styles.DONE)
        facts = (f" {revision.updated_at}", f"etag {revision.etag}", f"run {result.run_id}")
        last.append(styles.separator().join(facts), styles.QUIET)
    parts: list[RenderableType] = [_heading(result.entity)]
    parts.append(diffs.table(result.diff) if result.diff else Text(LAYOUT_ONLY))
    return Group(*parts, last)


def preview(planned: CommitResult, *, now: int | None = None) -> RenderableType:
    """Show what an update would do, before it is confirmed.

    `now` is an instant, by default the system's clock.
    """
    return Group(
        _heading(planned.before), _identity(planned.before, now), diffs.table(planned.diff)
    )


def settings(rows: Sequence[Mapping[str, Any]], protocol: Mapping[str, Any]) -> RenderableType:
    """Show the table of settings, and what the vault's file system supports."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("setting", "value", "from", "about"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(
            Text(row["name"], style=styles.FIELD),
            value(list(row["value"]) if isinstance(row["value"], tuple) else row["value"]),
            Text(visible(row["origin"])),
            Text(row["about"], style=styles.QUIET),
        )
    words = {True: "yes", False: "no", None: "not known"}
    lines = Text("writes to this vault: ")
    lines.append(f"exchange {words[protocol['exchange']]}, lease {words[protocol['lease']]}")
    lines.append(f"; window left to other editors: {protocol['window']}")
    return Group(table, lines)


def ago(instant: int, now: int | None = None) -> str:
    """Say how long ago an instant is."""
    seconds = ((time.time_ns() // 1000 if now is None else now) - instant) // timestamps.SECOND
    if seconds < -1:  # a stand-in may be within the current second
        return "in the future"
    for length, unit in _UNITS:
        count = seconds // length
        if count > 0:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _heading(found: Entity) -> Text:
    heading = Text(visible(found.id), style=styles.TITLE)
    if found.name:
        heading.append(f"  {one_line(found.name)}", style=styles.NORMAL)
    return heading


def _identity(found: Entity, now: int | None = None) -> Text:
    instant = timestamps.parse(found.revision.updated_at)
    when = f" ({ago(instant, now)})" if instant is not None else ""
    return Text(
        f"{visible(found.type)}{styles.separator()}{visible(found.path)}\n"
        f"updated_at {found.revision.updated_at}{when}{styles.separator()}"
        f"etag {found.revision.etag}",
        style=styles.QUIET,
    )


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(overflow="fold")
    grid.add_column(overflow="fold")
    return grid


def value(found: Any) -> Text:
    """Return a value alone; a text with its lines, lists of simple values without brackets."""
    if found is None or found is MISSING or found == []:
        return Text(styles.nothing(), style=styles.QUIET)
    if isinstance(found, str) and found:
        return Text(visible(found))  # with its lines
    return Text(diffs.alone(found))
