"""`loop update`: change an entity."""

# No postponed annotations here: Typer would have to compile each of them again at every start.

import re
import sys
from typing import Annotated, Any

import typer

from loop_cli.cli import app, options, output
from loop_cli.core import changes, conflict, operations, timestamps
from loop_cli.core.changes import BodyChange, Edits
from loop_cli.core.entity import Precondition
from loop_cli.errors import UsageError
from loop_cli.store.base import EntityChange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.core.conflict import Resolver
    from loop_cli.store.base import CommitResult

EXAMPLES = """Forms of CHANGE:

\b
'field=text'       text, converted to the field's type
'field:=json'      a JSON value
'field=@file'      the text of a file; =@- is standard input
'field+=item'      add to a list
'field-=item'      remove from a list
'field!'           remove the field
'outer.inner=text' a nested field

Examples:

\b
loop update tsk-019-14 'status=done' --if-match 9f2c51d0a7b3e4f8
loop update tsk-019-14 'tags+=urgent' 'due=2026-02-01' --expected-updated-at 2026-01-09
loop update prj-019 'expected_impact.metric=409s' 'notes!' --dry-run
loop update tsk-019-14 --append-body notes.md --if-match 9f2c51d0a7b3e4f8 --json
"""

_RESOLVERS: "dict[str, Resolver]" = {"fail": conflict.fail, "rebase": conflict.rebase}


def update(
    entity_id: options.EntityId,
    change: Annotated[
        list[str] | None, typer.Argument(metavar="CHANGE...", help="What to change; see below.")
    ] = None,
    expected_updated_at: Annotated[
        str | None,
        typer.Option(
            "--expected-updated-at", metavar="TIME", help="Fail unless updated_at is this."
        ),
    ] = None,
    if_match: Annotated[
        str | None,
        typer.Option("--if-match", metavar="ETAG", help="Fail unless the etag is this."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Skip the precondition; recorded as forced.")
    ] = False,
    on_conflict: Annotated[
        str | None,
        typer.Option(
            "--on-conflict",
            metavar="fail|rebase",
            help="rebase: apply on top where no field of yours was changed meanwhile.",
        ),
    ] = None,
    unset: Annotated[
        list[str] | None,
        typer.Option("--unset", metavar="FIELD", help="Remove a field; repeatable."),
    ] = None,
    set_json: Annotated[
        str | None,
        typer.Option("--set-json", metavar="FILE", help="A JSON object of fields; - is stdin."),
    ] = None,
    body_file: Annotated[
        str | None,
        typer.Option("--body-file", metavar="FILE", help="Replace the body; - is stdin."),
    ] = None,
    append_body: Annotated[
        str | None,
        typer.Option("--append-body", metavar="FILE", help="Append to the body; - is stdin."),
    ] = None,
    path: Annotated[
        str | None,
        typer.Option("--path", metavar="FILE", help="Choose where several files carry the id."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Do everything but write.")
    ] = False,
    as_json: options.Json = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Answer yes to the confirmation; never --force.")
    ] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask.")] = False,
    lock_timeout: options.LockTimeout = None,
    vault: options.Vault = None,
) -> None:
    """Change fields and the body of an entity, losslessly, with a precondition and a record."""
    read = _Reader()
    wanted = EntityChange(
        entity_id=entity_id,
        path=path,
        edits=Edits(
            changes=changes.parse_changes(
                change or (), unset=unset or (), fields=_fields(set_json, read), read=read
            ),
            body=_body(body_file, append_body, read),
        ),
        precondition=_precondition(expected_updated_at, if_match, force),
    )
    settings = app.open_settings(
        {"vault": vault, "lock_timeout": lock_timeout, "on_conflict": on_conflict}
    )
    interactive = not as_json and not no_input and output.can_ask()
    store = app.open_store(settings)
    result = operations.update(
        store,
        wanted,
        origin=app.origin(store.root),
        resolve=_RESOLVERS[settings["on_conflict"]],
        confirm=_confirm(yes) if interactive else None,
        dry_run=dry_run,
    )
    warnings = [*result.warnings, *store.warnings]
    if as_json:
        output.json_document(result.as_dict(), warnings)
        return
    output.warn(warnings)
    from loop_cli.cli import render

    output.show(render.updated(result))


class _Reader:
    """Reads the files that the command line names; standard input once."""

    def __init__(self) -> None:
        self._stdin_read = False

    def __call__(self, name: str) -> str:
        """The text of a file, `-` for standard input. Raises `UsageError`."""
        if name == "-":
            if self._stdin_read:
                raise UsageError("standard input can be read once only; name a file for the other")
            self._stdin_read = True
        try:
            if name == "-":
                data = sys.stdin.buffer.read()
            else:
                with open(name, "rb") as file:
                    data = file.read()
            return data.decode()
        except OSError as error:
            raise UsageError(f"{name} can't be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise UsageError(f"{name} is not UTF-8 text") from None


def _fields(name: str | None, read: _Reader) -> dict[str, Any] | None:
    if name is None:
        return None
    value = changes.parse_json(read(name), f"--set-json {name}")
    if not isinstance(value, dict):
        raise UsageError(f"--set-json {name} must be a JSON object of fields")
    return value


def _body(replaced: str | None, appended: str | None, read: _Reader) -> BodyChange | None:
    if replaced is not None and appended is not None:
        raise UsageError("--body-file and --append-body can't go together")
    if replaced is not None:
        return BodyChange(text=read(replaced))
    return None if appended is None else BodyChange(text=read(appended), append=True)


def _precondition(expected: str | None, etag: str | None, force: bool) -> Precondition:
    if force and (expected is not None or etag is not None):
        raise UsageError("--force skips the precondition, so it can't go with one")
    if expected is not None and timestamps.parse(expected) is None:
        raise UsageError(
            f"--expected-updated-at: {expected!r} is no timestamp",
            hint=f"such as {timestamps.EXAMPLE} or 2026-01-09, as 'loop get' reports it",
        )
    if etag is not None and re.fullmatch("[0-9a-f]{16}", etag) is None:
        raise UsageError(
            f"--if-match: {etag!r} is no etag",
            hint="16 hex digits such as 9f2c51d0a7b3e4f8, as 'loop get' reports it",
        )
    return Precondition(expected_updated_at=expected, if_match=etag, forced=force)


def _confirm(yes: bool) -> "Callable[[CommitResult], bool]":
    from loop_cli.cli import prompt

    return prompt.confirm_update(assume_yes=yes)
