"""`loop skill`: the skill that teaches an agent to work with this program."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from loop_cli import folders
from loop_cli import skill as package
from loop_cli.cli import options, output
from loop_cli.errors import StorageError, UsageError

EXAMPLES = """Examples:

\b
loop skill install
loop skill install ~/agent/skills
"""

skill = typer.Typer(
    help="Install the skill that teaches an agent to work with loop.",
    epilog=EXAMPLES,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@skill.callback()
def _skill() -> None:
    """Install the skill that teaches an agent to work with loop."""


@skill.command(epilog=EXAMPLES)
def install(
    folder: Annotated[
        str | None,
        typer.Argument(metavar="[DIR]", help="The folder of skills; this one otherwise."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files of it that are there and differ.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Write loop-entity-creator/SKILL.md, and a script to copy, into a folder.

    Installing it once more changes nothing; files that you have changed are
    replaced with --force only.
    """
    root = os.path.abspath(folders.expand(folder or os.curdir, os.environ))
    target = os.path.join(root, package.NAME)
    wanted = {
        os.path.join(target, *path.split("/")): data for path, data in package.files().items()
    }
    try:
        changed = _changed(wanted, force=force)
        for path in changed:
            _write(path, wanted[path])
    except OSError as error:
        raise StorageError(
            f"{error.filename or target} can't be written: {error.strerror}"
        ) from error
    if as_json:
        output.json_document({"skill": target, "files": list(wanted), "written": changed})
    elif changed:
        output.line(f"installed: {target}")
    else:
        output.line(f"nothing to do: {target} is as it should be")


def _changed(wanted: dict[str, bytes], *, force: bool) -> list[str]:
    """The files to be written. Raises `UsageError` for one that somebody has changed."""
    changed = []
    for path, data in wanted.items():
        if os.path.lexists(path):
            with open(path, "rb") as file:
                if file.read() == data:
                    continue
            if not force:
                raise UsageError(
                    f"{path} is there and differs", hint="--force replaces it by the one of loop"
                )
        changed.append(path)
    return changed


def _write(path: str, data: bytes) -> None:
    """A file whole or not at all; scripts can be run."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "xb") as file:
        file.write(data)
    os.chmod(temporary, 0o755 if path.endswith(".sh") else 0o644)
    os.replace(temporary, path)
