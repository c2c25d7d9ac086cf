"""In a folder of notes that is no vault, whoever asks hears of `loop init`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.system import nearby

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Done, Loop

SAID = "loop init makes this folder a vault"
NOWHERE = {"LOOP_VAULT": None}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (root := tmp_path / "plain folder").mkdir()
    return root


def run(loop: Loop, folder: Path, *arguments: str) -> Done:
    return loop(*arguments, cwd=folder, env=NOWHERE)


@pytest.mark.parametrize(
    "path", ["a.md", "메모/하루.md", "a/b/c/note.markdown", "README/x.md", "a.b/c.md"]
)
def test_notes_here_or_below_make_it_say_so(loop: Loop, folder: Path, path: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text("hi\n")
    for arguments in (("list",), ("get", "a"), ("update", "a", "x=1"), ("list", "--json")):
        done = run(loop, folder, *arguments)
        assert (done.code, SAID in done.err) == (2, True)
        assert "loop demo DIR" in done.err
    alone = run(loop, folder)
    assert (alone.code, alone.err) == (2, f"hint: {SAID}; loop demo DIR makes a sample vault; "
                                          "loop --vault DIR names yours\n")  # fmt: skip
    assert "Usage" in alone.out
    assert SAID in run(loop, folder, "--json").error["hint"]


@pytest.mark.parametrize(
    "path",
    [
        "README.md", ".hidden/a.md", ".a.md", "node_modules/x/README.md", "node_modules/a.md",
        "a.txt", "md", "a/b/c/d/e.md",
    ],
)  # fmt: skip
def test_elsewhere_it_does_not(loop: Loop, folder: Path, path: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text("hi\n")
    for arguments in (("list",), (), ("--json",)):
        done = run(loop, folder, *arguments)
        assert (done.code, "loop init" in done.err) == (2, False)


def test_a_link_is_not_followed(loop: Loop, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.md").write_text("hi\n")
    (folder / "there").symlink_to(tmp_path / "other")
    (folder / "a.md").symlink_to(tmp_path / "other" / "a.md")
    assert SAID not in run(loop, folder, "list").err


def test_what_it_says_works(loop: Loop, folder: Path) -> None:
    (folder / "a.md").write_text("---\ntitle: A\n---\n")
    assert run(loop, folder, "init", "--yes").code == 0
    assert run(loop, folder, "list", "--ids").lines == ["a"]


def test_the_look_is_short(folder: Path) -> None:
    for number in range(nearby._FOLDERS + 1):
        (folder / f"{number:04}").mkdir()
    (folder / "0000" / "deep").mkdir()
    (folder / "0000" / "deep" / "a.md").write_text("hi\n")
    assert not nearby.has_file(str(folder), (".md",))
    assert nearby.has_file(str(folder / "0000"), (".md",))
    assert not nearby.has_file(str(folder / "gone"), (".md",))


@pytest.mark.parametrize("arguments", [("stats",), ("log",), ("stats", "--json")])
def test_an_obsidian_folder_without_a_log_is_told_of_init(
    loop: Loop, folder: Path, arguments: tuple[str, ...]
) -> None:
    (folder / ".obsidian").mkdir()
    (folder / "a.md").write_text("---\ntitle: A\n---\n")
    done = run(loop, folder, *arguments)
    assert done.code == 0
    assert "loop init" in done.err + done.out
    assert run(loop, folder, "init", "--yes").code == 0
    done = run(loop, folder, *arguments)
    assert (done.code, "loop init" in done.err + done.out) == (0, False)


def test_a_vault_with_entities_and_no_log_is_not(loop: Loop) -> None:
    for arguments in (("stats",), ("log",)):
        done = loop(*arguments)
        assert (done.code, "loop init" in done.err + done.out) == (0, False)


def test_a_home_folder_is_no_folder_of_notes(loop: Loop) -> None:
    (loop.home / "Documents").mkdir(exist_ok=True)
    (loop.home / "Documents" / "a.md").write_text("hi\n")
    done = run(loop, loop.home, "list")
    assert (done.code, SAID in done.err) == (2, False)
    assert SAID in run(loop, loop.home / "Documents", "list").err
