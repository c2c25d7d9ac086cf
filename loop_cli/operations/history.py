"""Look back: an earlier state of an entity, and its history."""

from __future__ import annotations

import re

from loop_cli.core import timestamps
from loop_cli.core.diff import MISSING
from loop_cli.core.entity import Revision
from loop_cli.core.records import past, story
from loop_cli.core.records.hashed import value_of
from loop_cli.core.records.record import RUN_ID
from loop_cli.errors import Action, EntityNotFound, InvalidFile, UsageError
from loop_cli.failures import NoSuchChange
from loop_cli.lean.records import Struct
from loop_cli.operations import clock
from loop_cli.operations.log import recorded_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.past import Reveal
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.records.story import Event, Moment
    from loop_cli.core.store import Store

_COUNT = re.compile(r"\d{1,6}", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)  # a number is of changes, and never of days
_RUN = re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,28}", re.ASCII | re.IGNORECASE)


class Since(Struct):
    """The starting point: a number of changes ago, an instant, or before a run.

    A run is named by the beginning of its id. `given` is the text.
    """

    given: str
    changes: int | None = None
    at: int | None = None
    run: str | None = None


class Difference(Struct):
    """An entity compared with an earlier state.

    `unknown` are the names whose earlier value the log does not tell. `changes` are the records in
    between, oldest first. `updated_at` and `etag` belong to the earlier state; None if unknown.
    """

    entity: Entity
    updated_at: str | None
    etag: str | None
    diff: Diff
    unknown: tuple[str, ...]
    changes: tuple[AuditRecord, ...]
    edited_outside: bool
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop diff`."""
        document = self.entity.as_dict()
        keys = ("entity_id", "entity_type", "path", "updated_at", "etag")
        return {
            **{key: document[key] for key in keys},
            "since": {"updated_at": self.updated_at, "etag": self.etag},
            "diff": self.diff,
            "unknown": list(self.unknown),
            "edited_outside": self.edited_outside,
            "changes": [record.as_change() for record in self.changes],
        }


class Story(Struct):
    """The events of an entity, newest first.

    `entity` is None if its file is gone or can't be read. `more` means that there are older
    records.
    """

    entity_id: str
    entity: Entity | None
    events: tuple[Event, ...]
    more: bool
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop history`."""
        revision = None if self.entity is None else self.entity.revision
        return {
            "entity_id": self.entity_id,
            "path": None if self.entity is None else self.entity.path,
            "updated_at": None if revision is None else revision.updated_at,
            "etag": None if revision is None else revision.etag,
            "events": [found for event in self.events for found in _event_dicts(event)],
            "more": self.more,
        }


def parse_since(text: str) -> Since:
    """Parse the text of `--since`; a day begins where the user is. Raises `UsageError`."""
    if _COUNT.fullmatch(text) and int(text):
        return Since(given=text, changes=int(text))
    if _RUN.fullmatch(text):
        return Since(given=text, run=text.lower())
    instant = None if _NUMBER.fullmatch(text) else clock.said(text)
    if instant is None:
        raise UsageError(
            f"--since: {text!r} is not a time, a run or a number of changes",
            hint=f"such as 3, yesterday, 2026-01-09, {timestamps.EXAMPLE} or the id of a run",
        )
    return Since(given=text, at=instant)


def difference(
    store: Store, entity_id: str, since: Since, *, path: str | None = None
) -> Difference:
    """Compare the entity with its state `since` then.

    Raises what `Store.find` raises; `NoSuchChange` for a run that did not change it, or for too
    many changes.
    """
    entity = store.find(entity_id, path=path)
    changes = story.changes(records_of(store, entity, path=path))
    moment, warnings = _moment(entity, changes, since)
    before, outside = past.rebuild(entity, changes, moment, reveal=revealer(store))
    diff, unknown = past.compare(before, entity, ignored=(store.names.updated,))
    updated_at, etag = _revision(entity, changes, moment)
    return Difference(
        entity=entity,
        updated_at=updated_at,
        etag=etag,
        diff=diff,
        unknown=tuple(unknown),
        changes=tuple(reversed(changes[: moment.count])),
        edited_outside=outside,
        warnings=(*entity.warnings, *warnings),
    )


def history(
    store: Store, entity_id: str, *, limit: int | None = None, path: str | None = None
) -> Story:
    """Return the history of an entity, also if its file is gone.

    Raises `EntityNotFound` if neither a file nor a record has the id; `AmbiguousId`.
    """
    known = recorded_id(store, entity_id) if path is None else entity_id
    warnings: tuple[str, ...] = ()
    entity = None
    try:
        entity = store.find(known, path=path)
        warnings = entity.warnings
    except InvalidFile as error:
        warnings = (error.message,)
    except EntityNotFound:
        if path is not None:
            raise
    records = store.records(known) if entity is None else records_of(store, entity, path=path)
    etag = None if entity is None else entity.revision.etag
    found: list[Event] = []
    more = False
    for event in story.events(list(records), current_etag=etag):
        if limit is not None and len(found) == limit:
            more = True
            break
        found.append(event)
    return Story(
        entity_id=known if entity is None else entity.id,
        entity=entity,
        events=tuple(found),
        more=more,
        warnings=warnings,
    )


def state_after(store: Store, record: AuditRecord) -> Entity:
    """The entity as a record left it, as far as the log tells; its file may have changed since.
    Raises what `Store.find` raises."""
    entity = store.find(record.entity_id)
    if entity.revision.etag == record.etag_after:
        return entity
    changes = story.changes(store.records(entity.id))
    count = next((at for at, one in enumerate(changes) if one.digest == record.digest), None)
    if count is None:
        return entity
    moment = story.Moment(count=count, crosses=True)
    state, _outside = past.rebuild(entity, changes, moment, reveal=revealer(store))
    updated_at = _text(record, "updated_after") or entity.revision.updated_at
    fields = {**state.fields}
    if store.names.updated in fields:
        fields[store.names.updated] = updated_at
    etag = record.etag_after or entity.revision.etag
    return entity.replace(
        fields=fields,
        body=state.body if isinstance(state.body, str) else "",
        path=_text(record, "path") or entity.path,
        revision=Revision(updated_at=updated_at, etag=etag),
        warnings=(),
    )


def records_of(store: Store, entity: Entity, *, path: str | None) -> Iterator[AuditRecord]:
    """Return an entity's records, newest first; only those of its file, if a path chose it."""
    records = store.records(entity.id)
    return records if path is None else _of_file(records, entity.path)


