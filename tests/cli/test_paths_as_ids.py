"""The path of a file names its entity, wherever a person gives an id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

DAY = "Daily/2026-11-28.md"


@pytest.fixture
def notes(loop: Loop, tmp_path: Path) -> Loop:
    """`loop` on an Obsidian vault, with a note without frontmatter and one of a similar name."""
    loop.vault = tmp_path / "notes"
    (loop.vault / "Daily").mkdir(parents=True)
    (loop.vault / "일기").mkdir()
    (loop.vault / DAY).write_text("Only text, [[회의 1]].\n")
    (loop.vault / "Daily/2026-11-29.md").write_text("---\ntitle: Next\nmood: good\n---\n")
    (loop.vault / "일기/회의 1.md").write_text("---\ntitle: Meeting\nmood: bad\n---\nText.\n")
    (loop.vault / "Inbox.md").write_text("Text.\n")
    assert loop("init", str(loop.vault), "--yes").code == 0
    return loop


@pytest.mark.parametrize("path", [DAY, "./" + DAY, "Inbox.md", "일기/회의 1.md"])
def test_every_command_takes_the_path(notes: Loop, path: str) -> None:
    entity_id = path.rpartition("/")[2].removesuffix(".md")
    assert notes("get", path, "--json").json["entity_id"] == entity_id
    assert notes("update", path, "mood=fine", "--force", "--json").json["entity_id"] == entity_id
    assert notes("get", path, "--field", "mood").out == "fine\n"
    assert notes("history", path, "--json").json["entity_id"] == entity_id
    assert notes("diff", path, "--json").json["entity_id"] == entity_id
    assert len(notes("log", path, "--json").lines) == 1
    assert notes("backlinks", path, "--json").json["entity_id"] == entity_id
    assert notes("check", path).code == 0
    assert notes("edit", path, "--editor", "true").code == 0
    assert notes("undo", path, "--yes").code == 0
    assert notes("delete", path, "--force", "--orphan").code == 0
    assert len(notes("kept", path, "--json").json["kept"]) == 1
    assert len(notes("log", path, "--json").lines) == 3
    assert notes("undo", path, "--yes").code == 0
    assert (notes.vault / path).exists()


def test_a_path_from_here(notes: Loop) -> None:
    here = notes.vault / "Daily"
    done = notes("update", "2026-11-28.md", "mood=x", "--force", "--json", cwd=here)
    assert done.json["path"] == DAY
    assert notes("get", str(here / "2026-11-28.md"), "--path", cwd=here).out == DAY + "\n"


def test_the_path_chooses_among_files_of_one_id(notes: Loop) -> None:
    (notes.vault / "일기/2026-11-29.md").write_text("---\nmood: odd\n---\n")
    assert notes("get", "2026-11-29").code == 7
    assert notes("get", "일기/2026-11-29.md", "--field", "mood").out == "odd\n"
    assert notes("update", "Daily/2026-11-29.md", "mood=even", "--force").code == 0
    assert "odd" in (notes.vault / "일기/2026-11-29.md").read_text()


@pytest.mark.parametrize("command", ["get", "update", "delete", "diff", "backlinks", "edit"])
def test_a_path_without_a_file_is_told_and_no_other_note_is_suggested(
    notes: Loop, command: str
) -> None:
    more = {"update": ("x=1",), "edit": ("--editor", "true")}.get(command, ())
    done = notes(command, "Daily/2026-11-27.md", *more)
    assert (done.code, "2026-11-29" in done.err) == (3, False)
    assert "Daily/2026-11-27.md" in done.err


def test_an_id_that_looks_like_a_path_is_one(loop: Loop) -> None:
    loop.write_task("tsk-019-90", "aliases: [old.md]")
    assert loop("update", "old.md", "priority=high", "--force", "--json").json["entity_id"] == (
        "tsk-019-90"
    )


def test_in_a_vault_with_ids(loop: Loop) -> None:
    path = loop.TASK
    assert loop("update", path, "status=doing", "--force", "--json").json["entity_id"] == (
        "tsk-019-14"
    )
    assert loop("history", path, "--json").json["entity_id"] == "tsk-019-14"
    assert loop("get", path, "tsk-019-07", "--field", "entity_id").lines == [
        "tsk-019-14",
        "tsk-019-07",
    ]
    to = project(loop).relative_to(loop.vault)
    moved = loop("move", path, "--project", str(to), "--force", "--json").json["moved"]
    assert moved[0]["entity_id"] == "tsk-019-14"
    assert loop("rename", str(to), "--dry-run", "--yes").code == 0


def project(loop: Loop) -> Path:
    return next(loop.vault.glob("50_Projects/2026/prj-020*/project.md"))


def test_a_path_from_the_root_of_the_system(loop: Loop) -> None:
    to = str(project(loop))
    moved = loop("move", loop.TASK, "--project", to, "--force", "--json").json["moved"]
    assert moved[0]["entity_id"] == "tsk-019-14"
    assert loop("rename", to, "--dry-run", "--yes").code == 0


def test_a_path_from_elsewhere_is_said_as_it_was_given(loop: Loop) -> None:
    done = loop("get", f"{loop.TASKS}/../no.md")
    assert done.code == 3
    assert f"no entity in a file {loop.TASKS.rpartition('/')[0]}/no.md" in done.err


def test_what_is_no_entity_is_told(loop: Loop) -> None:
    (loop.vault / "50_Projects/plain.md").write_text("Text.\n")
    error = loop("update", "50_Projects/plain.md", "x=1", "--json").error
    assert (error["code"], "50_Projects/plain.md" in error["error"]) == ("not_found", True)


def test_a_path_that_leads_out(notes: Loop, tmp_path: Path) -> None:
    (tmp_path / "out.md").write_text("---\ntitle: x\n---\n")
    done = notes("update", "../out.md", "x=1", "--force")
    assert done.code in (3, 6)
    assert "x: 1" not in (tmp_path / "out.md").read_text()
