"""Find the fields of an entity that refer to other entities."""

from __future__ import annotations

from loop_cli.core.fields import TARGETS
from loop_cli.core.names import join_dotted, nfc
from loop_cli.lean.plain import key_text
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from loop_cli.core.entity import EntityFile, FieldNames

# Fields with ids whose names do not show it, and fields that are not simple lists.
NAMED = frozenset(TARGETS) | frozenset(
    (
        "outgoing_relations",
        "condition_contributes",
        "track_contributes",
        "child_hypotheses",
        "evidence_links",
        "hypothesis",
        "goals",
        "milestones",
    )
)


class Referrer(Struct):
    """An entity that refers to another, and the fields that do it."""

    entity_id: str
    path: str
    fields: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"entity_id": self.entity_id, "path": self.path, "fields": list(self.fields)}


def is_reference(field: str, names: FieldNames) -> bool:
    """Whether a top-level field holds ids of other entities."""
    if field in (names.id, "aliases"):
        return False
    return field.endswith(("_id", "_ids")) or field in NAMED


def referred(fields: Mapping[str, Any], names: FieldNames) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each text in a reference field with its path, in the form for comparing ids.

    Of a wiki link, it is the target.
    """
    for field, value in fields.items():
        name = key_text(field)
        if is_reference(name, names):
            yield from ((path, nfc(bare(text))) for path, text in _texts(value, (name,)))


def referrers(entities: Iterable[EntityFile], wanted: str, names: FieldNames) -> list[Referrer]:
    """Return the entities that refer to an id, ordered by id."""
    found = []
    for entity in entities:
        if nfc(entity.id) == nfc(wanted):
            continue
        fields = [
            join_dotted(path)
            for path, text in referred(entity.fields, names)
            if text == nfc(wanted)
        ]
        if fields:
            unique = tuple(dict.fromkeys(fields))
            found.append(Referrer(entity_id=entity.id, path=entity.path, fields=unique))
    return sorted(found, key=lambda one: (one.entity_id, one.path))


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(key, str):  # a mapping from ids to numbers, such as weights
                yield (*path, key), key
            yield from _texts(inner, (*path, key_text(key)))


def bare(text: str) -> str:
    """Return the id in a wiki link, or the text itself."""
    text = text.strip()
    if text.startswith("[[") and text.endswith("]]"):
        return text[2:-2].partition("|")[0].partition("#")[0].strip()
    return text
