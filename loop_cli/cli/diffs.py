"""Diffs for people: one row a field, long texts and the body by lines, with their words marked."""

from __future__ import annotations

import difflib
import re

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
_LONG = 40  # characters from which on the words of a text are compared
_MOST = 3_000  # words at most that are compared
_ALIKE = 0.4  # from which ratio on two texts are one that was changed
_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_SIGNS = {"-": "red", "+": "green"}
_MARK = "bold underline"


def table(diff: Diff) -> Table:
    """What changes, field by field: `-` what goes, `+` what comes, in colour where there is."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(overflow="fold")
    for name, entry in diff.items():
        grid.add_row(Text(f"  {visible(name)}", style="cyan"), change(name, entry))
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


def change(name: str, entry: Mapping[str, Any]) -> Text:
    """What changes in one field."""
    old, new = entry.get("old"), entry.get("new")
    if isinstance(old, list) and isinstance(new, list):
        return _list_change(old, new)
    texts = [value for value in (old, new) if isinstance(value, str)]
    if name == BODY or any("\n" in text for text in texts):
        return _line_change(old or "", new or "")
    words = Text()
    if same(old, new):  # what `check --fix` quotes
        return words.append(plain(new)).append("  (written again)", style="dim")
    if len(texts) == 2 and min(map(len, texts)) >= _LONG:
        return Text("\n").join(_marked(f"- {plain(old)}", f"+ {plain(new)}"))
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
    lines = list(difflib.unified_diff(before, after, n=_CONTEXT, lineterm=""))[2:]
    shown: list[Text] = []
    gone: list[str] = []
    come: list[str] = []
    for line in [*map(visible, lines), " "]:
        if line[0] == "-" and not come:
            gone.append(line)
        elif line[0] == "+":
            come.append(line)
        else:
            shown += _replaced(gone, come)
            gone, come = ([line], []) if line[0] == "-" else ([], [])
            if not gone:
                shown.append(Text(line, style="dim" if line[0] == "@" else ""))
    return Text("\n").join(shown[:-1]) if lines else Text("(only line ends differ)")


def _replaced(gone: list[str], come: list[str]) -> list[Text]:
    """The lines that go and the lines that come in their place, signs in front."""
    pairs = [_marked(*pair) for pair in zip(gone, come, strict=False)]
    return [
        *(old for old, _new in pairs),
        *(Text(line, style=_SIGNS["-"]) for line in gone[len(pairs) :]),
        *(new for _old, new in pairs),
        *(Text(line, style=_SIGNS["+"]) for line in come[len(pairs) :]),
    ]


def _marked(old: str, new: str) -> tuple[Text, Text]:
    """Two texts with a sign in front; the words that differ are marked where most do not."""
    found = Text(old, style=_SIGNS["-"]), Text(new, style=_SIGNS["+"])
    words = _WORD.findall(old[1:]), _WORD.findall(new[1:])
    if max(map(len, words)) > _MOST:
        return found
    matcher = difflib.SequenceMatcher(None, *words, autojunk=False)
    if matcher.quick_ratio() < _ALIKE or matcher.ratio() < _ALIKE:
        return found
    for kind, *places in matcher.get_opcodes():
        for side in (0, 1):
            begin, end = places[2 * side : 2 * side + 2]
            if kind != "equal" and begin != end:
                start = 1 + sum(map(len, words[side][:begin]))
                found[side].stylize(_MARK, start, start + sum(map(len, words[side][begin:end])))
    return found


def plain_lines(value: Any) -> list[str]:
    """The lines of a text; of another value its one line."""
    return value.splitlines() if isinstance(value, str) else [plain(value)]
