"""`loop check --fix`: repair findings that have one right answer, as one run of commits.

A repair is only for the bytes that were checked: their etag is its precondition.
"""

from __future__ import annotations

from loop_cli.core.changes import Edits
from loop_cli.core.commits import EntityChange
from loop_cli.core.entity import Precondition
from loop_cli.errors import LoopError
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from loop_cli.core.changes import Change
    from loop_cli.core.check.report import Checked
    from loop_cli.core.commits import CommitResult
    from loop_cli.core.records.record import Origin
    from loop_cli.core.store import Store


class Repair(Struct):
    """The repair of one file: its changes, or the reason why it failed."""

    change: EntityChange
    outcome: CommitResult | LoopError

    @property
    def done(self) -> CommitResult | None:
        """The changes; None if the repair failed."""
        return None if isinstance(self.outcome, LoopError) else self.outcome

    def as_dict(self) -> dict[str, Any]:
        """Return one entry of `repairs` in the JSON of `loop check --fix`."""
        data: dict[str, Any] = {"entity_id": self.change.entity_id, "path": self.change.path}
        if isinstance(self.outcome, LoopError):
            return {**data, "error": self.outcome.message, "code": self.outcome.code}
        diff = self.outcome.diff
        return {**data, "modified_fields": list(diff), "diff": diff}


def preview(store: Store, found: Checked, *, origin: Origin) -> list[Repair]:
    """Return the possible repairs of the findings, with their changes."""
    return _commit(store, changes(found), origin=origin, dry_run=True)


def apply(store: Store, planned: Sequence[Repair], *, origin: Origin) -> list[Repair]:
    """Make the repairs of a preview; each one succeeds or fails by itself."""
    possible = [one.change for one in planned if one.done is not None]
    return _commit(store, possible, origin=origin, dry_run=False)


def changes(found: Checked) -> list[EntityChange]:
    """Return one change per file with something to repair, in the order of the findings."""
    by_path: dict[str, list[Change]] = {}
    ids: dict[str, str] = {}
    for finding in found.findings:
        if finding.fixable:
            edits = by_path.setdefault(finding.path, [])
            if finding.entity_id is not None:
                ids[finding.path] = finding.entity_id
                _add(finding.found.repair, edits)
    return [_change(path, ids.get(path), edits, found) for path, edits in by_path.items()]


def _change(path: str, entity_id: str | None, edits: list[Change], found: Checked) -> EntityChange:
    """Make the change that repairs a file: its fields and its links."""
    links = found.mended.get(path)
    if links is not None:
        _add(links.edits.changes, edits)
    return EntityChange(
        entity_id=entity_id or path,
        path=path,
        edits=Edits(changes=tuple(edits), body=None if links is None else links.edits.body),
        precondition=Precondition(if_match=found.etags[path] if links is None else links.etag),
        note=links is not None and links.note,
    )


def _add(more: Sequence[Change], edits: list[Change]) -> None:
    """Add the changes of a field, if no other change touches it."""
    for change in more:
        size = len(change.path)
        if not any(one.path[:size] == change.path[: len(one.path)] for one in edits):
            edits.append(change)


def _commit(
    store: Store, wanted: Sequence[EntityChange], *, origin: Origin, dry_run: bool
) -> list[Repair]:
    if not wanted:
        return []
    outcomes = store.commit(wanted, origin=origin, dry_run=dry_run)
    pairs = zip(wanted, outcomes, strict=True)
    return [Repair(change=change, outcome=outcome) for change, outcome in pairs]
