"""The overview of a vault: counts, overdue entities, recent edits."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.query import Query, choices_of
from loop_cli.core.records.record import History
from loop_cli.lean.records import Struct
from loop_cli.operations.log import LogQuery, log
from loop_cli.operations.overdue import due_of
from loop_cli.operations.selection import Selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.evaluate import Selected
    from loop_cli.core.store import Store

_NO_STATUS = "none"


class Overview(Struct):
    """The entities of a vault, and the events since an instant.

    `types` has the number of entities of each type, by status. `overdue` and `edited_outside` have
    one entry per entity; `actors` has the number of records of each actor. `notes` counts files
    that are no entities.
    """

    vault: str
    since: str
    entities: int
    types: dict[str, dict[str, int]]
    overdue: tuple[dict[str, Any], ...]
    edited_outside: tuple[dict[str, Any], ...]
    changes: int
    changed_entities: int
    actors: dict[str, int]
    notes: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop --json`, without the suggested commands."""
        return {
            "vault": self.vault,
            "entities": self.entities,
            "types": {
                name: {"count": sum(statuses.values()), "status": statuses}
                for name, statuses in self.types.items()
            },
            "notes": self.notes,
            "overdue": list(self.overdue),
            "since": self.since,
            "edited_outside": list(self.edited_outside),
            "changes": {
                "records": self.changes,
                "entities": self.changed_entities,
                "actors": self.actors,
            },
        }


def overview(
    store: Store,
    root: str,
    *,
    today: int,
    since: int,
    told: Callable[[int], None] | None = None,
) -> Overview:
    """Count the entities of the vault at `root`, and the events `since` an instant.

    `today` is the instant at which the day began. `told` is called with the number of files looked
    at so far. Raises what reading the store raises.
    """
    types: dict[str, dict[str, int]] = {}
    overdue: list[dict[str, Any]] = []
    outside: list[dict[str, Any]] = []
    entities = 0
    has_log = next(store.records(), None) is not None
    for one in Selection(store, Query(), told=told):
        entities += 1
        status = one.value(("status",))
        name = status if isinstance(status, str) and status else _NO_STATUS
        counts = types.setdefault(one.listed.type, {})
        counts[name] = counts.get(name, 0) + 1
        if (due := due_of(one, today=today)) is not None:
            overdue.append({**_named(one), "due": due})
        if has_log and (edited := _edited_outside(one, store, since=since)) is not None:
            outside.append(edited)
    records = list(log(store, LogQuery(since=since)))
    actors: dict[str, int] = {}
    for record in records:
        actor = str(record.data.get("actor"))
        actors[actor] = actors.get(actor, 0) + 1
    return Overview(
        vault=root,
        since=timestamps.render(since),
        entities=entities,
        types=_in_order(types, store),
        overdue=tuple(sorted(overdue, key=lambda one: str(one["due"]))),
        edited_outside=tuple(outside),
        changes=len(records),
        changed_entities=len({record.entity_id for record in records}),
        actors=actors,
        notes=store.upkeep.notes(),
    )


def _edited_outside(one: Selected, store: Store, *, since: int) -> dict[str, Any] | None:
    """Return the entity, if its file changed since then and after its last record."""
    listed = one.listed
    changed = timestamps.parse(listed.revision.updated_at)
    if changed is None or changed < since:
        return None
    last = History(store.records(listed.id)).last
    if last is None or last.metadata.get("path") != listed.path:
        return None
    edited = last.etag_after != listed.revision.etag
    return {**_named(one), "path": listed.path} if edited else None


def _named(one: Selected) -> dict[str, Any]:
    return {"entity_id": one.listed.id, "entity_name": one.listed.name}


def _in_order(types: dict[str, dict[str, int]], store: Store) -> dict[str, dict[str, int]]:
    """Return the types and statuses in the schema's order; others follow."""
    schema = store.schema
    names = [name for name in schema.types if name in types]
    names += sorted(types.keys() - set(names))
    found = {}
    for name in names:
        known = [str(one) for one in choices_of(schema, (name,))(("status",))]
        statuses = [one for one in known if one in types[name]]
        statuses += sorted(types[name].keys() - set(statuses))
        found[name] = {one: types[name][one] for one in statuses}
    return found
