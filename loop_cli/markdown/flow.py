"""Changes between the brackets of a flow list or a flow mapping."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.markdown.source import Slot
    from loop_cli.markdown.splices import Splices

    Span = tuple[int, int]

_COMMA = rb"\A([^#]*?),"


def change_entries(
    splices: Splices,
    node: Any,
    slots: list[Slot],
    gone: set[int],
    added: dict[Any, Any],
) -> None:
    """Remove and append entries of a flow mapping."""
    writer = splices.writer
    texts = [
        f"{writer.key(key, flow=True)}: {writer.inline(value, flow=True)}"
        for key, value in added.items()
    ]
    kept = [index for index in range(len(slots)) if index not in gone]
    inserted: dict[int, list[str]] = {len(kept): texts} if texts else {}
    change_parts(splices, node, [(slot.start, slot.stop) for slot in slots], kept, inserted)


def change_parts(
    splices: Splices,
    node: Any,
    parts: list[Span],
    kept: list[int],
    inserted: dict[int, list[str]],
) -> None:
    """Keep the ``kept`` parts between the brackets, and insert new ones between them.

    ``inserted[n]`` goes before the n-th kept part, or at the end for ``n == len(kept)``. A part
    keeps the separator after it, with its comment.
    """
    data = splices.source.data
    start, end = node.byte_range()
    if not kept:
        every = ", ".join(inserted.get(0, []))
        first, last = (parts[0][0], parts[-1][1]) if parts and every else (start + 1, end - 1)
        splices.splice(first, last, every)
        return
    gaps = [data[parts[i][1] : parts[i + 1][0]] for i in range(len(parts) - 1)]
    usual = _usual_separator(splices, node, parts, gaps)
    for place in range(len(kept) + 1):
        before = kept[place - 1] if place else -1
        after = kept[place] if place < len(kept) else len(parts)
        texts = [text.encode() for text in inserted.get(place, [])]
        if not texts and after == before + 1:
            continue
        if after == len(parts):
            _change_tail(splices, parts, gaps, before, texts, usual)
            continue
        new = b"".join(text + usual for text in texts)
        head = parts[0][0] if before < 0 else parts[before][1]
        gap = b"" if before < 0 else gaps[before]
        splices.splice(head, parts[after][0], gap + new)


def _change_tail(
    splices: Splices,
    parts: list[Span],
    gaps: list[bytes],
    last: int,
    texts: list[bytes],
    usual: bytes,
) -> None:
    """Replace the text after part ``last``, the last one kept, by ``texts``."""
    source = splices.source
    start, end = parts[last][1], parts[-1][1]
    if last + 1 < len(parts):
        gap = gaps[last]
        if not texts:
            _cut_tail(splices, gap, start, end)
        else:
            splices.splice(start, end, gap + usual.join(texts))
        return
    line_end = source.line_end(end)
    behind = source.data[end:line_end]
    if b"#" not in behind or b"\n" not in usual or b"]" in behind or b"}" in behind:
        splices.splice(end, end, b"".join(usual + text for text in texts))
        return
    # The last part has a comment: the new parts go below it.
    trailing = behind.lstrip().startswith(b",")
    lead = usual[usual.index(b",") + 1 :]
    if not trailing:
        splices.splice(end, end, b",")
    new = (b"," + lead).join(texts) + (b"," if trailing else b"")
    splices.splice(line_end, line_end, lead + new)


def _cut_tail(splices: Splices, gap: bytes, start: int, end: int) -> None:
    """Take out the last parts, which end at ``end``, with the comment behind them where that is on
    a line of theirs; ``gap`` follows the last part kept, at ``start``."""
    line_end = splices.source.line_end(end)
    behind = splices.source.data[end:line_end].strip()
    own_line = b"\n" in splices.source.data[start:end]
    own_comment = behind.removeprefix(b",").lstrip().startswith(b"#") and own_line
    if own_comment and behind.startswith(b","):
        from_here = b"\n" not in gap
        first = start if from_here else splices.source.line_end(start)
        splices.splice(first, line_end, b"," if from_here else b"")
        return
    rest = re.sub(_COMMA, rb"\1", gap).rstrip() if b"#" in gap else b""
    splices.splice(start, line_end if own_comment else end, rest)


def _usual_separator(splices: Splices, node: Any, parts: list[Span], gaps: list[bytes]) -> bytes:
    """Return the separator for new parts: like the old ones, without comments."""
    source = splices.source
    for gap in gaps:
        if b"#" not in gap:
            return gap
    opening = source.data[node.byte_range()[0] + 1 : parts[0][0]]
    if b"\n" in opening or any(b"\n" in gap for gap in gaps):
        indent = b" " * source.column(parts[-1][0])
        return b"," + splices.writer.newline.encode() + indent
    return b", "
