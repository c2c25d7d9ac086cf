"""What a search asks for, and that an index by grams can't miss it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core.wanted import Wanted, fold, grams_of
from loop_cli.errors import UsageError

# Letters that go together, break apart, change their length by case, or are no letters.
ALPHABET = "abA회의록각가ᄀㄱ検索かなไทยßİǰé1²_-. #\n\U00020000\ud800"
TEXTS = st.text(alphabet=ALPHABET, max_size=30)
FORMS = st.sampled_from(("NFC", "NFD"))


def found(words: str, *names: str, body: str = "") -> tuple[bool, int | None, str | None] | None:
    match = Wanted(words).found(names, body)
    return None if match is None else (match.in_names, match.line, match.text)


@pytest.mark.parametrize(
    ("words", "text", "there"),
    [
        ("회의", "주간회의록", True),
        ("의", "주간회의록", True),
        ("의회", "주간회의록", False),
        ("회의록", "주간 회의 록", False),
        ("주간 록", "주간 회의록", True),
        ("검색", "検索", False),
        ("索", "検索", True),
        ("sprint", "Sprint 3", True),
        ("SPR", "sprint", True),
        ("print", "sprint", False),
        ("print", "s_print s-print", True),
        ("print", "회의print", True),
        ("v2", "회의v2록", True),
        ("회의v", "주간회의v2", True),
        ("tsk-019-14", "see tsk-019-14.", True),
        ("sk-019", "see tsk-019-14.", False),
        ("019-1", "see tsk-019-14.", True),
        ("tsk-019-14", "tsk 019 14", False),
        ("c++", "C++ and C", True),
        ("c++", "C and D", False),
        ("#tag", "a #tag", True),
        ("straße", "STRASSE", True),
        ('"release plan"', "the release plan", True),
        ('"release plan"', "plan the release", False),
        ("release plan", "plan the release", True),
        ("x" * 100, "x" * 99, False),
        ("x" * 100, "x" * 101, True),
    ],
)
def test_what_a_word_is_found_in(words: str, text: str, there: bool) -> None:
    assert (found(words, body=text) is not None) is there
    assert (found(words, text) is not None) is there
    assert may_have(words, text) or not there


def test_all_words_must_be_there_in_names_and_body_together() -> None:
    assert found("회의 review", "회의", body="a\nreview") == (False, 2, "review")
    assert found("회의 review", "회의 review", body="a") == (True, None, None)
    assert found("회의 review", "회의", "review", body="") == (True, None, None)
    assert found("회의 review", "회의", body="a") is None


def test_the_line_is_the_first_that_has_most_words() -> None:
    body = "plan\r\nrelease\r\nthe plan of release\r\nrelease plan\r\n"

    assert found("release plan", body=body) == (False, 3, "the plan of release")
    assert found("rel", "x", body=body) == (False, 2, "release")
    assert found("rel", "release", body=body) == (True, 2, "release")


def test_of_a_long_line_the_part_around_the_word() -> None:
    match = Wanted("바늘").found((), "가 " * 5000 + "바늘 " + "나 " * 5000)

    assert match is not None
    assert match.text is not None
    assert len(match.text) <= 402
    assert "바늘" in match.text
    assert match.text[0] == match.text[-1] == "…"


@pytest.mark.parametrize("text", ["", "  ", '""', '"', "--", "a !?", '" " x -'])
def test_what_has_no_letter_can_t_be_searched_for(text: str) -> None:
    with pytest.raises(UsageError):
        Wanted(text)


def test_spans_mark_the_words_in_the_text_as_it_is() -> None:
    def marked(words: str, text: str) -> list[str]:
        return [text[begin:end] for begin, end in Wanted(words).spans(text)]

    assert marked("회의 REV", "주간회의 review 회의") == ["회의", "rev", "회의"]
    assert marked("strasse", "die Straße") == ["Straße"]
    assert marked("회의 의록", "회의록") == ["회의록"]
    assert marked("x", "nothing") == []


def may_have(words: str, text: str) -> bool:
    """What an index says by grams alone."""
    there = grams_of(text)
    exact, beginnings = Wanted(words).grams()
    return there.issuperset(exact) and all(
        any(gram.startswith(beginning) for gram in there) for beginning in beginnings
    )


@given(before=TEXTS, word=TEXTS, after=TEXTS, form=FORMS, written=FORMS)
def test_an_index_misses_nothing_that_is_found(
    before: str, word: str, after: str, form: str, written: str
) -> None:
    text = unicodedata.normalize(form, before + word + after)  # type: ignore[arg-type]
    try:
        wanted = Wanted(unicodedata.normalize(written, word))  # type: ignore[arg-type]
    except UsageError:
        return
    match = wanted.found((), text)
    if match is not None:
        assert may_have(word, text)
        assert match.line is not None
        assert wanted.spans(match.text or "")


@given(
    before=TEXTS,
    word=st.text(alphabet="회의록각가検索かな", min_size=1, max_size=5),
    after=st.text(alphabet="회의록 abc\n-", max_size=10),
)
def test_hangul_is_found_wherever_it_stands(before: str, word: str, after: str) -> None:
    text = before + word + after
    if fold(word) in fold(text):  # what is before may join with its first letter
        assert Wanted(word).found((), text) is not None
        assert may_have(word, text)


@given(parts=st.lists(TEXTS, max_size=4), between=st.sampled_from(("", " ", "\n", "\r\n\u3000")))
def test_what_is_said_twice_has_the_same_grams(parts: list[str], between: str) -> None:
    """Lines and words are looked at once, and what they have for neighbours changes nothing."""
    by_word = {gram for part in parts for word in part.split() for gram in grams_of(word)}
    if between:
        assert grams_of(between.join(parts * 2)) == by_word
    whole = between.join(parts)
    assert grams_of(whole) == {gram for word in fold(whole).split() for gram in grams_of(word)}


@given(text=TEXTS)
def test_grams_are_of_letters_and_digits_only(text: str) -> None:
    """So that the index, which parts tokens at ASCII signs alone, has each as one token."""
    for gram in grams_of(text):
        assert gram
        assert not any(sign.isascii() and not sign.isalnum() for sign in gram)
        gram.encode()
