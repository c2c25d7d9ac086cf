"""What a log has just been appended need not be read again; it answers as one that reads it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.vault import VaultLayout
from loop_cli.vault.log.log import AuditLog

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

IDS = ("tsk-1", "tsk-11", "가나")


def _line(entity_id: str, number: int, *, own: bool = True) -> bytes:
    metadata = {"previous": None, "etag_after": f"{number:016x}"} if own else {}
    data = {"entity_id": entity_id, "number": number, "metadata": metadata}
    return json.dumps(data, ensure_ascii=False).encode()


def _disturb(log: AuditLog, step: str, number: int) -> None:
    match step:
        case "foreign":
            with open(log.path, "ab") as file:
                file.write(_line("tsk-1", number, own=False) + b"\n")
        case "torn":
            with open(log.path, "ab") as file:
                file.write(b'{"entity_id": "ts')
        case "rewritten":
            with open(log.path, "r+b") as file:
                data = file.read()
                file.seek(0)
                file.write(data.replace(b'"number": 1', b'"number": 9'))
        case "rotated":
            os.rename(log.path, log.path.replace(".jsonl", f".{number:08d}.jsonl"))
        case "cut":
            os.truncate(log.path, os.path.getsize(log.path) // 2)
        case "replaced":
            with open(log.path, "rb") as file:
                data = file.read()
            os.unlink(log.path)
            with open(log.path, "wb") as file:
                file.write(data)


STEPS = st.lists(
    st.one_of(
        st.lists(st.sampled_from(IDS), min_size=1, max_size=3),
        st.sampled_from(["foreign", "torn", "rewritten", "rotated", "cut", "replaced"]),
    ),
    max_size=12,
)


@settings(max_examples=150)
@given(STEPS)
def test_it_says_what_another_reads(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[str] | str]
) -> None:
    root: Path = tmp_path_factory.mktemp("vault")
    log = AuditLog(VaultLayout(str(root)))
    for number, step in enumerate(steps):
        descriptor = log.open()
        try:
            if isinstance(step, list):
                # What is migrated is appended, too, and is not of our protocol.
                own = len(step) < 3
                lines = [_line(one, 10 * number + at, own=own) for at, one in enumerate(step)]
                log.append(descriptor, lines)
            else:
                _disturb(log, step, number)
        finally:
            os.close(descriptor)
        other = AuditLog(VaultLayout(str(root)))
        assert log.link() == other.link()
        for one in IDS:
            assert list(log.records_of(one, path=None)) == list(other.records_of(one, path=None))
