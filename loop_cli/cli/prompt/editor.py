"""Open a text in a person's editor, and read it back.

The person's text is never lost: it is in a file of its own from the start, and the file is removed
only after its text has landed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

from loop_cli.cli import output
from loop_cli.cli.prompt import drafts
from loop_cli.errors import StorageError
from loop_cli.failures import EditorFailed, Interrupted
from loop_cli.system import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType, TracebackType
    from typing import Any, Self

USUAL = ("editor", "nano", "vim", "vi", "emacs", "micro", "hx")
# Editors with a window that return at once, and the option that makes them wait.
WAIT = {
    **dict.fromkeys(("code", "code-insiders", "codium", "cursor", "windsurf", "zed"), "--wait"),
    **dict.fromkeys(("subl", "atom", "mate", "bbedit", "pulsar", "gedit", "xed"), "--wait"),
    **dict.fromkeys(("gvim", "mvim"), "--nofork"),
    **dict.fromkeys(("kate", "kwrite"), "--block"),
    "open": "-W",
}
# How to open a file at a line.
_AT_LINE = {
    **dict.fromkeys(("vi", "vim", "nvim", "gvim", "mvim", "kak", "joe"), ("+{line}", "{path}")),
    **dict.fromkeys(("nano", "emacs", "emacsclient", "micro"), ("+{line}", "{path}")),
    **dict.fromkeys(("code", "code-insiders", "codium", "cursor"), ("-g", "{path}:{line}")),
    **dict.fromkeys(("hx", "subl", "zed"), ("{path}:{line}",)),
}
_WAITING = frozenset(("--wait", "-w", "--nofork", "-f", "--block", "-b", "-W", "--standalone"))
_AT_ONCE = 1.0  # seconds; nobody can edit anything in less
_SHELL = frozenset("|&;<>()$`*?[#~=%\n")
_NAME = r"[^\w.@+-]+"


def command(configured: str | None, environ: Mapping[str, str]) -> str | None:
    """Return the editor's command line: LOOP_EDITOR or the setting, VISUAL, EDITOR, a usual one."""
    dumb = environ.get("TERM", "dumb") == "dumb"
    given = [configured, None if dumb else environ.get("VISUAL"), environ.get("EDITOR")]
    found = next((one for one in given if one and one.strip()), None)
    return found or next((one for one in USUAL if shutil.which(one)), None)


