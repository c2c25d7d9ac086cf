"""Reading a line that a person types: what comes at the worst moment, and what is no text."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGER = "longer than a terminal takes in one line, so it may not be whole."
ROUNDS = 3000
PROGRAM = f"""
import random, resource, signal
from loop_cli.cli.prompt import keys

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))  # a few left open would show

def interrupt(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, interrupt)
for _ in range({ROUNDS}):
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 2e-4))
        keys.read_line()
    except KeyboardInterrupt:
        pass
print("all heeded")
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of one: what a person types into, and what a program reads."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


def test_an_interrupt_at_any_moment_is_heeded(terminal: tuple[int, int]) -> None:
    """Also between the question and the call that waits: one that is not would wait for a key,
    and none comes. Which moments are met is up to chance; a plain `read` misses many of these."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        stdin=terminal[1],
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.stdout == b"all heeded\n", done.stderr[-500:]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (b"y\n", "'y'"),
        ("가나 다\n".encode(), ascii("가나 다")),
        (b"one\ntwo\n", "'one'"),
        (b"half\x04\x04", "None"),
        (b"\x04", "None"),
        (b"\xff\n", "That is not UTF-8 text."),
        (b"x" * 5000 + b"\nnext\n", f"That is {LONGER}"),
    ],
)
def test_what_is_typed_is_read(terminal: tuple[int, int], typed: bytes, read: str) -> None:
    ours, theirs = terminal
    program = (
        "from loop_cli.cli.prompt import keys\n"
        "try:\n    print(ascii(keys.read_line()))\n"
        "except keys.Unusable as error:\n    print(error)\n"
    )
    os.write(ours, typed)

    done = subprocess.run(
        [sys.executable, "-c", program],
        stdin=theirs,
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.stdout.decode().strip() == read, done.stderr
