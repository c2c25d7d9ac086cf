"""Read the audit records, and find the id that records use for an entity."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.names import nfc
from loop_cli.errors import EntityNotFound, InvalidFile
from loop_cli.failures import AmbiguousId
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.store import Store
    from loop_cli.core.upkeep import ToRedact


class LogQuery(Struct):
    """The records to list, newest first; `since` is an instant; `limit` None means all."""

    entity_id: str | None = None
    limit: int | None = None
    since: int | None = None
    actor: str | None = None
    source: str | None = None
    run_id: str | None = None
    action: str | None = None

    def admits(self, record: AuditRecord) -> bool:
        """Whether a record of the entity matches."""
        data = record.data
        for key in ("actor", "source", "run_id", "action"):
            wanted = getattr(self, key)
            if wanted is not None and wanted not in _spellings(key, data.get(key)):
                return False
        if self.since is None:
            return True
        instant = timestamps.parse(str(data.get("timestamp")))
        return instant is not None and instant >= self.since


def log(store: Store, query: LogQuery) -> Iterator[AuditRecord]:
    """Yield the matching records, newest first.

    Raises `AmbiguousId` for an alias of several entities.
    """
    known = query.entity_id
    count = 0
    for record in store.records() if known is None else _records_of(store, known):
        if query.limit is not None and count >= query.limit:
            return
        if query.admits(record):
            count += 1
            yield record


def follow(store: Store, query: LogQuery) -> Iterator[list[AuditRecord]]:
    """Yield the matching records, oldest first; then new ones in batches, for ever.

    Raises `AmbiguousId` for an alias of several entities; what `Upkeep.new_records` raises.
    """
    known = _followed_id(store, query.entity_id)
    coming = store.upkeep.new_records()
    next(coming)  # from here on no new record is missed
    backlog = list(log(store, query))
    yield backlog[::-1]
    shown = {record.digest for record in backlog}  # new records may be among these
    for batch in coming:
        yield [
            record
            for record in batch
            if record.digest not in shown
            and query.admits(record)
            and (known is None or record.is_of(known, None))
        ]
        shown = set()


def _followed_id(store: Store, given: str | None) -> str | None:
    """Return the id to wait for; the entity need not exist yet."""
    if given is None:
        return None
    try:
        return recorded_id(store, given)
    except EntityNotFound:
        return nfc(given)


def to_redact(store: Store, entity_id: str, field: str, *, run_id: str | None) -> ToRedact:
    """Return the values to redact, by the id in the log. Raises what `recorded_id` raises."""
    from loop_cli.core.upkeep import ToRedact

    return ToRedact(entity_id=recorded_id(store, entity_id), field=field, run_id=run_id)


def recorded_id(store: Store, given: str) -> str:
    """Return the id in the log; if the log does not know it, the id behind the alias.

    Files that can't be read, or that share the id, do not matter here. Raises `EntityNotFound`;
    `AmbiguousId` for an alias of several entities.
    """
    return given if next(store.records(given), None) is not None else _found_id(store, given)


def _found_id(store: Store, given: str) -> str:
    try:
        return store.find(given).id
    except InvalidFile:
        return given
    except AmbiguousId as error:
        ids = {store.find(given, path=path).id for path in error.details["paths"]}
        if nfc(given) in map(nfc, ids):
            return given
        error.hint = f"give the id: {', '.join(sorted(ids))}"
        raise


def _records_of(store: Store, given: str) -> Iterator[AuditRecord]:
    found = store.records(given)
    first = next(found, None)
    if first is not None:
        yield first
        yield from found
        return
    try:
        known = _found_id(store, given)
    except EntityNotFound:  # so it has no records
        return
    yield from store.records(known)


def _spellings(key: str, value: Any) -> tuple[Any, ...]:
    """Return the names of an actor: the prefix may be left out, `ops` for `user:ops`."""
    if key == "actor" and isinstance(value, str):
        return value, value.partition(":")[2]
    return (value,)
