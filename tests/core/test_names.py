r"""Dotted names (`\.` is a dot in a key), normal forms and nearest matches."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher, get_close_matches

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core.names import join_dotted, listed_items, nearest, nfc, split_dotted

keys = st.text(st.sampled_from("ab.\\ 한:=!") | st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("status", ("status",)),
        ("outer.inner", ("outer", "inner")),
        ("a.b.c", ("a", "b", "c")),
        (r"v1\.2", ("v1.2",)),
        (r"versions.v1\.2.date", ("versions", "v1.2", "date")),
        (r"back\\slash", ("back\\slash",)),
        (r"a\\.b", ("a\\", "b")),
        (r"a\b", ("a\\b",)),
        ("a\\", ("a\\",)),
        ("한글.키", ("한글", "키")),
        ("body", ("body",)),
        (r"\body", ("body",)),
    ],
)
def test_a_name_is_a_path_of_keys(name: str, path: tuple[str, ...]) -> None:
    assert split_dotted(name) == path


@given(st.lists(keys, min_size=1, max_size=4).map(tuple))
def test_the_name_of_a_path_leads_back_to_it(path: tuple[str, ...]) -> None:
    assert split_dotted(join_dotted(path)) == path


@given(st.lists(keys, min_size=1, max_size=3), st.lists(keys, min_size=1, max_size=3))
def test_different_paths_have_different_names(one: list[str], other: list[str]) -> None:
    assert (join_dotted(one) == join_dotted(other)) == (one == other)


def test_a_field_called_body_is_not_the_body() -> None:
    assert join_dotted(("body",)) == r"\body"
    assert join_dotted(("body", "mass")) == "body.mass"


def test_decomposed_hangul_is_the_same_name() -> None:
    decomposed = unicodedata.normalize("NFD", "규칙-1")

    assert decomposed != "규칙-1"
    assert nfc(decomposed) == "규칙-1"


class TestNearest:
    """What is suggested for a name that is not there."""

    def test_the_best_match_comes_first(self) -> None:
        fields = ["start_date", "status", "notes", "stats"]

        assert nearest("statuss", fields) == ["status", "stats"]

    def test_case_and_normal_form_do_not_matter(self) -> None:
        decomposed = unicodedata.normalize("NFD", "담당자이름")

        assert nearest("STATUS", ["Status"]) == ["Status"]
        assert nearest("담당자이름", [decomposed]) == [decomposed]

    def test_nothing_alike_is_nothing(self) -> None:
        assert nearest("zzz", ["status", "due"]) == []

    @given(name=st.text("abc-12한", max_size=8), others=st.sets(st.text("abc-12한", max_size=9)))
    def test_it_is_what_comparing_all_of_them_finds(self, name: str, others: set[str]) -> None:
        assert nearest(name, sorted(others)) == get_close_matches(name, sorted(others))

    def test_among_very_many_only_the_most_promising_are_compared(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        many = [f"tsk-{number % 1000:03}-{number // 1000:02}" for number in range(100_000)]
        compared: list[str] = []
        set_seq1 = SequenceMatcher.set_seq1

        def compare(self: SequenceMatcher[str], candidate: str) -> None:
            compared.append(candidate)
            set_seq1(self, candidate)

        monkeypatch.setattr(SequenceMatcher, "set_seq1", compare)

        assert "tsk-019-14" in nearest("tsk-0199-14", many)
        assert nearest("41-910-kst", many) == []
        assert len(compared) < len(many) / 10

    def test_no_more_than_asked_for(self) -> None:
        assert len(nearest("tsk-1", [f"tsk-1{digit}" for digit in range(9)])) == 3
        assert len(nearest("tsk-1", [f"tsk-1{digit}" for digit in range(9)], count=1)) == 1


@given(st.lists(st.text(alphabet="a,b c", min_size=1).map(str.strip).filter(bool)))
def test_the_items_of_a_list_come_back_where_their_commas_are_escaped(items: list[str]) -> None:
    text = ",".join(item.replace(",", "\\,") for item in items)

    assert listed_items(text) == items
