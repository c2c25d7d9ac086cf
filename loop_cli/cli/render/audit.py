"""How `loop audit` shows results to people."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from loop_cli.cli.render import styles
from loop_cli.cli.render.counts import counted
from loop_cli.cli.render.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loop_cli.core.upkeep import Migration, RecordedPlace, Redaction, Rotation, Verification

_SHOWN = 20


def verification(found: Verification) -> RenderableType:
    """Show the counts, then the problems, then the verdict."""
    parts: list[RenderableType] = [_counts(found)]
    if found.problems:
        table = _table("place", "problem")
        for problem in found.problems[:_SHOWN]:
            place = Text(visible(f"{problem.file}:{problem.line}"), style=styles.FIELD)
            table.add_row(place, Text(visible(problem.message), style=styles.ALERT))
        parts += [table, *_more(found.problems)]
    parts += _places("edited outside loop", found.edited_outside)
    parts += _places("file gone", found.gone)
    if found.ok:
        parts.append(Text("the audit log is whole", style=styles.DONE))
    else:
        parts.append(Text("the audit log is damaged", style=styles.ALERT))
    return Group(*parts)


def rotation(done: Rotation) -> RenderableType:
    """Show what happened to the active file."""
    if done.segment is None:
        return Text(f"nothing to rotate: the active file has {done.size:,} bytes")
    text = Text("rotated", style=styles.DONE)
    return text.append(f" {done.size:,} bytes to {visible(done.segment)}", style=styles.NORMAL)


def redaction(result: Redaction) -> RenderableType:
    """Show the lines and their fields, and what was done, or would be."""
    if not result.changed:
        return Text("nothing to redact: the values are hashes already")
    table = _table("line", "when (UTC)", "fields")
    for line in result.lines[:_SHOWN]:
        when = str(line.record.data.get("timestamp"))[:19].replace("T", " ")
        table.add_row(
            Text(visible(f"{line.file}:{line.number}"), style=styles.FIELD),
            Text(visible(when), style=styles.QUIET),
            Text(visible(", ".join(line.fields))),
        )
    count = counted(len(result.lines), "line")
    kept = f", {counted(len(result.kept), 'kept copy', 'kept copies')}" if result.kept else ""
    if result.dry_run:
        words = Text(f"would be redacted: {count}{kept}; nothing was written", style=styles.NOTICE)
    else:
        words = Text("redacted", style=styles.DONE)
        words.append(f" {count}{kept} · run {result.run_id}", style=styles.NORMAL)
    return Group(table, *_more(result.lines), words)


def migration(done: Migration) -> RenderableType:
    """Show how many lines became records, and which did not."""
    parts: list[RenderableType] = []
    if done.skipped:
        table = _table("line", "why it is not a record")
        for one in done.skipped[:_SHOWN]:
            table.add_row(Text(f"{visible(done.file)}:{one.line}"), Text(visible(one.reason)))
        parts += [table, *_more(done.skipped)]
    words = Text("would be migrated" if done.dry_run else "migrated", style=styles.DONE)
    words.append(f" {counted(done.migrated, 'line')} of {visible(done.file)}", style=styles.NORMAL)
    if done.known:
        words.append(f"; {counted(done.known, 'line')} in the log already", style=styles.NORMAL)
    return Group(*parts, words)


def _counts(found: Verification) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    rows = (
        ("files", len(found.files)),
        ("records of loop", found.own),
        ("migrated records", found.migrated),
        ("records of other programs", found.foreign),
        ("lines that are not records", found.unreadable),
    )
    for name, count in rows:
        grid.add_row(Text(name, style=styles.QUIET), Text(f"{count:,}"))
    return grid


def _places(title: str, places: Sequence[RecordedPlace]) -> list[RenderableType]:
    if not places:
        return []
    table = _table(title, "file")
    for place in places[:_SHOWN]:
        table.add_row(Text(visible(place.entity_id), style=styles.FIELD), Text(visible(place.path)))
    return [table, *_more(places)]


def _table(*titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _more(items: Sequence[object]) -> Iterable[RenderableType]:
    rest = len(items) - _SHOWN
    return [Text(f"and {rest:,} more; --json has all", style=styles.QUIET)] if rest > 0 else []
