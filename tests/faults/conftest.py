"""The vault that is to survive, and what stops those who write to it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.faults.tracing import Tracer
from tests.faults.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault that was never written to."""
    return Vault(root=tmp_path / "vault").lay_out()


@pytest.fixture
def tracer(tmp_path: Path) -> Tracer:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    return Tracer(tmp_path)
