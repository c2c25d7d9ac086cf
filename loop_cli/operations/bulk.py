"""Many changes in one run: from JSON lines, or for all entities of a query."""

from __future__ import annotations

from loop_cli.core.changes import (
    BodyChange,
    Change,
    Edits,
    parse_changes,
    parse_json,
)
from loop_cli.core.entity import Precondition, precondition_of
from loop_cli.core.names import join_dotted, nearest
from loop_cli.core.numbers import in_json
from loop_cli.core.query import parse_conditions
from loop_cli.core.store import CommitResult, EntityChange
from loop_cli.errors import Action, LoopError, PartlyFailed, UsageError, prefixed
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from loop_cli.core.records.record import Origin
    from loop_cli.core.store import Store
    from loop_cli.operations.selection import Selection

AT_ONCE = 100  # changes whose syncs are shared
KEYS = (
    "id", "path", "set", "unset", "add", "remove", "changes", "body", "append_body",
    "expected_updated_at", "if_match", "if",
)  # fmt: skip
_EXAMPLE = '{"id": "tsk-019-14", "set": {"status": "done"}, "if_match": "9f2c51d0a7b3e4f8"}'


class LineRules(Struct):
    """How lines are read: `today` is the instant at which the day began; with `force` those without
    a precondition need none."""

    today: int
    force: bool = False


class Outcome(Struct):
    """The result of one change.

    `line` is the number of its line, from 1, if it came in a line. `entity_id` is None if the line
    does not name it.
    """

    done: CommitResult | LoopError
    entity_id: str | None
    run_id: str
    line: int | None = None
    dry_run: bool = False

    @property
    def error(self) -> LoopError | None:
        """The reason if it did not land."""
        return self.done if isinstance(self.done, LoopError) else None

    def as_dict(self) -> dict[str, Any]:
        """Return its JSON line."""
        where = {} if self.line is None else {"line": self.line}
        if isinstance(self.done, LoopError):
            return {**where, "entity_id": self.entity_id, **self.done.as_dict()}
        after = self.done.after
        said = {
            "entity_id": after.id,
            "path": after.path,
            "updated_at": after.revision.updated_at,
            "etag": after.revision.etag,
            "changed": self.done.changed,
            "run_id": self.run_id,
            "modified_fields": list(self.done.diff),
        }
        if self.done.warnings:
            said["warnings"] = list(self.done.warnings)
        return {**where, **said, **({"dry_run": True} if self.dry_run else {})}


class Plan(Struct):
    """The effect of a change on each entity of a query.

    `changes` name the revisions that were read, `previews` show the effects, `warnings` are about
    the query.
    """

    changes: tuple[EntityChange, ...]
    previews: tuple[CommitResult | LoopError, ...]
    warnings: tuple[str, ...] = ()

    @property
    def changing(self) -> tuple[CommitResult, ...]:
        """The previews in which something changes."""
        done = (one for one in self.previews if isinstance(one, CommitResult))
        return tuple(one for one in done if one.changed)

    @property
    def refused(self) -> tuple[tuple[str, LoopError], ...]:
        """The ids that can't be changed in this way, and the reasons."""
        pairs = zip(self.changes, self.previews, strict=True)
        return tuple((one.entity_id, why) for one, why in pairs if isinstance(why, LoopError))


def plan(store: Store, selection: Selection, edits: Edits, *, origin: Origin) -> Plan:
    """Show the effect of `edits` on all selected entities.

    Raises what the selection raises, and `UsageError` if there is nothing to change.
    """
    if not edits:
        raise nothing_to_change()
    changes = tuple(
        EntityChange(
            entity_id=one.listed.id,
            path=one.listed.path,
            edits=edits,
            precondition=Precondition(if_match=one.listed.revision.etag),
        )
        for one in selection
    )
    previews: list[CommitResult | LoopError] = []
    for part in _parts(changes):
        previews += store.commit(part, origin=origin, dry_run=True)
    return Plan(changes=changes, previews=tuple(previews), warnings=tuple(selection.warnings))


