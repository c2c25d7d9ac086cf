"""Show where the work stands: entities by status, by due day, and changes by day.

These are not verbs of their own: they are made from `Operations.select` and `Operations.log`, so
they work over a store and over HTTP.
"""

from __future__ import annotations

from loop_cli.core import days, shown, timestamps
from loop_cli.core import query as queries
from loop_cli.core.course import is_finished
from loop_cli.core.diff import MISSING
from loop_cli.core.evaluate import Places
from loop_cli.core.names import split_dotted
from loop_cli.lean.records import Struct
from loop_cli.operations import overdue
from loop_cli.operations.log import LogQuery
from loop_cli.operations.selection import resolve_types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from loop_cli.core.evaluate import Selected
    from loop_cli.core.order import Place
    from loop_cli.core.query import Query
    from loop_cli.core.schema.schema import Schema
    from loop_cli.operations.boundary import Operations, Progress

WHO = ("assignee", "owner")
PRIORITY = ("priority", "priority_flag")
STARTS = ("start_date", "start")
BY = "status"
"""The field of a board's columns where nobody names one. An entity need not have it."""
ORDER = "priority,due"
"""Of the cards in a column. Nobody asked for it, so it needs no entity that has these fields."""
GROUPS = ("overdue", "today", "week", "later")
ACTIONS = ("create", "update", "move", "delete")
_DAY = 86_400 * timestamps.SECOND


class Card(Struct):
    """An entity in short, with the revision it has now."""

    entity_id: str
    entity_type: str
    entity_name: str | None
    who: str | None
    priority: str | None
    due: str | None
    overdue: bool
    updated_at: str
    etag: str


class Column(Struct):
    """The cards with one value of the field; None where they have none."""

    value: str | None
    label: str | None
    cards: tuple[Card, ...]


class Board(Struct):
    """The entities of a query by the values of a field."""

    by: str
    columns: tuple[Column, ...]
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop board`."""
        columns = [
            {"value": one.value, "label": one.label, "cards": [card.__dict__ for card in one.cards]}
            for one in self.columns
        ]
        return {"by": self.by, "columns": columns}


class Appointment(Struct):
    """A day of an entity: `what` is `due` or `start`."""

    day: str
    what: str
    card: Card

    def as_dict(self) -> dict[str, Any]:
        """An entry of `loop agenda --json`."""
        return {"day": self.day, "what": self.what, **self.card.__dict__}


class Agenda(Struct):
    """What is overdue, today, in the rest of this week, and later, each by day."""

    today: str
    groups: dict[str, tuple[Appointment, ...]]
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop agenda`."""
        groups = {name: [one.as_dict() for one in found] for name, found in self.groups.items()}
        return {"today": self.today, "due_today": groups.pop("today"), **groups}


class Stats(Struct):
    """How many records each day of a time has, by what was done; `finished` are those that set a
    status which ends the work."""

    since: str
    days: tuple[dict[str, Any], ...]
    actors: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop stats`."""
        return {"since": self.since, "days": list(self.days), "actors": self.actors}


def board(
    loop: Operations, query: Query, by: str, *, today: int, progress: Progress | None = None
) -> Board:
    """Return the entities of a query by the values of a field. Without a type these are the tasks,
    if the vault has tasks. They are in the order `ORDER`. An entity with a list is in each of its
    columns. Raises as `Operations.select`."""
    schema = loop.schema
    types = types_of(query, schema)
    asked = query.replace(types=types)
    selection = loop.select(asked, progress=progress)
    places = Places(asked.replace(sort=queries.parse_sort(ORDER)), schema)
    path = split_dotted(by)
    choices = queries.choices_of(schema, types)(path)
    found: dict[str | None, list[tuple[Place, Card]]] = {str(one): [] for one in choices}
    for one in selection:
        placed = (places.of(one.listed), card(one, today=today))
        for value in _values(one.value(path)):
            found.setdefault(value, []).append(placed)
    kinds = types or schema.types
    others = sorted(one for one in found if one is not None and one not in choices)
    order = [*map(str, choices), *others, *([None] if None in found else [])]
    return Board(
        by=by,
        columns=tuple(
            Column(value=one, label=_label(one, by, kinds, schema), cards=_in_order(found[one]))
            for one in order
        ),
        warnings=tuple(selection.warnings),
    )


def types_of(query: Query, schema: Schema) -> tuple[str, ...]:
    """The types of a board. Raises `UsageError`."""
    return resolve_types(query.types, schema) or (("Task",) if "Task" in schema.types else ())


