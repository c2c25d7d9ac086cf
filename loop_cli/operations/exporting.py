"""Export a vault as files with a history: a commit for each run, by its actor.

The files of now are taken back record by record; so each run's commit has what the log tells of it.
A last commit has what nobody recorded. The history remembers the end of the log that it has, and a
later export goes on from there.
"""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.records.record import record_of, without_undone
from loop_cli.lean.records import Struct
from loop_cli.planning import rewinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol

    from loop_cli.core.entity import FieldNames
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.whole import Whole
    from loop_cli.planning.rewinding import Step

    class History(Protocol):
        """A repository that takes commits."""

        def lines(self) -> int:
            """How many lines of the log the last commit has."""

        def commit(self, commit: Commit) -> None:
            """Add a commit."""

        def finish(self) -> None:
            """All commits are there: write the files."""


class Commit(Struct):
    """One commit: `changes` are bytes by path, None for a file that is gone; `whole` tells that
    these are all files. `lines` is how much of the log it has."""

    author: str
    instant: int
    message: str
    changes: dict[str, bytes | None]
    lines: int
    whole: bool = False


class Exported(Struct):
    """The result: new commits, and the files in the last."""

    commits: int
    files: int
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop export`."""
        return {"commits": self.commits, "files": self.files}


def export(
    whole: Whole,
    history: History,
    *,
    names: FieldNames,
    now: int,
    told: Callable[[int], None] | None = None,
) -> Exported:
    """Add what came since the last export to a history. Raises `StorageError`."""
    tree = {one.path: one.data for one in whole.files()}
    current = dict(tree)
    since = history.lines()
    lines = [one.text for one in whole.lines()]
    held = {one.name: one.data for one in whole.kept()}
    numbered = [(number, record_of(text)) for number, text in enumerate(lines, start=1)]
    places = {record.digest: number for number, record in numbered if record is not None}
    newest = [record for number, record in reversed(numbered) if record and number > since]
    steps = [
        rewinding.rewind(tree, record, updated=names.updated, kept=held.get)
        for record in without_undone(newest)
        if record.undoes is None
    ]
    steps.reverse()
    count = 0
    first = Commit(
        author="loop",
        instant=_instant(steps[0].record) - timestamps.SECOND if steps else now,
        message="The vault before the first recorded change" if not since else "Edited outside",
        changes=dict(tree),
        lines=since,
        whole=True,
    )
    history.commit(first)
    for run in _runs(steps):
        count += 1
        for step in run:
            _apply(tree, step)
        history.commit(_of_run(run, places))
        if told is not None:
            told(count)
    left = {path: data for path, data in current.items() if tree.get(path) != data}
    gone: dict[str, bytes | None] = dict.fromkeys(tree.keys() - current.keys())
    history.commit(
        Commit(
            author="loop",
            instant=now,
            message="Edited outside loop",
            changes={**left, **gone},
            lines=len(lines),
        )
    )
    history.finish()
    return Exported(commits=count, files=len(current), warnings=tuple(whole.skipped()))


def _apply(tree: dict[str, bytes], step: Step) -> None:
    for path, data in step.after.items():
        if data is None:
            tree.pop(path, None)
        else:
            tree[path] = data


def _runs(steps: Sequence[Step]) -> list[list[Step]]:
    """Group the steps of one run that follow each other."""
    found: list[list[Step]] = []
    for step in steps:
        run = step.record.data.get("run_id")
        if found and found[-1][0].record.data.get("run_id") == run:
            found[-1].append(step)
        else:
            found.append([step])
    return found


def _of_run(run: Sequence[Step], places: dict[str, int]) -> Commit:
    records = [step.record for step in run]
    last = records[-1]
    changes: dict[str, bytes | None] = {}
    for step in run:
        changes |= step.after
    return Commit(
        author=str(last.data.get("actor") or "unknown"),
        instant=_instant(last),
        message=_message(records),
        changes=changes,
        lines=places[last.digest],
    )


def _message(records: Sequence[AuditRecord]) -> str:
    """Return a title, a line for each entity, and what the run was."""
    lines = [_line(record) for record in records]
    title = lines[0] if len(lines) == 1 else f"{len(lines)} changes: {lines[0]}"
    rest = "" if len(lines) == 1 else "\n".join(lines) + "\n\n"
    data = records[-1].data
    return (
        f"{title[:200]}\n\n{rest}Loop-Run: {data.get('run_id')}\nLoop-Source: {data.get('source')}"
    )


def _line(record: AuditRecord) -> str:
    names = ", ".join(record.modified_fields or ())
    text = f"{record.data.get('action')} {record.data.get('entity_id')}"
    return " ".join((text + (f" ({names})" if names else "")).split())


def _instant(record: AuditRecord) -> int:
    found = timestamps.parse(str(record.data.get("timestamp")))
    return 0 if found is None else found
