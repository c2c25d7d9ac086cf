"""The vault's file of settings is written only in the place of what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.core.entity import FieldNames
from loop_cli.failures import ChangedMeanwhile
from loop_cli.vault.store import VaultStore

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_written_meanwhile_stays(sample_vault: Path) -> None:
    upkeep = VaultStore(str(sample_vault), names=FieldNames(), clock=lambda: 0).upkeep
    file = sample_vault / ".loop/config.toml"
    before = upkeep.settings()
    file.parent.mkdir(exist_ok=True)
    file.write_text("# theirs\n", encoding="utf-8")

    with pytest.raises(ChangedMeanwhile, match="do it again"):
        upkeep.replace_settings(before, b"# ours\n")

    assert file.read_text(encoding="utf-8") == "# theirs\n"
    upkeep.replace_settings(upkeep.settings(), b"# ours\n")
    assert file.read_text(encoding="utf-8") == "# ours\n"
    assert [one.name for one in file.parent.glob("config.toml*")] == ["config.toml"]
