"""Each command ends, whatever a vault holds: within seconds of the processor and a bounded
memory (SPEC §8). Found by `tests/fuzz/attacker.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from loop_cli import demo
from loop_cli.errors import StorageError
from loop_cli.vault import VaultLayout
from loop_cli.vault.log.follow import Follower
from loop_cli.vault.log.log import AuditLog
from loop_cli.vault.log.segments import OpenLog

if TYPE_CHECKING:
    from pathlib import Path

TASK = "tsk-019-14"
BOUND = """
import resource
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29))
from loop_cli.cli.start import main
main()
"""


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    shutil.copytree(demo.SAMPLE, tmp_path / "vault")
    return tmp_path / "vault"


def run(vault: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `loop` within bounds; killed beyond them."""
    done = subprocess.run(
        [sys.executable, "-c", BOUND, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.getcwd(),
            "HOME": str(vault.parent),
            "LOOP_VAULT": str(vault),
        },
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode >= 0, f"killed by signal {-done.returncode}"
    assert "internal error" not in done.stderr, done.stderr
    return done


LISTS = (
    ("list", "--json"),
    ("get", TASK),
    ("update", "--where", "status=todo", "priority=low", "--yes"),
    ("rename", "--all", "--yes"),
    ("delete", TASK, "--force", "--yes", "--orphan"),
    ("check",),
    ("audit", "verify"),
    ("audit", "redact", TASK, "notes", "--yes"),
)


@pytest.mark.parametrize("file", ["audit_log.jsonl", "audit_log.20260101T000000000000Z.jsonl"])
def test_a_log_of_a_terabyte_without_a_line_is_refused(vault: Path, file: str) -> None:
    (vault / "_build").mkdir()
    (vault / "_build" / file).touch()
    os.truncate(vault / "_build" / file, 1 << 40)
    codes = {" ".join(one): run(vault, *one).returncode for one in LISTS}
    assert {name: code for name, code in codes.items() if code not in (0, 1, 6)} == {}
    assert codes[f"get {TASK}"] == 1


def test_its_end_is_not_looked_for_further_than_a_line_is_long(vault: Path) -> None:
    (vault / "_build").mkdir()
    (vault / "_build" / "audit_log.jsonl").write_bytes(b"{}\n")
    os.truncate(vault / "_build" / "audit_log.jsonl", 1 << 40)
    with OpenLog(AuditLog(VaultLayout(str(vault)))) as opened:
        with pytest.raises(StorageError, match=r"audit_log\.jsonl has over"):
            _ = opened.size
        with pytest.raises(StorageError, match=r"audit_log\.jsonl has over"):
            list(opened.lines_from(0))


@pytest.mark.parametrize("end", [b"", b"no newline yet"])
@pytest.mark.parametrize("begin", [0, 5, 1 << 20, (3 << 20) + 9])
def test_the_lines_of_it_are_whole_however_long_they_are(
    vault: Path, begin: int, end: bytes
) -> None:
    lengths = ((1 << 20) - 1, 1, 0, (1 << 20), 5, (5 << 20) + 7, 0, (1 << 20) + 1)
    lines = [bytes([65 + place]) * length for place, length in enumerate(lengths)]
    text = b"".join(line + b"\n" for line in lines) + end
    closed = text[: 3 << 20]
    (vault / "_build").mkdir()
    (vault / "_build" / "audit_log.20260101T000000000000Z.jsonl").write_bytes(closed)
    (vault / "_build" / "audit_log.jsonl").write_bytes(text)
    expected = closed[begin:].split(b"\n") if begin < len(closed) else []
    expected += text[max(0, begin - len(closed)) :].split(b"\n")[:-1]
    with OpenLog(AuditLog(VaultLayout(str(vault)))) as opened:
        found = list(opened.lines_from(begin))
        assert opened.size == len(closed) + len(text) - len(end)
    assert [line for line, _next in found] == expected
    assert found[-1][1] == len(closed) + len(text) - len(end)


def test_who_follows_it_reads_no_terabyte_that_is_put_in_its_place(vault: Path) -> None:
    (vault / "_build").mkdir()
    log = vault / "_build" / "audit_log.jsonl"
    log.write_bytes(b"{}\n")
    with Follower(AuditLog(VaultLayout(str(vault)))) as follower:
        assert follower.new_lines() == []
        with log.open("ab") as file:
            file.write(b"x" * 200_000 + b"\n\n[]\nnot who")
        assert follower.new_lines() == [b"x" * 200_000, b"[]"]
        with log.open("ab") as file:
            file.write(b"le\n")
        assert follower.new_lines() == [b"not whole"]
        os.truncate(log, 1 << 40)
        with pytest.raises(StorageError, match=r"_build/audit_log\.jsonl has over"):
            follower.new_lines()
    with (
        pytest.raises(StorageError, match=r"_build/audit_log\.jsonl has over"),
        Follower(AuditLog(VaultLayout(str(vault)))),
    ):
        pass
