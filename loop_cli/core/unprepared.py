"""A folder that nobody has made a vault: what is said there instead of "no entities"."""

from __future__ import annotations

from loop_cli.core.query import Query
from loop_cli.errors import Action, Sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.store import Store


def is_unprepared(store: Store) -> bool:
    """Whether a vault has no schema of its own, and no entity by the shipped one."""
    return store.schema.shipped and next(store.scan(Query(limit=1)), None) is None


def sentence(store: Store) -> Sentence:
    """What is said of it."""
    names = store.names
    return Sentence(
        f"no file here is an entity by {names.id} and {names.type}, and there is no schema: '",
        Action("make_vault"),
        "' proposes both by the files that are there",
    )
