"""`entity_name` in a vault that has the names in `title`, and what no command can write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop


@pytest.fixture
def notes(loop: Loop, tmp_path: Path) -> Loop:
    """`loop` on an Obsidian vault whose names are titles."""
    loop.vault = tmp_path / "notes"
    loop.vault.mkdir()
    (loop.vault / "house.md").write_text("---\ntitle: House\nrooms: 4\n---\n")
    (loop.vault / "boat.md").write_text("---\ntitle: 배\nrooms: 1\n---\n")
    (loop.vault / "tent.md").write_text("---\ntitle: A tent\n---\n")
    assert loop("init", str(loop.vault), "--yes").code == 0
    return loop


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("entity_name~ous", ["house"]),
        ("entity_name=배", ["boat"]),
        ("has:entity_name", ["boat", "house", "tent"]),
        ("missing:entity_name", []),
    ],
)
def test_conditions_are_about_the_name(notes: Loop, condition: str, ids: list[str]) -> None:
    assert notes("list", "--where", condition, "--ids").lines == ids
    assert notes("list", "--where", condition, "--count").lines == [str(len(ids))]


def test_sorting_is_by_the_name(notes: Loop) -> None:
    by_title = notes("list", "--sort", "title", "--ids").lines
    assert by_title == ["tent", "house", "boat"]
    assert notes("list", "--sort", "entity_name", "--ids").lines == by_title
    assert notes("list", "--sort", "-entity_name", "--ids").lines == by_title[::-1]


def test_a_claim_is_about_the_name(notes: Loop) -> None:
    change = ("update", "house", "rooms=5", "--if")
    refused = notes(*change, "entity_name=배", "--json").error
    assert (refused["code"], refused["conditions"][0]["value"]) == ("conflict", "House")
    assert notes(*change, "entity_name=House", "--json").json["changed"]
    assert notes("delete", "tent", "--if", "entity_name~tent", "--yes").code == 0


def test_a_bulk_update_selects_by_the_name(notes: Loop) -> None:
    done = notes("update", "--where", "entity_name=배", "rooms=2", "--yes")
    assert done.code == 0
    assert notes("get", "boat", "--field", "rooms").out == "2\n"


def test_a_write_names_the_field_that_has_the_names(notes: Loop) -> None:
    before = (notes.vault / "house.md").read_bytes()
    line = json.dumps({"id": "house", "set": {"entity_name": "Haus"}})
    for arguments, stdin in (
        (("update", "house", "entity_name=Haus", "--force", "--json"), None),
        (("create", "Note", "entity_name=q", "--json"), None),
        (("create", "Note", "--name", "q", "entity_name=q", "--json"), None),
    ):
        error = notes(*arguments, stdin=stdin).error
        assert error["code"] == "invalid_change"
        problem = error["problems"][0]
        assert (problem["field"], problem["nearest"]) == ("entity_name", ["title"])
        assert "this vault's names are in 'title'" in error["error"]
    done = notes("apply", "-", "--force", stdin=line + "\n")
    assert (done.code, "names are in 'title'" in done.out) == (6, True)
    assert (notes.vault / "house.md").read_bytes() == before
    assert not (notes.vault / "q.md").exists()


@pytest.mark.parametrize("name", ["entity_id", "entity_type", "path", "etag", "updated_at"])
def test_what_loop_says_of_every_entity_is_no_field(notes: Loop, name: str) -> None:
    for arguments in (
        ("update", "house", f"{name}=x", "--force"),
        ("create", "Note", "--name", "q", f"{name}=x"),
    ):
        error = notes(*arguments, "--json").error
        assert error["problems"][0]["problem"] == "read_only"
        assert error["problems"][0]["field"] == name
    assert name not in (notes.vault / "house.md").read_text()
    assert not (notes.vault / "q.md").exists()


def test_nor_in_a_vault_with_ids(loop: Loop) -> None:
    for name in ("path", "etag", "updated_at", "entity_id", "entity_type"):
        assert loop("update", "tsk-019-14", f"{name}=x", "--force").code == 6
    assert loop("update", "tsk-019-14", "entity_name=Neu", "--force").code == 0


def test_a_field_of_such_a_name_that_is_there_can_be_removed(notes: Loop) -> None:
    (notes.vault / "old.md").write_text("---\ntitle: Old\npath: a/b\nentity_name: x\n---\n")
    assert notes("update", "old", "path!", "entity_name!", "--force").code == 0
    assert "path" not in (notes.vault / "old.md").read_text()


def test_a_field_of_such_a_name_that_the_schema_knows_is_one(loop: Loop, tmp_path: Path) -> None:
    loop.vault = tmp_path / "site"
    loop.vault.mkdir()
    for number in range(3):
        page = f"---\ntitle: T{number}\nentity_name: E{number}\npath: /p{number}\n---\n"
        (loop.vault / f"{number}.md").write_text(page)
    assert loop("init", str(loop.vault), "--yes").code == 0
    config = loop.vault / ".loop" / "config.toml"
    config.write_text(config.read_text().replace('name = "entity_name"', 'name = "title"'))
    assert loop("list", "--where", "entity_name=E1", "--ids").lines == ["1"]
    assert loop("update", "1", "path=/new", "entity_name=F", "--force").code == 0
