"""`loop update --where`: change all entities of a query, after showing the plan."""

from __future__ import annotations

from contextlib import suppress

from loop_cli.cli import context, hints, output
from loop_cli.cli.commands import listing
from loop_cli.cli.prompt.interrupts import Held
from loop_cli.failures import ConfirmationRefused, Interrupted
from loop_cli.lean.records import Struct
from loop_cli.operations import bulk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.config import Settings
    from loop_cli.core.changes import Edits
    from loop_cli.operations.boundary import Operations
    from loop_cli.operations.bulk import Outcome, Plan


class How(Struct):
    """The options. `can_ask` means that a person would see a question."""

    atomic: bool
    dry_run: bool
    as_json: bool
    yes: bool
    can_ask: bool


def run(settings: Settings, where: list[str], edits: Edits, how: How) -> None:
    """Plan, show, ask and change.

    Raises `ConfirmationRefused`, and `PartlyFailed` with the exit code of the first failure.
    """
    query = listing.query(None, where)
    loop = context.operations(settings)
    with output.progress("looking at the files", unit="files") as progress:
        plan = loop.plan(query, edits, progress=progress)
    output.warn([*plan.warnings, *loop.take_warnings()])
    if how.dry_run or not plan.changing:
        outcomes, known = _previewed(plan, loop.run_id, dry_run=how.dry_run), list[str]()
    else:
        known = _confirm(plan, how)
        outcomes = _carried_out(loop, plan, atomic=how.atomic)
    _report(outcomes, plan, how)
    if not how.as_json:
        warned = bulk.Warned((one.entity_id, one.done) for one in outcomes)
        output.warn_of_many(warned, known=known)
    if len(outcomes) < len(plan.changes):
        raise Interrupted(f"interrupted; {len(outcomes)} of {len(plan.changes)} are done")
    failed = bulk.Counts(outcomes).error()
    if failed is not None:
        raise failed


def _previewed(plan: Plan, run_id: str, *, dry_run: bool) -> list[Outcome]:
    return [
        bulk.Outcome(done=one, entity_id=change.entity_id, run_id=run_id, dry_run=dry_run)
        for change, one in zip(plan.changes, plan.previews, strict=True)
    ]


def _carried_out(loop: Operations, plan: Plan, *, atomic: bool) -> list[Outcome]:
    """Return what was done; not everything, if it was interrupted. With `atomic` it raises
    errors."""
    done: list[Outcome] = []
    with Held() as held, output.progress("updated", unit="entities") as progress:

        def batch_done(count: int) -> None:
            if progress is not None:
                progress(count)
            if count < len(plan.changes):
                held.check()

        held.open = atomic
        outcomes = loop.carry_out(plan.changes, atomic=atomic, progress=batch_done)
        with suppress(KeyboardInterrupt):
            for one in outcomes:
                done.append(one)
    return done


def _confirm(plan: Plan, how: How) -> list[str]:
    """Show the plan and ask; return the warnings that were shown."""
    if how.yes and not how.can_ask:
        return []
    count = len(plan.changing)
    what = "1 entity" if count == 1 else f"{count} entities"
    if not how.can_ask:
        raise ConfirmationRefused(
            f"{what} would be changed", hint="--dry-run shows them; --yes confirms", count=count
        )
    from loop_cli.cli.prompt import questions as prompt
    from loop_cli.cli.render import bulk as render_bulk

    output.tell(render_bulk.plan(plan, before_asking=True))
    ids = (one.entity_id for one in plan.changes)
    shown = output.warn_of_many(bulk.Warned(zip(ids, plan.previews, strict=True)))
    if not how.yes and not prompt.yes_or_no(f"Change {what}?"):
        raise ConfirmationRefused("nothing was changed")
    return shown


def _report(outcomes: list[Outcome], plan: Plan, how: How) -> None:
    counts = bulk.Counts(outcomes)
    if how.as_json:
        output.lines(output.json_text(hints.spelled(one.as_dict())) for one in outcomes)
    else:
        from loop_cli.cli.render import bulk as render_bulk

        if how.dry_run:
            output.show(render_bulk.plan(plan))
        output.show(render_bulk.outcomes(outcomes, counts, dry_run=how.dry_run))
