"""`loop copy` and `loop export`: bring a vault to another place, whole."""

from __future__ import annotations

import os

from loop_cli.cli import context, output, whole
from loop_cli.cli.render.counts import counted
from loop_cli.config import DATABASES
from loop_cli.errors import UsageError
from loop_cli.system import home

EXAMPLES = """FROM and TO are folders, or addresses such as postgresql://host/database. TO has to be
new or empty. What was interrupted goes on with the same command.

Examples:

\b
loop copy ~/notes 'postgresql://localhost/notes'
loop copy 'postgresql://localhost/notes' ~/notes-again --json
"""
EXPORT_EXAMPLES = """The next export to the same folder adds what came since.

Examples:

\b
loop export --git ~/notes-history
loop export --git ~/notes-history --vault 'postgresql://localhost/notes'
"""


def copy(*, source: str, target: str, as_json: bool) -> None:
    """Run `loop copy`."""
    from loop_cli.operations import copying

    _refuse_same(source, target)
    settings = context.open_settings({"vault": source}, remote=False)
    ours = whole.opened(source, settings, make=False)
    theirs = whole.opened(target, settings, make=True)
    try:
        with output.progress(f"copying to {theirs.name}", unit="files") as progress:
            result = copying.copy(ours, theirs, told=progress)
    finally:
        ours.close()
        theirs.close()
    context.did(f"a copy is in {theirs.name}")
    if not output.as_document(result.as_dict(), list(result.warnings), wanted=as_json):
        files = counted(result.files, "file")
        kept = counted(result.kept, "kept copy", "kept copies")
        lines = counted(result.lines, "line of the log", "lines of the log")
        output.line(
            f"{result.target} is a copy of {result.source}: {files}, {lines}, {kept}, all compared"
        )


def export(*, git: str, as_json: bool, vault: str | None) -> None:
    """Run `loop export`."""
    from loop_cli.operations import exporting
    from loop_cli.system.git import Repository

    settings = context.open_settings({"vault": vault}, remote=False)
    place = settings.database or context.folder_of(settings)
    vault_itself = whole.opened(place, settings, make=False)
    folder = os.path.abspath(home.expand(git, os.environ))
    try:
        with output.progress(f"exporting to {folder}", unit="runs") as progress:
            result = exporting.export(
                vault_itself,
                Repository(folder),
                names=settings.names,
                now=context.now(),
                told=progress,
            )
    finally:
        vault_itself.close()
    context.did(f"{result.commits} commits are in {folder}")
    if not output.as_document(result.as_dict(), list(result.warnings), wanted=as_json):
        output.line(f"{folder}: {result.commits:,} new commits, {result.files:,} files")


def _refuse_same(source: str, target: str) -> None:
    if DATABASES[0] in (source[:13], target[:13]):
        same = source == target
    else:
        one, other = (os.path.realpath(home.expand(name, os.environ)) for name in (source, target))
        same = one == other or other.startswith(one + os.sep) or one.startswith(other + os.sep)
    if same:
        raise UsageError("a vault can't be copied to itself, or to a place inside it")
