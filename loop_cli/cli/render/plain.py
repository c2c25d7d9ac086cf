"""Show columns as lines, for screen readers and for people who prefer it."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rich.console import Console, RenderableType


def lines(content: RenderableType, console: Console) -> Iterator[RenderableType]:
    """Return each table as lines.

    Each cell gets a line, after the name of its column. If the columns have no names, each row gets
    a line.
    """
    if isinstance(content, Group):
        for part in content.renderables:
            yield from lines(part, console)
    elif isinstance(content, Table):
        yield from _rows(content)
    elif type(content).__module__.startswith("loop_cli.") and hasattr(content, "__rich_console__"):
        parts: Any = content.__rich_console__(console, console.options)
        for part in parts:
            yield from lines(part, console)
    else:
        yield content


def _rows(table: Table) -> Iterator[Text]:
    titles = [str(column.header) for column in table.columns]
    columns = [[_text(cell) for cell in column.cells] for column in table.columns]
    for row in zip(*columns, strict=True):
        if not any(titles):
            cells = [cell for cell in row if cell.plain.strip()]
            yield Text(": " if len(row) == 2 else ", ").join(cells)
            continue
        for title, cell in zip(titles, row, strict=True):
            if cell.plain.strip():
                yield Text(f"{title}: ").append_text(cell)
        yield Text()


def _text(cell: RenderableType) -> Text:
    return cell.copy() if isinstance(cell, Text) else Text(str(cell))