def nothing_to_change() -> UsageError:
    """The error of a plan of nothing."""
    return UsageError(
        "nothing to change: give at least one CHANGE", hint=Action("explain", command="update")
    )


def carry_out(
    store: Store,
    changes: Sequence[EntityChange],
    *,
    origin: Origin,
    atomic: bool = False,
    told: Callable[[int], None] | None = None,
) -> Iterator[Outcome]:
    """Commit changes in groups of about a hundred; yield outcomes that are durable.

    `told` is called with the number of finished changes. With `atomic` all land or none, and the
    error is raised.
    """
    done = 0
    for part in [changes] if atomic else _parts(changes):
        for change, one in zip(part, store.commit(part, origin=origin, atomic=atomic), strict=True):
            yield Outcome(done=one, entity_id=change.entity_id, run_id=origin.run_id)
        done += len(part)
        if told is not None:
            told(done)


def apply(
    store: Store,
    lines: Iterable[Sequence[str]],
    *,
    origin: Origin,
    how: LineRules,
    atomic: bool = False,
    dry_run: bool = False,
) -> Iterator[Outcome]:
    """Commit the change of each line, in order; if one fails, the others go on.

    `lines` come in batches of the available lines. A batch shares its syncs, and does not wait for
    more lines. Blank lines are skipped. With `atomic` all land or none: raises the error with its
    line.
    """
    parsed = _parsed(lines, how)
    for part in [[line for some in parsed for line in some]] if atomic else parsed:
        good = [(number, one) for number, one in part if isinstance(one, EntityChange)]
        if atomic and len(good) < len(part):
            raise next(_at(one, number) for number, one in part if isinstance(one, LoopError))
        changes = [change for _number, change in good]
        results = iter(store.commit(changes, origin=origin, atomic=atomic, dry_run=dry_run))
        for number, one in part:
            known = one.entity_id if isinstance(one, EntityChange) else one.details.get("entity_id")
            yield Outcome(
                done=next(results) if isinstance(one, EntityChange) else one,
                entity_id=known,
                run_id=origin.run_id,
                line=number,
                dry_run=dry_run,
            )


class Counts:
    """The number of outcomes, and the first error."""

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self.landed = self.unchanged = self.failed = 0
        self._first: LoopError | None = None
        for one in outcomes:
            self.count(one)

    def count(self, one: Outcome) -> None:
        """Count one outcome."""
        if isinstance(one.done, LoopError):
            self.failed += 1
            self._first = self._first or one.done
        elif one.done.changed:
            self.landed += 1
        else:
            self.unchanged += 1

    def error(self) -> PartlyFailed | None:
        """The error that ends the command if some changes failed, with the first one's exit
        code."""
        if self._first is None:
            return None
        return PartlyFailed(
            self._first, changed=self.landed, unchanged=self.unchanged, failed=self.failed
        )


def _parsed(
    lines: Iterable[Sequence[str]], how: LineRules
) -> Iterator[list[tuple[int, EntityChange | LoopError]]]:
    """Yield the changes of lines in groups of about a hundred, each with its line number."""
    number = 0
    for batch in lines:
        part: list[tuple[int, EntityChange | LoopError]] = []
        for line in batch:
            number += 1
            if line.strip():
                part.append((number, _change_or_error(line, how)))
            if len(part) == AT_ONCE:
                yield part
                part = []
        if part:
            yield part


def _change_or_error(line: str, how: LineRules) -> EntityChange | LoopError:
    try:
        return _change(line, how)
    except LoopError as error:
        return error


def _change(line: str, how: LineRules) -> EntityChange:
    """The change that a line of JSON asks for. Raises `UsageError`."""
    line = line.removeprefix("\ufeff")  # that some programs begin a file with
    try:
        data = parse_json(line, line.strip())
    except UsageError as error:
        error.hint = _EXAMPLE
        raise
    return change_of(data, how, line=line)


