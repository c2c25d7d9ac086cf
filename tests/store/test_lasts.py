"""What a server remembers of the log between two requests: the last record of each entity."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.core.records.record import History
from loop_cli.vault import VaultLayout
from loop_cli.vault.log.lasts import Lasts
from loop_cli.vault.log.log import AuditLog

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

IDS = ("tsk-1", "tsk-11", "가나-2")
KINDS = ("append", "append", "undo", "rotate", "cut")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(IDS)), max_size=12))
def test_the_last_record_is_that_of_the_log(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, str]]
) -> None:
    """Whatever others do with the log between two looks."""
    root = tmp_path_factory.mktemp("vault")
    (root / ".loop").mkdir()
    active = root / ".loop" / "audit_log.jsonl"
    log = AuditLog(VaultLayout(str(root)))
    lasts = Lasts(log)
    for number, (kind, entity_id) in enumerate(changes):
        _do(log, active, kind, entity_id, number)
        for one in IDS:
            plain = History(log.records_of(one, path=None))
            for _each in range(2):
                known = lasts.history(one, path=None)
                assert _digest(known) == _digest(plain)
                assert known.ceiling == plain.ceiling
                assert [r.digest for r in known.all()] == [r.digest for r in plain.all()]


def _digest(history: History) -> str | None:
    return None if history.last is None else history.last.digest


def _do(log: AuditLog, active: Path, kind: str, entity_id: str, number: int) -> None:
    if kind == "rotate" and active.exists():
        active.rename(active.with_name(f"audit_log.{number:04}.jsonl"))
    elif kind == "cut" and active.exists():
        os.truncate(active, active.stat().st_size // 2)
    elif kind in ("append", "undo"):
        after = f"2026-01-01T00:00:{number:02}.000000Z"
        metadata: dict[str, object] = {"etag_after": f"{number:016x}", "updated_after": after}
        last = History(log.records_of(entity_id, path=None)).last
        if kind == "undo" and last is not None:
            metadata["rolled_back"] = last.digest
        data = {"entity_id": entity_id, "number": number, "metadata": metadata}
        with active.open("a", encoding="utf-8") as file:
            file.write(json.dumps(data, ensure_ascii=False) + "\n")
