"""Many changes over HTTP: planned one by one, sent as lines, answered a line each."""

from __future__ import annotations

from loop_cli.errors import LoopError
from loop_cli.lean import jsontext
from loop_cli.lean.jsontext import as_json
from loop_cli.operations.bulk import AT_ONCE, Outcome, Plan
from loop_cli.remote import answers, life, rebuilt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.commits import CommitResult, EntityChange
    from loop_cli.operations.boundary import Progress

    Send = Callable[[Sequence[str]], list[dict[str, Any]]]
    """Sends lines; the object of each that is not blank, in order."""


def plan(
    previewed: Callable[[EntityChange], CommitResult],
    changes: Iterable[EntityChange],
    warnings: Callable[[], Iterable[str]],
) -> Plan:
    """What changes would do, each asked for by itself."""
    listed = tuple(changes)
    previews: list[CommitResult | LoopError] = []
    for one in listed:
        try:
            previews.append(previewed(one))
        except LoopError as error:
            if error.exit_code == 1:  # nothing that is about this entity
                raise
            previews.append(error)
    return Plan(changes=listed, previews=tuple(previews), warnings=tuple(warnings()))


def carry_out(
    send: Send,
    changes: Sequence[EntityChange],
    line_of: Callable[[EntityChange], dict[str, Any]],
    *,
    run_id: str,
    atomic: bool,
    progress: Progress | None,
) -> Iterator[Outcome]:
    """Send changes, so many at once as share their syncs; an outcome says what is durable."""
    done = 0
    size = max(len(changes), 1) if atomic else AT_ONCE
    for start in range(0, len(changes), size):
        part = changes[start : start + size]
        for change, said in zip(part, send([as_json(line_of(one)) for one in part]), strict=True):
            found = outcome(said, run_id=run_id)
            yield found.replace(line=None, entity_id=change.entity_id)
        done += len(part)
        if progress is not None:
            progress(done)


def apply(
    send: Send, lines: Iterable[Sequence[str]], *, run_id: str, atomic: bool, dry_run: bool
) -> Iterator[Outcome]:
    """Send lines as they come; an outcome has the number of its line among all."""
    before = 0
    batches = [[line for batch in lines for line in batch]] if atomic else lines
    labels = _Labels()
    for batch in batches:
        size = max(len(batch), 1) if atomic else AT_ONCE
        for start in range(0, len(batch), size):
            part = [labels.put(one.rstrip("\r\n")) for one in batch[start : start + size]]
            for said in send(part) if any(one.strip() for one in part) else []:
                found = outcome(said, run_id=run_id, dry_run=dry_run)
                labels.learn(part, found)
                yield found.replace(line=before + (found.line or 0))
            before += len(part)


class _Labels:
    """The labels of lines that were sent before: a server knows those of one request only."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def put(self, text: str) -> str:
        """The line with ids for labels."""
        if not any(label in text for label in self._ids):
            return text
        from loop_cli.operations import line

        labels = line.Labels()
        for label, entity_id in self._ids.items():
            labels.made(label, entity_id)
        try:
            data = line.parse(text)
        except LoopError:  # the server says so
            return text
        return as_json(line.resolved(data, labels)) if isinstance(data, dict) else text

    def learn(self, part: Sequence[str], done: Outcome) -> None:
        """Take note of the label of a line that made something."""
        text = part[(done.line or 1) - 1]
        if done.error is None and done.entity_id and '"as"' in text:
            found = jsontext.loads(text)
            label = found.get("as") if isinstance(found, dict) else None
            if isinstance(label, str):
                self._ids[label] = done.entity_id


def outcome(said: dict[str, Any], *, run_id: str, dry_run: bool = False) -> Outcome:
    """What a line of the answer tells."""
    line, entity_id = said.get("line"), said.get("entity_id")
    done: CommitResult | LoopError
    if "error" in said:
        error = answers.from_dict({key: one for key, one in said.items() if key != "line"})
        if error.details.get("entity_id") is None:
            error.details.pop("entity_id", None)
        done = error
    else:
        done = life.changed(said)
    more: dict[str, Any] = {
        key: said[key] for key in ("path_before", "relinked", "removed", "pending") if key in said
    }
    return Outcome(
        done=done,
        entity_id=entity_id if isinstance(entity_id, str) else None,
        run_id=run_id,
        line=line if isinstance(line, int) else None,
        dry_run=dry_run,
        op=str(said.get("op", "update")),
        more=more or None,
    )


def objects(data: bytes) -> list[dict[str, Any]]:
    """The objects in lines of JSON. Raises `BadAnswer`."""
    try:
        found = [jsontext.loads(line) for line in data.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        raise rebuilt.bad_answer() from None
    if not all(isinstance(one, dict) for one in found):
        raise rebuilt.bad_answer()
    return found
