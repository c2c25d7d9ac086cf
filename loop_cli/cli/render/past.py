"""Show the results of `loop diff`, `loop history` and `loop undo`."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from loop_cli.cli.render import diffs, styles, times
from loop_cli.cli.render.counts import counted
from loop_cli.cli.render.text import one_line, visible
from loop_cli.core import timestamps
from loop_cli.core.diff import MISSING
from loop_cli.core.names import BODY
from loop_cli.core.records.story import reverses, undo_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from loop_cli.core.conflict import Conflict
    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.inverse import EntityUndo
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.records.story import Event
    from loop_cli.operations.history import Difference, Story
    from loop_cli.operations.undo import Undone, UndoPlan, UndoResult

_LONG = 60
_OPPOSITE = {"create": "delete", "delete": "create"}  # what is taken back, by what that does


class Clock:
    """How to show times: exactly and in UTC, or in words."""

    def __init__(self, *, utc: bool) -> None:
        self._utc = utc

    def __call__(self, text: object) -> str:
        """Return the text for a timestamp of a record."""
        if self._utc:
            return times.exact(text) + " UTC"
        instant = timestamps.parse(str(text))
        return visible(str(text)) if instant is None else times.spoken(instant)


def difference(found: Difference, when: Clock) -> RenderableType:
    """Show an entity compared with an earlier state."""
    parts: list[RenderableType] = [_heading(found.entity), _since(found, when)]
    parts += [_by_line(record, when) for record in found.changes]
    if found.diff:
        parts.append(diffs.table(found.diff))
    if found.unknown:
        names = ", ".join(map(visible, found.unknown))
        parts.append(Text(f"the values before are not known: {names}", style=styles.NOTICE))
    if not found.diff and not found.unknown:
        parts.append(Text("it is as it was"))
    return Group(*parts)


def story(found: Story, when: Clock) -> RenderableType:
    """Show the history of an entity, newest first."""
    name = found.entity.name if found.entity is not None else None
    parts: list[RenderableType] = [_title(found.entity_id, name)]
    for event in found.events:
        if event.outside_after:
            parts.append(_outside(found, event))
        parts += _event(event, when)
    if not found.events:
        parts.append(Text("no records"))
    if found.more:
        parts.append(Text("older ones: --limit 0 shows all", style=styles.QUIET))
    return Group(*parts)


def undo_plan(plan: UndoPlan) -> RenderableType:
    """Show what an undo would restore."""
    return Group(
        *(part for one in plan.entities for part in _undone_entity(one, one.to or one.entity.path))
    )


def undone(result: UndoResult) -> RenderableType:
    """Show what an undo restored, or would restore."""
    parts = [part for one in result.entities for part in _undone_entity(one, one.entity.path)]
    if not result.changed:
        return Group(*parts, Text("nothing to undo: all is as it was before"))
    if result.dry_run:
        last = Text("dry run: nothing was written", style=styles.NOTICE)
    else:
        last = Text("undone", style=styles.DONE)
        last.append(f" run {result.undone} · to redo: loop undo {result.run_id}", styles.QUIET)
    return Group(*parts, last)


def undo_conflict(found: Conflict) -> RenderableType:
    """Show the fields that an undo would restore, but that were changed since."""
    if found.reason == "deleted":
        return Text(f"{visible(found.entity_id)}: its file is gone")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("", "field", "that change left", "now", "it found"):
        table.add_column(title, overflow="fold")
    for field in found.fields:
        base = _value(field.base) if field.base_known else Text("not known", style=styles.QUIET)
        table.add_row(
            Text("!", style=styles.ALERT),
            Text(visible(field.field), style=styles.ALERT),
            base,
            _value(field.current),
            _value(field.requested),
        )
    when = Clock(utc=False)
    lines = [_by_line(record, when) for record in found.changes]
    words = Text(f"{visible(found.entity_id)}: changed since, so it is not put back")
    return Group(words, *lines, table)


def log_table(found: Sequence[AuditRecord], *, utc: bool) -> RenderableType:
    """Show a table of audit records."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("when (UTC)" if utc else "when", "who", "door", "entity", "what"):
        table.add_column(title, overflow="fold")
    for record in found:
        data = record.data
        instant = timestamps.parse(str(data.get("timestamp")))
        exact = utc or instant is None
        when = times.exact(data.get("timestamp")) if exact else times.spoken(instant)
        table.add_row(
            Text(visible(when), style=styles.QUIET),
            Text(visible(record.who)),
            Text(visible(str(data.get("source")))),
            Text(visible(str(data.get("entity_id"))), style=styles.FIELD),
            what(record),
        )
    return table


def follow_line(record: AuditRecord, *, utc: bool) -> RenderableType:
    """Show a new record in one line; it is cut if the terminal is too narrow."""
    data = record.data
    instant = timestamps.parse(str(data.get("timestamp")))
    when = times.exact(data.get("timestamp")) if utc else times.clock(instant)
    line = Text(visible(when), style=styles.QUIET, no_wrap=True, overflow="ellipsis")
    line.append(f"  {one_line(record.who)}", style=styles.NORMAL)
    line.append(f"  {one_line(data.get('source'))}", style=styles.QUIET)
    line.append(f"  {one_line(data.get('entity_id'))}", style=styles.FIELD)
    line.append("  ").append(what(record))
    return Group(line)  # a bare Text would lose that it must not be wrapped


