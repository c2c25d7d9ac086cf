"""`loop` without arguments: a short overview of the vault, and what is usually done next."""

from __future__ import annotations

import shlex
import time

from loop_cli.cli import context, output
from loop_cli.core import timestamps
from loop_cli.core.query import Query, choices_of
from loop_cli.core.records.record import History
from loop_cli.errors import NoVault
from loop_cli.lean.records import Struct
from loop_cli.operations import update as operations
from loop_cli.operations.selection import Selection
from loop_cli.operations.update import LogQuery

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.store import Store
    from loop_cli.operations.selection import Selected

_NO_STATUS = "none"


class Overview(Struct):
    """What there is in a vault, and what has happened since the beginning of yesterday.

    `types` has the number of entities of each type by their status. `overdue` and
    `edited_outside` have an entity each; `actors` the number of records of each actor.
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

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop --json`."""
        return {
            "vault": self.vault,
            "entities": self.entities,
            "types": {
                name: {"count": sum(statuses.values()), "status": statuses}
                for name, statuses in self.types.items()
            },
            "overdue": list(self.overdue),
            "since": self.since,
            "edited_outside": list(self.edited_outside),
            "changes": {
                "records": self.changes,
                "entities": self.changed_entities,
                "actors": self.actors,
            },
            "next": [command for command, _about in next_commands(self)],
        }


def show(*, as_json: bool) -> bool:
    """Show the overview of the vault in force; False where there is no vault.

    Raises `NoVault` instead for JSON; otherwise what reading the vault raises.
    """
    settings = context.open_settings({}, need_vault=False)
    if settings.root is None:
        if as_json:
            raise NoVault("no vault here, so there is no overview", hint="loop --help")
        return False
    store = context.open_store(settings)
    found = overview(store, settings.root)
    if not output.as_document(found.as_dict(), store.warnings, wanted=as_json):
        from loop_cli.cli.render import overview as render_overview

        output.show(render_overview.overview(found))
    return True


def overview(store: Store, root: str) -> Overview:
    """Count the entities, and what has happened since the beginning of yesterday."""
    since = _yesterday()
    types: dict[str, dict[str, int]] = {}
    overdue: list[dict[str, Any]] = []
    outside: list[dict[str, Any]] = []
    entities = 0
    has_log = next(store.records(), None) is not None
    with output.progress("looking at the files", unit="files") as told:
        selection = Selection(store, Query(), told=told)
    for one in selection:
        entities += 1
        status = one.value(("status",))
        name = status if isinstance(status, str) and status else _NO_STATUS
        counts = types.setdefault(one.listed.type, {})
        counts[name] = counts.get(name, 0) + 1
        if (due := _due(one)) is not None:
            overdue.append(due)
        if has_log and (edited := _edited_outside(one, store, since=since)) is not None:
            outside.append(edited)
    records = list(operations.log(store, LogQuery(since=since)))
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
    )


def next_commands(found: Overview) -> list[tuple[str, str]]:
    """Commands that are useful now, each with what it does."""
    commands = []
    if found.overdue:
        overdue = "loop list --where 'due<today' --where 'status!=done' --sort due"
        commands.append((overdue, "what is overdue"))
    if found.edited_outside:
        entity_id = shlex.quote(found.edited_outside[0]["entity_id"])
        commands.append((f"loop diff {entity_id}", "an edit outside"))
    if found.changes:
        commands.append((f"loop log --since {found.since[:10]}", "who changed what"))
    return [
        *commands,
        ("loop get ID", "read an entity"),
        ("loop edit ID", "change it in your editor"),
        ("loop search WORDS", "find text in names and bodies"),
        ("loop check", "check the whole vault"),
        ("loop help", "all topics"),
    ]


def _due(one: Selected) -> dict[str, Any] | None:
    """The entity, if it is overdue."""
    from loop_cli.cli.render import list as render_list

    due = render_list.due_of(one, _today())
    return None if due is None else {**_named(one), "due": due}


def _edited_outside(one: Selected, store: Store, *, since: int) -> dict[str, Any] | None:
    """The entity, if its file changed since then and is not as its last record left it."""
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
    """The types and statuses in the schema's order; others after these."""
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


def _today() -> int:
    """The instant at which the user's day begins, taken for UTC as dates without a zone are."""
    instant = timestamps.parse(time.strftime("%Y-%m-%d"))
    assert instant is not None, "today is a date"
    return instant


def _yesterday() -> int:
    """The instant at which yesterday began where the user is."""
    now = time.localtime()
    begin = time.mktime((now.tm_year, now.tm_mon, now.tm_mday - 1, 0, 0, 0, 0, 0, -1))
    return int(begin) * timestamps.SECOND
