"""The requirement's whole scenario, as a shell script that a user could have written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_a_project_from_its_creation_to_the_archive(sample_vault: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "loop").write_text(f'#!/bin/sh\nexec {sys.executable} -m loop_cli "$@"\n')
    (tools / "loop").chmod(0o755)

    done = subprocess.run(
        ["bash", str(HERE / "life.sh")],
        cwd=tmp_path,
        env={
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "HOME": str(tmp_path),
            "LOOP_VAULT": str(sample_vault),
            "LANG": "C.UTF-8",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "create delete move update\n"
