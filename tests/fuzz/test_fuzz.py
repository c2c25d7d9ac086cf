"""A short run of the fuzzer, so that it does not rot; the long one is `fuzz.py` itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_short_run_finds_nothing() -> None:
    program = Path(__file__).with_name("fuzz.py")
    done = subprocess.run(
        [sys.executable, str(program), "--minutes", "0.05", "--seed", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert ", 0 problems" in done.stdout
