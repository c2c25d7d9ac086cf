"""`loop undo`: restore the values before a run or a change."""

from __future__ import annotations

from loop_cli.cli import context, output
from loop_cli.errors import UsageError
from loop_cli.failures import ConfirmationRefused
from loop_cli.operations.undo import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.operations.undo import UndoPlan

EXAMPLES = """Examples:

\b
loop undo tsk-019-14
loop undo --last
loop undo 3f0c2a52-5d0c-4a0e-9a43-0f6f7c1f4a11 --dry-run
loop undo 3f0c2a52 --on-conflict=rebase --yes --json
"""


def undo(
    *,
    target: str | None,
    last: bool,
    on_conflict: str,
    path: str | None,
    dry_run: bool,
    as_json: bool,
    yes: bool,
    no_input: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop undo`."""
    if (target is None) != last:
        error = UsageError("say what to undo: an ID, a RUN_ID, or --last", hint="loop undo --last")
        error.lacks = None if last else ""
        raise error
    if on_conflict not in ("fail", "rebase"):
        raise UsageError(f"--on-conflict: {on_conflict!r} is not fail or rebase")
    settings = context.open_settings({"vault": vault, "lock_timeout": lock_timeout})
    loop = context.operations(settings)
    chosen = context.chosen_path(loop.vault, path)
    if target is not None:
        target, chosen = context.named(settings, loop, target, path, gone=True)
    result = loop.undo(
        Target(given=target, last=last, path=chosen),
        on_conflict=on_conflict,
        confirm=None if yes else _confirm(asked=output.may_ask(as_json=as_json, no_input=no_input)),
        dry_run=dry_run,
    )
    warnings = [*result.warnings, *loop.take_warnings()]
    if not output.as_document(result.as_dict(), warnings, wanted=as_json):
        from loop_cli.cli.render import past as render_past

        output.show(render_past.undone(result))


def _confirm(*, asked: bool) -> Callable[[UndoPlan], bool]:
    """Show the plan and ask. Raises `ConfirmationRefused` if nobody can be asked."""

    def confirm(plan: UndoPlan) -> bool:
        if not asked:
            raise ConfirmationRefused(
                f"the undo of run {plan.run_id} has to be confirmed",
                run_id=plan.run_id,
                entities=[one.entity.id for one in plan.to_change],
                hint="--dry-run shows the plan; --yes confirms",
            )
        from loop_cli.cli.prompt import questions as prompt
        from loop_cli.cli.render import past as render_past

        output.tell(render_past.undo_plan(plan))
        return prompt.yes_or_no("Put this back?")

    return confirm
