"""`loop completion`: completions for bash, zsh and fish."""

from __future__ import annotations

import os

from loop_cli.cli import context, output
from loop_cli.cli.complete import shells
from loop_cli.errors import StorageError, UsageError

EXAMPLES = """Examples:

\b
loop completion install
loop completion show zsh
loop completion zsh            # the same
loop completion path fish
"""


def install(*, shell: str | None) -> None:
    """Run `loop completion install`."""
    name = _shell(shell)
    path = shells.place(name)
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(shells.script(name))
        os.replace(temporary, path)
    except OSError as error:
        raise StorageError(f"{path} can't be written: {error.strerror}") from error
    context.did(f"{path} is installed")
    output.line(path)
    output.note(shells.next_step(name, path))


def show(*, shell: str | None) -> None:
    """Run `loop completion show`."""
    output.write(shells.script(_shell(shell)))


def path(*, shell: str | None) -> None:
    """Run `loop completion path`."""
    output.line(shells.place(_shell(shell)))


def _shell(given: str | None) -> str:
    name = given or os.path.basename(os.environ.get("SHELL", ""))
    if name in shells.SHELLS:
        return name
    what = f"{name!r} is none of" if given else "say which shell: one of"
    raise UsageError(f"{what} {', '.join(shells.SHELLS)}", hint="loop completion install bash")
