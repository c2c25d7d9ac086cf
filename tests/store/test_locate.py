"""Finding files: where the schema says entities are, never through a link, never outside."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from loop_cli.core.entity import FieldNames
from loop_cli.core.schema.schema import build
from loop_cli.errors import Action, EntityNotFound, InvalidFile, UsageError
from loop_cli.failures import AmbiguousId
from loop_cli.vault.index.locate import Locator
from tests.store.conftest import Bench

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store.conftest import Harness


def entity(entity_id: str, *lines: str) -> str:
    return "\n".join(["---", f"entity_id: {entity_id}", "entity_type: Task", *lines, "---", ""])


class Folder:
    """A vault's folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def locator(self, **paths: list[str]) -> Locator:
        places = build({"paths": paths} if paths else {}).places
        return Locator(str(self.root), places, FieldNames())


@pytest.fixture
def vault(tmp_path: Path) -> Folder:
    """An empty vault, with a place beside it."""
    root = tmp_path / "vault"
    root.mkdir()
    return Folder(root)


class TestPaths:
    """The schema's `paths`."""

    def test_include_exclude_and_exclude_files(self, vault: Folder) -> None:
        for path in ("a/1.md", "a/x/2.md", "a/x/README.md", "b/3.md", "c/4.md", "5.md", "a/6.txt"):
            vault.put(path, entity(path))

        found = vault.locator(include=["a", "b/"], exclude=["a/x"], exclude_files=["README.md"])
        everywhere = vault.locator(exclude=["a"])

        assert sorted(found.paths()) == ["a/1.md", "b/3.md"]
        assert sorted(everywhere.paths()) == ["5.md", "b/3.md", "c/4.md"]

    def test_hidden_folders_and_files_are_left_out(self, vault: Folder) -> None:
        for path in (".obsidian/a.md", ".git/b.md", ".c.md", ".loop/kept/d.md", "e.md"):
            vault.put(path, entity("x"))

        assert list(vault.locator().paths()) == ["e.md"]

    def test_links_are_not_followed(self, vault: Folder) -> None:
        outside = vault.root.parent / "outside"
        outside.mkdir()
        (outside / "secret.md").write_text(entity("secret"))
        vault.put("a/1.md", entity("tsk-1"))
        (vault.root / "link").symlink_to(outside)
        (vault.root / "again").symlink_to(vault.root / "a")
        (vault.root / "copy.md").symlink_to(vault.root / "a" / "1.md")

        assert list(vault.locator().paths()) == ["a/1.md"]
        assert vault.locator().find("tsk-1").parsed.path == "a/1.md"

    @pytest.mark.parametrize(
        "include",
        [
            ["."],
            ["./"],
            [""],
            ["a", "."],
            ["a/", "b", "./a/x", "a/./x/", "a//", "a", "5"],
            ["link", "."],
        ],
    )
    def test_however_folders_are_written_every_file_is_met_once_by_its_plain_path(
        self, vault: Folder, include: list[str]
    ) -> None:
        for path in ("a/1.md", "a/x/2.md", "b/3.md", "5/4.md"):
            vault.put(path, entity(path))
        (vault.root / "link").symlink_to("a")

        found = list(vault.locator(include=include).paths())

        assert sorted(found) == ["5/4.md", "a/1.md", "a/x/2.md", "b/3.md"]

    def test_excluded_folders_may_be_written_as_loosely(self, vault: Folder) -> None:
        for path in ("a/1.md", "a/x/2.md", "b/3.md"):
            vault.put(path, entity(path))

        found = vault.locator(include=["."], exclude=["./a//x/", "b/."])

        assert list(found.paths()) == ["a/1.md"]

    def test_an_include_that_is_a_link_out_of_the_vault_or_to_what_is_hidden_is_passed_over(
        self, vault: Folder
    ) -> None:
        outside = vault.root.parent / "outside"
        outside.mkdir()
        (outside / "secret.md").write_text(entity("secret"))
        vault.put(".loop/kept/old.md", entity("old"))
        vault.put("a/1.md", entity("tsk-1"))
        (vault.root / "out").symlink_to(outside)
        (vault.root / "kept").symlink_to(".loop/kept")

        found = vault.locator(include=["out", "kept", "a"])

        assert list(found.paths()) == ["a/1.md"]

    def test_an_include_that_is_not_there_is_empty(self, vault: Folder) -> None:
        assert list(vault.locator(include=["nowhere"]).paths()) == []

    def test_another_vault_inside_is_refused_naming_both(self, vault: Folder) -> None:
        vault.put("a/b/.loop/config.toml", "")

        with pytest.raises(UsageError, match="two locks") as caught:
            list(vault.locator().paths())

        assert str(vault.root / "a" / "b") in caught.value.message
        assert f"{vault.root} and" in caught.value.message


