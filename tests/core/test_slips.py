"""Which names `loop init` takes for slips of others: an oracle tries every single letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st

from loop_cli.core import schema_proposal as propose

if TYPE_CHECKING:
    from collections.abc import Iterator

LETTERS = "abs가나_"
NAMES = st.text(LETTERS, min_size=1, max_size=6)


def one_off(name: str) -> Iterator[str]:
    """All names that a letter more, less, replaced or swapped makes of one; no `s` for many."""
    letters = LETTERS.replace("_", "")
    for at in range(len(name) + 1):
        before, after = name[:at], name[at:]
        if after and after[0] in letters:
            if after != "s":
                yield before + after[1:]
            yield from (before + one + after[1:] for one in letters if one != after[0])
        if len(after) > 1 and after[0] != after[1] and after[:2].isalpha():
            yield before + after[1] + after[0] + after[2:]
        yield from (before + one + after for one in letters if after or one != "s")


@given(NAMES, NAMES)
def test_one_letter_off(one: str, two: str) -> None:
    assume(one != two)
    # `bs` and `bss`: the letter may be the one before the last, and it reads as many all the same.
    plural = {one, two} in ({one, one + "s"}, {two, two + "s"})
    assert propose._is_one_letter_off(one, two) == (two in set(one_off(one)) and not plural)


@given(NAMES)
def test_no_name_is_a_slip_of_itself_or_with_a_digit(name: str) -> None:
    assert not propose._is_one_letter_off(name, name)
    assert not propose._is_one_letter_off(name, name + "2")
    assert not propose._is_one_letter_off(name + "1", name + "2")
