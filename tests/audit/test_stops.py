"""Killed at any step that writes, a rotation or a redaction loses nothing, and the next run
finishes it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from loop_cli.vault.log.rotate import rotate
from loop_cli.vault.log.verify import verify

from .conftest import ID, Vault

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "010-1234-5678"
CALLS = ("renameat2", "renameat", "unlinkat", "fsync", "ftruncate", "pwrite64")

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not there")


def made(root: Path) -> Vault:
    """A vault with a value to redact in a segment and in the active file."""
    vault = Vault(root)
    vault.update(f"notes={SECRET}")
    rotate(vault.store.handle, at_least=0)
    vault.update("notes=fine")
    vault.append(b'{"entity_id":"other","source":"ui"}\n')
    vault.update(f"notes={SECRET} 2")
    return vault


def killed_at(vault: Vault, call: str, number: int, *arguments: str) -> bool:
    """Run the program and kill it at its call of that number; False where it ended before."""
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
         "-e", f"inject={call}:signal=KILL:when={number}",
         sys.executable, "-m", "loop_cli", *arguments],
        env=vault.environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
        check=False,
    )  # fmt: skip
    return done.returncode != 0


@needs_strace
@pytest.mark.parametrize("verb", ["redact", "rotate"])
def test_a_stop_at_any_step_loses_nothing(tmp_path: Path, verb: str) -> None:
    arguments = ("audit", verb, *((ID, "notes", "--yes") if verb == "redact" else ()))
    stops = 0
    for call in CALLS:
        number = 0
        while True:
            number += 1
            vault = made(tmp_path / f"{call}-{number}")
            if not killed_at(vault, call, number, *arguments):
                break
            stops += 1
            check(vault, verb)
            assert vault.loop(*arguments).code == 0
            check(vault, verb)
            vault.update("status=hold")
            assert verify(vault.store.handle).own == (5 if verb == "redact" else 4)
            text = b"\n".join(vault.lines).decode()
            assert verb == "rotate" or SECRET not in text
            assert list((vault.root / ".loop" / "staged").iterdir()) == []
    assert stops >= (15 if verb == "redact" else 4)


def check(vault: Vault, verb: str) -> None:
    found = verify(vault.store.handle)
    assert (found.problems, found.foreign, found.edited_outside) == ((), 1, ())
    assert found.own in ((3, 4) if verb == "redact" else (3,))
