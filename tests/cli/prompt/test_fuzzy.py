"""What a person means by a few letters."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.cli.prompt.fuzzy import Wanted

HANGUL = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=8)
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"


def initials(text: str) -> str:
    return "".join(INITIALS[(ord(one) - 0xAC00) // 588] for one in text)


@pytest.mark.parametrize(
    ("typed", "text", "rank"),
    [
        ("", "무엇이든", 0),
        ("TSK", "tsk-019-14 규칙 Task", 0),
        ("규칙", "tsk-019-14 규칙 Task", 0),
        ("14", "tsk-019-14 규칙 Task", 1),
        ("t14", "tsk-019-14 규칙 Task", 2),
        ("task 규칙", "tsk-019-14 규칙 Task", 0),
        ("ㄱㅊ", "tsk-019-14 규칙 Task", 0),
        ("ㅊㅂㄱ", "파일 첫번개", 0),
        ("규ㅊ", "규칙", 0),
        ("규치", "규칙", 0),  # what an input method shows before the final consonant
        ("ㄱㅁ", "규칙 회의 문서", 2),
        ("규질", "규칙", None),
        ("ㅊㄱ", "규칙", None),
        ("x", "규칙", None),
        ("규칙 없다", "규칙", None),
        ("Ｔ", "tsk", None),
    ],
)
def test_how_well_it_fits(typed: str, text: str, rank: int | None) -> None:
    assert Wanted(typed).rank(text) == rank
    assert Wanted(typed).rank(unicodedata.normalize("NFD", text)) == rank


@given(HANGUL, st.text(max_size=5), st.text(max_size=5))
def test_first_consonants_find_every_name(name: str, before: str, after: str) -> None:
    for typed in (initials(name), name, name[:1] + initials(name)[1:]):
        assert Wanted(typed).rank(f"{before}{name}{after}") is not None


@given(st.text(max_size=8), st.lists(st.text(max_size=12), max_size=8))
def test_the_best_come_first_and_in_their_order(typed: str, texts: list[str]) -> None:
    wanted = Wanted(typed)
    places = wanted.best(texts)

    ranks = [(rank, place) for place in places if (rank := wanted.rank(texts[place])) is not None]
    assert len(ranks) == len(places) == sum(wanted.rank(one) is not None for one in texts)
    assert ranks == sorted(ranks)
