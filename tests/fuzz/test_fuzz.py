"""Short runs of the fuzzers, so that they do not rot; the long ones are the programs themselves.
`LOOP_FUZZ_MINUTES` says how long each is, and has another seed each time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LONG = os.environ.get("LOOP_FUZZ_MINUTES")


@pytest.mark.parametrize(
    "program",
    [("fuzz.py",), ("commands.py", "--what", "arguments"), ("commands.py", "--what", "files")],
    ids=["texts", "arguments", "files"],
)
def test_a_run_finds_nothing(program: tuple[str, ...]) -> None:
    name, *options = program
    length = ("--minutes", LONG) if LONG else ("--minutes", "0.05", "--seed", "1")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(name)), *length, *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 problems" in done.stdout