def agenda(
    loop: Operations, query: Query, *, today: int, progress: Progress | None = None
) -> Agenda:
    """Return the start and due days of everything that is not finished. `today` is the instant at
    which the day began. A week ends on Sunday. Raises as `Operations.select`."""
    now = today // _DAY
    week = now + (3 - now) % 7 + 1  # 1970-01-01 was a Thursday: the day after the next Sunday
    selection = loop.select(query, progress=progress)
    groups: dict[str, list[tuple[int, str, Appointment]]] = {name: [] for name in GROUPS}
    for one in selection:
        if is_finished(one.fields.get("status")):
            continue
        for what, day in _days(one, now):
            name = _group(day, now, week)
            text = timestamps.render(day * _DAY)[:10]
            made = Appointment(day=text, what=what, card=card(one, today=today))
            groups[name].append((day, one.listed.id, made))
    return Agenda(
        today=timestamps.render(today)[:10],
        groups={
            name: tuple(made for _day, _id, made in sorted(found, key=lambda one: one[:2]))
            for name, found in groups.items()
        },
        warnings=tuple(selection.warnings),
    )


def stats(loop: Operations, *, today: int, count: int) -> Stats:
    """Return the changes of the last `count` days, today included, from the log."""
    first = today // _DAY - count + 1
    rows: dict[str, dict[str, Any]] = {
        timestamps.render(day * _DAY)[:10]: {
            "records": 0,
            "finished": 0,
            **dict.fromkeys(ACTIONS, 0),
        }
        for day in range(first, first + count)
    }
    actors: dict[str, int] = {}
    for record in loop.log(LogQuery(since=(first - 1) * _DAY)):
        instant = timestamps.parse(str(record.data.get("timestamp")))
        row = None if instant is None else rows.get(days.local_day(instant))
        if row is None:
            continue
        row["records"] += 1
        action = record.data.get("action")
        row[action if action in ACTIONS else "update"] += 1
        row["finished"] += is_finished(record.diff.get("status", {}).get("new"))
        actor = str(record.data.get("actor"))
        actors[actor] = actors.get(actor, 0) + 1
    return Stats(
        since=next(iter(rows), ""),
        days=tuple({"day": day, **row} for day, row in rows.items()),
        actors=dict(sorted(actors.items(), key=lambda one: -one[1])),
    )


def how_to_begin(loop: Operations) -> list[str]:
    """What is said of a folder that is no vault yet, where its log has nothing; of a vault
    nothing."""
    if not loop.schema.shipped:
        return []
    found = loop.select(queries.Query(limit=1))
    return [] if next(iter(found), None) is not None else found.warnings


def card(one: Selected, *, today: int) -> Card:
    """An entity as a card."""
    return Card(
        entity_id=one.listed.id,
        entity_type=one.listed.type,
        entity_name=one.listed.name,
        who=_first(one, WHO),
        priority=_first(one, PRIORITY),
        due=_first(one, overdue.FIELDS),
        overdue=overdue.due_of(one, today=today) is not None,
        updated_at=one.listed.revision.updated_at,
        etag=one.listed.etag,
    )


def _label(value: str | None, by: str, kinds: Iterable[str], schema: Schema) -> str | None:
    """What the schema calls a value, by the first of the types that has a name for it."""
    named = (schema.label(kind, by, value) for kind in kinds)
    return next((one for one in named if one is not None), None)


def _in_order(placed: Iterable[tuple[Place, Card]]) -> tuple[Card, ...]:
    return tuple(made for _place, made in sorted(placed, key=lambda one: one[0]))


def _values(value: Any) -> list[str | None]:
    """The columns that a value is in."""
    items = value if isinstance(value, list) else [value]
    texts = [None if queries.is_empty(one) or one is MISSING else shown.plain(one) for one in items]
    return list(dict.fromkeys(texts)) or [None]


def _first(one: Selected, names: Iterable[str]) -> str | None:
    """The first of the fields that has a value."""
    values = (one.value((name,)) for name in names)
    return next((shown.alone(value) for value in values if not queries.is_empty(value)), None)


def _days(one: Selected, now: int) -> list[tuple[str, int]]:
    """The days that an entity is about: it is due, or it will start."""
    due, start = (days.day_of(_first(one, names) or "") for names in (overdue.FIELDS, STARTS))
    found = [] if due is None else [("due", due)]
    if start is not None and start >= now and start != due:
        found.append(("start", start))
    return found


def _group(day: int, now: int, week: int) -> str:
    if day <= now:
        return "overdue" if day < now else "today"
    return "week" if day < week else "later"
