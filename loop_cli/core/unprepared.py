"""A folder that nobody has made a vault, and notes that are no entities: what is said there instead
of "no entities"."""

from __future__ import annotations

from loop_cli.core.query import Query
from loop_cli.errors import Action, Sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.entity import FieldNames
    from loop_cli.core.store import Store


def is_unprepared(store: Store) -> bool:
    """Whether a vault has no schema of its own, and no entity by the shipped one."""
    return store.schema.shipped and next(store.scan(Query(limit=1)), None) is None


def sentence(store: Store) -> Sentence:
    """What is said of it."""
    names = store.names
    return Sentence(
        f"no file here is an entity by {names.id} and {names.type}, and there is no schema; "
        "to have both proposed by your files: ",
        Action("make_vault"),
    )


def without_entities(store: Store) -> Sentence | None:
    """What is said of a vault that has notes, and no entity; None for any other."""
    if next(store.scan(Query(limit=1)), None) is not None:
        return None
    return of_notes(store.upkeep.notes(), store.names)


def of_notes(count: int, names: FieldNames) -> Sentence | None:
    """What is said of notes that are no entities; None if there are none."""
    if not count:
        return None
    have = "1 note has" if count == 1 else f"{count:,} notes have"
    are = "is no entity" if count == 1 else "are no entities"
    if names.id_is_stem:
        begin = f"{have} no YAML frontmatter, and so {are}; a first field makes one: "
        return Sentence(begin, Action("example", of="change"))
    own = [names.id] if names.type_is_folder else [names.id, names.type]
    return Sentence(f"{have} no YAML frontmatter with {' and '.join(own)}, and so {are}")
