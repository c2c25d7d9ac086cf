"""Find what a person means by a few letters: in order, in any case, Hangul by first consonants."""

from __future__ import annotations

import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# The first consonant of a syllable, by its number.
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FIRST, _LAST = 0xAC00, 0xD7A3  # the Hangul syllables
_VOWELS, _FINALS = 21, 28


class Wanted:
    """What was typed: words that must all be there."""

    def __init__(self, text: str) -> None:
        self._words = _folded(text).split()

    def rank(self, text: str) -> int | None:
        """How well a text fits: 0 is the best; None if it does not."""
        hay = _folded(text)
        found = [_rank(word, hay) for word in self._words]
        return None if None in found else sum(one for one in found if one is not None)

    def best(self, texts: Sequence[str]) -> list[int]:
        """The places of the texts that fit, the best first, and as they come among the same."""
        ranked = [
            (rank, place) for place, one in enumerate(texts) if (rank := self.rank(one)) is not None
        ]
        return [place for _rank, place in sorted(ranked)]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _rank(word: str, hay: str) -> int | None:
    """0: a word begins so; 1: somewhere; 2: its letters are there, in this order."""
    if hay.startswith(word) or f" {word}" in hay:
        return 0
    if word in hay:
        return 1
    if any(map(_is_hangul, word)):
        ends = len(hay) - len(word) + 1
        starts = [at for at in range(ends) if all(map(_means, word, hay[at : at + len(word)]))]
        if starts:
            return 0 if starts[0] == 0 or any(hay[at - 1] == " " for at in starts) else 1
    rest = iter(hay)
    return 2 if all(any(_means(one, other) for other in rest) for one in word) else None


def _is_hangul(letter: str) -> bool:
    return letter in _INITIALS or _FIRST <= ord(letter) <= _LAST


def _means(typed: str, there: str) -> bool:
    """Whether a typed letter means one that is there: ㄱ and 가 both mean 각."""
    if typed == there:
        return True
    number = ord(there) - _FIRST
    if not 0 <= number <= _LAST - _FIRST:
        return False
    if typed in _INITIALS:
        return _INITIALS[number // (_VOWELS * _FINALS)] == typed
    begun = ord(typed) - _FIRST
    return begun >= 0 and begun % _FINALS == 0 and number // _FINALS == begun // _FINALS
