"""What nobody looks at is named; page bundles and `.markdown` files are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.test_values import note

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop


@pytest.fixture
def linked(own: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with a link to a folder and one to a file, and excluded ones."""
    note(own, "title: x\n")
    outside = tmp_path_factory.mktemp("outside")
    (outside / "e.md").write_text("---\ntitle: e\n---\n")
    (own / "shared").symlink_to(outside)
    (own / "notes/one.md").symlink_to(outside / "e.md")
    (own / "picture.png").symlink_to(outside / "e.md")
    (own / "90_Archive").mkdir()
    (own / "notes/README.md").write_text("read me\n")
    return own


def test_check_names_what_is_passed_over(loop: Loop, linked: Path) -> None:
    place = ("--vault", str(linked))

    said = loop("check", *place)
    passed = loop("check", "--json", *place).json["passed_over"]

    assert said.code == 0
    assert "2 symbolic links: notes/one.md, shared" in said.err
    assert passed["links"] == ["notes/one.md", "shared"]
    assert passed["unread"] == []


def test_list_names_it_where_it_is_asked_for(loop: Loop, linked: Path) -> None:
    place = ("--vault", str(linked))

    assert loop("list", "--ids", *place).err == ""
    assert "2 symbolic links" in loop("list", "--ids", "-v", *place).err


def test_init_names_it(loop: Loop, linked: Path) -> None:
    (linked / ".loop/config.toml").unlink()
    (linked / ".loop").rmdir()

    found = loop("init", str(linked), "--dry-run", "--json").json["passed_over"]

    assert found["links"] == ["notes/one.md", "shared"]
    assert found["folders"] == ["90_Archive"]
    assert found["files"] == ["notes/README.md"]


def test_markdown_files_of_the_other_ending_are_read(loop: Loop, own: Path) -> None:
    note(own, "title: x\n")
    (own / "notes/old.markdown").write_text("---\ntitle: Old\n---\n")
    place = ("--vault", str(own))

    assert loop("update", "old", "title=New", "--force", *place).code == 0

    assert (own / "notes/old.markdown").read_text().startswith("---\ntitle: New\n")
    assert loop("list", "--ids", *place).lines == ["n", "old"]


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (["a/index.md", "b/index.md", "c/index.md"], "@folder-stem"),
        (["en/a/index.md", "ko/a/index.md", "en/b/index.md"], "@path"),
        (["a.md", "b.md", "c.md"], "@stem"),
    ],
)
def test_init_tells_the_pages_of_bundles_apart(
    loop: Loop, own: Path, files: list[str], wanted: str
) -> None:
    for file in files:
        path = own / "content" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\ntitle: {file}\n---\n")

    assert loop("init", str(own), "--yes").code == 0

    assert f'id = "{wanted}"' in (own / ".loop/config.toml").read_text()
    assert loop("check", "--vault", str(own)).code == 0
    for one in loop("list", "--ids", "--vault", str(own)).lines:
        assert loop("update", one, "title=new", "--force", "--vault", str(own)).code == 0


def test_a_new_page_beside_bundles_is_found(loop: Loop, own: Path) -> None:
    note(own, "title: x\n")
    (own / ".loop/config.toml").write_text(
        '[fields]\nid = "@path"\ntype = "@folder"\nname = "title"\n'
    )

    made = loop("create", "notes", "--name", "New one", "--json", "--vault", str(own)).json

    assert (made["entity_id"], made["path"]) == ("notes/New one", "notes/New one.md")
    assert loop("get", "notes/New one", "--vault", str(own)).code == 0