class Draft:
    """A context manager with one text in an editor.

    At the end the file `path` is removed if it was `settled`. Otherwise it stays, and its path is
    printed, unless it is empty. `hasty` means that the editor returned at once, with the same text.
    """

    def __init__(self, editor: str, *, name: str, environ: Mapping[str, str]) -> None:
        self.editor = editor
        self._place = os.path.join(drafts.folder(environ), os.urandom(4).hex())
        self.path = os.path.join(self._place, re.sub(_NAME, "_", name)[-100:])
        self._first = b""
        self._settled = False
        self.hasty = False
        self._held: int | None = None
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGHUP, signal.SIGTERM):
            self._handlers[number] = signal.signal(number, _stop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if self._held is not None:
            os.close(self._held)
        if self._settled or not self._holds_something():
            drafts.clear(self._place)
        else:
            with suppress(OSError):  # an editor may have replaced the file
                home.narrow(self.path)
            output.note(f"your text is kept in {self.path}")

    def edit(self, text: str, *, line: int | None = None) -> str:
        """Return the text as the person leaves it; the editor opens at the line, if possible.

        Raises `EditorFailed` if the editor is missing or fails, `StorageError`, `Interrupted`.
        """
        data = text.encode()
        self._write(data)
        self._first = self._first or data
        began = time.monotonic()
        self._run(self._at(line))
        found = self._read()
        self.hasty = found == data and time.monotonic() - began < _AT_ONCE
        if self.hasty:
            self._complain_of_haste()
        try:
            return found.decode()
        except UnicodeDecodeError:
            raise EditorFailed(f"{self._name} has saved a text that is not UTF-8") from None

    def settle(self) -> None:
        """Mark the text as settled: it has landed, or nothing in it could be lost."""
        self._settled = True

    def tell_of_others(self) -> None:
        """Print once where the newest text of this entity from an earlier edit is."""
        name = os.path.splitext(os.path.basename(self.path))[0]
        found = drafts.unmentioned(os.path.dirname(self._place), name, but=self._place)
        if found:
            more = f", and {len(found) - 1} more in the folders beside it" if found[1:] else ""
            output.note(
                f"an earlier text, or one that is still open, is in {found[0].path}{more}\n"
                "'loop kept --edits' lists such texts"
            )

    @property
    def _name(self) -> str:
        return os.path.basename(_words(self.editor)[0])

    def _holds_something(self) -> bool:
        try:
            with open(self.path, "rb") as file:
                return file.read() != self._first
        except OSError:
            return False

    def _write(self, data: bytes) -> None:
        try:
            top = os.path.dirname(self._place)
            for one in (os.path.dirname(top), top, self._place):
                home.make_private(one)
            self._held = drafts.hold(self._place) if self._held is None else self._held
            with open(os.open(self.path, _CREATE, 0o600), "wb") as file:
                file.write(data)
        except OSError as error:
            raise StorageError(f"no text can be put in {self._place}: {error.strerror}") from error

    def _read(self) -> bytes:
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except OSError as error:
            raise EditorFailed(f"{self._name} left no text: {error.strerror}") from error

    def _at(self, line: int | None) -> list[str]:
        """Return the arguments that open the file, at a line if possible."""
        if line is None or self._name not in _AT_LINE:
            return [self.path]
        return [part.format(line=line, path=self.path) for part in _AT_LINE[self._name]]

    def _run(self, opens: list[str]) -> None:
        """Run the editor; with a shell only if its command line needs one.

        A shell would die of a Ctrl-C that its editor survives.
        """
        shown = None if output.is_terminal(sys.stdout) else sys.stderr
        line = [*_words(self.editor), *opens]
        if not _SHELL.isdisjoint(self.editor):
            line = ["sh", "-c", f'{self.editor} "$@"', self.editor, *opens]
        # Ctrl-C is for the editor; unlike ignoring, a handler is not passed on to its process.
        before = {number: signal.signal(number, _pass) for number in _KEYS}
        try:
            code = subprocess.Popen(line, stdout=shown).wait()
        except OSError:
            code = 127
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if code in (126, 127):
            raise EditorFailed(
                f"the editor {self.editor!r} can't be run",
                hint="name yours: export LOOP_EDITOR=vim, or EDITOR, or 'editor' in config.toml",
            )
        if code in (-signal.SIGINT, 128 + signal.SIGINT):
            raise Interrupted("interrupted in the editor; nothing was written")
        if code:
            how = f"exit code {code}" if code > 0 else f"killed by signal {-code}"
            raise EditorFailed(f"{self._name} failed ({how}), so nothing was written")

    def _complain_of_haste(self) -> None:
        option = WAIT.get(self._name)
        if option is None or not _WAITING.isdisjoint(_words(self.editor)):
            return
        self._first = b""  # so that the file stays for a window that may still show it
        raise EditorFailed(
            f"{self._name} has returned at once, without waiting for its window to be closed",
            hint=f"tell it to wait: export LOOP_EDITOR={shlex.quote(f'{self.editor} {option}')}",
        )


_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
_KEYS = (signal.SIGINT, signal.SIGQUIT)


def _words(command_line: str) -> list[str]:
    try:
        return shlex.split(command_line) or [command_line]
    except ValueError:
        return [command_line]


def _pass(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the editor handles it."""


def _stop(number: int, _frame: FrameType | None) -> None:
    """The terminal is gone, or somebody ends the program: the text stays."""
    sys.exit(128 + number)
