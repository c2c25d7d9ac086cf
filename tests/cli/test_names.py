"""Names as people write them: emoji, blanks of any width, and files that some systems take for
one."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core.names import is_line, one_name
from tests.cli.test_values import note

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

FAMILY = "👨\u200d👩\u200d👧"
WRITTEN = [
    "👍🏽 ok",
    FAMILY,
    "日本\u3000語",
    "می\u200cخواهم",
    "🏴\U000e0067\U000e0062\U000e007f",
    "\U0001fae9",
    "\U0001fadf new",
]


@pytest.mark.parametrize("name", WRITTEN)
def test_create_update_and_check_agree_about_what_is_written(
    loop: Loop, own: Path, name: str
) -> None:
    note(own, "title: x\n")
    place = ("--vault", str(own))

    created = loop("create", "notes", "--name", name, "--id", "made", "--json", *place)
    updated = loop("update", "n", f"title={name}", "--force", "--json", *place)

    assert created.json["fields"]["title"] == updated.json["fields"]["title"] == name
    assert loop("check", *place).code == 0
    assert loop("get", "n", "--field", "title", *place).out == f"{name}\n"


@pytest.mark.parametrize("name", [FAMILY, "🎉 Party (2026) & more", "C'est la vie", "한글 메모"])
def test_a_file_is_called_as_its_name_is_written(loop: Loop, own: Path, name: str) -> None:
    note(own, "title: x\n")

    done = loop("create", "notes", "--name", name, "--json", "--vault", str(own))

    assert done.json["path"] == f"notes/{name}.md"


@pytest.mark.parametrize("name", ["a\u202eb", "a\x07b", "a\u2028b", "a\ufdd0b"])
def test_what_is_no_writing_is_refused(loop: Loop, own: Path, name: str) -> None:
    note(own, "title: x\n")

    assert loop("update", "n", f"title={name}", "--force", "--vault", str(own)).code == 6
    assert not is_line(name)


@pytest.mark.parametrize("name", ["idea", "IDEA", "Idea"])
def test_a_new_file_differs_by_more_than_case(loop: Loop, own: Path, name: str) -> None:
    file = note(own, "title: x\n")
    file.rename(file.with_name("Idea.md"))

    done = loop("create", "notes", "--name", name, "--json", "--vault", str(own))

    assert done.code == 6
    assert [one.name for one in (own / "notes").iterdir()] == ["Idea.md"]


def test_a_new_file_differs_by_more_than_normal_form(loop: Loop, own: Path) -> None:
    file = note(own, "title: x\n")
    file.rename(file.with_name(unicodedata.normalize("NFD", "회의.md")))

    assert loop("create", "notes", "--name", "회의", "--vault", str(own)).code == 6


def test_a_new_folder_differs_by_more_than_case(loop: Loop, own: Path) -> None:
    note(own, "title: x\n")

    assert loop("create", "Notes", "--name", "other", "--vault", str(own)).code == 6
    assert not (own / "Notes").exists()


def test_a_file_may_be_renamed_to_its_own_name_in_another_case(loop: Loop, own: Path) -> None:
    note(own, "title: x\n")
    (own / ".loop/config.toml").write_text('[fields]\nid = "id"\ntype = "@folder"\n')
    (own / "notes/N-1.md").write_text("---\nid: n-1\n---\n")

    done = loop("rename", "n-1", "--yes", "--vault", str(own))

    assert done.code == 0, done.err
    assert (own / "notes/n-1.md").exists()


@given(st.text(max_size=12))
def test_one_name_is_of_case_and_normal_form_alone(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert one_name(unicodedata.normalize(form, text)) == one_name(text)
    assert one_name(one_name(text)) == one_name(text)


@given(st.text(max_size=12))
def test_a_line_has_no_control_characters(text: str) -> None:
    if is_line(text):
        assert not any(unicodedata.category(one) in ("Cc", "Zl", "Zp", "Cs") for one in text)
