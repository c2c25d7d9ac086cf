"""Boards, agendas and counts as people see them."""

from __future__ import annotations

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from loop_cli.cli.render import styles
from loop_cli.cli.render.text import one_line, visible
from loop_cli.core.names import nfc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType

    from loop_cli.operations.board import Agenda, Board, Card, Column, Stats

_NARROWEST = 18  # of a column of a board
_SHORTEST = 6  # of a name, before the rest of its line is cut
_BARS = "▁▂▃▄▅▆▇█"
_TITLES = {
    "overdue": "Overdue", "today": "Today", "week": "This week", "later": "Later",
}  # fmt: skip


def board(found: Board) -> Callable[[Console], RenderableType]:
    """Columns beside one another; below one another where the terminal is too narrow."""

    def render(console: Console) -> RenderableType:
        if not found.columns:
            return Text("no entities", style=styles.QUIET)
        room = (console.width - 2 * len(found.columns)) // len(found.columns)
        if styles.is_plain() or not console.is_terminal or room < _NARROWEST:
            return Group(*(part for one in found.columns for part in _below(one)))
        grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
        for one in found.columns:
            grid.add_column(_title(one), width=room, overflow="ellipsis")
        grid.add_row(*(Group(*(_card(card, room) for card in one.cards)) for one in found.columns))
        return grid

    return render


def _title(one: Column) -> Text:
    name = "none" if one.value is None else one.label or one.value
    return Text(one_line(nfc(f"{name} ({len(one.cards)})")), style=styles.TITLE)


def _card(card: Card, room: int) -> Text:
    """A card of three lines: id, name, and due day, who, priority; the day is on a line of its own
    where there is no room beside it."""
    text = Text(visible(card.entity_id), style=styles.FIELD, overflow="ellipsis", no_wrap=True)
    if card.entity_name:
        text.append("\n" + one_line(nfc(card.entity_name)), style=styles.NORMAL)
    facts = _facts(card)
    if facts.cell_len > room and card.due:
        rest = _facts(card.replace(due=None))
        facts = _facts(card.replace(who=None, priority=None)).append("\n").append_text(rest)
    return text.append("\n").append_text(facts).append("\n")


def _facts(card: Card) -> Text:
    text = Text(style=styles.QUIET)
    if card.due:
        mark = "! " if card.overdue else ""
        text.append(f"{mark}{one_line(card.due)}", style=styles.ALERT if card.overdue else "")
    for one in (card.who, card.priority):
        if one:
            text.append(f"{'  ' if text else ''}{one_line(nfc(one))}")
    return text


def _below(one: Column) -> list[RenderableType]:
    return [_title(one), *(_line(card) for card in one.cards), Text()]


class _line:  # noqa: N801  used like a function
    """A card in one line. Where it is too long, the name is cut: a day or a priority that is cut
    says nothing."""

    def __init__(self, card: Card, before: str = "") -> None:
        self._card = card
        self._before = before

    def __rich_console__(
        self, _console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        text = Text(f"  {self._before}", overflow="ellipsis", no_wrap=True)
        text.append(visible(self._card.entity_id), style=styles.FIELD)
        facts = _facts(self._card)
        name = Text(one_line(nfc(self._card.entity_name or "")))
        room = options.max_width - text.cell_len - facts.cell_len - 4
        if name.cell_len > room:
            name.truncate(max(room, _SHORTEST), overflow="ellipsis")
        for part in (name, facts):
            if part:
                text.append("  ").append_text(part)
        yield text


def agenda(found: Agenda) -> RenderableType:
    """The groups that have something, each by day."""
    parts: list[RenderableType] = []
    for name, entries in found.groups.items():
        if not entries:
            continue
        style = styles.ALERT if name == "overdue" else styles.TITLE
        parts.append(Text(f"{_TITLES[name]}: {len(entries)}", style=style))
        for one in entries:
            what = "starts  " if one.what == "start" else ""
            parts.append(_line(one.card.replace(due=None), f"{one.day}  {what}"))
        parts.append(Text())
    return Group(*(parts or [Text("nothing is due", style=styles.QUIET)]))


def stats(found: Stats) -> RenderableType:
    """A line for each count: its sum, and how it went over the days."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name in ("records", "create", "update", "move", "delete", "finished"):
        counts = [int(day[name]) for day in found.days]
        grid.add_row(
            Text(name, style=styles.FIELD), Text(f"{sum(counts):,}"), Text(sparkline(counts))
        )
    actors = ", ".join(f"{name} {count:,}" for name, count in found.actors.items())
    title = f"since {found.since}, {len(found.days)} days"
    return Group(
        Text(title, style=styles.TITLE), grid, *([Text(visible(actors))] if actors else [])
    )


def sparkline(counts: Sequence[int], most: int = 60) -> str:
    """Counts as bars, at most so many: then each stands for several days. Plain: the numbers."""
    size = -(-len(counts) // most)
    sums = [sum(counts[at : at + size]) for at in range(0, len(counts), size or 1)]
    if styles.is_plain():
        return " ".join(map(str, sums))
    top = max(sums, default=0)
    return "".join(" " if not one else _BARS[(one * len(_BARS) - 1) // top] for one in sums)
