"""Eight processes that create at once: no id is given twice, and no entity is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import REPOSITORY
from tests.effort import ALL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

PROCESSES = 8
COMMANDS = 500 if ALL else 5
THOUSANDS = 500 if ALL else 250  # each
FIELDS = {
    "Task": ("project_id=prj-019", "assignee=ops"),
    "Evidence": ("project=prj-019", "normalized_delta=1", "evidence_strength=weak", "status=done"),
}


def ids_made(loop: Loop, folder: Path, commands: list[list[str]]) -> list[str]:
    """What the commands print when they have all run at once."""
    outputs = [folder / f"made-{number}" for number in range(len(commands))]
    running = [
        subprocess.Popen(command, env=loop.environment, cwd=REPOSITORY, stdout=output.open("wb"))
        for command, output in zip(commands, outputs, strict=True)
    ]
    assert [process.wait() for process in running] == [0] * len(commands)
    lines = [line for output in outputs for line in output.read_text().splitlines()]
    return [json.loads(line)["entity_id"] for line in lines]


def assert_none_is_lost(loop: Loop, kind: str, made: list[str], count: int) -> None:
    records = loop.records
    assert len(made) == len(set(made)) == count
    assert sorted(one["entity_id"] for one in records) == sorted(made)
    assert len({one["entity_name"] for one in records}) == count
    assert set(made) <= {path.stem for path in loop.vault.rglob("*.md")}
    if kind == "Evidence":  # whose ids are counted
        numbers = sorted(int(one[3:]) for one in made)
        assert numbers == list(range(numbers[0], numbers[0] + count))


@pytest.mark.parametrize(("kind", "each"), [("Task", THOUSANDS), ("Evidence", 60)])
def test_thousands(loop: Loop, tmp_path: Path, kind: str, each: int) -> None:
    commands = [
        [
            *(sys.executable, "-m", "tests.cli.creator", str(loop.vault), str(tmp_path / "cache")),
            *(kind, f"of {number}", str(each), *FIELDS[kind]),
        ]
        for number in range(PROCESSES)
    ]

    made = ids_made(loop, tmp_path, commands)

    assert_none_is_lost(loop, kind, made, PROCESSES * each)
    assert loop("audit", "verify").code == 0


@pytest.mark.parametrize("kind", ["Task", "Evidence"])
def test_commands(loop: Loop, tmp_path: Path, kind: str) -> None:
    """As people and scripts call it. 8 x 500 of these, where LOOP_FAULTS=all, is a matter of
    many minutes, most of it the starts of interpreters."""
    each = min(COMMANDS, 60) if kind == "Evidence" else COMMANDS
    command = " ".join(map(str, loop.command("create", kind)))
    fields = " ".join(f"'{field}'" for field in FIELDS[kind])
    script = (
        f'for number in $(seq {each}); do {command} --name "$1 $number" {fields} '
        "--lock-timeout 600 --json || exit; done"
    )

    made = ids_made(
        loop, tmp_path, [["bash", "-c", script, "sh", str(one)] for one in range(PROCESSES)]
    )

    assert_none_is_lost(loop, kind, made, PROCESSES * each)
