"""Show the references and links to an entity, as a table."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from loop_cli.cli.render import styles
from loop_cli.cli.render.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.operations.backlinks import Backlinks


def backlinks(found: Backlinks) -> Table:
    """Show one row for each place: its entity, the field, the text, file and line."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("entity", "field", "what", "where"):
        table.add_column(title, overflow="fold")
    for one in found.found:
        table.add_row(
            Text(visible(one.entity_id or styles.nothing()), style=styles.TITLE),
            Text(visible(one.field or styles.nothing()), style=styles.FIELD),
            Text(visible(one.text)),
            Text(f"{visible(one.path)}:{one.line}", style=styles.QUIET),
        )
    return table
