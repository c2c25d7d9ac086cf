"""What leads to an entity, rebuilt from what a server tells of it."""

from __future__ import annotations

from loop_cli.core.links import Backlink
from loop_cli.operations.backlinks import Backlinks
from loop_cli.remote import rebuilt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.entity import Entity

_MAYBE = ("field", "entity_id", "entity_type")


def backlinks(document: Any, entity: Entity) -> Backlinks:
    """The places in a document of `loop backlinks --json`. Raises `BadAnswer`."""
    found = tuple(map(_backlink, rebuilt.objects(document, "backlinks")))
    return Backlinks(entity=entity, found=found)


def _backlink(one: dict[str, Any]) -> Backlink:
    line = one.get("line")
    if not isinstance(line, int):
        raise rebuilt.bad_answer()
    more = {key: value for key in _MAYBE if isinstance(value := one.get(key), str)}
    return Backlink(**rebuilt.texts(one, "path", "kind", "text"), line=line, **more)
