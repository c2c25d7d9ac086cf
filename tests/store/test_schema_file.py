"""The schema file of a vault: its own wins, a broken one is named with file, line and reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.errors import InvalidFile
from loop_cli.vault import SHARED_SCHEMA, VaultLayout, schema_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A vault with a folder for its schema."""
    (tmp_path / "00_Meta").mkdir()
    return tmp_path


def put(root: Path, data: bytes) -> None:
    (root / SHARED_SCHEMA).write_bytes(data)


def refused(root: Path) -> InvalidFile:
    with pytest.raises(InvalidFile) as caught:
        schema_file.load(VaultLayout(str(root)))
    assert caught.value.details["path"] == SHARED_SCHEMA
    return caught.value


def test_a_vault_without_one_gets_the_schema_that_ships(tmp_path: Path) -> None:
    found = schema_file.load(VaultLayout(str(tmp_path)))

    assert found.shipped
    assert found == schema_file.shipped()
    assert "Task" in found.types


def test_the_vaults_own_is_read(root: Path) -> None:
    put(root, "\ufeffentity_types: [메모]\r\n".encode())

    found = schema_file.load(VaultLayout(str(root)))

    assert found.types == ("메모",)
    assert not found.shipped


def test_broken_yaml_is_named_with_its_line(root: Path) -> None:
    put(root, b"entity_types: [Task]\npaths: {include: [a\n")

    error = refused(root)

    assert error.details["line"] in (2, 3)
    assert "broken YAML" in error.message
    assert f"{SHARED_SCHEMA}:" in error.message


def test_bytes_that_are_no_text_are_named_with_their_line(root: Path) -> None:
    put(root, b"a: 1\nb: 2\nc: \xff\n")

    assert refused(root).details["line"] == 3


def test_what_is_no_mapping_is_refused(root: Path) -> None:
    put(root, b"- a\n- b\n")

    assert refused(root).details["line"] == 1


def test_a_wrong_shape_is_named_with_its_line(root: Path) -> None:
    put(
        root,
        b"required_fields:\n  Task: [status]\nwrite_targets:\n  writable_fields:\n"
        b"    Project: [a]\n    Task: status\n",
    )

    error = refused(root)

    assert "write_targets.writable_fields.Task must be a list of names" in error.message
    assert error.details["line"] == 6


@pytest.mark.parametrize("text", ["paths: 5\n", "entity_types: Task\n", "'paths': 5\n"])
def test_a_top_level_shape_too(root: Path, text: str) -> None:
    put(root, b"# comment\n\n" + text.encode())

    assert refused(root).details["line"] == 3


def test_a_folder_in_its_place_is_refused(root: Path) -> None:
    (root / SHARED_SCHEMA).mkdir()

    assert "folder" in refused(root).message


def test_a_link_that_leaves_the_vault_is_refused(root: Path, tmp_path_factory: object) -> None:
    outside = root.parent / f"{root.name}-outside.yaml"
    outside.write_text("entity_types: [Evil]\n")
    (root / SHARED_SCHEMA).symlink_to(outside)

    assert "out of the vault" in refused(root).message


@pytest.mark.parametrize(
    "folder", ["../secret", "a/../../secret", "..", "/etc", ".loop", "a/.b", "a\\0b"]
)
def test_an_include_that_is_no_folder_of_the_vault_is_refused(root: Path, folder: str) -> None:
    put(root, f'entity_types: []\npaths:\n  include: [ok, "{folder}"]\n'.encode())

    error = refused(root)

    assert "paths.include" in error.message
    assert error.details["line"] == 3
    with pytest.raises(InvalidFile, match=r"paths\.include"):
        schema_file.load_places(VaultLayout(str(root)))


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffpaths: {include: [a]}\nentity_types: [Task]\n",
        "\ufeffentity_types: [Task]\npaths: {include: [a]}\n",
        "'paths': {include: [a]}\nentity_types: [Task]\n",
        'entity_types: [Task]\n"paths":\n  include: [a]\n',
        "paths: {include: [b]}\nentity_types: [Task]\npaths: {include: [a]}\n",
        "paths:\r\n  include:\r\n  - a\r\nentity_types: [Task]\r\n",
        "entity_types: [Task]\nx: {paths: {include: [b]}}\npaths: {include: [a]}\n",
    ],
)
def test_the_places_read_alone_are_those_of_the_whole(root: Path, text: str) -> None:
    put(root, text.encode())

    assert schema_file.load_places(VaultLayout(str(root))).include == ("a",)
    assert schema_file.load(VaultLayout(str(root))).places == schema_file.load_places(
        VaultLayout(str(root))
    )


def test_a_schema_may_begin_with_a_document_marker(tmp_path: Path) -> None:
    path = tmp_path / SHARED_SCHEMA
    path.parent.mkdir(parents=True)
    path.write_text("# 스키마\n---\nentity_types: [Task]\npaths:\n  include: [a]\n")
    assert schema_file.load(VaultLayout(str(tmp_path))).types == ("Task",)
    assert schema_file.load_places(VaultLayout(str(tmp_path))).include == ("a",)
    path.write_text("---\nentity_types: [Task\n")
    with pytest.raises(InvalidFile) as refused:
        schema_file.load(VaultLayout(str(tmp_path)))
    assert refused.value.details["line"] in (2, 3)
