"""Notes without frontmatter are no entities: that is said where somebody would miss them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.wire import check as models_check

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

SAID = "2 notes have no YAML frontmatter, and so are no entities"
HINT = "loop update ID 'status=done'"


@pytest.fixture
def plain(loop: Loop, tmp_path: Path) -> Loop:
    """`loop` in a folder with two notes without frontmatter, which is a vault since."""
    loop.vault = tmp_path / "plain"
    (loop.vault / "일기").mkdir(parents=True)
    (loop.vault / "a.md").write_text("One.\n")
    (loop.vault / "일기" / "둘.md").write_text("---\nno end\n")
    done = loop("init", str(loop.vault), "--yes")
    assert done.code == 0
    assert SAID in " ".join(done.err.split())
    assert "All of it would fit" not in done.err
    return loop


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("list", "--ids"),
        ("list", "--json"),
        ("search", "One"),
        ("list", "--where", "path~x"),
    ],
)
def test_a_list_without_entities_says_it(plain: Loop, arguments: tuple[str, ...]) -> None:
    done = plain(*arguments)
    assert done.code == 0
    assert SAID in one_line(done.err)
    assert HINT in one_line(done.err)


def test_the_overview_says_it(plain: Loop) -> None:
    assert SAID in one_line(plain().out)
    document = plain("--json").json
    models_check.OverviewDocument.model_validate(document)
    assert (document["entities"], document["notes"]) == (0, 2)


def test_what_it_names_makes_an_entity(plain: Loop) -> None:
    for name, left in (("a", 1), ("둘", 0)):
        assert plain("update", name, "status=done", "--force").code == 0
        assert plain("--json").json["notes"] == left
        done = plain("list", "--ids")
        assert name in done.lines
        assert "frontmatter" not in done.err
    assert "frontmatter" not in plain().out


def test_a_list_of_a_vault_with_entities_does_not(plain: Loop) -> None:
    assert plain("update", "a", "status=done", "--force").code == 0
    assert "frontmatter" not in plain("list", "--where", "status=todo").err
    assert "1 note has no YAML frontmatter, and so is no entity" in one_line(plain().out)


def test_init_counts_them_and_says_what_fits(loop: Loop, tmp_path: Path) -> None:
    (root := tmp_path / "ids").mkdir()
    for number in range(3):
        (root / f"{number}.md").write_text(f"---\nid: x{number}\ntype: note\ntitle: T\n---\n")
    (root / "plain.md").write_text("One.\n")
    (root / "toml.md").write_text("+++\ntitle = 'x'\n+++\n")
    shown = one_line(loop("init", str(root), "--dry-run").out)
    assert "All of it would fit" in shown
    assert "1 note has no YAML frontmatter with id and type, and so is no entity" in shown


def test_a_folder_where_all_have_frontmatter(loop: Loop, tmp_path: Path) -> None:
    (root := tmp_path / "all").mkdir()
    (root / "a.md").write_text("---\ntitle: A\n---\n")
    assert "YAML frontmatter" not in loop("init", str(root), "--dry-run").out
    assert loop("init", str(root), "--yes").code == 0
    assert "notes" in loop("--json", "--vault", str(root)).json
    assert "frontmatter" not in loop("list", "--where", "title=x", "--vault", str(root)).err
