"""Change a list, and keep the bytes of every item that stays."""

from __future__ import annotations

from loop_cli.lean.plain import same
from loop_cli.markdown import flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.markdown.source import Slot
    from loop_cli.markdown.splices import Splices

_MOST_COMPARED = 250_000
_LOOK_AHEAD = 50


def change_items(
    splices: Splices,
    node: Any,
    slots: list[Slot],
    pairs: list[tuple[int, int]],
    new: list[Any],
    path: tuple[Any, ...],
) -> None:
    """Remove the old items that are in no pair of `matches`, and add the new ones in no pair."""
    kept = [i for i, _ in pairs]
    added: dict[int, list[Any]] = {}
    place = 0
    for j, value in enumerate(new):
        if place < len(pairs) and pairs[place][1] == j:
            place += 1
        else:
            added.setdefault(place, []).append(value)
            splices.wrote((*path, j), value)
    if splices.source.is_flow(node):
        parts = [(slot.start, slot.stop) for slot in slots]
        inline = splices.writer.inline
        texts = {n: [inline(value, flow=True) for value in values] for n, values in added.items()}
        if texts or len(kept) < len(slots):
            flow.change_parts(splices, node, parts, kept, texts)
    else:
        _change_block(splices, slots, kept, added)


def matches(old: list[Any], new: list[Any]) -> list[tuple[int, int]]:
    """Return the items that stay, as rising pairs of indexes; a pair may differ in its content.

    Equal items are matched first. The items between them are paired one to one if both sides have
    the same kind of value and, for scalars, the same number of items.
    """
    start, end = 0, min(len(old), len(new))
    while start < end and same(old[start], new[start]):
        start += 1
    back = 0
    while back < end - start and same(old[-1 - back], new[-1 - back]):
        back += 1
    middle = _common(old[start : len(old) - back], new[start : len(new) - back])
    equal = [(i, i) for i in range(start)]
    equal += [(start + i, start + j) for i, j in middle]
    equal += [(len(old) - k, len(new) - k) for k in range(back, 0, -1)]
    pairs = []
    last_i = last_j = -1
    for i, j in [*equal, (len(old), len(new))]:
        pairs += _pair_up(old, new, range(last_i + 1, i), range(last_j + 1, j))
        pairs.append((i, j))
        last_i, last_j = i, j
    return pairs[:-1]


def _common(old: list[Any], new: list[Any]) -> list[tuple[int, int]]:
    """Return the longest common subsequence as pairs of indexes; a shorter one for huge lists."""
    if len(old) * len(new) > _MOST_COMPARED:
        return _common_in_huge_lists(old, new)
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            if same(old[i], new[j]):
                lengths[i][j] = lengths[i + 1][j + 1] + 1
            else:
                lengths[i][j] = max(lengths[i + 1][j], lengths[i][j + 1])
    pairs = []
    i = j = 0
    while i < len(old) and j < len(new):
        if same(old[i], new[j]):
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _common_in_huge_lists(old: list[Any], new: list[Any]) -> list[tuple[int, int]]:
    places: dict[str, list[int]] = {}
    for j in range(len(new) - 1, -1, -1):
        places.setdefault(repr(new[j]), []).append(j)
    pairs = []
    last = -1
    for i, item in enumerate(old):
        left = places.get(repr(item), [])
        while left and left[-1] <= last:
            left.pop()
        # An item that moved far down would block all items on its way.
        if left and left[-1] - last <= max(0, len(new) - len(old)) + _LOOK_AHEAD:
            last = left.pop()
            pairs.append((i, last))
    return pairs


def _pair_up(old: list[Any], new: list[Any], left: range, right: range) -> list[tuple[int, int]]:
    pairs = []
    aligned = len(left) == len(right)
    first = left.start
    for j in right:
        opposite = left.start + j - right.start
        if aligned and opposite >= first and _both_scalars(old[opposite], new[j]):
            pairs.append((opposite, j))
            first = opposite + 1
        elif isinstance(new[j], (dict, list)):
            for i in range(first, min(first + _LOOK_AHEAD, left.stop)):
                if _alike(old[i], new[j]):
                    pairs.append((i, j))
                    first = i + 1
                    break
    return pairs


def _both_scalars(old: Any, new: Any) -> bool:
    return not isinstance(old, (dict, list)) and not isinstance(new, (dict, list))


def _alike(old: Any, new: Any) -> bool:
    """Whether it is better to change a collection into the other than to write it again."""
    if isinstance(old, dict) and isinstance(new, dict):
        return bool(old.keys() & new.keys())
    return isinstance(old, list) and isinstance(new, list) and bool(old) and bool(new)


def _change_block(
    splices: Splices, slots: list[Slot], kept: list[int], added: dict[int, list[Any]]
) -> None:
    source, writer = splices.source, splices.writer
    column = source.column(slots[0].start)
    indent, newline = " " * column, writer.newline
    gone = sorted(set(range(len(slots))).difference(kept))
    # The first dash may be behind another one on the same line.
    inline = not source.is_first_on_line(slots[0].start)
    takes_over = inline and gone[:1] == [0]
    if takes_over:
        new = [writer.item(value, column) for value in added.pop(0, [])]
        if kept:
            end = slots[kept[0]].start
            splices.splice(slots[0].start, end, "".join(t + newline + indent for t in new))
        else:
            new += [writer.item(v, column) for values in added.values() for v in values]
            end = source.line_end(slots[-1].stop)
            splices.splice(slots[0].start, end, (newline + indent).join(new))
            return
    for i in gone:
        if not takes_over or i > kept[0]:
            start = source.line_start(slots[i].start)
            splices.splice(start, source.next_line(slots[i].stop), b"")
    for place, values in added.items():
        texts = [writer.item(value, column) + newline for value in values]
        if place:
            at = source.after_block(slots[kept[place - 1]].stop, column)
            splices.splice(at, at, "".join(indent + text for text in texts))
        else:
            at = slots[0].start
            at = at if inline else source.line_start(at)
            lines = (text + indent for text in texts) if inline else (indent + t for t in texts)
            splices.splice(at, at, "".join(lines))
