"""Compare a change's precondition with the entity as it is now (SPEC §3, rule B).

Stores call it under their lock, so nothing can come between the comparison and the write.
"""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.commits import EntityChange
from loop_cli.errors import Action, ConflictError, Sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.commits import Delete
    from loop_cli.core.conflict import Reason
    from loop_cli.core.entity import Precondition
    from loop_cli.core.schema.rules import Rules
    from loop_cli.planning.snapshot import Snapshot


def check(
    snapshot: Snapshot,
    change: EntityChange | Delete,
    wanted: dict[str, Any],
    *,
    rules: Rules,
    updated: str | None = None,
) -> str:
    """What was used of the precondition: `etag`, `updated_at`, `literal`, `condition` or
    `none`."""
    given = change.precondition
    entity = snapshot.entity
    if given.forced:
        return "none"
    if not given.given:
        from loop_cli.failures import PreconditionRequired

        raise PreconditionRequired(
            Sentence(f"{entity.id}: ", Action("name_precondition")),
            entity_id=entity.id,
            hint=Action("read_again", entity_id=entity.id),
        )
    if given.conditions:
        from loop_cli.planning import conditions

        if failed := conditions.unmet(snapshot, given.conditions, rules):
            raise ConflictError(
                conditions.build(
                    snapshot, failed, precondition=given, wanted=wanted, updated=updated
                )
            )
    reason, used = _compare(snapshot, given)
    if reason is None:
        return used
    from loop_cli.core import conflict

    raise ConflictError(
        conflict.build(
            entity,
            reason=reason,
            precondition=given,
            wanted=wanted,
            history=snapshot.history.records,
            seen=change.seen if isinstance(change, EntityChange) else None,
            updated=updated,
        )
    )


def _compare(snapshot: Snapshot, precondition: Precondition) -> tuple[Reason | None, str]:
    revision = snapshot.entity.revision
    if precondition.if_match is not None and precondition.if_match != revision.etag:
        return ("edited_outside" if snapshot.edited_outside else "etag_changed"), "none"
    if precondition.expected_updated_at is None:
        return None, "condition" if precondition.if_match is None else "etag"
    expected = timestamps.parse(precondition.expected_updated_at)
    used = "updated_at"
    if expected != timestamps.parse(revision.updated_at):
        never_recorded = snapshot.history.last is None
        if not (never_recorded and expected is not None and expected == snapshot.literal):
            outside = snapshot.stand_in and not _is_as_undone(snapshot)
            return ("edited_outside" if outside else "updated_changed"), "none"
        used = "literal"
    return None, "etag" if precondition.if_match is not None else used


def _is_as_undone(snapshot: Snapshot) -> bool:
    """Whether an undo of loop's left a file that tells no time itself."""
    last = snapshot.history.last
    if last is None or snapshot.literal is not None or snapshot.edited_outside:
        return False
    return last.is_own and "undoes" in last.metadata
