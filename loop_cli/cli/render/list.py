"""Show entities as a table that fits the terminal."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from loop_cli.cli.render import diffs, styles
from loop_cli.cli.render.text import visible
from loop_cli.core.diff import MISSING
from loop_cli.core.names import nfc, split_dotted
from loop_cli.operations import overdue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console, OverflowMethod

    from loop_cli.core.evaluate import Selected
    from loop_cli.core.schema.schema import Schema

_BETWEEN = 2  # columns of the terminal between two columns of the table
_NARROW = 8
_SHORT = 12  # a date with the mark of an overdue entity
_READABLE = 20  # of a name


def table(
    found: Sequence[Selected],
    columns: tuple[str, ...],
    schema: Schema,
    *,
    today: int,
    optional: bool = False,
) -> Callable[[Console], Table]:
    """Show one row per entity. Overdue entities have a `!`, not only a colour.

    `today` is an instant; the last columns are `optional` and left out on a narrow terminal.
    """
    rows = [[_cell(one, name, schema, today) for name in columns] for one in found]

    def render(console: Console) -> Table:
        grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
        cells = [[Text(visible(name)) for name in columns], *rows]
        natural = [max(row[index].cell_len for row in cells) for index in range(len(columns))]
        widths = _widths(natural, console.width)
        while optional and len(widths) > 2 and widths[1] < min(natural[1], _READABLE):
            widths = _widths(natural[: len(widths) - 1], console.width)
        for name, width in zip(columns, widths, strict=False):
            first = name == columns[0]
            overflow: OverflowMethod = "fold" if first else "ellipsis"
            grid.add_column(visible(name), overflow=overflow, no_wrap=not first, width=width)
        for row in rows:
            grid.add_row(*row[: len(widths)])
        return grid

    return render


def _widths(natural: list[int], width: int) -> list[int]:
    """Return the width of each column.

    Long texts are cut first, then all columns; the first one, which names the entity, last.
    """
    room = width - _BETWEEN * (len(natural) - 1)
    first, *others = natural
    for least, uncut in ((_NARROW, _SHORT), (1, 0)):
        most = max(others, default=0)
        while most > least and first + _total(others, most, uncut) > room:
            most -= 1
        if first + _total(others, most, uncut) <= room:
            break
        first = min(first, max(room - _NARROW * len(others), _NARROW))
    return [first, *(one if one <= uncut else min(one, most) for one in others)]


def _total(widths: list[int], most: int, uncut: int) -> int:
    return sum(one if one <= uncut else min(one, most) for one in widths)


def _cell(one: Selected, name: str, schema: Schema, today: int) -> Text:
    value = one.value(split_dotted(name))
    if value is MISSING or value is None:
        return Text("none" if styles.is_plain() else "·", style=styles.QUIET)
    if isinstance(value, list):
        return Text(nfc(", ".join(diffs.plain(item) for item in value)))
    text = Text(nfc(diffs.plain(value)))  # decomposed characters are as wide at a terminal
    color = schema.color(one.listed.type, name, value)
    if color is not None:
        text.stylize(_style(color))
    elif name in overdue.FIELDS and overdue.is_overdue(value, one, today=today):
        text = Text("! ").append_text(text)  # at the beginning, where it is not cut off
        text.stylize(styles.ALERT)
    elif name == "entity_id":
        text.stylize(styles.TITLE)
    return text


def _style(color: str) -> str:
    """Return a colour of the schema, if it is a valid one."""
    from rich.errors import StyleSyntaxError
    from rich.style import Style

    try:
        Style.parse(color)
    except StyleSyntaxError:
        return ""
    return color
