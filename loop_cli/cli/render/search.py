"""Show the hits of a search: id, name, and the line with the words marked."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from loop_cli.cli.render import styles
from loop_cli.cli.render.text import one_line, visible
from loop_cli.core.names import nfc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from loop_cli.core.listed import Hit
    from loop_cli.core.wanted import Wanted

MARKS = "«»"
_BEFORE = 0.4  # part of the width before the first word, if a line does not fit


def hits(found: Sequence[Hit], wanted: Wanted) -> Callable[[Console], Group]:
    """Show two or three lines for each hit: id and name, file and line number, the line."""

    def render(console: Console) -> Group:
        return Group(*(line for hit in found for line in _lines(hit, wanted, console.width)))

    return render


def _lines(hit: Hit, wanted: Wanted, width: int) -> list[Text]:
    head = _marked(hit.id, wanted)
    head.stylize(styles.TITLE)
    if hit.name is not None:
        head.append("  ")
        head.append_text(_marked(one_line(hit.name), wanted))
    where = visible(hit.path) if hit.line is None else f"{visible(hit.path)}:{hit.line}"
    lines = [head, Text(f"  {where}", style=styles.QUIET, overflow="fold", no_wrap=False)]
    if hit.text is not None:
        lines.append(Text("  ").append_text(_fitted(_marked(hit.text.strip(), wanted), width - 2)))
    for line in (lines[0], *lines[2:]):
        line.no_wrap, line.overflow = True, "ellipsis"
    return lines


def _marked(text: str, wanted: Wanted) -> Text:
    """Return the text with signs around the words, not only a colour."""
    text = nfc(text)
    marked = Text()
    done = 0
    for begin, end in wanted.spans(text):
        marked.append(visible(text[done:begin]))
        marked.append(f"{MARKS[0]}{visible(text[begin:end])}{MARKS[1]}", style=styles.NOTICE)
        done = end
    return marked.append(visible(text[done:]))


def _fitted(line: Text, width: int) -> Text:
    """Cut a long line, beginning shortly before its first word."""
    if line.cell_len <= width:
        return line
    begin = line.plain.find(MARKS[0])
    room = int(width * _BEFORE)
    while begin > 0 and room > 0:
        begin -= 1
        room -= Text(line.plain[begin]).cell_len
    if begin <= 0:
        return line
    return Text("…").append_text(line[begin:])
