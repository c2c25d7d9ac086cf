"""Tokens, and who one is, as rich renderables."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from loop_cli.cli.render import styles
from loop_cli.cli.render.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from loop_cli.server.tokens import Token


def tokens(found: Sequence[Token]) -> RenderableType:
    """The tokens of a server."""
    if not found:
        return Text("there are no tokens; loop token add NAME makes one")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("name", "actor", "source", "role", "added (UTC)"):
        table.add_column(title, overflow="fold")
    for one in found:
        added = (one.created or styles.nothing())[:19].replace("T", " ")
        table.add_row(
            Text(visible(one.name), style=styles.FIELD),
            Text(visible(one.actor)),
            Text(one.source),
            Text(one.role),
            Text(visible(added), style=styles.QUIET),
        )
    return table


def identity(said: Mapping[str, str | None]) -> RenderableType:
    """Who one is and through which door, a line each."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for name, value in said.items():
        if value is not None:
            table.add_row(Text(name, style=styles.FIELD), Text(visible(value)))
    return table
