"""Show what is longer than a screen in the user's pager, as git does."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_USUAL = "less -R"
_ROWS = 24  # of a terminal that does not say


def command(environ: Mapping[str, str]) -> str:
    """Return the pager's command line: LOOP_PAGER, PAGER, or `less -R`. Empty for none."""
    if environ.get("TERM", "dumb") == "dumb":
        return ""
    for name in ("LOOP_PAGER", "PAGER"):
        if name in environ:
            return environ[name].strip()
    return _USUAL


class Pager:
    """Takes what a command prints. It starts the pager once that is more than a screen; what is
    less goes to `direct` at the end. `note` is told if it can't be run."""

    def __init__(self, direct: Callable[[bytes], None], note: Callable[[str], None]) -> None:
        self._direct = direct
        self._note = note
        self._held: list[bytes] = []
        self._rows = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._line = command(os.environ)

    def write(self, data: bytes) -> None:
        """Take some output."""
        if self._process is not None:
            _feed(self._process, data)
        elif not self._line:
            self._direct(data)
        else:
            self._held.append(data)
            self._rows += data.count(b"\n")
            if self._rows >= _screen():
                self._begin()

    def close(self) -> None:
        """Show what was held back, or wait until the reader leaves the pager."""
        held, self._held = b"".join(self._held), []
        if self._process is not None:
            _wait(self._process)
        elif held:
            self._direct(held)

    def _begin(self) -> None:
        held, self._held = b"".join(self._held), []
        self._process = _start(self._line, self._note)
        if self._process is None:
            self._line = ""
            self._direct(held)
        else:
            _feed(self._process, held)


def _screen() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).lines or _ROWS
    except OSError:
        return _ROWS


def _start(line: str, note: Callable[[str], None]) -> subprocess.Popen[bytes] | None:
    """Start the pager; None if that is impossible."""
    try:
        words = shlex.split(line)
    except ValueError:
        words = []
    if not words or words == ["cat"]:
        return None
    environment = {"LESS": "FRX", **os.environ}  # as git does: a short page needs no key to end
    try:
        sys.stdout.flush()
        return subprocess.Popen(words, stdin=subprocess.PIPE, env=environment)
    except OSError:
        note(f"the pager {words[0]!r} can't be run; LOOP_PAGER names another")
        return None


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(data)
        process.stdin.flush()
    except (BrokenPipeError, ValueError):  # the reader has seen enough
        return


def _wait(process: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            process.communicate()
            return
        except KeyboardInterrupt:  # the pager uses Ctrl-C; in less it stops a search
            continue
        except BrokenPipeError:
            return