def change_of(data: Any, how: LineRules, *, line: str | None = None) -> EntityChange:
    """The change that the object of a line asks for. Numbers keep the digits that they have in the
    `line`, where that is known. Raises `UsageError`."""
    if not isinstance(data, dict) or not isinstance(data.get("id"), str) or not data["id"]:
        raise UsageError("a line must be a JSON object with an id", hint=_EXAMPLE)
    for key in data:
        if key not in KEYS:
            close = nearest(key, KEYS, count=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            raise UsageError(f"{key!r} is none of {', '.join(KEYS)}{meant}", entity_id=data["id"])
    expected, etag = _text(data, "expected_updated_at"), _text(data, "if_match")
    met = parse_conditions(_texts(data, "if"), today=how.today, option="if")
    force = how.force and expected is None and etag is None and not met
    written = [] if line is None else in_json(line)
    edits = Edits(
        changes=parse_changes(
            _texts(data, "changes"),
            unset=_names(data),
            fields=_object(data, "set"),
            written=[(at[1:], token) for at, token in written if at[0] == "set"],
            more=_list_changes(data, dict(written)),
            read=_refuse_file,
        ),
        body=_body(data),
    )
    if not edits:
        ways = ", ".join(key for key in KEYS[2:] if key not in ("expected_updated_at", "if_match"))
        raise UsageError(f"nothing to change: the line has none of {ways}")
    return EntityChange(
        entity_id=data["id"],
        path=_text(data, "path"),
        edits=edits,
        precondition=precondition_of(expected, etag, forced=force).replace(conditions=met),
    )


def _body(data: dict[str, Any]) -> BodyChange | None:
    """The new body, or the text to append. Raises `UsageError` where there are both."""
    new, more = _text(data, "body"), _text(data, "append_body")
    if new is not None and more is not None:
        raise UsageError("body and append_body can't go together", entity_id=data["id"])
    if new is not None:
        return BodyChange(text=new)
    return None if more is None else BodyChange(text=more, append=True)


def _refuse_file(name: str) -> str:
    raise UsageError(f"=@{name} would read a file, which a line does not; =@@ is a text with @")


def _list_changes(
    data: dict[str, Any], written: Mapping[tuple[str | int, ...], str]
) -> list[Change]:
    changes = []
    for key in ("add", "remove"):
        for field, items in _object(data, key).items():
            for at, item in enumerate(items if isinstance(items, list) else [items]):
                if isinstance(item, dict | list) or item is None:
                    raise UsageError(f"{key}.{field} must be a text, a number or a list of them")
                place = (key, field, at) if isinstance(items, list) else (key, field)
                text = item if isinstance(item, str) else written.get(place) or _plain(item)
                is_text = isinstance(item, str)  # one item, whatever commas it has
                changes.append(Change(path=(field,), operation=key, value=text, typed=is_text))
    return changes


def _plain(item: Any) -> str:
    return ("true" if item else "false") if isinstance(item, bool) else str(item)


def _object(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    if value is not None and not isinstance(value, dict):
        raise UsageError(f"{key} must be an object of fields", entity_id=data["id"], hint=_EXAMPLE)
    return value or {}


def _names(data: dict[str, Any]) -> list[str]:
    return [join_dotted((one,)) for one in _texts(data, "unset")]


def _texts(data: dict[str, Any], key: str) -> list[str]:
    value = data.get(key, [])
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        what = {"unset": "fields", "changes": "texts such as 'status=done'"}
        said = what.get(key, "conditions")
        raise UsageError(f"{key} must be a list of {said}", entity_id=data["id"])
    return found


def _text(data: dict[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{key} must be a text", entity_id=data["id"])
    return value


def _parts(changes: Sequence[EntityChange]) -> Iterator[Sequence[EntityChange]]:
    for start in range(0, len(changes), AT_ONCE):
        yield changes[start : start + AT_ONCE]


def _at(error: LoopError, line: int) -> LoopError:
    """Add the number of its line to an error."""
    error.message = prefixed(f"line {line}: ", error.message)
    error.details["line"] = line
    return error
