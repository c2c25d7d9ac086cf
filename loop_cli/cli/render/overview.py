"""How `loop` without arguments looks."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from loop_cli.cli.render import styles
from loop_cli.cli.render.counts import counted
from loop_cli.cli.render.text import one_line, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from loop_cli.operations.overview import Overview

_MOST = 5  # rows of a list


def overview(
    found: Overview, commands: Sequence[tuple[str, str]], *, notes: str | None = None
) -> RenderableType:
    """Show counts, what is said of `notes` that are no entities, overdue entities, changes since
    yesterday, and useful `commands`."""
    title = Text(visible(found.vault), style=styles.TITLE)
    title.append(f"{styles.separator()}{found.entities:,} entities", style=styles.NORMAL)
    parts: list[RenderableType] = [title, Text(), _types(found)]
    parts += [Text(), Text(visible(notes))] if notes is not None else []
    parts += _listed("Overdue", found.overdue, "due")
    parts += _listed("Edited outside loop since yesterday", found.edited_outside, "path")
    parts += [Text(), _changes(found), Text(), Text("Next", style=styles.TITLE)]
    return Group(*parts, _table(commands, styles.FIELD))


def _types(found: Overview) -> Table:
    rows = []
    for name, statuses in found.types.items():
        known = {status: count for status, count in statuses.items() if status != "none"}
        listed = ", ".join(f"{status} {count:,}" for status, count in known.items())
        rows.append((name, f"{sum(statuses.values()):,}", listed))
    return _table(rows, styles.FIELD)


def _listed(title: str, found: Sequence[dict[str, Any]], key: str) -> list[RenderableType]:
    if not found:
        return []
    rows = [(one["entity_id"], str(one[key]), one["entity_name"] or "") for one in found[:_MOST]]
    if len(found) > _MOST:
        rows.append((f"and {len(found) - _MOST:,} more", "", ""))
    return [Text(), Text(f"{title}: {len(found):,}", style=styles.TITLE), _table(rows, "none")]


def _changes(found: Overview) -> Text:
    if not found.changes:
        return Text("No changes in the log since yesterday")
    changes = counted(found.changes, "change")
    entities = found.changed_entities
    what = counted(entities, "entity", "entities")
    actors = ", ".join(f"{name} {count:,}" for name, count in found.actors.items())
    return Text(visible(f"Since yesterday {changes} of {what} in the log: {actors}"))


def _table(rows: Iterable[Sequence[str]], style: str) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, overflow="fold")  # a command is copied in one piece
    for row in rows:
        first, *others = row
        grid.add_row(Text(f"  {visible(first)}", style=style), *(Text(one_line(o)) for o in others))
    return grid
