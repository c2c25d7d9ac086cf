"""Show created, deleted, moved, renamed and kept entities."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from loop_cli.cli import output
from loop_cli.cli.prompt import questions as prompt
from loop_cli.cli.render import diffs, styles, times
from loop_cli.cli.render import entity as render_entity
from loop_cli.cli.render.counts import counted
from loop_cli.cli.render.text import one_line, visible
from loop_cli.core import timestamps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loop_cli.cli.prompt.drafts import KeptText
    from loop_cli.core.upkeep import Kept
    from loop_cli.operations.create import CreateResult
    from loop_cli.operations.delete import DeleteResult
    from loop_cli.operations.move import RelocateResult

DRY = Text("dry run: nothing was written", style=styles.NOTICE)


def made(result: CreateResult) -> RenderableType:
    """Show what a create made, or would make."""
    entity = result.entity
    heading = Text(visible(entity.id), style=styles.TITLE)
    if entity.name:
        heading.append(f"  {one_line(entity.name)}", style=styles.NORMAL)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for name, value in entity.fields.items():
        table.add_row(Text(visible(str(name)), style=styles.FIELD), render_entity.value(value))
    place = f"{visible(entity.type)}{styles.separator()}{visible(entity.path)}"
    where = Text(place, style=styles.QUIET)
    if result.dry_run:
        return Group(heading, where, table, DRY)
    word = "created" if result.created else "was created before, with this key"
    last = Text(word, style=styles.DONE)
    revision = entity.revision
    facts = (f" {revision.updated_at}", f"etag {revision.etag}", f"run {result.run_id}")
    last.append(styles.separator().join(facts), styles.QUIET)
    return Group(heading, where, table, last)


def to_remove(preview: DeleteResult) -> RenderableType:
    """Show what would be deleted, before it is confirmed."""
    count = len(preview.removed)
    what = counted(count, "entity", "entities")
    word = "archives" if preview.archived else "deletes"
    return Group(Text(f"This {word} {what}:"), _removed_table(preview))


def removed(result: DeleteResult) -> RenderableType:
    """Show what was deleted, or would be."""
    if result.dry_run:
        return Group(_removed_table(result), DRY)
    last = Text("archived" if result.archived else "deleted", style=styles.DONE)
    words = "" if result.archived else "; the bytes are kept, 'loop kept' lists them"
    last.append(f" run {result.run_id}{words}", styles.QUIET)
    return Group(_removed_table(result), last)


def _removed_table(result: DeleteResult) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _column in range(3):
        table.add_column(overflow="fold")
    for one in result.removed:
        entity = one.entity
        where = entity.path if one.to is None else f"{entity.path}{styles.arrow()}{one.to}"
        table.add_row(
            Text(visible(entity.id), style=styles.TITLE),
            Text(one_line(entity.name or "")),
            Text(visible(where), style=styles.QUIET),
        )
    return table


def confirm_move(verb: str, assume_yes: bool) -> Callable[[RelocateResult], bool]:
    """Show the plan and ask (`Move` or `Rename`); Enter means no."""

    def confirm(preview: RelocateResult) -> bool:
        output.tell(_moves(preview))
        count = len(preview.moved)
        files = counted(count, "file")
        return assume_yes or prompt.yes_or_no(f"{verb} {files}?")

    return confirm


def moved(verb: str, result: RelocateResult) -> RenderableType:
    """Show what moved, or would move; `Move` or `Rename` is the verb."""
    if not result.changed:
        there = "the file is there already" if verb == "Move" else "all names follow rule A"
        return Text(f"nothing to {verb.lower()}; {there}")
    if result.dry_run:
        return Group(_moves(result), DRY)
    last = Text(f"{verb.lower()}d", style=styles.DONE)
    last.append(f" run {result.run_id}", styles.QUIET)
    return Group(_moves(result), last)


def _moves(result: RelocateResult) -> RenderableType:
    parts: list[RenderableType] = []
    for one in result.moved:
        line = Text(visible(one.after.id), style=styles.TITLE)
        places = dict.fromkeys((one.before.path, one.after.path))
        line.append(f"  {' → '.join(map(visible, places))}", "not bold")
        parts.append(line)
        if one.diff:
            parts.append(diffs.table(one.diff))
    if result.relinked:
        names = ", ".join(visible(one.after.id) for one in result.relinked)
        parts.append(Text(f"links changed in {names}", style=styles.QUIET))
    return Group(*parts)


def edits(found: Sequence[KeptText], *, pruned: bool, dry_run: bool, utc: bool) -> RenderableType:
    """Show texts that stayed after an edit."""
    if not found:
        return Text("no text is kept")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("kept (UTC)" if utc else "kept", "bytes", "", "file"):
        table.add_column(title, overflow="fold")
    for one in found:
        table.add_row(
            Text(_when(one.kept_at, utc=utc), style=styles.QUIET),
            Text(f"{one.size:,}"),
            Text("open" if one.is_open else ""),
            Text(visible(one.path), style=styles.FIELD),
        )
    last = Text(f"{len(found)} kept")
    if pruned:
        last = Text(f"removed {len(found)}", style=styles.DONE)
    return Group(table, last, DRY) if dry_run else Group(table, last)


def _when(instant: int, *, utc: bool) -> str:
    return times.exact(timestamps.render(instant)) if utc else times.spoken(instant)


def kept(found: Sequence[Kept], *, pruned: bool, dry_run: bool, utc: bool) -> RenderableType:
    """Show what is kept, or was until now; times as in `loop log`."""
    if not found:
        return Text("nothing is kept")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("kept (UTC)" if utc else "kept", "entity", "what", "bytes", "file"):
        table.add_column(title, overflow="fold")
    for one in found:
        table.add_row(
            Text(_when(one.kept_at, utc=utc), style=styles.QUIET),
            Text(visible(one.entity_id or styles.nothing()), style=styles.FIELD),
            Text(visible(one.what or "in no record")),
            Text(f"{one.size:,}"),
            Text(visible(one.name[:12]), style=styles.QUIET),
        )
    size = sum(one.size for one in found)
    last = Text(f"{len(found)} kept, {size:,} bytes")
    if pruned:
        last = Text(f"removed {len(found)}, {size:,} bytes", style=styles.DONE)
    return Group(table, last, DRY) if dry_run else Group(table, last)