class TestFind:
    """Beyond what every store does."""

    def test_the_name_of_the_file_does_not_matter(self, vault: Folder) -> None:
        vault.put("tsk-1.md", entity("tsk-2"))
        vault.put("other name.md", entity("tsk-1"))

        assert vault.locator().find("tsk-1").parsed.path == "other name.md"

    def test_an_id_in_the_body_or_in_another_field_is_none(self, vault: Folder) -> None:
        vault.put("a.md", entity("tsk-2", "links: [tsk-1]") + "entity_id: tsk-1\n")

        with pytest.raises(EntityNotFound):
            vault.locator().find("tsk-1")

    def test_a_frontmatter_longer_than_one_block_is_read_to_its_end(self, vault: Folder) -> None:
        vault.put("a.md", f"---\nnotes: {'x' * 200_000}\nentity_type: Task\nentity_id: far\n---\n")

        assert vault.locator().find("far").parsed.type == "Task"

    @pytest.mark.parametrize(
        "line", ["entity_id: 'q-1'", 'entity_id: "q-1"  # id', "entity_id:  q-1"]
    )
    def test_however_the_id_is_written(self, vault: Folder, line: str) -> None:
        vault.put("a.md", f"---\r\n{line}\r\nentity_type: Task\r\n---\r\n")

        assert vault.locator().find("q-1").parsed.path == "a.md"

    @pytest.mark.parametrize("line", ["entity_id: q-1", "entity_id: 'q-1'  # id"])
    def test_a_broken_file_that_claims_the_id_is_the_error(self, vault: Folder, line: str) -> None:
        vault.put("a.md", f"---\n{line}\nentity_type: Task\nx: [\n---\n")

        with pytest.raises(InvalidFile, match=r"a\.md:4"):
            vault.locator().find("q-1")

    def test_beside_a_whole_one_it_is_a_warning(self, vault: Folder) -> None:
        vault.put("a.md", "---\nentity_id: q-1\nx: [\n---\n")
        vault.put("b.md", entity("q-1"))

        found = vault.locator().find("q-1")

        assert found.parsed.path == "b.md"
        assert len(found.warnings) == 1
        assert "a.md:3" in found.warnings[0]

    @pytest.mark.parametrize("line", ["entity_id: real", '"entity_id": "real" # x'])
    def test_an_alias_does_not_win_over_a_broken_file_with_the_id(
        self, vault: Folder, line: str
    ) -> None:
        vault.put("other.md", f"---\n{line}\nentity_type: Task\nx: [\n---\n")
        vault.put("tsk-1.md", entity("tsk-1", "aliases: [real]"))

        with pytest.raises(InvalidFile, match=r"other\.md:4"):
            vault.locator().find("real")

    def test_a_note_that_has_the_alias_for_its_name_is_no_entity_and_only_a_warning(
        self, vault: Folder
    ) -> None:
        vault.put("real.md", "just a note\n")
        vault.put("tsk-1.md", entity("tsk-1", "aliases: [real]"))

        found = vault.locator().find("real")

        assert found.parsed.id == "tsk-1"
        assert "real.md" in found.warnings[0]

    @pytest.mark.parametrize(
        "written", ['"\\uAC00\\uB098"', '"\\U0000AC00나"', '"\\u1100\\u1161나"']
    )
    def test_an_id_or_an_alias_written_with_escapes_is_found(
        self, vault: Folder, written: str
    ) -> None:
        vault.put("a.md", entity(written))
        assert vault.locator().find("가나").parsed.path == "a.md"
        vault.put("b.md", entity("가나"))
        with pytest.raises(AmbiguousId):
            vault.locator().find("가나")
        assert vault.locator().find("가나", path="b.md").shared
        vault.put("c.md", entity("tsk-1", f'aliases: [{written.replace("나", "다")}, "\\xE9"]'))
        assert vault.locator().find("é").parsed.path == "c.md"

    def test_an_id_written_with_escapes_in_a_broken_file_is_claimed_too(
        self, vault: Folder
    ) -> None:
        vault.put("a.md", '---\nentity_id: "\\uAC00\\uB098"\nx: [\n---\n')
        vault.put("b.md", entity("tsk-1", "aliases: [가나]"))

        with pytest.raises(InvalidFile, match=r"a\.md:3"):
            vault.locator().find("가나")

    def test_an_id_written_with_escapes_is_suggested_as_it_reads(self, vault: Folder) -> None:
        vault.put("a.md", entity('"\\uAC00\\uB098\\U0000B2E4"'))

        with pytest.raises(EntityNotFound) as caught:
            vault.locator().find("가나라")

        assert caught.value.details["nearest"] == ["가나다"]

    def test_a_broken_file_that_only_mentions_it_is_nothing(self, vault: Folder) -> None:
        vault.put("a.md", "---\nparent_id: q-1\nentity_id: q-12\nx: [\n---\n")

        with pytest.raises(EntityNotFound):
            vault.locator().find("q-1")

    def test_the_nearest_ids_are_suggested(self, vault: Folder) -> None:
        vault.put("a.md", entity("tsk-019-14"))
        vault.put("b.md", entity("'prj-1'"))

        with pytest.raises(EntityNotFound) as caught:
            vault.locator().find("tsk-019-41")

        assert caught.value.details["nearest"] == ["tsk-019-14"]
        assert caught.value.hint == Action("read", entity_id="tsk-019-14")

    def test_files_that_can_not_be_read_are_passed_over(self, vault: Folder) -> None:
        vault.put("a.md", entity("tsk-1"))
        os.mkfifo(vault.root / "pipe.md")
        (vault.root / "folder.md").mkdir()
        (vault.root / "gone.md").symlink_to("nowhere")

        assert vault.locator().find("tsk-1").parsed.path == "a.md"
        assert vault.locator().find("tsk-1").warnings == ()


