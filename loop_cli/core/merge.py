"""Merge two changed versions of a text by lines (diff3 over `difflib`)."""

from __future__ import annotations

import re

from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Literal

    Side = Literal["theirs", "mine"]

_OPEN, _MIDDLE, _CLOSE = "<<<<<<<", "=======", ">>>>>>>"
_MARKER = re.compile(r"^(?:<{7}|={7}|>{7})(?: .*)?\r?$", re.MULTILINE)


class Clash(Struct):
    """Lines that both sides have changed, in different ways."""

    theirs: str
    mine: str


class Merge(Struct):
    """A merged text in pieces: settled text, and clashes."""

    pieces: tuple[str | Clash, ...]

    @property
    def clashes(self) -> int:
        """The number of places where a person must decide."""
        return sum(isinstance(piece, Clash) for piece in self.pieces)

    def taking(self, side: Side) -> str:
        """Return the text, with the lines of one side at the clashes."""
        return "".join(
            piece if isinstance(piece, str) else getattr(piece, side) for piece in self.pieces
        )

    def marked(self, *, theirs: str, mine: str, newline: str = "\n") -> str:
        """Return the text with both sides' lines between markers at the clashes.

        `theirs` and `mine` are the names of the sides in the markers.
        """
        parts = []
        for piece in self.pieces:
            if isinstance(piece, str):
                parts.append(piece)
                continue
            parts += [_OPEN, " ", theirs, newline, _ended(piece.theirs, newline), _MIDDLE, newline]
            parts += [_ended(piece.mine, newline), _CLOSE, " ", mine, newline]
        return "".join(parts)


def merge(base: str | None, theirs: str, mine: str) -> Merge:
    """Merge the changes that `theirs` and `mine` have made to `base`.

    Without a base, every difference between the two is a clash.
    """
    other, own = _lines(theirs), _lines(mine)
    if base is None:
        return _join(_compared(other, own))
    return _join(_merged(_lines(base), other, own))


def marker_lines(text: str, allowed: str = "") -> list[int]:
    """Return the 1-based lines of `text` that are conflict markers.

    There must be more markers of all three kinds than in `allowed`; a line of `=` alone is a
    heading.
    """
    found = [(match[0][0], text.count("\n", 0, match.start()) + 1) for match in _markers(text)]
    known = [match[0][0] for match in _markers(allowed)]
    kinds = [kind for kind, _line in found]
    if all(kinds.count(kind) <= known.count(kind) for kind in "<>"):
        return []
    return [line for _kind, line in found]


def _markers(text: str) -> Iterator[re.Match[str]]:
    return _MARKER.finditer(text)


def _merged(
    base: list[str], theirs: list[str], mine: list[str]
) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the pieces of the merge, as the lines of both sides; they are equal if settled."""
    at_base = at_theirs = at_mine = 0
    for start, in_theirs, in_mine, length in _in_all(base, theirs, mine):
        old = base[at_base:start]
        yield _settled(old, theirs[at_theirs:in_theirs], mine[at_mine:in_mine])
        common = base[start : start + length]
        yield common, common
        at_base, at_theirs, at_mine = start + length, in_theirs + length, in_mine + length


def _settled(old: list[str], theirs: list[str], mine: list[str]) -> tuple[list[str], list[str]]:
    if theirs == old:
        return mine, mine
    if mine == old:
        return theirs, theirs
    return theirs, mine


def _in_all(
    base: list[str], theirs: list[str], mine: list[str]
) -> Iterator[tuple[int, int, int, int]]:
    """Return the runs of lines that all three texts share: their starts and their length.

    The last run is empty, at the end of all texts.
    """
    ours = list(_blocks(base, mine))
    index = 0
    for start, in_theirs, length in _blocks(base, theirs):
        end = start + length
        while index < len(ours):
            own_start, in_mine, own_length = ours[index]
            low, high = max(start, own_start), min(end, own_start + own_length)
            if low < high:
                yield low, in_theirs + low - start, in_mine + low - own_start, high - low
            if own_start + own_length > end:
                break
            index += 1
    yield len(base), len(theirs), len(mine), 0


def _compared(theirs: list[str], mine: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    at_theirs = at_mine = 0
    for in_theirs, in_mine, length in _blocks(theirs, mine):
        yield theirs[at_theirs:in_theirs], mine[at_mine:in_mine]
        common = theirs[in_theirs : in_theirs + length]
        yield common, common
        at_theirs, at_mine = in_theirs + length, in_mine + length
    yield theirs[at_theirs:], mine[at_mine:]


def _blocks(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Return the runs of lines that two texts share, in order.

    Equal lines at both ends are removed first, because comparing is slow.
    """
    from difflib import SequenceMatcher

    shorter = min(len(one), len(other))
    head = next((i for i in range(shorter) if one[i] != other[i]), shorter)
    rest = shorter - head
    tail = next((i for i in range(rest) if one[-1 - i] != other[-1 - i]), rest)
    if head:
        yield 0, 0, head
    inner = one[head : len(one) - tail], other[head : len(other) - tail]
    for block in SequenceMatcher(None, *inner).get_matching_blocks():
        if block.size:
            yield head + block.a, head + block.b, block.size
    if tail:
        yield len(one) - tail, len(other) - tail, tail


def _join(pieces: Iterator[tuple[list[str], list[str]]]) -> Merge:
    """Join neighbouring settled pieces into one text."""
    joined: list[str | Clash] = []
    for theirs, mine in pieces:
        if theirs != mine:
            joined.append(Clash(theirs="".join(theirs), mine="".join(mine)))
        elif joined and isinstance(joined[-1], str):
            joined[-1] += "".join(theirs)
        elif theirs:
            joined.append("".join(theirs))
    return Merge(pieces=tuple(joined))


def _lines(text: str) -> list[str]:
    r"""Split a text into lines with their ends; only `\n` ends a line, as in the file."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _ended(text: str, newline: str) -> str:
    return text + newline if text and not text.endswith("\n") else text
