"""What lies in a place of ours is not always a file of ours."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.errors import LoopError, only
from loop_cli.system import platform
from loop_cli.vault import VaultLayout
from tests.faults.vault import Vault, change, origin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _update(vault: Vault, text: str = "status=hold") -> Any:
    return only(vault.store().commit([change(vault.id(1), text)], origin=origin()))


def test_a_link_put_in_the_place_of_the_entity_is_put_back(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each time the exchange is about to come, somebody replaces the entity by a link."""
    entity = vault.root / vault.store().find(vault.id(1)).path
    elsewhere = tmp_path / "elsewhere.md"
    elsewhere.write_bytes(entity.read_bytes())
    exchange: Callable[..., None] = platform.exchange

    def interfere(*places: Any) -> None:
        entity.unlink()
        entity.symlink_to(elsewhere)
        monkeypatch.setattr(platform, "exchange", exchange)
        exchange(*places)

    monkeypatch.setattr(platform, "exchange", interfere)
    with pytest.raises(LoopError):
        _update(vault)
    assert entity.is_symlink()
    assert os.readlink(entity) == str(elsewhere)
    assert b"status: hold" not in elsewhere.read_bytes()
    assert os.listdir(vault.root / ".loop" / "staged") == []


HOSTILE: list[dict[str, Any]] = [
    {"line": '["entity_id"]'},
    {"line": '{"entity_id": "\\ud800"}'},
    {"line": "\ud800"},
    {"line": '{"entity_id": 1, "metadata": []}'},
    {"name": "../../x-0", "staged": ".loop/staged/../../x-0.new"},
    {"unknown": 1},
    {"etag_before": None},
    {"path": 5},
]


@pytest.mark.parametrize("part", HOSTILE, ids=str)
def test_an_intent_that_came_with_the_vault_blocks_nothing(
    vault: Vault, part: dict[str, Any]
) -> None:
    _update(vault)
    name = "a" * 32
    path = vault.store().find(vault.id(1)).path
    whole = {
        "name": f"{name}-0",
        "path": path,
        "staged": f".loop/staged/{name}-0.new",
        "etag_before": "0" * 16,
        "etag_after": "1" * 16,
        "line": json.dumps({"entity_id": "x"}),
    }
    staged = vault.root / ".loop" / "staged"
    (staged / f"{name}.intent").write_text(json.dumps([{**whole, **part}]))
    (staged / f"{'b' * 32}.intent").write_text(json.dumps([{**whole, "name": f"{'b' * 32}-0"}]))
    shapes: tuple[Any, ...] = (whole, {}, [], [[]], [5], None, "x", [whole, whole])
    for number, shape in enumerate(shapes):
        (staged / f"{number:032x}.intent").write_text(json.dumps(shape))
    assert vault.store().find(vault.id(1)).fields["status"] == "hold"


def test_a_folder_among_the_staged_files_blocks_nothing(vault: Vault) -> None:
    _update(vault)
    (vault.root / ".loop" / "staged" / f"{'c' * 32}.new").mkdir()
    result = only(vault.store().commit([change(vault.id(1), "status=todo")], origin=origin()))
    assert result.changed


def test_a_cache_that_is_busy_is_not_deleted(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from loop_cli.vault.index import cache
    from loop_cli.vault.log import log, log_index
    from loop_cli.vault.log.log import AuditLog

    _update(vault)
    monkeypatch.setattr(log, "LONG", 1)
    monkeypatch.setattr(cache, "PATIENCE", 0.1)
    monkeypatch.setattr(log_index, "TAIL", 0)
    cached = AuditLog(VaultLayout(str(vault.root)), cache=cache.Cache(str(tmp_path / "cache")))
    entity_id = vault.id(1)
    before = [one.digest for one in cached.records_of(entity_id, path=None)]
    (place,) = (tmp_path / "cache").glob("*.sqlite")
    with sqlite3.connect(place, isolation_level=None) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        _update(vault, "status=todo")
        again = [one.digest for one in cached.records_of(entity_id, path=None)]
        holder.execute("ROLLBACK")
    assert again[1:] == before != []
    assert place.exists()


def test_ctrl_c_waits_for_a_change_that_is_landing(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange: Callable[..., None] = platform.exchange

    def interrupted(*places: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        exchange(*places)

    monkeypatch.setattr(platform, "exchange", interrupted)
    before = signal.getsignal(signal.SIGINT)
    assert _update(vault).changed
    assert signal.getsignal(signal.SIGINT) is before
    assert vault.store().find(vault.id(1)).fields["status"] == "hold"
