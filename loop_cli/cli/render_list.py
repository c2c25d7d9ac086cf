"""Entities as a table that fits the terminal."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from loop_cli.cli import diffs, styles
from loop_cli.cli.text import visible
from loop_cli.core import timestamps
from loop_cli.core.diff import MISSING
from loop_cli.core.names import split_dotted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from loop_cli.core.schema import Schema
    from loop_cli.core.selection import Selected

_DUE = ("due", "deadline", "due_date")
_OVER = frozenset(
    ("done", "completed", "cancelled", "archived", "dropped", "validated", "falsified")
)


def table(
    found: Sequence[Selected], columns: tuple[str, ...], schema: Schema, *, today: int
) -> Table:
    """One row an entity. What is overdue has a `!`, besides its colour. `today` is an instant."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name in columns:
        first = name == columns[0]
        grid.add_column(visible(name), overflow="fold" if first else "ellipsis", no_wrap=not first)
    for one in found:
        grid.add_row(*(_cell(one, name, schema, today) for name in columns))
    return grid


def _cell(one: Selected, name: str, schema: Schema, today: int) -> Text:
    value = one.value(split_dotted(name))
    if value is MISSING or value is None:
        return Text("none" if styles.is_plain() else "·", style=styles.QUIET)
    if isinstance(value, list):
        return Text(", ".join(diffs.plain(item) for item in value))
    text = Text(diffs.plain(value))
    color = schema.color(one.listed.type, name, value)
    if color is not None:
        text.stylize(_style(color))
    elif name in _DUE and _is_overdue(value, one, today):
        text.append(" !")
        text.stylize(styles.ALERT)
    elif name == "entity_id":
        text.stylize(styles.TITLE)
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
