"""Waiting and being stopped: exit codes 8, 130 and 141 of SPEC §7."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from loop_cli.cli import output
from loop_cli.cli.render.progress import Progress
from loop_cli.wire import models

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Loop

HOLDER = """
import fcntl, os, sys
file = open(sys.argv[1], "a+")
fcntl.flock(file, fcntl.LOCK_EX)
file.truncate(0)
file.write(f"{os.getpid()} build-host 2026-01-09T14:35:10.123456Z\\n")
file.flush()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(loop: Loop) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the vault's lock."""
    lock = loop.vault / ".loop" / "lock"
    lock.parent.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.communicate()


def test_a_locked_vault_is_8_and_names_the_holder(
    loop: Loop, holder: subprocess.Popen[bytes]
) -> None:
    change = ("update", "tsk-019-14", "status=done", "--force", "--lock-timeout", "0.2")
    error = models.LockedDocument.model_validate(loop(*change, "--json").error)
    assert error.holder.pid == holder.pid
    assert error.holder.host == "build-host"
    assert error.holder.since == "2026-01-09T14:35:10.123456Z"
    done = loop(*change)
    assert done.code == 8
    assert f"process {holder.pid} on build-host, since 2026-01-09T14:35:10.123456Z" in done.err
    assert loop("get", "tsk-019-14").code == 0
    assert loop.records == []


def test_a_lock_that_is_let_go_in_time_is_waited_for(
    loop: Loop, holder: subprocess.Popen[bytes]
) -> None:
    waiting = loop.start("update", "tsk-019-14", "status=done", "--force", "--json")
    assert _until(lambda: _waits_for(waiting.pid, loop.vault / ".loop" / "lock"))
    holder.communicate()
    out, err = waiting.communicate()
    assert (waiting.returncode, err) == (0, b"")
    assert b'"changed": true' in out


@pytest.mark.parametrize("mode", [(), ("--json",)], ids=["human", "json"])
def test_an_interrupt_while_waiting_is_130(
    loop: Loop, holder: subprocess.Popen[bytes], mode: tuple[str, ...]
) -> None:
    waiting = loop.start("update", "tsk-019-14", "status=done", "--force", *mode)
    assert _until(lambda: _waits_for(waiting.pid, loop.vault / ".loop" / "lock"))
    waiting.send_signal(signal.SIGINT)
    out, err = waiting.communicate()
    assert (waiting.returncode, out) == (130, b"")
    assert err.count(b"\n") == 1
    assert b"interrupted" in err
    assert loop.records == []
    assert holder.poll() is None


def test_a_reader_that_goes_away_is_141(loop: Loop) -> None:
    line = '{"entity_id": "tsk-019-14", "timestamp": "2026-01-09", "source": "ui"}\n'
    loop.write("_build/audit_log.jsonl", line * 20_000)
    process = loop.start("log", "--json")
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b'{"entity_id"')
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait() == 141
    process.stderr.close()


def _until(holds: object) -> bool:
    assert callable(holds)
    for _ in range(400):
        if holds():
            return True
        time.sleep(0.025)
    return False


def _waits_for(pid: int, lock: Path) -> bool:
    """Whether the process has the lock's file open."""
    try:
        opened = [os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")]
    except FileNotFoundError:
        return False
    return str(lock) in opened


def test_the_lock_is_free_after_a_kill(loop: Loop, holder: subprocess.Popen[bytes]) -> None:
    holder.kill()
    holder.wait()
    assert loop("update", "tsk-019-14", "status=done", "--force", "--json").json["changed"] is True
    with open(loop.vault / ".loop" / "lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_sign_of_life_within_another_takes_its_place() -> None:
    """The cache is brought up to date on the way to a list; the terminal has one line for both."""
    outer, inner = (
        Progress(what, "files", lambda: output.console(sys.stderr).status(""))
        for what in ("outer", "inner")
    )
    for one in (outer, inner):
        one._begin -= 2  # seconds

    outer.tell(1)
    inner.tell(1)
    assert (outer._status is None, inner._status is None) == (True, False)
    inner.close()
    outer.tell(2)
    assert outer._status is not None
    outer.close()
    assert outer._status is None
