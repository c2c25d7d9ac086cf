"""A folder that nobody has made a vault, and one above a vault: what is said leads on."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """An Obsidian vault that `loop` has never seen."""
    root = tmp_path / "notes"
    (root / ".obsidian").mkdir(parents=True)
    (root / "Note.md").write_text("---\ntitle: A\ntags: [x]\n---\nhi\n")
    (root / "Plain.md").write_text("hi\n")
    return root


@pytest.mark.parametrize(
    "arguments",
    [
        *(("list",), ("list", "--json"), ("list", "--ids"), ("search", "hi"), ("get", "Note")),
        *(("get", "nope"), ("update", "Note", "title=B", "--force"), ("check",), ()),
        *(("delete", "Note", "--force", "--yes"), ("backlinks", "Note")),
        *(("create", "Note", "--name", "x"), ("update", "--where", "has:path", "a=b", "--yes")),
    ],
)
def test_a_folder_that_is_no_vault_yet_is_told_of_init(
    loop: Loop, notes: Path, arguments: tuple[str, ...]
) -> None:
    done = loop(*arguments, env={"LOOP_VAULT": str(notes)})
    assert "loop init" in done.err + done.out


def test_one_that_was_made_a_vault_is_not(loop: Loop, notes: Path) -> None:
    assert loop("init", str(notes), "--yes").code == 0
    for arguments in (("list",), ("get", "nope"), ("list", "--where", "tags=none"), ("check",), ()):
        done = loop(*arguments, env={"LOOP_VAULT": str(notes)})
        assert "loop init" not in done.err + done.out


def test_the_folder_above_a_vault_is_told_of_the_one_inside(loop: Loop, tmp_path: Path) -> None:
    """And never to remove `.loop/`, which holds what an undo needs."""
    inner = tmp_path / "above" / "in side"
    shutil.copytree(loop.vault, inner)
    (inner / ".loop").mkdir(exist_ok=True)
    for arguments in (("list",), ("get", "x"), ("update", "tsk-019-14", "a=b", "--force")):
        done = loop(*arguments, "--vault", str(inner.parent))
        assert done.code == 2
        assert f"hint: --vault '{inner}'" in done.err
        assert "remove" not in done.err
    done = loop("list", "--vault", str(inner / "50_Projects"))
    assert (done.code, f"--vault '{inner}'" in done.err) == (2, True)
