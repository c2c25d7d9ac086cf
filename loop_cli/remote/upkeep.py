"""What is about a vault as a whole, rebuilt from what a server tells of it."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.upkeep import Allowed, AllowedField, ClosedSchema, Kept, KeptCopies
from loop_cli.operations.overview import Overview
from loop_cli.remote import rebuilt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def overview(document: Any, vault: str) -> Overview:
    """The overview in a document of `loop --json`. Raises `BadAnswer`."""
    changes = document.get("changes") if isinstance(document, dict) else None
    types = document.get("types") if isinstance(document, dict) else None
    if not isinstance(changes, dict) or not isinstance(types, dict):
        raise rebuilt.bad_answer()
    counts = (document.get("entities"), changes.get("records"), changes.get("entities"))
    actors = changes.get("actors")
    if not all(isinstance(one, int) for one in counts) or not isinstance(actors, dict):
        raise rebuilt.bad_answer()
    notes = document.get("notes")  # an older server tells none
    return Overview(
        vault=vault,
        since=rebuilt.texts(document, "since")["since"],
        entities=document["entities"],
        types={name: _statuses(one) for name, one in types.items()},
        overdue=tuple(rebuilt.objects(document, "overdue")),
        edited_outside=tuple(rebuilt.objects(document, "edited_outside")),
        changes=changes["records"],
        changed_entities=changes["entities"],
        actors=actors,
        notes=notes if isinstance(notes, int) else 0,
    )


def _statuses(one: Any) -> dict[str, int]:
    found = one.get("status") if isinstance(one, dict) else None
    if not isinstance(found, dict) or not all(isinstance(count, int) for count in found.values()):
        raise rebuilt.bad_answer()
    return found


def allowed(document: Any, field: AllowedField, *, dry_run: bool) -> Allowed:
    """What a document of `loop schema allow --json` tells. Raises `BadAnswer`."""
    kind = document.get("type") if isinstance(document, dict) else None
    own = rebuilt.texts(document, "path", "run_id")
    names = {"entity_type": document.get("entity_type"), "name": document.get("field")}
    said = {key: one for key, one in names.items() if isinstance(one, str)}
    return Allowed(
        field=field.replace(**said, kind=kind if isinstance(kind, str) else None),
        **own,
        diff=rebuilt.diff(document),
        dry_run=dry_run,
    )


def closed(document: Any, *, dry_run: bool) -> ClosedSchema:
    """What a document of `loop schema close --json` tells. Raises `BadAnswer`."""
    own = rebuilt.texts(document, "path", "run_id")
    return ClosedSchema(**own, diff=rebuilt.diff(document), dry_run=dry_run)


def kept(document: Any) -> KeptCopies:
    """The copies in a document of `loop kept --json`. Raises `BadAnswer`."""
    copies = tuple(map(_kept, rebuilt.objects(document, "kept")))
    foreign = document.get("foreign")
    return KeptCopies(
        copies=copies, foreign=tuple(map(str, foreign)) if isinstance(foreign, list) else ()
    )


def _kept(one: dict[str, Any]) -> Kept:
    own = rebuilt.texts(one, "name", "kept_at")
    size, stamp = one.get("bytes"), one.get("stamp")
    at = timestamps.parse(own["kept_at"])
    if not isinstance(size, int) or not isinstance(stamp, list) or at is None:
        raise rebuilt.bad_answer()
    more = ("entity_id", "entity_name", "what")
    return Kept(
        name=own["name"],
        size=size,
        kept_at=at,
        stamp=tuple(stamp),
        **{key: one[key] for key in more if isinstance(one.get(key), str)},
    )
