"""`loop init`: turn a folder of Markdown files into a vault."""

from __future__ import annotations

import os

from loop_cli.cli import context, output
from loop_cli.config import DATABASES
from loop_cli.errors import EntityNotFound, UsageError
from loop_cli.failures import ConfirmationRefused
from loop_cli.system import home

EXAMPLES = """Examples:

\b
loop init --dry-run
loop init ~/notes
loop init site/content --yes --json
loop init site/content --upgrade
loop init 'postgresql://localhost/notes'
"""


def init(
    *,
    folder: str | None,
    upgrade: bool,
    dry_run: bool,
    as_json: bool,
    yes: bool,
    no_input: bool,
) -> None:
    """Run `loop init`."""
    if folder is not None and folder.startswith(DATABASES):
        if upgrade:
            raise UsageError(
                "--upgrade is for folders: a database upgrades itself when it is opened"
            )
        _make_in_database(folder, dry_run=dry_run, as_json=as_json)
        return
    ask = output.may_ask(as_json=as_json, no_input=no_input)
    if upgrade:
        _upgrade(_root(folder), dry_run=dry_run, as_json=as_json, yes=yes, ask=ask)
        return
    from loop_cli.vault.upkeep import init as work

    foundation = work.survey(_root(folder))
    if not as_json:
        from loop_cli.cli.render import init as render_init

        show = output.show if dry_run else output.tell
        show(render_init.proposal(foundation))
    if not dry_run:
        _confirm(foundation.root, yes=yes, ask=ask)
    made = () if dry_run else work.found(foundation)
    if made:
        context.did(f"{' and '.join(made)} are written")
    if as_json:
        more = {"dry_run": True} if dry_run else {"written": list(made)}
        output.json_document({**foundation.as_dict(), **more})
    elif made:
        output.line(f"{foundation.root} is a vault now: {' and '.join(made)}")


def _upgrade(root: str, *, dry_run: bool, as_json: bool, yes: bool, ask: bool) -> None:
    from loop_cli.vault.upkeep import upgrade as work

    vault = context.open_store(context.open_settings({"vault": root}, remote=False)).handle
    done = work.plan(vault.layout)
    if not dry_run:
        if done.moves:
            _confirm_moves(done.moves, yes=yes, ask=ask)
        done = work.upgrade(vault)
    for old, new in done.moves.items() if not dry_run else ():
        context.did(f"{old} is {new} now")
    if as_json:
        output.json_document(done.as_dict())
        return
    for old, new in done.moves.items():
        output.line(f"{old} -> {new}")
    if not done.moves:
        output.line(f"{root}: nothing to move")
    for path in done.left:
        output.note(f"{path} is no part of the log in .loop, and was left")


def _confirm_moves(moves: dict[str, str], *, yes: bool, ask: bool) -> None:
    if yes:
        return
    if not ask:
        raise ConfirmationRefused(
            f"{len(moves)} files of loop would move to .loop, and nobody can be asked here",
            hint="loop init --upgrade --dry-run shows them; --yes confirms",
        )
    from loop_cli.cli.prompt import questions as prompt

    for old, new in moves.items():
        output.tell(f"{old} -> {new}")
    if not prompt.yes_or_no("Move these files of loop?"):
        raise ConfirmationRefused("nothing was moved")


def _make_in_database(address: str, *, dry_run: bool, as_json: bool) -> None:
    """Make an empty vault in PostgreSQL, which has the default schema until it gets its own."""
    from loop_cli.cli import database

    shown = database.shown_address(address) if dry_run else database.make(address)
    if not dry_run:
        context.did(f"{shown} is a vault")
    if as_json:
        output.json_document({"vault": shown, **({"dry_run": True} if dry_run else {})})
    elif dry_run:
        output.line(f"{shown} would become an empty vault, if it is none")
    else:
        output.line(f"{shown} is a vault now")


def _root(folder: str | None) -> str:
    """Return the folder, which may not be inside another vault.

    Raises `EntityNotFound`, `UsageError`.
    """
    root = os.path.abspath(home.expand(folder or os.curdir, os.environ))
    if not os.path.isdir(root):
        raise EntityNotFound(f"there is no folder {root}", path=root)
    settings = context.open_settings({"vault": root})
    return settings.root or root


def _confirm(root: str, *, yes: bool, ask: bool) -> None:
    if yes:
        return
    if not ask:
        raise ConfirmationRefused(
            f"{root} would become a vault, and nobody can be asked here",
            hint="loop init --dry-run shows what would be written; --yes confirms",
        )
    from loop_cli.cli.prompt import questions as prompt

    if not prompt.yes_or_no("Write the settings and the schema?"):
        raise ConfirmationRefused(f"{root} was left as it is")
