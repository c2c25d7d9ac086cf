"""Entities as a table that fits the terminal."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from loop_cli.cli import diffs
from loop_cli.cli.text import visible
from loop_cli.core import timestamps
from loop_cli.core.diff import MISSING
from loop_cli.core.names import split_dotted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from rich.console import Console, OverflowMethod

    from loop_cli.core.schema import Schema
    from loop_cli.core.selection import Selected

_BETWEEN = 2  # columns of the terminal between two of the table
_NARROW = 8
_DUE = ("due", "deadline", "due_date")
_OVER = frozenset(
    ("done", "completed", "cancelled", "archived", "dropped", "validated", "falsified")
)


def table(
    found: Sequence[Selected], columns: tuple[str, ...], schema: Schema, *, today: int
) -> Callable[[Console], Table]:
    """One row an entity. What is overdue has a `!`, besides its colour. `today` is an instant."""
    rows = [[_cell(one, name, schema, today) for name in columns] for one in found]

    def render(console: Console) -> Table:
        grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
        cells = [[Text(visible(name)) for name in columns], *rows]
        natural = [max(row[index].cell_len for row in cells) for index in range(len(columns))]
        for name, width in zip(columns, _widths(natural, console.width), strict=True):
            first = name == columns[0]
            overflow: OverflowMethod = "fold" if first else "ellipsis"
            grid.add_column(visible(name), overflow=overflow, no_wrap=not first, width=width)
        for row in rows:
            grid.add_row(*row)
        return grid

    return render


def _widths(natural: list[int], width: int) -> list[int]:
    """How wide each column is: the widest are cut first, the first, which names the entity, not
    before the others are narrow."""
    room = width - _BETWEEN * (len(natural) - 1)
    first, *others = natural
    first = min(first, max(room - _NARROW * len(others), _NARROW))
    most = max(others, default=0)
    while most > 1 and first + sum(min(one, most) for one in others) > room:
        most -= 1
    return [first, *(min(one, most) for one in others)]


def _cell(one: Selected, name: str, schema: Schema, today: int) -> Text:
    value = one.value(split_dotted(name))
    if value is MISSING or value is None:
        return Text("·", style="dim")
    if isinstance(value, list):
        return Text(", ".join(diffs.plain(item) for item in value))
    text = Text(diffs.plain(value))
    color = schema.color(one.listed.type, name, value)
    if color is not None:
        text.stylize(_style(color))
    elif name in _DUE and _is_overdue(value, one, today):
        text = Text("! ").append_text(text)  # in front, where it is not cut off
        text.stylize("bold red")
    elif name == "entity_id":
        text.stylize("bold")
    return text


def _is_overdue(value: Any, one: Selected, today: int) -> bool:
    instant = timestamps.parse(value) if isinstance(value, str) else None
    return instant is not None and instant < today and one.fields.get("status") not in _OVER


def _style(color: str) -> str:
    """A colour of the schema, where it is one."""
    from rich.errors import StyleSyntaxError
    from rich.style import Style

    try:
        Style.parse(color)
    except StyleSyntaxError:
        return ""
    return color
