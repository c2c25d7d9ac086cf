"""Completions in the real bash, zsh and fish, on a terminal, with the TAB key."""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loop_cli.cli.complete import shells
from tests.waiting import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Loop

COMPLETIONS = Path(__file__).parents[2] / "completions"
START = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
PREPARE = {
    "bash": "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; . {file}; ",
    "zsh": "autoload -U compinit; compinit -u -D; unsetopt BEEP; PS1='$ '; source {file}; ",
    "fish": "source {file}; ",
}
SHIM = """#!/bin/sh
if [ "$1" = __complete ]; then exec "{python}" -m loop_cli "$@"; fi
printf '%s\\n' "$@" >"{ran}.new" && mv "{ran}.new" "{ran}"
"""
PATIENCE = 60.0


class Shell:
    """A shell on a terminal; `loop` only notes its arguments there."""

    def __init__(self, name: str, loop: Loop, folder: Path) -> None:
        self.ran = folder / "ran"
        self.seen = b""
        shim = folder / "bin" / "loop"
        shim.parent.mkdir()
        shim.write_text(SHIM.format(python=sys.executable, ran=self.ran))
        shim.chmod(0o755)
        self._terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        path = f"{shim.parent}:{os.environ['PATH']}"
        self._process = subprocess.Popen(
            START[name],
            env={**loop.environment, "PATH": path, "TERM": "xterm", "LANG": "C.UTF-8"},
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(theirs)
        file = COMPLETIONS / shells.FILES[name]
        ready = "echo rea''dy-now\n"
        self.type(PREPARE[name].format(file=file) + ready)
        self.wait_for("ready-now")

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def wait_for(self, text: str) -> str:
        """What was on the screen until a text is there."""
        end = time.monotonic() + PATIENCE
        while text.encode() not in self.seen:
            assert time.monotonic() < end, self.seen.decode(errors="replace")
            self._read()
        found, self.seen = self.seen.decode(errors="replace"), b""
        return found

    def complete(self, *keys: str) -> list[str]:
        """Type a line in pieces with a TAB after each but the last; the arguments it gives."""
        self.ran.unlink(missing_ok=True)
        for text in keys[:-1]:
            self.type(text + "\t")
            self.settle()
        self.type(keys[-1] + "\n")
        end = time.monotonic() + PATIENCE
        while not self.ran.exists():
            assert time.monotonic() < end, self.seen.decode(errors="replace")
            self._read()
        return self.ran.read_text().splitlines()

    def settle(self) -> None:
        """Wait until the shell has nothing more to write."""
        quiet = time.monotonic()
        end = quiet + PATIENCE
        while time.monotonic() - quiet < 1.5 and time.monotonic() < end:
            if self._read():
                quiet = time.monotonic()

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._terminal)

    def _read(self) -> bool:
        if not readable(self._terminal, 0.1):
            return False
        self.seen += os.read(self._terminal, 1 << 16)
        return True


@pytest.fixture(params=list(shells.SHELLS))
def shell(request: pytest.FixtureRequest, loop: Loop, tmp_path: Path) -> Iterator[Shell]:
    """A shell on the sample vault, whose index is there."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    assert loop("get", "tsk-019-14").code == 0
    found = Shell(request.param, loop, tmp_path)
    yield found
    found.close()


def test_what_is_typed_becomes_whole(shell: Shell) -> None:
    assert shell.complete("loop upd", "tsk-019-14 stat", "doi", "") == [
        "update", "tsk-019-14", "status=doing",
    ]  # fmt: skip
    assert shell.complete("loop get 019-14", "--js", "") == ["get", "tsk-019-14", "--json"]
    assert shell.complete("loop update tsk-019-14 assignee=빌", "") == [
        "update", "tsk-019-14", "assignee=빌드 서버",
    ]  # fmt: skip


def test_ids_are_listed_with_their_names(shell: Shell) -> None:
    shell.type("loop get tsk-019-1\t")
    shell.settle()
    shell.type("\t")
    shown = shell.wait_for("구현")
    assert "tsk-019-14" in shown
    assert "규칙 B·C" in shown


def test_a_vault_that_is_gone_leaves_the_prompt_alone(shell: Shell, loop: Loop) -> None:
    shutil.rmtree(loop.vault)
    assert shell.complete("loop get tsk-019-1", "4") == ["get", "tsk-019-14"]
    shown = shell.seen.decode()
    assert not any(word in shown for word in ("Traceback", "no vault", "not found", "rror:"))
