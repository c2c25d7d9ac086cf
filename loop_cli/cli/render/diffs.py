"""Show diffs to people: one row per field; long texts and the body by lines."""

from __future__ import annotations

import difflib

from rich.table import Table
from rich.text import Text

from loop_cli.cli.render import styles
from loop_cli.cli.render.text import one_line, visible
from loop_cli.cli.render.words import cut, marked
from loop_cli.core import shown
from loop_cli.core.names import BODY
from loop_cli.core.records.record import is_digest
from loop_cli.lean.plain import same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from loop_cli.core.diff import Diff

    Opcode = tuple[str, int, int, int, int]

_CONTEXT = 2
_LONG = 60  # characters from which on a text is shown before and after, with its words marked
_LINES = 60  # that go or come and are shown of one text
_COMPARED = 4_000_000  # pairs of lines at most that are compared
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
    if is_digest(value):
        return f"({value['bytes']} bytes)"
    return shown.plain(value, nothing=styles.nothing(), text=one_line)


def alone(value: Any) -> str:
    """Return a value that stands alone, in one line; a list of simple values has no brackets."""
    if is_digest(value):
        return plain(value)
    return shown.alone(value, nothing=styles.nothing(), text=one_line)


def change(name: str, entry: Mapping[str, Any]) -> Text:
    """Show the change of one field."""
    old, new = entry.get("old"), entry.get("new")
    if isinstance(old, list) and isinstance(new, list):
        return _list_change(old, new)
    again = same(old, new) and not (entry.get("added") or entry.get("removed"))
    if again:  # `check --fix` adds quotes
        return Text(plain(new)).append("  (written again)", style=styles.QUIET)
    texts = [value for value in (old, new) if isinstance(value, str)]
    if name == BODY or any("\n" in text for text in texts):
        return _line_change(old or "", new or "")
    if len(texts) == 2 and max(map(len, texts)) > _LONG:
        return _pair(str(old), str(new))
    words = Text()
    if not entry.get("added"):
        words.append(cut(plain(old)), style=styles.OLD)
        words.append(styles.arrow())
    words.append("(removed)" if entry.get("removed") else cut(plain(new)), style=styles.NEW)
    if entry.get("added"):
        words.append("  (new)", style=styles.QUIET)
    return words


def _list_change(old: list[Any], new: list[Any]) -> Text:
    gone, come = _without(old, new), _without(new, old)
    if not gone and not come:
        return Text(plain(old) + styles.arrow() + plain(new))
    words = Text()
    for sign, style, items in ((_MINUS, styles.OLD, gone), (_PLUS, styles.NEW, come)):
        for item in items[:_LINES]:
            words.append(f"{_sign(sign)}{cut(plain(item))}  ", style=style)
        if len(items) > _LINES:
            words.append(f"... and {len(items) - _LINES:,} more  ", style=styles.QUIET)
    return words


def _without(items: list[Any], others: list[Any]) -> list[Any]:
    """The items that are not among the others; texts, of which there may be many, by a set."""
    texts = {one for one in others if isinstance(one, str)}
    rest = [one for one in others if not isinstance(one, str)]
    return [one for one in items if one not in (texts if isinstance(one, str) else rest)]


def _line_change(old: Any, new: Any) -> Text:
    """The lines that go and come, with those around them; of lines that are alike, the words.
    So many as a person reads; how many more there are is said."""
    before, after = plain_lines(old), plain_lines(new)
    words, shown, more = Text(), 0, 0
    for group in grouped(before, after):
        if shown < _LINES:
            words.append(f"line {group[0][3] + 1}\n", style=styles.QUIET)
        for tag, i, j, k, m in group:
            room = max(_LINES - shown, 0)
            if tag == "equal":
                for line in () if styles.is_plain() or not room else before[i:j]:
                    words.append(f"  {cut(line)}\n")
                continue
            gone, come = before[i:j], after[k:m]
            old_shown = gone[: room - min(len(come), room // 2)]
            new_shown = come[: room - len(old_shown)]
            _append_changed(words, old_shown, new_shown)
            shown += len(old_shown) + len(new_shown)
            more += len(gone) + len(come) - len(old_shown) - len(new_shown)
    words.rstrip()
    if more:
        words.append(
            f"\n... and {more:,} more lines that differ; --json has all", style=styles.QUIET
        )
    return words or Text("(only line ends differ)")


def _append_changed(words: Text, gone: list[str], come: list[str]) -> None:
    pairs = [marked(*pair) for pair in zip(gone, come, strict=False)]
    old = [*(one for one, _ in pairs), *map(_old, gone[len(pairs) :])]
    new = [*(one for _, one in pairs), *map(_new, come[len(pairs) :])]
    for sign, lines in ((_MINUS, old), (_PLUS, new)):
        for text in lines:
            words.append(_sign(sign), style=text.style).append_text(text).append("\n")


def grouped(before: list[str], after: list[str]) -> Iterator[list[Opcode]]:
    """The runs of lines that differ, with those around them, as `difflib` has them. Lines that
    both share at the ends are set aside first; of what is too much to be compared all differs."""
    shorter = min(len(before), len(after))
    head = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    rest = shorter - head
    tail = next((i for i in range(rest) if before[-1 - i] != after[-1 - i]), rest)
    head, tail = max(head - _CONTEXT, 0), max(tail - _CONTEXT, 0)
    one, other = before[head : len(before) - tail], after[head : len(after) - tail]
    if len(one) * len(other) <= _COMPARED:
        for group in difflib.SequenceMatcher(None, one, other).get_grouped_opcodes(_CONTEXT):
            yield [(tag, i + head, j + head, k + head, m + head) for tag, i, j, k, m in group]
    elif one != other:
        yield [("replace", head, len(before) - tail, head, len(after) - tail)]


def _pair(old: str, new: str) -> Text:
    """Show a long text of one line, before and after."""
    before, after = marked(old, new)
    words = Text(_sign(_MINUS), style=styles.OLD).append_text(before).append("\n")
    return words.append(_sign(_PLUS), style=styles.NEW).append_text(after)


def _old(line: str) -> Text:
    return Text(cut(line), style=styles.OLD)


def _new(line: str) -> Text:
    return Text(cut(line), style=styles.NEW)


def _sign(sign: str) -> str:
    if styles.is_plain():
        return "removed: " if sign == _MINUS else "added: "
    return f"{sign} "


def plain_lines(value: Any) -> list[str]:
    """Return the lines of a text; of another value its one line."""
    return value.splitlines() if isinstance(value, str) else [plain(value)]
