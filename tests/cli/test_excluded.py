"""An id that only an excluded file carries: the error names the file, and how to read it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

SCHEMA = "entity_types: [Task]\npaths: {exclude: [보관함], exclude_files: [README.md]}\n"


@pytest.fixture
def attic(tmp_path: Path) -> Path:
    """A vault whose schema excludes a folder and a name of files."""
    (tmp_path / ".loop").mkdir()
    for name in ("00_Meta", "보관함", "tasks"):
        (tmp_path / name).mkdir()
    (tmp_path / "00_Meta/schema_constants.yaml").write_text(SCHEMA)
    for path, entity_id in (
        ("tasks/t-1.md", "t-1"), ("보관함/다른.md", "t-2"), ("tasks/README.md", "t-3"),
    ):  # fmt: skip
        (tmp_path / path).write_text(f"---\nentity_type: Task\nentity_id: {entity_id}\n---\n")
    return tmp_path


@pytest.mark.parametrize(
    ("entity_id", "path"), [("t-2", "보관함/다른.md"), ("t-3", "tasks/README.md")]
)
def test_the_file_is_named(loop: Loop, attic: Path, entity_id: str, path: str) -> None:
    done = loop("get", entity_id, "--json", "--vault", str(attic))

    assert done.code == 3
    assert f"{path} carries it, where the schema has no entities" in done.error["error"]
    assert done.error["excluded"] == path
    assert done.error["hint"] == shlex.join(["loop", "get", entity_id, "--path", path])
    assert loop("get", entity_id, "--path", path, "--vault", str(attic)).code == 0


def test_so_it_is_for_a_change(loop: Loop, attic: Path) -> None:
    done = loop("update", "t-2", "status=done", "--force", "--vault", str(attic))

    assert done.code == 3
    assert "보관함/다른.md" in done.err


def test_an_id_that_nobody_has_is_as_before(loop: Loop, attic: Path) -> None:
    done = loop("get", "t-9", "--json", "--vault", str(attic))

    assert done.code == 3
    assert "excluded" not in done.error
