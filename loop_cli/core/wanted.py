"""The words of a search; an entity's names and body must have all of them.

A word matches in any case and normal form, at the beginning of a word. Hangul, Chinese characters
and other writing without blanks match anywhere. For an index, texts are split into grams: a text
with a word has all grams of that word.
"""

from __future__ import annotations

import re

from loop_cli.core.names import nfc
from loop_cli.errors import Action, UsageError
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Span = tuple[int, int]

_DENSE = (  # Thai to Myanmar, Khmer, Hangul, kana, bopomofo, Chinese characters
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc"
    "\U00020000-\U0003ffff"
)
_SPACED = rf"[^\W_{_DENSE}]"
_RUN = re.compile(rf"[{_DENSE}]+|{_SPACED}+")
_DENSE_RUN = re.compile(rf"[{_DENSE}]+")
_PAIRS = re.compile(rf"(?=([{_DENSE}]{{1,2}}))[{_DENSE}]")  # one gram from each character on
_SPACED_RUN = re.compile(rf"{_SPACED}+")
_LONGEST = 64  # longer runs without blanks are cut
_ENOUGH = 40  # grams of one word that are looked up in an index
_SHOWN = 400  # characters of a line


class Found(Struct):
    """The place of the words in a body: a line, from 1, and its text; none if only names match."""

    in_names: bool
    line: int | None = None
    text: str | None = None


class Wanted:
    """The words of `text`, split at blanks; double quotes keep words together.

    Raises `UsageError` if there are none.
    """

    def __init__(self, text: str) -> None:
        parts = re.findall(r'"([^"]+)"|([^\s"]+)', fold(text))
        self.words = tuple(
            dict.fromkeys(" ".join((quoted or plain).split()) for quoted, plain in parts)
        )
        if not all(map(_RUN.search, self.words)) or not self.words:
            raise UsageError(
                f"{text!r} has a word without letter or digit, which can't be searched for"
                if self.words
                else "there is no word to search for",
                hint=Action("example", of="search"),
            )
        self._patterns = [_pattern(word) for word in self.words]

    def found(self, names: Iterable[str], body: str) -> Found | None:
        """Return where the words are, if each is in one of the names or on a line of the body."""
        in_names = self.are_in_names(names)
        missing = [] if in_names else self._missing_in(names)
        folded = fold(body)
        if not all(pattern.search(folded) for pattern in missing):
            return None
        start = self._best_line(folded)
        if start is None:
            return Found(in_names=in_names)
        line = folded.count("\n", 0, start)
        whole = body.split("\n", line + 1)[line].rstrip("\r")
        return Found(in_names=in_names, line=line + 1, text=self._excerpt(whole))

    def _best_line(self, folded: str) -> int | None:
        """Return the beginning of the first line with the most words."""
        counts: dict[int, int] = {}
        for pattern in self._patterns:
            match = pattern.search(folded)
            while match is not None:
                start = folded.rfind("\n", 0, match.start()) + 1
                counts[start] = counts.get(start, 0) + 1
                end = folded.find("\n", match.end())
                match = None if end < 0 else pattern.search(folded, end)
        return min(counts, key=lambda start: (-counts[start], start), default=None)

    def are_in_names(self, names: Iterable[str]) -> bool:
        """Whether the names alone have all words."""
        return not self._missing_in(names)

    def spans(self, text: str) -> list[Span]:
        """Return the places of a word in a text in normal form: starts and ends, in order, no
        overlap."""
        parts = [character.casefold() for character in text]
        folded = "".join(parts)
        places = [index for index, part in enumerate(parts) for _each in part]
        found = [
            (places[match.start()], places[match.end() - 1] + 1)
            for pattern in self._patterns
            for match in pattern.finditer(folded)
        ]
        merged: list[Span] = []
        for begin, end in sorted(found):
            if merged and begin < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        return merged

    def grams(self) -> tuple[list[str], list[str]]:
        """Return the grams that every matching text has, and prefixes, for each of which it has a
        gram."""
        exact: list[str] = []
        beginnings: list[str] = []
        for word in self.words:
            for match in list(_RUN.finditer(word))[:_ENOUGH]:
                run = match[0]
                if _DENSE_RUN.match(run):
                    pairs = [run[at : at + 2] for at in range(len(run) - 1)]
                    (exact if pairs else beginnings).extend(pairs[:_ENOUGH] or [run])
                else:
                    ends = match.end() == len(word) and len(run) < _LONGEST
                    (beginnings if ends else exact).append(run[:_LONGEST])
        return list(dict.fromkeys(exact)), list(dict.fromkeys(beginnings))

    def _missing_in(self, names: Iterable[str]) -> list[re.Pattern[str]]:
        folded = [fold(name) for name in names]
        return [
            pattern
            for pattern in self._patterns
            if not any(pattern.search(name) for name in folded)
        ]

    def _excerpt(self, line: str) -> str:
        """Return the line, or a part of a long line around the first word."""
        text = nfc(line)
        if len(text) <= _SHOWN:
            return text
        begin = max(0, self.spans(text)[0][0] - _SHOWN // 4)
        end = begin + _SHOWN
        before, after = "…" if begin else "", "…" if end < len(text) else ""
        return f"{before}{text[begin:end]}{after}"


def fold(text: str) -> str:
    """Return a text in the form for comparing: in normal form, without case."""
    return nfc(text).casefold()


def grams_of(text: str) -> set[str]:
    """Return the grams of a text: pairs of neighbours in dense writing, and words.

    The last character of a run is a gram too, so that every character begins one. No gram has a
    blank, so each line, and each of its words, is looked at once.
    """
    lines = "\n".join(set(text.split("\n")))
    folded = fold(" ".join(set(lines.split())))
    found = {run[:_LONGEST] for run in _SPACED_RUN.findall(folded)}
    found.update(_PAIRS.findall(folded))
    return found


def _pattern(word: str) -> re.Pattern[str]:
    begins = f"(?<!{_SPACED})" if re.match(_SPACED, word) else ""
    return re.compile(begins + re.escape(word))
