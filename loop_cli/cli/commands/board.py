"""`loop board`, `loop agenda`, `loop stats`: where the work stands."""

from __future__ import annotations

from loop_cli.cli import context, output
from loop_cli.cli.commands.listing import only_of, query, refuse_unknown, viewed
from loop_cli.errors import UsageError
from loop_cli.operations import board as boards
from loop_cli.operations import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.config import Settings
    from loop_cli.core.query import Query

BOARD_EXAMPLES = """Examples:

\b
loop board
loop board --project prj-019
loop board project --by owner
loop board --where 'assignee=ops' --json
loop board @mine
"""
AGENDA_EXAMPLES = """Examples:

\b
loop agenda
loop agenda task --where 'assignee=ops'
loop agenda --json
"""
STATS_EXAMPLES = """Examples:

\b
loop stats
loop stats --days 90 --json
"""
_MOST_DAYS = 3660


def board(
    *,
    entity_type: list[str] | None,
    where: list[str] | None,
    project: str | None,
    by: str,
    as_json: bool,
    vault: str | None,
) -> None:
    """Run `loop board`."""
    settings = context.open_settings({"vault": vault})
    loop = context.operations(settings)
    asked = only_of(loop, _asked(settings, entity_type or [], where or []), project_id=project)
    if by != boards.BY:
        refuse_unknown([by], boards.types_of(asked, loop.schema), loop, "--by")
    with output.progress("looking at the files", unit="files") as progress:
        found = boards.board(loop, asked, by, today=clock.today(), progress=progress)
    warnings = [*found.warnings, *loop.take_warnings()]
    if not output.as_document(found.as_dict(), warnings, wanted=as_json):
        from loop_cli.cli.render import board as render

        output.page()
        output.show(render.board(found))


def agenda(
    *,
    entity_type: list[str] | None,
    where: list[str] | None,
    project: str | None,
    as_json: bool,
    vault: str | None,
) -> None:
    """Run `loop agenda`."""
    settings = context.open_settings({"vault": vault})
    loop = context.operations(settings)
    asked = only_of(loop, _asked(settings, entity_type or [], where or []), project_id=project)
    with output.progress("looking at the files", unit="files") as progress:
        found = boards.agenda(loop, asked, today=clock.today(), progress=progress)
    warnings = [*found.warnings, *loop.take_warnings()]
    if not output.as_document(found.as_dict(), warnings, wanted=as_json):
        from loop_cli.cli.render import board as render

        output.page()
        output.show(render.agenda(found))


def _asked(settings: Settings, types: list[str], where: list[str]) -> Query:
    """What the options ask for; of a view its types and its conditions."""
    if any(one.startswith("@") for one in types):
        view, types = viewed(settings, types)
        where = [*view.where, *where]
    return query(types, where)


def stats(*, count: int, as_json: bool, vault: str | None) -> None:
    """Run `loop stats`."""
    if not 0 < count <= _MOST_DAYS:
        raise UsageError(f"--days must be from 1 to {_MOST_DAYS}")
    loop = context.operations(context.open_settings({"vault": vault}))
    found = boards.stats(loop, today=clock.today(), count=count)
    begin = [] if found.actors else boards.how_to_begin(loop)
    if not output.as_document(found.as_dict(), [*begin, *loop.take_warnings()], wanted=as_json):
        from loop_cli.cli.render import board as render

        output.page()
        output.show(render.stats(found))
