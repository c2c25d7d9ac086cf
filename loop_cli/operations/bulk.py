"""Many changes in one run: from JSON lines, or for all entities of a query."""

from __future__ import annotations

from loop_cli.core.changes import BodyChange, Change, Edits, parse_changes
from loop_cli.core.commits import CommitResult, EntityChange
from loop_cli.core.entity import Precondition, precondition_of
from loop_cli.core.names import nearest
from loop_cli.core.numbers import in_json
from loop_cli.core.query import parse_conditions
from loop_cli.errors import Action, LoopError, UsageError
from loop_cli.failures import PartlyFailed
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from loop_cli.core.records.record import Origin
    from loop_cli.core.store import Store
    from loop_cli.operations.selection import Selection

AT_ONCE = 100  # changes whose syncs are shared
_NAMED = 3  # entities that a warning names
_KEPT = 20  # different warnings
_CHANGING = ("set", "unset", "add", "remove", "changes", "body", "append_body")
KEYS = ("id", "path", *_CHANGING, "expected_updated_at", "if_match", "if")
EXAMPLE = '{"id": "tsk-019-14", "set": {"status": "done"}, "if_match": "9f2c51d0a7b3e4f8"}'


class LineRules(Struct):
    """How lines are read: `now` is an instant, `today` that at which its day began; with `force`
    those without a precondition need none, and with `rebase` one that does not hold any more is
    applied on top, unless a field that it changes was changed since."""

    today: int
    now: int
    force: bool = False
    rebase: bool = False


class Outcome(Struct):
    """The result of one change.

    `line` is the number of its line, from 1, if it came in a line; `op` is what the line asked for,
    and `more` what is to be said besides. `entity_id` is None if the line does not name it.
    """

    done: CommitResult | LoopError
    entity_id: str | None
    run_id: str
    line: int | None = None
    dry_run: bool = False
    op: str = "update"
    more: dict[str, Any] | None = None

    @property
    def error(self) -> LoopError | None:
        """The reason if it did not land."""
        return self.done if isinstance(self.done, LoopError) else None

    def as_dict(self) -> dict[str, Any]:
        """Return its JSON line."""
        where: dict[str, Any] = {} if self.line is None else {"line": self.line}
        where |= {} if self.op == "update" else {"op": self.op}
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
            **(self.more or {}),
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


class Warned:
    """The different warnings of many results, each with how many entities it is about, and the
    first of their ids. `more` counts those that are too many to keep."""

    def __init__(self, results: Iterable[tuple[str | None, CommitResult | LoopError]] = ()) -> None:
        self._found: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.more = 0
        for entity_id, one in results:
            self.add(entity_id, one)

    def add(self, entity_id: str | None, one: CommitResult | LoopError) -> None:
        """Take up the warnings of one result."""
        if isinstance(one, LoopError):
            return
        name = entity_id or one.after.id
        for warning in dict.fromkeys(one.warnings):
            if warning not in self._found and len(self._found) == _KEPT:
                self.more += 1
                continue
            count, named = self._found.get(warning, (0, ()))
            self._found[warning] = (count + 1, (*named, name)[:_NAMED])

    def __iter__(self) -> Iterator[tuple[str, int, tuple[str, ...]]]:
        """The warnings in the order in which they came, with the number and the first ids."""
        return ((warning, *found) for warning, found in self._found.items())


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


def change_of(
    data: Any,
    how: LineRules,
    *,
    line: str | None = None,
    may_be_empty: bool = False,
    known: Sequence[str] = KEYS,
) -> EntityChange:
    """The change that the object of a line asks for. Numbers keep the digits that they have in the
    `line`, where that is known. Raises `UsageError`, for a key that is not `known`, and also where
    nothing is to change unless it `may_be_empty`."""
    if not isinstance(data, dict) or not isinstance(data.get("id"), str) or not data["id"]:
        raise UsageError("a line must be a JSON object with an id", hint=EXAMPLE)
    refuse_unknown(data, known)
    edits = edits_of(data, line=line)
    if not edits and not may_be_empty:
        raise UsageError(f"nothing to change: the line has none of {', '.join(_CHANGING)}")
    return EntityChange(
        entity_id=data["id"],
        path=text_of(data, "path"),
        edits=edits,
        precondition=seen_of(data, how),
    )


def seen_of(data: dict[str, Any], how: LineRules) -> Precondition:
    """What a line expects of its entity. Raises `UsageError`."""
    expected, etag = text_of(data, "expected_updated_at"), text_of(data, "if_match")
    met = parse_conditions(texts_of(data, "if"), today=how.today, option="if")
    force = how.force and expected is None and etag is None and not met
    return precondition_of(expected, etag, forced=force).replace(conditions=met)


def refuse_unknown(data: dict[str, Any], known: Sequence[str]) -> None:
    """Raises `UsageError` for a key that a line does not have."""
    for key in data:
        if key not in known:
            close = nearest(key, known, count=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            raise UsageError(f"{key!r} is none of {', '.join(known)}{meant}", **_named(data))


def edits_of(data: dict[str, Any], *, line: str | None = None) -> Edits:
    """The changes that the object of a line holds. Raises `UsageError`."""
    written = [] if line is None else in_json(line)
    return Edits(
        changes=parse_changes(
            texts_of(data, "changes"),
            fields=_object(data, "set"),
            written=[(at[1:], token) for at, token in written if at[0] == "set"],
            more=[*_removals(data), *_list_changes(data, dict(written))],
            read=_refuse_file,
        ),
        body=_body(data),
    )


def _body(data: dict[str, Any]) -> BodyChange | None:
    """The new body, or the text to append. Raises `UsageError` where there are both."""
    new, more = text_of(data, "body"), text_of(data, "append_body")
    if new is not None and more is not None:
        raise UsageError("body and append_body can't go together", **_named(data))
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
        raise UsageError(f"{key} must be an object of fields", **_named(data), hint=EXAMPLE)
    return value or {}


def _removals(data: dict[str, Any]) -> Iterator[Change]:
    """The fields to remove; their names are literal, so that any field can go."""
    return (Change(path=(one,), operation="unset") for one in texts_of(data, "unset"))


def texts_of(data: dict[str, Any], key: str) -> list[str]:
    """A text or a list of them. Raises `UsageError`."""
    value = data.get(key, [])
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        what = {"unset": "fields", "changes": "texts such as 'status=done'"}
        said = what.get(key, "conditions")
        raise UsageError(f"{key} must be a list of {said}", **_named(data))
    return found


def text_of(data: dict[str, Any], key: str) -> str | None:
    """A text, if it is there. Raises `UsageError`."""
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{key} must be a text", **_named(data))
    return value


def _named(data: dict[str, Any]) -> dict[str, str]:
    found = data.get("id")
    return {"entity_id": found} if isinstance(found, str) else {}


def _parts(changes: Sequence[EntityChange]) -> Iterator[Sequence[EntityChange]]:
    for start in range(0, len(changes), AT_ONCE):
        yield changes[start : start + AT_ONCE]
