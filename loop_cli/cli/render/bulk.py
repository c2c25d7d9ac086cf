"""Show a change of many entities: the plan, and the result."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from loop_cli.cli import hints
from loop_cli.cli.render import diffs, styles
from loop_cli.cli.render.text import one_line, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.errors import LoopError
    from loop_cli.operations.bulk import Counts, Outcome, Plan

_IN_FULL = 3  # entities whose changes are shown
_LISTED = 20  # entities that are named


def plan(found: Plan, *, before_asking: bool = False) -> RenderableType:
    """Show the number of entities, their ids, and the changes of the first ones.

    With `before_asking` it also shows why others can't be changed; otherwise their outcomes show
    it.
    """
    changing, refused = found.changing, found.refused
    head = f"{len(changing)} of {len(found.changes)} would change"
    if refused:
        head += f", {len(refused)} can't be"
    parts: list[RenderableType] = [Text(head, style=styles.TITLE)]
    for one in changing[:_IN_FULL]:
        parts += [_named(one.before.id, one.before.name), diffs.table(one.diff)]
    rest = changing[_IN_FULL:_LISTED]
    if rest:
        table = Table.grid(padding=(0, 2, 0, 0))
        for one in rest:
            fields = ", ".join(map(visible, one.diff))
            table.add_row(_named(one.before.id, one.before.name), Text(fields, style=styles.FIELD))
        parts.append(table)
    if len(changing) > _LISTED:
        parts.append(Text(f"and {len(changing) - _LISTED} more", style=styles.QUIET))
    if before_asking:
        reasons = [*_by_reason(refused).items()]
        parts += [_refusal(ids, reason) for reason, ids in reasons[:_IN_FULL]]
        more = sum(len(ids) for _reason, ids in reasons[_IN_FULL:])
        if more:
            parts.append(Text(f"and {more} more that can't be changed", style=styles.QUIET))
    return Group(*parts)


def outcomes(found: Sequence[Outcome], counts: Counts, *, dry_run: bool) -> RenderableType:
    """Show which changes failed and why, and how many landed."""
    lines: list[RenderableType] = []
    refused = [(str(one.entity_id), one.error) for one in found if one.error is not None]
    lines += [_refusal(ids, reason) for reason, ids in _by_reason(refused).items()]
    words = f"{counts.landed} changed, {counts.unchanged} unchanged, {counts.failed} failed"
    if dry_run:
        lines.append(Text("dry run: nothing was written", style=styles.NOTICE))
    else:
        lines.append(Text(words, style=styles.DONE if not counts.failed else styles.NOTICE))
    return Group(*lines)


def _by_reason(refused: Sequence[tuple[str, LoopError]]) -> dict[str, list[str]]:
    """The entities that were not changed, by why; most messages name the entity themselves."""
    by_reason: dict[str, list[str]] = {}
    for entity_id, error in refused:
        reason = str(hints.spelled(error.message)).removeprefix(f"{entity_id}: ")
        by_reason.setdefault(reason, []).append(entity_id)
    return by_reason


def _refusal(ids: list[str], reason: str) -> Text:
    named = ", ".join(map(visible, ids[:_IN_FULL]))
    if len(ids) > _IN_FULL:
        named = f"{len(ids)} entities ({named}, ...)"
    text = Text(f"{named}: ", style=styles.ALERT)
    return text.append(visible(reason), style=styles.NORMAL)


def _named(entity_id: str, name: str | None) -> Text:
    text = Text(visible(entity_id), style=styles.TITLE)
    return text.append(f"  {one_line(name)}", style=styles.NORMAL) if name else text