def revealer(store: Store) -> Reveal:
    """Return a function that looks up the values behind the hashes in records."""

    def reveal(record: AuditRecord, name: str, digest: Mapping[str, Any], side: str) -> Any:
        data = store.kept(str(digest["sha256"]))
        try:
            return MISSING if data is None else value_of(data, record, name, side)
        except ValueError:
            return MISSING

    return reveal


def _of_file(records: Iterable[AuditRecord], path: str) -> Iterator[AuditRecord]:
    for record in records:
        if record.metadata.get("path") != path:
            continue
        yield record
        before = record.metadata.get("path_before")
        if isinstance(before, str):
            path = before


def _moment(
    entity: Entity, changes: Sequence[AuditRecord], since: Since
) -> tuple[Moment, tuple[str, ...]]:
    if since.run is not None:
        return story.Moment(count=_before_run(entity, changes, since.run)), ()
    if since.changes is not None:
        if since.changes > len(changes):
            count = "1 recorded change" if len(changes) == 1 else f"{len(changes)} recorded changes"
            raise NoSuchChange(f"{entity.id} has {count}", entity_id=entity.id)
        return story.Moment(count=since.changes), ()
    moment = story.moment_at(
        changes,
        current_etag=entity.revision.etag,
        current_updated_at=timestamps.parse(entity.revision.updated_at),
        at=since.at or 0,
    )
    if moment.reached:
        return moment, ()
    return moment, (
        f"nothing is known of {entity.id} at {since.given}; the oldest state known is shown",
    )


def _before_run(entity: Entity, changes: Sequence[AuditRecord], run: str) -> int:
    """Return how many changes ago the run first changed the entity."""
    places = {
        str(record.data.get("run_id")): count
        for count, record in enumerate(changes, start=1)
        if str(record.data.get("run_id")).startswith(run)
    }
    if len(places) > 1:
        raise UsageError(f"--since: several runs begin with {run}", runs=sorted(places))
    for count in places.values():
        return count
    what = "run" if re.fullmatch(RUN_ID, run) else "run that begins with"
    raise NoSuchChange(
        f"{entity.id} was changed by no {what} {run}",
        entity_id=entity.id,
        hint=Action("show_history", entity_id=entity.id),
    )


def _revision(
    entity: Entity, changes: Sequence[AuditRecord], moment: Moment
) -> tuple[str | None, str | None]:
    """Return the revision of a state."""
    if moment.crosses:
        record = changes[moment.count]
        return _text(record, "updated_after"), record.etag_after
    if moment.count:
        record = changes[moment.count - 1]
        return _text(record, "updated_before"), record.etag_before
    return entity.revision.updated_at, entity.revision.etag


def _text(record: AuditRecord, key: str) -> str | None:
    value = record.metadata.get(key)
    return value if isinstance(value, str) else None


def _event_dicts(event: Event) -> Iterator[dict[str, Any]]:
    """Return an event as JSON; an outside edit after it gets an entry of its own before it."""
    record = event.record
    if event.outside_after:
        yield {"kind": "edited_outside", "after": record.data.get("timestamp")}
    undoer = event.undone_by
    undoes = record.metadata.get("undoes")
    yield {
        "kind": "record",
        "number": event.number,
        **record.as_change(),
        "action": record.data.get("action"),
        "diff": record.diff,
        "taken_back": event.taken_back,
        "undone_by": None if undoer is None else undoer.data.get("run_id"),
        "undoes": undoes.get("run_id") if isinstance(undoes, dict) else None,
    }
