"""Ids that differ only by case, as a user meets them: no command makes one, and `loop check` warns
of those that are there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop


@pytest.fixture
def place(loop: Loop, own: Path) -> tuple[str, str]:
    """Notes whose names are their ids."""
    for path, kind in (("task/t1.md", "task"), ("task/t2.md", "task"), ("person/kim.md", "person")):
        (own / path).parent.mkdir(exist_ok=True)
        (own / path).write_text(f"---\ntype: {kind}\n---\n")
    assert loop("init", str(own), "--yes").code == 0
    return "--vault", str(own)


def test_where_files_are_named_by_them(loop: Loop, own: Path, place: tuple[str, str]) -> None:
    done = loop("create", "person", "--name", "T1", "--json", *place)
    assert done.code == 6
    (problem,) = done.error["problems"]
    assert (problem["field"], problem["problem"]) == ("entity_id", "taken")
    assert "t1 of task/t1.md" in problem["message"]

    line = json.dumps({"op": "create", "type": "person", "name": "KIM"})
    assert loop("apply", "-", *place, stdin=line).code == 6
    assert loop("rename", "t2", "--name", "Kim", "--yes", *place).code == 6
    assert sorted(loop("list", "--ids", *place).lines) == ["kim", "t1", "t2"]


def test_where_a_field_has_them(loop: Loop, own: Path) -> None:
    for number in range(3):
        text = f"---\nid: x-{number}\ntype: task\ntitle: T\n---\n"
        (own / f"{number}.md").write_text(text)
    assert loop("init", str(own), "--yes").code == 0
    place = "--vault", str(own)
    given = ("create", "task", "--name", "N", "--id")
    assert loop(*given, "X-2", *place).code == 6
    assert loop(*given, "Y-2", *place).code == 0


def test_those_that_are_there_are_a_warning(loop: Loop, own: Path, place: tuple[str, str]) -> None:
    (own / "person/T1.md").write_text("---\ntype: person\n---\n")

    found = loop("check", "--json", *place)

    assert found.code == 0
    assert [(one["rule"], one["severity"], one["path"]) for one in found.json["findings"]] == [
        ("duplicate-id", "warning", "person/T1.md"),
        ("duplicate-id", "warning", "task/t1.md"),
    ]
    assert loop("update", "T1", "type=x", "--force", *place).code == 6
    for one in ("t1", "T1"):
        assert loop("update", one, "mood=fine", "--force", *place).code == 0
        assert loop("get", one, "--field", "mood", *place).out == "fine\n"
