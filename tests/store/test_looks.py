"""Several commands refresh the index at once: none replaces what a later one has read."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.query import Query, parse_condition
from loop_cli.vault.index.refresh import Look
from tests.store.folder import Folder, entity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def interrupted(
    vault: Folder, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Any]
) -> Any:
    """List all ids; `meanwhile` runs after the files were read and before they are kept."""
    keep, waiting = Look.keep, [meanwhile]

    def late(look: Look) -> None:
        if waiting:
            waiting.pop()()
        keep(look)

    monkeypatch.setattr(Look, "keep", late)
    listed = [one.id for one in vault.store().scan()]
    assert not waiting
    return listed


def having(vault: Folder, text: str) -> list[str]:
    return [one.id for one in vault.store().scan(Query(conditions=(condition(text),)))]


def condition(text: str) -> Any:
    return parse_condition(text, today=0)


def found_in_cache(vault: Folder) -> list[Any]:
    """What the cache alone says."""
    rows = vault.query("SELECT id, fields FROM file WHERE id IS NOT NULL ORDER BY id")
    return [(entity_id.decode(), "new" in fields) for entity_id, fields in rows]


@pytest.mark.parametrize("looked", [False, True])
def test_what_was_seen_before_a_change_does_not_replace_what_was_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked: bool
) -> None:
    vault = Folder(tmp_path)
    vault.put("a/1.md", entity("t-1", "x: old"), old=False)
    vault.put("a/2.md", entity("t-2", "x: old"))
    if looked:
        having(vault, "x=old")

    def change() -> None:
        vault.put("a/1.md", entity("t-1", "x: new"), old=False)
        assert having(vault, "x=new") == ["t-1"]

    assert interrupted(vault, monkeypatch, change) == ["t-1", "t-2"]
    assert found_in_cache(vault) == [("t-1", True), ("t-2", False)]


@pytest.mark.parametrize("back", [False, True])
def test_a_folder_that_went_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    """It may come back before the command that did not meet it has written that."""
    vault = Folder(tmp_path)
    vault.put("a/1.md", entity("t-1"))
    vault.put("b/2.md", entity("t-2"))
    assert having(vault, "status=") == ["t-1", "t-2"]
    shutil.move(vault.root / "b", tmp_path / "b")

    def change() -> None:
        if back:
            shutil.move(tmp_path / "b", vault.root / "b")
            vault.put("b/3.md", entity("t-3", "x: new"), old=False)
            assert having(vault, "x=new") == ["t-3"]
        else:
            assert having(vault, "status=") == ["t-1"]

    interrupted(vault, monkeypatch, change)
    expected = ["t-1", "t-2", "t-3"] if back else ["t-1"]
    assert [entity_id for entity_id, _new in found_in_cache(vault)] == expected
    assert [one.id for one in vault.store().scan()] == expected
    assert os.path.isdir(vault.root / "b") is back
