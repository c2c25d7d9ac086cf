"""`loop` without arguments: a short overview of the vault, and the usual next commands."""

from __future__ import annotations

import os

from loop_cli.cli import context, hints, output, unopened
from loop_cli.config import has_notes
from loop_cli.core import timestamps, unprepared
from loop_cli.errors import Action
from loop_cli.failures import NoVault
from loop_cli.operations import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.operations.overview import Overview


def show(*, as_json: bool) -> bool:
    """Show the overview of the vault; return False if there is no vault.

    For JSON it raises `NoVault` instead. Also raises what reading the vault raises.
    """
    settings = context.open_settings({}, need_vault=False)
    if settings.root is None and settings.database is None and settings["server"] is None:
        if as_json:
            raise NoVault("no vault here, so there is no overview", hint=how_to_begin())
        return False
    loop = context.operations(settings)
    with output.progress("looking at the files", unit="files") as progress:
        found = loop.overview(today=clock.today(), since=clock.yesterday(), progress=progress)
    commands = next_commands(found, upgrade=unopened.is_older(settings))
    document = {**found.as_dict(), "next": [command for command, _about in commands]}
    if not output.as_document(document, loop.take_warnings(), wanted=as_json):
        from loop_cli.cli.render import overview as render_overview

        notes = hints.spelled(unprepared.of_notes(found.notes, loop.names))
        output.show(render_overview.overview(found, commands, notes=notes))
    return True


def how_to_begin() -> str | Action:
    """The next step where there is no vault: in a folder of notes, to make it one."""
    return Action("make_or_name_vault") if has_notes(os.curdir) else "loop --help"


def _day(since: str) -> str:
    """The day here of a time, as `loop log --since` takes it."""
    from loop_cli.core import days

    instant = timestamps.parse(since)
    return since[:10] if instant is None else days.local_day(instant)


def next_commands(found: Overview, *, upgrade: bool = False) -> list[tuple[str, str]]:
    """Commands that are useful now, each with what it does."""
    commands = [] if found.entities else [("loop init", "make this folder a vault")]
    if upgrade:
        commands.append(("loop init --upgrade", "move the log to where no site generator shows it"))
    if found.overdue:
        overdue = "loop list --where 'due<today' --where 'status!=done' --sort due"
        commands.append((overdue, "what is overdue"))
    if found.edited_outside:
        entity_id = found.edited_outside[0]["entity_id"]
        commands.append((hints.command("diff", entity_id), "an edit outside"))
    if found.changes:
        commands.append((f"loop log --since {_day(found.since)}", "who changed what"))
    return [
        *commands,
        ("loop get ID", "read an entity"),
        ("loop edit ID", "change it in your editor"),
        ("loop search WORDS", "find text in names and bodies"),
        ("loop check", "check the whole vault"),
        ("loop help", "all topics"),
    ]
