"""Many changes in one run: from JSON lines, or for all entities of a query."""

from __future__ import annotations

from loop_cli.core import conflict
from loop_cli.core.changes import BodyChange, Change, Edits, parse_changes, parse_json
from loop_cli.core.entity import Precondition, precondition_of
from loop_cli.core.names import join_dotted, nearest, nfc
from loop_cli.core.numbers import in_json
from loop_cli.core.query import parse_conditions
from loop_cli.core.store import CommitResult, EntityChange
from loop_cli.errors import (
    Action,
    ConflictError,
    LoopError,
    PartlyFailed,
    UsageError,
    prefixed,
)
from loop_cli.lean.records import Struct
from loop_cli.operations import once, resolving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from loop_cli.core.records.record import Origin
    from loop_cli.core.store import Store
    from loop_cli.operations.selection import Selection

AT_ONCE = 100  # changes whose syncs are shared
_REBASES = 20  # times that others may come in between
KEYS = (
    "id", "path", "set", "unset", "add", "remove", "changes", "body", "append_body",
    "expected_updated_at", "if_match", "if",
)  # fmt: skip
_EXAMPLE = '{"id": "tsk-019-14", "set": {"status": "done"}, "if_match": "9f2c51d0a7b3e4f8"}'


class LineRules(Struct):
    """How lines are read: `today` is the instant at which the day began; with `force` those without
    a precondition need none, and with `rebase` one that does not hold any more is applied on top,
    unless a field that it changes was changed since."""

    today: int
    force: bool = False
    rebase: bool = False


class _Line(Struct):
    """A line: its number, its text and the change that it asks for, or why it asks for none."""

    number: int
    text: str
    asked: EntityChange | LoopError

    @property
    def entity_id(self) -> str | None:
        """The entity that it names."""
        if isinstance(self.asked, EntityChange):
            return self.asked.entity_id
        found = self.asked.details.get("entity_id")
        return found if isinstance(found, str) else None


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
    if dry_run:  # which no record tells of
        origin = origin.replace(key=None, request=None)
    parsed = _parsed(lines, how)
    for part in [[line for some in parsed for line in some]] if atomic else parsed:
        if atomic:
            for line in part:
                if isinstance(line.asked, LoopError):
                    raise _at(line.asked, line.number)
        commit = _Commit(store, origin, atomic=atomic, dry_run=dry_run)
        for line, done in zip(part, commit.outcomes(part, rebase=how.rebase), strict=True):
            record = done.record if isinstance(done, CommitResult) else None
            yield Outcome(
                done=done,
                entity_id=line.entity_id,
                run_id=origin.run_id if record is None else str(record.data["run_id"]),
                line=line.number,
                dry_run=dry_run,
            )


class _Commit:
    """Commits lines that came together. Under an idempotency key those that landed before are
    answered from the log."""

    def __init__(self, store: Store, origin: Origin, *, atomic: bool, dry_run: bool) -> None:
        self._store = store
        self._origin = origin
        self._atomic = atomic
        self._dry_run = dry_run

    def outcomes(
        self, part: Sequence[_Line], *, rebase: bool
    ) -> Sequence[CommitResult | LoopError]:
        """What became of each line, in order."""
        found: dict[int, CommitResult | LoopError] = {}
        changes: dict[int, EntityChange] = {}
        for line in part:
            known: CommitResult | LoopError | None = None
            if isinstance(line.asked, LoopError):
                known = line.asked
            elif self._origin.key is not None:
                own = once.origin_of(self._origin, line.number, line.text)
                known = once.done_before(self._store, own)
                changes[line.number] = line.asked.replace(origin=own)
            else:
                changes[line.number] = line.asked
            if known is not None:
                found[line.number] = known
                changes.pop(line.number, None)
        run = self._rebased if rebase else self._together
        done = run([*changes.values()])
        for number, one in zip(changes, done, strict=True):
            own = changes[number].origin or self._origin
            found[number] = once.answered(one, own)
        return [found[line.number] for line in part]

    def _together(self, changes: Sequence[EntityChange]) -> list[CommitResult | LoopError]:
        return self._store.commit(
            changes, origin=self._origin, atomic=self._atomic, dry_run=self._dry_run
        )

    def _rebased(self, changes: Sequence[EntityChange]) -> list[CommitResult | LoopError]:
        """The same, with conflicts answered by applying on top where nothing overlaps."""
        if self._atomic:
            return self._all_rebased([*changes])
        done: list[CommitResult | LoopError] = []
        for group in _apart(changes):
            for change, one in zip(group, self._together(group), strict=True):
                done.append(self._on_top(change, one) if isinstance(one, ConflictError) else one)
        return done

    def _on_top(self, change: EntityChange, met: ConflictError) -> CommitResult | LoopError:
        own = change.origin or self._origin
        try:
            return resolving.commit(
                self._store, change, own, conflict.rebase, met=met, dry_run=self._dry_run
            )
        except LoopError as error:
            return error

    def _all_rebased(self, changes: list[EntityChange]) -> list[CommitResult | LoopError]:
        """All or none: a change that is in the way is applied on top, and all is tried again."""
        for _round in range(len(changes) + _REBASES):
            try:
                return self._together(changes)
            except ConflictError as error:
                found, last = error.conflict, error
            if found.is_settled or not conflict.rebase(found).apply:
                raise last
            for index, one in enumerate(changes):
                if nfc(one.entity_id) == nfc(found.entity_id):
                    changes[index] = resolving.on_top(one, found)
        raise last


def _apart(changes: Sequence[EntityChange]) -> Iterator[list[EntityChange]]:
    """The changes in groups in which no entity is twice, in order."""
    group: dict[str, EntityChange] = {}
    for one in changes:
        if nfc(one.entity_id) in group:
            yield [*group.values()]
            group = {}
        group[nfc(one.entity_id)] = one
    if group:
        yield [*group.values()]


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


def _parsed(lines: Iterable[Sequence[str]], how: LineRules) -> Iterator[list[_Line]]:
    """Yield the changes of lines in groups of about a hundred."""
    number = 0
    for batch in lines:
        part: list[_Line] = []
        for text in batch:
            number += 1
            if text.strip():
                asked = _change_or_error(text, how)
                part.append(_Line(number=number, text=text.strip(), asked=asked))
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
    return change_of(parse_json(line, line.strip()), how, line=line)


def change_of(
    data: Any, how: LineRules, *, line: str | None = None, may_be_empty: bool = False
) -> EntityChange:
    """The change that the object of a line asks for. Numbers keep the digits that they have in the
    `line`, where that is known. Raises `UsageError`, also where nothing is to change unless it
    `may_be_empty`."""
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
    if not edits and not may_be_empty:
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
                changes.append(Change(path=(field,), operation=key, value=text))
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