class TestByPath:
    """`--path` chooses, within the vault."""

    def test_relative_to_the_vault_or_absolute(self, vault: Folder) -> None:
        file = vault.put("a/1.md", entity("tsk-1"))
        vault.put("b/1.md", entity("tsk-1"))

        for path in ("a/1.md", "./a/../a/1.md", str(file)):
            found = vault.locator().find("tsk-1", path=path)
            assert found.parsed.path == "a/1.md"
            assert found.shared
        with pytest.raises(AmbiguousId):
            vault.locator().find("tsk-1")

    def test_one_of_its_kind_is_not_shared(self, vault: Folder) -> None:
        vault.put("a/1.md", entity("tsk-1", "aliases: [first]"))

        assert not vault.locator().find("first", path="a/1.md").shared

    @pytest.mark.parametrize("path", ["../outside.md", "link.md", "folder/../../outside.md"])
    def test_a_path_that_leaves_the_vault_is_refused(self, vault: Folder, path: str) -> None:
        outside = vault.root.parent / "outside.md"
        outside.write_text(entity("tsk-1"))
        (vault.root / "link.md").symlink_to(outside)
        (vault.root / "folder").mkdir()

        with pytest.raises(InvalidFile, match="out of the vault"):
            vault.locator().find("tsk-1", path=path)

    def test_an_absolute_path_outside_too(self, vault: Folder) -> None:
        outside = vault.root.parent / "outside.md"
        outside.write_text(entity("tsk-1"))

        with pytest.raises(InvalidFile, match="out of the vault"):
            vault.locator().find("tsk-1", path=str(outside))

    @pytest.mark.parametrize("path", [".loop/kept/old", ".hidden.md", "a/.b/old.md", "link.md"])
    def test_what_is_hidden_is_no_place_for_entities(self, vault: Folder, path: str) -> None:
        for hidden in (".loop/kept/old", ".hidden.md", "a/.b/old.md"):
            vault.put(hidden, entity("tsk-1"))
        (vault.root / "link.md").symlink_to(".loop/kept/old")

        for given in (path, str(vault.root / path)):
            with pytest.raises(InvalidFile, match="is not a place for entities"):
                vault.locator().find("tsk-1", path=given)

    def test_what_is_not_there_or_no_file(self, vault: Folder) -> None:
        (vault.root / "folder").mkdir()

        with pytest.raises(EntityNotFound):
            vault.locator().find("tsk-1", path="none.md")
        with pytest.raises(InvalidFile, match="folder"):
            vault.locator().find("tsk-1", path="folder")


class TestEveryStore:
    """What is never guessed, in files and in memory."""

    def test_an_alias_does_not_win_over_a_broken_file_with_the_id(self, harness: Harness) -> None:
        aliased = entity("tsk-1", "aliases: [real]").encode()
        harness.make({"a.md": aliased, "other.md": b"---\nentity_id: real\nx: [\n---\n"})
        bench = Bench(harness)

        assert isinstance(bench.outcome("status=done", entity_id="real", forced=True), InvalidFile)
        assert harness.bytes_of("a.md") == aliased

    def test_what_is_hidden_is_no_place_for_entities(self, harness: Harness) -> None:
        kept = entity("tsk-1").encode()
        harness.make({"a.md": kept, ".loop/kept/old": kept})

        with pytest.raises(InvalidFile, match="is not a place for entities"):
            harness.store.find("tsk-1", path=".loop/kept/old")
