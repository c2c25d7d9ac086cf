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
_LEAST = 4  # of a long text, before a date is cut
_SHORT = 12  # a date, marked as overdue
_READABLE = 14  # of a name
_ID, _NAME = 16, 12  # what an id and a name are not made shorter than to keep a column


def table(
    found: Sequence[Selected],
    columns: tuple[str, ...],
    schema: Schema,
    *,
    today: int,
    optional: bool = False,
    dropped: list[str] | None = None,
) -> Callable[[Console], Table]:
    """One row an entity. What is overdue has a `!`, besides its colour. `today` is an instant;
    the last columns are `optional` where the terminal is too narrow for them, even with short ids
    and names; `dropped` then gets their names."""
    rows = [[_cell(one, name, schema, today) for name in columns] for one in found]

    def render(console: Console) -> Table:
        grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
        cells = [[Text(visible(name)) for name in columns], *rows]
        natural = [max(row[index].cell_len for row in cells) for index in range(len(columns))]
        widths = _fitting(natural, console.width) if optional else _widths(natural, console.width)
        if dropped is not None:
            dropped[:] = columns[len(widths) :]
        for name, width in zip(columns, widths, strict=False):
            first = name == columns[0]
            overflow: OverflowMethod = "fold" if first else "ellipsis"
            grid.add_column(visible(name), overflow=overflow, no_wrap=not first, width=width)
        for row in rows:
            row[0] = _middle_cut(row[0], widths[0])
            grid.add_row(*row[: len(widths)])
        return grid

    return render


def _fitting(natural: list[int], width: int) -> list[int]:
    """How wide each column is: ids and names are shortened first, columns dropped last."""
    for count in range(len(natural), 2, -1):
        others = [min(one, _SHORT) for one in natural[2:count]]
        room = width - _BETWEEN * (count - 1) - sum(others)
        if room < min(natural[0], _ID) + min(natural[1], _NAME):
            continue
        first = max(min(natural[0], _ID), min(natural[0], room - min(natural[1], _READABLE)))
        second = min(natural[1], room - first)
        spare = room - first - second
        for index, one in enumerate(natural[2:count]):
            more = min(one - others[index], spare)
            others[index], spare = others[index] + more, spare - more
        return [first, second, *others]
    return _widths(natural[:2], width)


def _middle_cut(text: Text, width: int) -> Text:
    """An id that is too long, without its middle: both ends tell ids apart."""
    plain = text.plain
    if text.cell_len <= width or width < _NARROW or not plain.isascii():
        return text
    tail = (width - 1) // 2
    return Text(f"{plain[: width - 1 - tail]}…{plain[-tail:]}", style=styles.TITLE)


def _widths(natural: list[int], width: int) -> list[int]:
    """Return the width of each column.

    Long texts are cut first, then the first one, which names the entity, and then all others, such
    as dates.
    """
    room = width - _BETWEEN * (len(natural) - 1)
    first, *others = natural
    for least, uncut, name in ((_NARROW, _SHORT, _ID), (_LEAST, _SHORT, _SHORT), (1, 0, _NARROW)):
        short = _total(others, least, uncut)
        first = min(first, max(name, room - short))
        if first + short <= room:
            break
    most = max(others, default=0)
    while most > least and first + _total(others, most, uncut) > room:
        most -= 1
    return [first, *(one if one <= uncut else min(one, most) for one in others)]


def _total(widths: list[int], most: int, uncut: int) -> int:
    return sum(one if one <= uncut else min(one, most) for one in widths)


def _cell(one: Selected, name: str, schema: Schema, today: int) -> Text:
    value = one.value(split_dotted(name))
    if value is MISSING or value is None or value == []:
        return Text(styles.nothing(), style=styles.QUIET)
    if isinstance(value, list):
        return Text(nfc(diffs.alone(value)))
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
