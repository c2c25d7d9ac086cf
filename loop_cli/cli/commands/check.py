"""`loop check`: find and repair problems of the entities in a vault."""

from __future__ import annotations

import os

from loop_cli.cli import context, hints, output
from loop_cli.config import DATABASES
from loop_cli.errors import Action, ConflictError, EntityNotFound, LoopError, UsageError
from loop_cli.failures import CheckFailed, ConfirmationRefused, RepairFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from loop_cli.core.check.report import Checked, Scope
    from loop_cli.operations.boundary import Operations
    from loop_cli.operations.repair import Repair

EXAMPLES = """Examples:

\b
loop check
loop check tsk-019-14
loop check Task --json
loop check 50_Projects/2026/prj-020_입문_안내서/project.md
loop check --fix --dry-run
loop check --github
"""


def check(
    *,
    what: list[str] | None,
    fix: bool,
    github: bool,
    strict: bool,
    dry_run: bool,
    as_json: bool,
    yes: bool,
    no_input: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop check`."""
    if github and as_json:
        raise UsageError("choose one of --json and --github")
    if (dry_run or yes) and not fix:
        raise UsageError("--dry-run and --yes are for --fix", hint="loop check --fix --dry-run")
    settings = context.open_settings({"vault": vault, "lock_timeout": lock_timeout})
    loop = context.operations(settings)
    there = settings["server"] is not None
    scope = _scope(None if there else loop.vault, what or ())
    repairs: list[Repair] = []
    more: dict[str, Any] = {}
    found = loop.check(scope)
    if fix:
        ask = output.may_ask(as_json=as_json, no_input=no_input)
        repairs, more = _fix(loop, found, dry_run=dry_run, ask=ask, yes=yes, quiet=as_json)
        found = found if dry_run else loop.check(scope)
    prefix = "" if there or not github else _below_workspace(loop.vault)
    _show(loop, found, more, prefix if github else None, as_json=as_json, strict=strict)
    if not found.entities and loop.schema.shipped and not as_json:
        output.hint(Action("make_vault"))
    _raise_failed(repairs, dry_run=dry_run)
    if _fails(found, strict=strict):
        from loop_cli.cli.render import check as render_check

        hint = None if fix else render_check.hint(found)
        counts = found.as_dict()["counts"]  # the findings are on stdout
        raise CheckFailed(render_check.summary(found), hint=hint, counts=counts)


def _fix(
    loop: Operations, found: Checked, *, dry_run: bool, ask: bool, yes: bool, quiet: bool
) -> tuple[list[Repair], dict[str, Any]]:
    """Show the plan, ask, and repair; return the repairs, and their JSON.

    Raises `ConfirmationRefused`.
    """
    from loop_cli.cli.render import check as render_check

    repairs = loop.preview_repairs(found)
    if not quiet:
        show = output.show if dry_run else output.tell
        show(render_check.plan(repairs, dry_run=dry_run))
    possible = sum(one.done is not None for one in repairs)
    if possible and not dry_run:
        _confirm(possible, ask=ask, yes=yes)
        repairs = loop.repair(repairs)
        if not quiet:
            output.tell(render_check.repaired(repairs, loop.run_id))
    more: dict[str, Any] = {
        "run_id": loop.run_id,
        "repairs": [one.as_dict() for one in repairs],
    }
    return repairs, {**more, "dry_run": True} if dry_run else more


def _raise_failed(repairs: Sequence[Repair], *, dry_run: bool) -> None:
    """Raise `RepairFailed` if a repair failed."""
    failed = [one for one in repairs if one.done is None]
    if not failed or dry_run:
        return
    first = failed[0]
    assert isinstance(first.outcome, LoopError), "so nothing was done"
    more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    why = (
        "it changed meanwhile"
        if isinstance(first.outcome, ConflictError)
        else hints.spelled(first.outcome.message)
    )
    raise RepairFailed(
        f"not repaired: {first.change.path}: {why}{more}",
        hint="loop check --fix looks again",
        repairs=[one.as_dict() for one in repairs],
    )


def _confirm(count: int, *, ask: bool, yes: bool) -> None:
    if yes:
        return
    files = "one file" if count == 1 else f"{count} files"
    if not ask:
        raise ConfirmationRefused(
            f"{files} would be changed, and nobody can be asked here",
            hint="loop check --fix --dry-run shows what; --yes confirms",
        )
    from loop_cli.cli.prompt import questions as prompt

    if not prompt.yes_or_no(f"Change {files}?"):
        raise ConfirmationRefused("the vault was left as it is")


def _fails(found: Checked, *, strict: bool) -> bool:
    return not found.ok or (strict and bool(found.findings))


def _show(
    loop: Operations,
    found: Checked,
    more: dict[str, Any],
    github: str | None,
    *,
    as_json: bool,
    strict: bool,
) -> None:
    """Print the findings on stdout, even if there are errors: a report is a result. `github` is
    what begins the paths of annotations, if there are to be any."""
    if as_json:
        output.json_document(hints.spelled({**found.as_dict(), **more}), loop.take_warnings())
        return
    from loop_cli.cli.render import check as render_check

    output.warn(loop.take_warnings())
    if github is not None:
        for one in found.findings:
            output.line(render_check.annotation(one, github))
    elif found.findings:
        output.page()
        output.show(render_check.findings(found.findings))
    if github is None and not _fails(found, strict=strict):
        output.line(render_check.summary(found))
    for sentence in () if github is not None else found.passed.sentences:
        output.note(sentence)


def _scope(root: str | None, what: Sequence[str]) -> Scope:
    """Return the scope: files, as a pre-commit hook names them; or ids, aliases and types. A server
    has no `root` here."""
    from loop_cli.core.check.report import Scope

    files = [one for one in what if one.endswith((".md", ".markdown")) or "/" in one]
    return Scope(
        names=tuple(one for one in what if one not in files),
        paths=tuple(files if root is None else (_in_vault(root, one) for one in files)),
    )


def _in_vault(root: str, name: str) -> str:
    """Return a file as a path of the vault. A file outside the vault is not checked."""
    if root.startswith(DATABASES):
        return name.removeprefix("./")
    base = os.path.realpath(root)
    for place in (os.path.join(os.getcwd(), name), os.path.join(base, name)):
        if "\0" not in name and os.path.lexists(place):
            return os.path.relpath(os.path.realpath(place), base).replace(os.sep, "/")
    raise EntityNotFound(f"there is no file {name}, from here or from the vault", path=name)


def _below_workspace(root: str) -> str:
    """Return the vault's folder relative to the repository: annotations name files from there."""
    if root.startswith(DATABASES):
        return ""
    workspace = os.environ.get("GITHUB_WORKSPACE") or os.getcwd()
    below = os.path.relpath(os.path.realpath(root), os.path.realpath(workspace))
    return "" if below == os.curdir or below.startswith(os.pardir) else below.replace(os.sep, "/")
