"""The sample vault of `loop demo`."""

from __future__ import annotations

import os
import shutil

from loop_cli.vault import SHARED_SCHEMA, schema_file

SAMPLE = os.path.join(os.path.dirname(__file__), "vault")


def lay_out(target: str) -> None:
    """Copy the sample vault and the default schema to `target`. Raises `OSError`."""
    shutil.copytree(SAMPLE, target, dirs_exist_ok=True)
    path = os.path.join(target, SHARED_SCHEMA)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(schema_file.shipped_bytes())
