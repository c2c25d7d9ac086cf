"""A task that somebody else changed since it was read, and what is left of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

UPDATE = ("update", "tsk-019-14")
MINE = ("status=done", "priority=critical")


@pytest.fixture
def etag(loop: Loop) -> str:
    """What a first reader saw, before somebody set the status to doing."""
    return moved(loop, "status=doing")


def moved(loop: Loop, *changes: str) -> str:
    """Let somebody else change the task; the etag before."""
    seen = loop.etag()
    assert loop(*UPDATE, *changes, "--if-match", seen).code == 0
    return seen


def fields(loop: Loop) -> dict[str, Any]:
    found: dict[str, Any] = loop("get", "tsk-019-14", "--json").json["fields"]
    return found


def kept(loop: Loop) -> list[Path]:
    return sorted((loop.home / ".local/state/loop/edits").glob("*/*"))