def what(record: AuditRecord) -> Text:
    """Say in one line what a record did."""
    if record.undoes is not None:
        return Text("taken back", style=styles.NOTICE)
    if record.redacted:
        field = one_line(record.metadata.get("redacted_field"))
        return Text(f"{field}: values redacted", style=styles.NOTICE)
    if not record.diff and record.metadata.get("layout") is True:
        return Text("comments or layout", style=styles.QUIET)
    parts = []
    for name, entry in record.diff.items():
        values = [entry.get(side) for side in ("old", "new")]
        old, new = map(diffs.plain, values)
        lines = any(isinstance(one, str) and "\n" in one for one in values)
        long = name == BODY or max(len(old), len(new)) > _LONG or lines
        parts.append(one_line(name) if long else f"{one_line(name)}: {old}{styles.arrow()}{new}")
    action = str(record.data.get("action"))
    if reverses(record) and action in _OPPOSITE:
        return Text(f"undo {_OPPOSITE[action]}", style=styles.NOTICE)
    words = Text("undo " if reverses(record) else "", style=styles.NOTICE)
    words.append("" if action == "update" else one_line(action) + " ", style=styles.NORMAL)
    if action == "create" and record.diff:  # its old type is its type: its name says it
        made = [record.data.get("entity_type"), record.data.get("entity_name")]
        return words.append(": ".join(one_line(one) for one in made if one), style=styles.NORMAL)
    return words.append("; ".join(parts), style=styles.NORMAL)


def _since(found: Difference, when: Clock) -> Text:
    count = len(found.changes)
    changes = counted(count, "change")
    words = Text(f"since {when(found.updated_at)}: {changes}" if found.updated_at else changes)
    if found.edited_outside:
        words.append(", and edited outside loop", style=styles.NOTICE)
    return words


def _by_line(record: AuditRecord, when: Clock) -> Text:
    data = record.as_change()
    fields = ", ".join(map(str, data["modified_fields"] or ()))
    words = f"  {when(data['timestamp'])}  {record.who} · {data['source']} · {fields}"
    return Text(one_line(words), style=styles.QUIET)


def _outside(found: Story, event: Event) -> Text:
    newest = found.events[0] is event or all(
        one.number is None for one in found.events[: found.events.index(event)]
    )
    if newest and found.entity is None:
        return Text("  —  its file is gone, or can't be read", style=styles.NOTICE)
    return Text("  —  edited outside loop", style=styles.NOTICE)


def _event(event: Event, when: Clock) -> Iterable[RenderableType]:
    record = event.record
    data = record.as_change()
    number = "" if event.number is None else str(event.number)
    line = Text(f"{number:>3}  ", style=styles.TITLE)
    line.append(when(data["timestamp"]), style=styles.NORMAL)
    run = str(data["run_id"])[:8]
    door = f"{record.who} · {data['source']} · run {run}"
    line.append(f"  {one_line(door)}", style="dim not bold")
    for mark in _marks(event):
        line.append(f"  {mark}", style="yellow not bold")
    yield line
    if record.diff:
        yield Padding(_brief(record.diff), (0, 0, 0, 3))


def _marks(event: Event) -> Iterable[str]:
    record = event.record
    action = str(record.data.get("action"))
    if record.undoes is not None:
        yield "(taken back: another program wrote at that moment)"
    elif record.redacted:
        yield f"(values of {one_line(record.metadata.get('redacted_field'))} redacted)"
    elif action != "update":
        yield f"({one_line(action)})"
    if reverses(record):
        yield f"(undo of run {one_line(undo_of(record).get('run_id'))[:8]})"
    if event.taken_back:
        yield "(did not happen)"
    if event.undone_by is not None:
        how = "undone in part" if undo_of(event.undone_by).get("partial") else "undone"
        yield f"({how} by run {one_line(event.undone_by.data.get('run_id'))[:8]})"


def _brief(diff: Diff) -> Table:
    """Return a diff in which long texts are only counted."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(overflow="fold")
    for name, entry in diff.items():
        grid.add_row(Text(f"  {one_line(name)}", style=styles.FIELD), _brief_change(name, entry))
    return grid


def _brief_change(name: str, entry: dict[str, Any]) -> Text:
    texts = [entry.get(side) for side in ("old", "new")]
    if name == BODY or any(isinstance(one, str) and len(one) > _LONG for one in texts):
        sizes = " → ".join(_size(one) for one in texts)
        return Text(sizes, style=styles.QUIET)
    return diffs.change(name, entry)


def _size(value: Any) -> str:
    if value is None:
        return "nothing"
    if not isinstance(value, str):
        return diffs.plain(value)
    lines = len(value.splitlines())
    return f"{lines} lines" if lines != 1 else f"{len(value)} characters"


_PLACES = {
    "delete": "its file goes: {}",
    "restore": "its file comes back: {}",
    "move": "its file goes back to {}",
}


def _undone_entity(one: EntityUndo | Undone, place: str) -> Iterable[RenderableType]:
    yield _heading(one.entity)
    if one.action in _PLACES:
        yield Text("  " + _PLACES[one.action].format(one_line(place)))
    if one.diff:
        yield diffs.table(one.diff)
    if one.left:
        names = ", ".join(one_line(field.field) for field in one.left)
        yield Text(f"  left as they are, changed since: {names}", style=styles.NOTICE)


def _heading(found: Entity) -> Text:
    return _title(found.id, found.name)


def _title(entity_id: str, name: str | None) -> Text:
    heading = Text(one_line(entity_id), style=styles.TITLE)
    if name:
        heading.append(f"  {one_line(name)}", style=styles.NORMAL)
    return heading


def _value(value: Any) -> Text:
    if value is None or value is MISSING:
        return Text(styles.nothing(), style=styles.QUIET)
    text = diffs.plain(value)
    return Text(text if len(text) <= 400 else text[:400] + "…")
