"""`loop completion`: completions for bash, zsh and fish."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from loop_cli.cli import output, shells
from loop_cli.errors import StorageError, UsageError

EXAMPLES = """Examples:

\b
loop completion install
loop completion show zsh
loop completion path fish
"""
Shell = Annotated[
    str | None,
    typer.Argument(metavar="[bash|zsh|fish]", help="The shell; that of SHELL otherwise."),
]

completion = typer.Typer(
    help="Complete commands, ids, fields and values at TAB, in bash, zsh and fish.",
    epilog=EXAMPLES,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@completion.command(epilog=EXAMPLES)
def install(shell: Shell = None) -> None:
    """Write the script to where the shell looks for it, and say what else there is to do."""
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
    output.line(path)
    output.note(shells.next_step(name, path))


@completion.command(epilog=EXAMPLES)
def show(shell: Shell = None) -> None:
    """Print the script."""
    output.write(shells.script(_shell(shell)))


@completion.command(epilog=EXAMPLES)
def path(shell: Shell = None) -> None:
    """Print where 'loop completion install' puts the script."""
    output.line(shells.place(_shell(shell)))


def _shell(given: str | None) -> str:
    name = given or os.path.basename(os.environ.get("SHELL", ""))
    if name in shells.SHELLS:
        return name
    what = f"{name!r} is none of" if given else "say which shell: one of"
    raise UsageError(f"{what} {', '.join(shells.SHELLS)}", hint="loop completion install bash")
