"""`loop backlinks`: the fields that refer to an entity, and the links to it."""

from __future__ import annotations

from loop_cli.core.names import BODY
from loop_cli.lean.records import Struct
from loop_cli.planning import referred

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.entity import Entity
    from loop_cli.core.links import Backlink
    from loop_cli.core.store import Store


class Backlinks(Struct):
    """The places that lead to an entity, by file and line."""

    entity: Entity
    found: tuple[Backlink, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop backlinks`."""
        return {
            "entity_id": self.entity.id,
            "entity_type": self.entity.type,
            "path": self.entity.path,
            "backlinks": [one.as_dict() for one in self.found],
        }


def backlinks(store: Store, entity_id: str, *, path: str | None = None) -> Backlinks:
    """Return all references and links to an entity, without its own.

    A field that refers to it and also links to it appears once. Raises what `Store.find` raises.
    """
    entity = store.find(entity_id, path=path)
    files = store.files(referring_to=referred.names_of(entity))
    found = list(referred.by_field(files, entity, store.names))
    known = {(one.path, one.line) for one in found}
    for _path, link in referred.backlinks(store, (entity.path,)):
        if link.field in (None, BODY) or (link.path, link.line) not in known:
            found.append(link)
    return Backlinks(
        entity=entity, found=tuple(sorted(found, key=lambda one: (one.path, one.line)))
    )
