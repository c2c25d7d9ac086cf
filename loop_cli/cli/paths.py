"""Which entity a path names."""

from __future__ import annotations

import os

from loop_cli.core.query import Query, equals
from loop_cli.errors import EntityNotFound, InvalidFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.operations.boundary import EntityOperations, Operations


def named(
    loop: EntityOperations,
    given: str,
    chosen: str,
    whole: Callable[[], Operations],
    *,
    gone: bool,
) -> tuple[str, str | None]:
    """The id that is given, or that of the entity in the file `chosen`, and then the file; as
    `context.named`. `whole` gives the operations on the whole vault."""
    try:
        loop.get(given)
    except EntityNotFound:
        pass
    else:
        return given, None
    path = _in_vault(loop.vault, chosen)
    entity_id = loop.names.id_of(path) if loop.names.id_is_stem else _entity_at(path, whole())
    if entity_id is not None and (there := _there(loop, entity_id, path)) is not None:
        return there
    if gone:
        return entity_id or given, None
    raise EntityNotFound(
        f"no entity {given!r}, and no entity in a file {path}", entity_id=given, nearest=[]
    )


def _in_vault(root: str, chosen: str) -> str:
    if "://" in root:  # of a server or a database, which knows no folder of this machine
        return os.path.normpath(chosen).replace(os.sep, "/")
    top = os.path.realpath(root)
    whole = os.path.realpath(os.path.join(top, chosen))
    return os.path.relpath(whole, top).replace(os.sep, "/")


def _entity_at(path: str, loop: Operations) -> str | None:
    found = next(iter(loop.select(Query(conditions=(equals("path", path),), limit=1))), None)
    return None if found is None else found.listed.id


def _there(loop: EntityOperations, entity_id: str, path: str) -> tuple[str, str] | None:
    """The id and the path, if the file is there, even if it can't be read."""
    try:
        loop.get(entity_id, path=path)
    except EntityNotFound:
        return None
    except InvalidFile:
        return entity_id, path
    return entity_id, path
