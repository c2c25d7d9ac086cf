"""What was made, deleted, moved and renamed, and what is kept, as rich renderables."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from loop_cli.cli import diffs
from loop_cli.cli.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.create import CreateResult
    from loop_cli.core.remove import DeleteResult

DRY = Text("dry run: nothing was written", style="yellow")


def made(result: CreateResult) -> RenderableType:
    """What a create made, or would make."""
    entity = result.entity
    heading = Text(visible(entity.id), style="bold")
    if entity.name:
        heading.append(f"  {visible(entity.name)}", style="not bold")
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for name, value in entity.fields.items():
        table.add_row(Text(visible(str(name)), style="cyan"), Text(diffs.plain(value)))
    where = Text(f"{visible(entity.type)} · {visible(entity.path)}", style="dim")
    if result.dry_run:
        return Group(heading, where, table, DRY)
    word = "created" if result.created else "was created before, with this key"
    last = Text(word, style="green")
    revision = entity.revision
    last.append(f" {revision.updated_at} · etag {revision.etag} · run {result.run_id}", "dim")
    return Group(heading, where, table, last)


def to_remove(preview: DeleteResult) -> RenderableType:
    """What would go, before it is confirmed."""
    count = len(preview.removed)
    what = "1 entity" if count == 1 else f"{count} entities"
    word = "archives" if preview.archived else "deletes"
    return Group(Text(f"This {word} {what}:"), _removed_table(preview))


def removed(result: DeleteResult) -> RenderableType:
    """What went, or would go."""
    if result.dry_run:
        return Group(_removed_table(result), DRY)
    last = Text("archived" if result.archived else "deleted", style="green")
    words = "" if result.archived else "; the bytes are kept, 'loop kept' lists them"
    last.append(f" run {result.run_id}{words}", "dim")
    return Group(_removed_table(result), last)


def _removed_table(result: DeleteResult) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _column in range(3):
        table.add_column(overflow="fold")
    for one in result.removed:
        entity = one.entity
        where = entity.path if one.to is None else f"{entity.path} → {one.to}"
        table.add_row(
            Text(visible(entity.id), style="bold"),
            Text(visible(entity.name or "")),
            Text(visible(where), style="dim"),
        )
    return table
