"""Show text that is longer than a screen in the user's pager."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

from loop_cli.cli import output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

_USUAL = "less -R"


def command(environ: Mapping[str, str]) -> str:
    """Return the pager's command line: LOOP_PAGER, PAGER, or `less -R`. Empty for none."""
    if environ.get("TERM", "dumb") == "dumb":
        return ""
    for name in ("LOOP_PAGER", "PAGER"):
        if name in environ:
            return environ[name].strip()
    return _USUAL


def show(content: RenderableType, *, paged: bool) -> None:
    """Show something formatted in the pager; if there is none, or it can't be run, on stdout."""
    console = output.console(sys.stdout)
    with console.capture() as capture:
        console.print(content)
    text = "".join(part.rstrip() + "\n" for part in capture.get().splitlines())
    if not paged or not _run(command(os.environ), text.encode()):
        output.write_bytes(text.encode())


def _run(line: str, text: bytes) -> bool:
    """Run the pager on the text; return False if that is impossible."""
    try:
        words = shlex.split(line)
    except ValueError:
        words = []
    if not words or words == ["cat"]:
        return False
    environment = {"LESS": "FRX", **os.environ}  # as git does: a short page needs no key to end
    try:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, env=environment)
    except OSError:
        output.note(f"the pager {words[0]!r} can't be run; LOOP_PAGER names another")
        return False
    while True:
        try:
            process.communicate(text)
            return True
        except KeyboardInterrupt:  # the pager uses Ctrl-C; in less it stops a search
            continue
