"""Diffs for people: one row a field, long texts and the body by lines."""

from __future__ import annotations

import difflib

from rich.table import Table
from rich.text import Text

from loop_cli.cli.text import visible
from loop_cli.core.audit import is_digest
from loop_cli.core.diff import same
from loop_cli.core.names import BODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.diff import Diff

_CONTEXT = 2


def table(diff: Diff) -> Table:
    """What changes, field by field: `-` what goes, `+` what comes, in colour where there is."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(overflow="fold")
    for name, entry in diff.items():
        grid.add_row(Text(f"  {visible(name)}", style="cyan"), _change(name, entry))
    return grid


def plain(value: Any) -> str:
    """A value in one line, as YAML users would write it, control characters spelled out."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_digest(value):
        return f"({value['bytes']} bytes)"
    if isinstance(value, dict):
        inner = ", ".join(f"{visible(str(key))}: {plain(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(plain(item) for item in value)}]"
    return visible(str(value)) if value != "" else "''"


def _change(name: str, entry: Mapping[str, Any]) -> Text:
    old, new = entry.get("old"), entry.get("new")
    if isinstance(old, list) and isinstance(new, list):
        return _list_change(old, new)
    texts = [value for value in (old, new) if isinstance(value, str)]
    if name == BODY or any("\n" in text for text in texts):
        return _line_change(old or "", new or "")
    words = Text()
    if same(old, new):  # what `check --fix` quotes
        return words.append(plain(new)).append("  (written again)", style="dim")
    if not entry.get("added"):
        words.append(plain(old), style="red").append(" → ")
    words.append("(removed)" if entry.get("removed") else plain(new), style="green")
    if entry.get("added"):
        words.append("  (new)", style="dim")
    return words


def _list_change(old: list[Any], new: list[Any]) -> Text:
    gone = [item for item in old if item not in new]
    come = [item for item in new if item not in old]
    if not gone and not come:
        return Text(f"{plain(old)} → {plain(new)}")
    words = Text()
    for sign, style, items in (("-", "red", gone), ("+", "green", come)):
        for item in items:
            words.append(f"{sign} {plain(item)}  ", style=style)
    return words


def _line_change(old: Any, new: Any) -> Text:
    before, after = (plain_lines(value) for value in (old, new))
    words = Text()
    lines = difflib.unified_diff(before, after, n=_CONTEXT, lineterm="")
    for line in list(lines)[2:]:
        style = {"+": "green", "-": "red", "@": "dim"}.get(line[0], "")
        words.append(visible(line) + "\n", style=style)
    words.rstrip()
    return words or Text("(only line ends differ)")


def plain_lines(value: Any) -> list[str]:
    """The lines of a text; of another value its one line."""
    return value.splitlines() if isinstance(value, str) else [plain(value)]
