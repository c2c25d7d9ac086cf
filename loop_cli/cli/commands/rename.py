"""`loop rename`: name files as rule A says."""

from __future__ import annotations

from loop_cli.cli import context, output
from loop_cli.errors import UsageError
from loop_cli.failures import ConfirmationRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.operations.move import Confirm, RelocateResult

EXAMPLES = """Rule A: the file of a task is <id>.md, and the file of a project is project.md. If
file_locations in the schema has a file name for a type, that is the name. A file of any
other type may have any name: --all does not rename it, and 'loop rename ID' names it
<id>.md. Folders stay; 'loop move' changes them. --all renames the files that 'loop check'
reports as file-name. Links to the files are changed in the same run, in every Markdown
file and canvas of the vault: 'loop help links' says what counts as a link.

With --name the entity gets another name. Its file gets it too where it is called by the
old name; any other file keeps its name. Where the file's name is the id, the id changes
with it: the log then has a new entity and a deleted one, in one run.

Examples:

\b
loop rename prj-020
loop rename hyp-1-01 --name '한 화면으로 충분하다' --yes
loop rename --all --dry-run
loop rename --all --yes --json
"""


def rename(
    *,
    entity_id: str | None,
    name: str | None,
    every: bool,
    path: str | None,
    dry_run: bool,
    as_json: bool,
    yes: bool,
    no_input: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop rename`."""
    if (entity_id is None) is not every:
        error = UsageError("name an ID, or give --all", hint="loop rename --all --dry-run")
        error.lacks = None if every else ""
        raise error
    if every and name is not None:
        raise UsageError("--name is for one entity")
    settings = context.open_settings({"vault": vault, "lock_timeout": lock_timeout})
    loop = context.operations(settings)
    interactive = output.may_ask(as_json=as_json, no_input=no_input)
    chosen = context.chosen_path(loop.vault, path)
    if entity_id is not None:
        entity_id, chosen = context.named(settings, loop, entity_id, path)
    result = loop.rename(
        entity_id,
        path=chosen,
        name=name,
        confirm=_confirm(yes, interactive),
        dry_run=dry_run,
    )
    warnings = [*result.warnings, *loop.take_warnings()]
    if not output.as_document(result.as_dict(), warnings, wanted=as_json):
        from loop_cli.cli.render import life as render_life

        output.show(render_life.moved("Rename", result))


def _confirm(yes: bool, interactive: bool) -> Confirm:
    def refuse(preview: RelocateResult) -> bool:
        count = len(preview.moved)
        files = "1 file" if count == 1 else f"{count} files"
        raise ConfirmationRefused(
            f"nobody can be asked here whether to rename {files}",
            hint="--dry-run shows the plan; --yes confirms",
        )

    if interactive:
        from loop_cli.cli.render import life as render_life

        return render_life.confirm_move("Rename", yes)
    return (lambda _preview: True) if yes else refuse
