"""`loop audit rotate`: the active file becomes a segment, and nothing is lost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.errors import StorageError
from loop_cli.system import platform
from loop_cli.vault.log.rotate import rotate
from loop_cli.vault.log.verify import verify

from .conftest import ID

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Vault

WRITER = """
import sys
from pathlib import Path
from tests.audit.conftest import writer
writer(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
"""


def test_the_active_file_becomes_a_segment(written: Vault) -> None:
    before = written.active.read_bytes()
    done = written.loop("audit", "rotate", "--json").json
    assert done["rotated"] is True
    assert done["bytes"] == len(before)
    assert re.fullmatch(r"_build/audit_log\.\d{8}T\d{6}\.\d{6}Z\.jsonl", done["segment"])
    assert (written.root / done["segment"]).read_bytes() == before
    assert written.active.read_bytes() == b""


def test_the_chain_goes_on_in_the_new_file(written: Vault) -> None:
    rotate(written.store.handle, at_least=0)
    written.update("notes=after")
    found = verify(written.store.handle)
    assert (found.ok, found.own, len(found.files)) == (True, 6, 2)
    assert len(written.loop("log", "--json").out.splitlines()) == 6


def test_an_empty_or_missing_file_is_left(written: Vault) -> None:
    rotate(written.store.handle, at_least=0)
    assert written.loop("audit", "rotate", "--json").json == {
        "rotated": False,
        "segment": None,
        "bytes": 0,
    }
    written.active.unlink()
    assert rotate(written.store.handle, at_least=0).rotated is False
    assert len(written.segments) == 1


@pytest.mark.parametrize(("size", "rotated"), [("1G", False), ("10M", False), ("1K", True)])
def test_only_from_a_size_on(written: Vault, size: str, rotated: bool) -> None:
    done = written.loop("audit", "rotate", "--max-size", size, "--json").json
    assert done["rotated"] is rotated


def test_a_size_that_is_none_is_a_usage_error(written: Vault) -> None:
    done = written.loop("audit", "rotate", "--max-size", "much")
    assert (done.code, done.out) == (2, "")
    assert "such as 1048576, 512K or 10M" in done.err


def test_names_sort_by_age_even_when_the_clock_goes_back(written: Vault) -> None:
    for number in range(3):
        written.update(f"notes=round {number}")
        rotate(written.store.handle, at_least=0)
        written.now -= 3_600_000_000
    names = [path.name for path in written.segments[:-1]]
    assert names == sorted(set(names))
    assert [record["diff"]["notes"]["new"] for record in written.records][-3:] == [
        "round 0", "round 1", "round 2",
    ]  # fmt: skip
    assert verify(written.store.handle).ok


def test_a_file_that_would_sort_after_every_segment_is_named(written: Vault) -> None:
    (written.root / "_build" / "audit_log.old.jsonl").write_bytes(b"")
    with pytest.raises(StorageError, match=r"audit_log\.old\.jsonl has no name of a segment"):
        rotate(written.store.handle, at_least=0)
    assert len(written.lines) == 5


def test_mode_and_owner_go_over_to_the_new_file(written: Vault) -> None:
    written.active.chmod(0o640)
    rotate(written.store.handle, at_least=0)
    assert written.active.stat().st_mode & 0o777 == 0o640


def test_a_program_that_has_the_file_open_goes_on_in_the_segment(written: Vault) -> None:
    with written.active.open("ab", buffering=0) as file:
        rotate(written.store.handle, at_least=0)
        written.update("notes=after")
        file.write(b'{"entity_id":"tsk-019-14","source":"ui"}\n')
    found = verify(written.store.handle)
    assert (found.ok, found.own, found.foreign) == (True, 6, 1)


def test_after_a_crash_between_the_steps_the_chain_goes_on(written: Vault) -> None:
    os.rename(written.active, written.active.with_name("audit_log.20260109T143510.123456Z.jsonl"))
    written.update("notes=after")
    found = verify(written.store.handle)
    assert (found.ok, found.own, len(found.files)) == (True, 6, 2)


def test_nothing_is_lost_while_eight_processes_write(written: Vault) -> None:
    rounds = 12
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(written.root), str(number), str(rounds)],
            env=written.environment,
        )
        for number in range(8)
    ]
    rotations = 0
    while any(writer.poll() is None for writer in writers):
        rotations += rotate(written.store.handle, at_least=0).rotated
        assert written.store.find(ID).fields["notes"]
    assert [writer.returncode for writer in writers] == [0] * 8
    assert rotations > 1
    texts = {record["diff"]["notes"]["new"] for record in written.records[5:]}
    assert texts == {f"{number}:{one}" for number in range(8) for one in range(rounds)}
    found = verify(written.store.handle)
    assert (found.problems, found.edited_outside, found.unreadable) == ((), (), 0)
    assert json.loads(written.loop("audit", "verify", "--json").out)["own"] == 5 + 8 * rounds


@pytest.mark.parametrize("target", ["victim", "nowhere"])
def test_a_link_that_comes_in_the_place_of_the_new_file_changes_no_other(
    written: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """What it leads to keeps its mode, and nothing is made there."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    victim.chmod(0o600)
    written.active.chmod(0o666)
    move = platform.move

    def move_and_link(*places: Any) -> None:
        move(*places)
        written.active.symlink_to(tmp_path / target)

    monkeypatch.setattr(platform, "move", move_and_link)
    rotate(written.store.handle, at_least=0)
    assert (victim.stat().st_mode & 0o777, victim.read_text()) == (0o600, "mine")
    assert not (tmp_path / "nowhere").exists()
