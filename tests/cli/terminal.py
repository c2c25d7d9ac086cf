"""A person at a pseudo-terminal: waits for words, types, resizes, reads what was shown."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Any

import pexpect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

TIMEOUT = 60
ASK = "Apply these changes? [y/N] "
WHAT_NOW = "What now? "
WRITE = "Write this? [Y/n] "
ENTER = "\r"
CTRL_C, CTRL_D = "\x03", "\x04"
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """One run of `loop` on a pseudo-terminal of its own."""

    def __init__(self, loop: Loop, *arguments: str, columns: int = 80, **env: str) -> None:
        command, *rest = map(str, loop.command(*arguments))
        self._loop = loop
        self._child = pexpect.spawn(
            command,
            rest,
            env={**loop.environment, "TERM": "xterm-256color", **env},
            cwd=str(loop.home),
            dimensions=(40, columns),
            encoding="utf-8",
            timeout=TIMEOUT,
            echo=False,
            use_poll=True,  # `select` knows no descriptor over 1023
        )
        self._child.delaybeforesend = None
        self.raw = ""

    def until(self, words: str) -> str:
        """Wait for words; what was shown since the last ones, without colours."""
        self._child.expect_exact(words)
        shown = str(self._child.before) + str(self._child.after)
        self.raw += shown
        return plain(shown)

    def type(self, text: str) -> None:
        """Send keys; half a surrogate is a byte that is no UTF-8."""
        self._loop.push()
        os.write(self._child.child_fd, text.encode(errors="surrogateescape"))

    def answer(self, words: str, keys: str) -> str:
        """Wait for a question, answer it; what was shown before the answer."""
        shown = self.until(words)
        self.type(keys + ("" if keys in (CTRL_C, CTRL_D) else ENTER))
        return shown

    def resize(self, columns: int) -> None:
        """Make the window wider or narrower."""
        self._child.setwinsize(40, columns)

    def hang_up(self, signal: int) -> None:
        """Send the program a signal, as a terminal does that goes away."""
        self._child.kill(signal)

    def kill(self) -> None:
        """End it, whatever it does."""
        self._child.close(force=True)

    def end(self) -> tuple[int, str]:
        """The exit code, and what was still shown."""
        self._child.expect(pexpect.EOF)
        self._child.close()
        self.raw += str(self._child.before)
        self._loop.pull()
        code: Any = self._child.exitstatus
        return (-int(self._child.signalstatus or 0) if code is None else code), plain(
            str(self._child.before)
        )


def plain(text: str) -> str:
    """What a terminal was sent, without colours and carriage returns."""
    return _ESCAPE.sub("", text).replace("\r\n", "\n")


def script(path: Path, body: str) -> str:
    """An editor that is a Python program: `path` is the text's file. Its command line."""
    path.write_text(
        "#!/usr/bin/env python3\nimport os, pathlib, signal, sys, time\n"
        f"path = pathlib.Path(sys.argv[1])\ntext = path.read_text()\n{body}\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return os.fspath(path)
