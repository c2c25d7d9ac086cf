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
