"""Many writers at once, and editors that know no lock.

LOOP_FAULTS=all makes each writer do 200 rounds beside an editor, too.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from loop_cli.errors import LoopError
from tests.effort import ALL
from tests.faults import programs
from tests.faults.vault import REPOSITORY, Vault, change, origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

PROCESSES = 8
ROUNDS = 200
BESIDE = 200 if ALL else 30  # rounds beside an editor, or another writer
PATIENCE = 10.0  # seconds


def started(wanted: Iterable[list[str]]) -> list[subprocess.Popen[str]]:
    return [
        subprocess.Popen(
            [sys.executable, *program],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for program in wanted
    ]


def writers(vault: Vault, count: int, rounds: int) -> list[subprocess.Popen[str]]:
    return started(programs.lines(vault, f"writer{number}", rounds) for number in range(count))


def acknowledged(processes: list[subprocess.Popen[str]]) -> list[list[str]]:
    found = []
    for process in processes:
        out, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
        found.append(out.splitlines())
    return found


def test_every_acknowledged_write_is_there_once(vault: Vault) -> None:
    lines = acknowledged(writers(vault, PROCESSES, ROUNDS))
    expected = sorted(line for each in lines for line in each)
    body = vault.data().decode().split("Body\n", 1)[1].splitlines()
    assert sorted(body) == expected
    assert len(expected) == PROCESSES * ROUNDS, "each process got all of its rounds through"
    assert len(vault.landed()) == len(expected)
    assert vault.staged == []
    vault.check_chain()
    vault.check_files()


def test_a_waiter_is_not_starved(vault: Vault) -> None:
    """Processes that never pause, and one in its queue that must get the lock as well."""
    busy = writers(vault, 3, BESIDE * 4)
    _await_record(vault)
    landed_before: list[int] = []
    for _round in range(3):
        store = vault.store(wait=60)
        (outcome,) = store.commit(
            [change(vault.id(2), f"priority={_other(vault)}")], origin=origin()
        )
        assert not isinstance(outcome, LoopError), outcome
        landed_before.append(len(vault.store().find(vault.id()).body.splitlines()))
    lines = acknowledged(busy)
    assert len(vault.landed(2)) == 3
    assert landed_before[0] < sum(map(len, lines)), "it had its turn before they were done"


def _await_record(vault: Vault) -> None:
    until = time.monotonic() + PATIENCE
    while not vault.log.exists():
        assert time.monotonic() < until
        time.sleep(0.001)


def _other(vault: Vault) -> str:
    return "high" if vault.store().find(vault.id(2)).fields["priority"] == "low" else "low"


# -- editors ----------------------------------------------------------------------------------


def in_place(path: Path, text: bytes) -> None:
    """As Obsidian saves: open, truncate, write."""
    with path.open("wb", buffering=0) as file:
        for start in range(0, len(text), 64):
            file.write(text[start : start + 64])


def by_rename(path: Path, text: bytes) -> None:
    temporary = path.with_name(".editor.tmp")
    temporary.write_bytes(text)
    temporary.replace(path)


def appending(path: Path, text: bytes) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(text[text.rindex(b"\n", 0, len(text) - 1) + 1 :])


class Editor(threading.Thread):
    """Adds a line again and again, each on top of what it reads. `lines` are those it saved."""

    def __init__(self, path: Path, save: Callable[[Path, bytes], None]) -> None:
        super().__init__()
        self._path, self._save = path, save
        self._random = random.Random(1)
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self.lines: list[str] = []

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._error = error

    def _work(self) -> None:
        while not self._ended.is_set():
            line = f"editor-{len(self.lines)}"
            self._save(self._path, self._read() + f"{line}\n".encode())
            self.lines.append(line)
            time.sleep(self._random.uniform(0, 0.03))

    def end(self) -> None:
        """End, and raise what went wrong."""
        self._ended.set()
        self.join()
        if self._error is not None:
            raise self._error

    def _read(self) -> bytes:
        """The file with the last line in it: where our exchange went over its save, that is
        put back within microseconds, and an editor that read just then reads again."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            data = self._path.read_bytes()
            if not self.lines or f"{self.lines[-1]}\n".encode() in data:
                return data
            time.sleep(0.001)
        raise AssertionError(f"{self.lines[-1]} was lost")


@pytest.mark.parametrize("save", [in_place, by_rename, appending])
def test_no_line_of_an_editor_is_lost_to_our_writes(
    vault: Vault, save: Callable[[Path, bytes], None]
) -> None:
    """The editor may overwrite what we wrote since it read, as it knows nothing of us. Our
    writes never do that to it: whatever text of its was in the file when we committed is in
    what we wrote, or was put back, or is kept."""
    editor = Editor(vault.path(), save)
    editor.start()
    processes = started([programs.priorities(vault, BESIDE)] * PROCESSES)
    _await_record(vault)
    before = len(editor.lines)
    landed = acknowledged(processes)
    beside = len(editor.lines) - before
    editor.end()
    everything = vault.data() + b"".join(vault.kept)
    missing = [line for line in editor.lines if f"{line}\n".encode() not in everything]
    assert missing == []
    assert beside > 0
    assert sum(int(count) for (count,) in landed) == len(vault.landed(1)) > 0
    assert vault.staged == []
    vault.check_chain()
    _check_records_fit(vault)


def _check_records_fit(vault: Vault) -> None:
    """Each landed record tells of a state that was really there: outside edits may lie in
    between, and then it says so."""
    before = None
    for data in vault.landed(1):
        metadata = data["metadata"]
        if before is not None and metadata["etag_before"] != before:
            assert metadata.get("edited_outside") is True
        before = metadata["etag_after"]
