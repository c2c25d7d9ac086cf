"""A repair holds for the bytes that were checked, and for no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.cli.commands import check as command
from loop_cli.core.check.report import Scope
from loop_cli.core.entity import FieldNames
from loop_cli.errors import ConflictError
from loop_cli.failures import RepairFailed
from loop_cli.operations import repair
from loop_cli.vault.store import VaultStore
from loop_cli.vault.upkeep import check

if TYPE_CHECKING:
    from pathlib import Path

    from loop_cli.core.records.record import Origin
    from tests.conftest import Clock


@pytest.fixture
def store(sample_vault: Path, clock: Clock) -> VaultStore:
    """The sample vault with two files that have something to repair."""
    for path in sorted(sample_vault.rglob("tsk-019-0[12].md")):
        lines = path.read_text().splitlines(keepends=True)
        fixed = ["status: Done\n" if line.startswith("status:") else line for line in lines]
        path.write_text("".join(fixed))
    return VaultStore(str(sample_vault), names=FieldNames(), clock=clock)


def test_who_came_in_between_is_not_overwritten(
    store: VaultStore, sample_vault: Path, origin: Origin
) -> None:
    planned = repair.preview(store, check.check(store.handle, Scope()), origin=origin)
    assert [one.change.entity_id for one in planned] == ["tsk-019-01", "tsk-019-02"]
    (path,) = sample_vault.rglob("tsk-019-01.md")
    path.write_bytes(path.read_bytes() + b"more\n")
    before = path.read_bytes()

    done = repair.apply(store, planned, origin=origin)

    assert path.read_bytes() == before
    assert [one.done is not None for one in done] == [False, True]
    assert isinstance(done[0].outcome, ConflictError)
    assert [record.entity_id for record in store.records()] == ["tsk-019-02"]
    with pytest.raises(RepairFailed, match="it changed meanwhile") as caught:
        command._raise_failed(done, dry_run=False)
    assert caught.value.exit_code == 4
    assert caught.value.details["repairs"][0]["code"] == "conflict"
    assert caught.value.details["repairs"][1]["modified_fields"] == ["status"]


def test_what_was_repaired_is_not_repaired_again(store: VaultStore, origin: Origin) -> None:
    planned = repair.preview(store, check.check(store.handle, Scope()), origin=origin)
    repair.apply(store, planned, origin=origin)
    assert repair.changes(check.check(store.handle, Scope())) == []
