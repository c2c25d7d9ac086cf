"""Show diffs to people: one row per field; long texts and the body by lines."""

from __future__ import annotations

import difflib

from rich.table import Table
from rich.text import Text

from loop_cli.cli.render import styles
from loop_cli.cli.render.text import visible
from loop_cli.cli.render.words import marked
from loop_cli.core.names import BODY
from loop_cli.core.records.record import is_digest
from loop_cli.lean.plain import same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.diff import Diff

_CONTEXT = 2
_LONG = 60  # from this length on, a text is shown before and after, with marked words
_MINUS, _PLUS = "-", "+"


def table(diff: Diff) -> Table:
    """Show the changes, field by field: `-` for the old value, `+` for the new one."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(overflow="fold")
    for name, entry in diff.items():
        grid.add_row(Text(f"  {visible(name)}", style=styles.FIELD), change(name, entry))
    return grid


def plain(value: Any) -> str:
    """Return a value in one line, like YAML, with control characters as escapes."""
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


def change(name: str, entry: Mapping[str, Any]) -> Text:
    """Show the change of one field."""
    old, new = entry.get("old"), entry.get("new")
    if isinstance(old, list) and isinstance(new, list):
        return _list_change(old, new)
    if same(old, new):  # `check --fix` adds quotes
        return Text(plain(new)).append("  (written again)", style=styles.QUIET)
    texts = [value for value in (old, new) if isinstance(value, str)]
    if name == BODY or any("\n" in text for text in texts):
        return _line_change(old or "", new or "")
    if len(texts) == 2 and max(map(len, texts)) > _LONG:
        return _pair(str(old), str(new))
    words = Text()
    if same(old, new):  # `check --fix` adds quotes
        return words.append(plain(new)).append("  (written again)", style=styles.QUIET)
    if not entry.get("added"):
        words.append(plain(old), style=styles.OLD)
        words.append(styles.arrow())
    words.append("(removed)" if entry.get("removed") else plain(new), style=styles.NEW)
    if entry.get("added"):
        words.append("  (new)", style=styles.QUIET)
    return words


def _list_change(old: list[Any], new: list[Any]) -> Text:
    gone = [item for item in old if item not in new]
    come = [item for item in new if item not in old]
    if not gone and not come:
        return Text(plain(old) + styles.arrow() + plain(new))
    words = Text()
    for sign, style, items in ((_MINUS, styles.OLD, gone), (_PLUS, styles.NEW, come)):
        for item in items:
            words.append(f"{_sign(sign)}{plain(item)}  ", style=style)
    return words


def _line_change(old: Any, new: Any) -> Text:
    """Show removed and added lines with their context; in similar lines mark the words."""
    before, after = plain_lines(old), plain_lines(new)
    words = Text()
    for group in difflib.SequenceMatcher(None, before, after).get_grouped_opcodes(_CONTEXT):
        words.append(f"line {group[0][3] + 1}\n", style=styles.QUIET)
        for tag, i, j, k, m in group:
            if tag == "equal":
                for line in () if styles.is_plain() else before[i:j]:
                    words.append(f"  {visible(line)}\n")
                continue
            pairs = [marked(*pair) for pair in zip(before[i:j], after[k:m], strict=False)]
            gone = [*(one for one, _ in pairs), *map(_old, before[i + len(pairs) : j])]
            come = [*(one for _, one in pairs), *map(_new, after[k + len(pairs) : m])]
            for sign, lines in ((_MINUS, gone), (_PLUS, come)):
                for text in lines:
                    words.append(_sign(sign), style=text.style).append_text(text).append("\n")
    words.rstrip()
    return words or Text("(only line ends differ)")


def _pair(old: str, new: str) -> Text:
    """Show a long text of one line, before and after."""
    before, after = marked(old, new)
    words = Text(_sign(_MINUS), style=styles.OLD).append_text(before).append("\n")
    return words.append(_sign(_PLUS), style=styles.NEW).append_text(after)


def _old(line: str) -> Text:
    return Text(visible(line), style=styles.OLD)


def _new(line: str) -> Text:
    return Text(visible(line), style=styles.NEW)


def _sign(sign: str) -> str:
    if styles.is_plain():
        return "removed: " if sign == _MINUS else "added: "
    return f"{sign} "


def plain_lines(value: Any) -> list[str]:
    """Return the lines of a text; of another value its one line."""
    return value.splitlines() if isinstance(value, str) else [plain(value)]
