"""The entities of a list, and those that a search found."""

from __future__ import annotations

from loop_cli.core.entity import OWN, Revision, head_of, is_flat
from loop_cli.core.names import nfc
from loop_cli.lean import jsontext
from loop_cli.lean.jsontext import as_json
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.entity import Entity


class Listed(Struct):
    """An entity in a list: its id in normal form, its fields as JSON, as `get` shows them."""

    id: str
    type: str
    name: str | None
    path: str
    revision: Revision
    fields: str

    @property
    def own(self) -> dict[str, str]:
        """Its values besides the fields, by the names that conditions and columns use."""
        values = (self.id, self.type, self.path, self.revision.updated_at, self.revision.etag)
        return dict(zip(OWN, values, strict=True))

    @property
    def etag(self) -> str:
        """The etag of its revision."""
        return self.revision.etag

    def dated(self, updated_at: str) -> Listed:
        """Return a copy with another `updated_at`."""
        return self.replace(revision=Revision(updated_at=updated_at, etag=self.etag))

    @property
    def flat(self) -> bool:
        """Whether it is certain that its fields contain no mapping."""
        return is_flat(self.fields)

    @property
    def json(self) -> bytes:
        """The JSON of `get` without the body, in one line that is harmless on a terminal."""
        text = f"{head_of(*self.own.values())}{self.fields}}}"
        return jsontext.harmless(text).encode()


class Hit(Listed):
    """An entity that a search found.

    `line` and `text` are the first line of the body with the most words; none if only the names
    have the words.
    """

    in_names: bool
    line: int | None = None
    text: str | None = None


def list_entity(entity: Entity) -> Listed:
    """Make the list form of an entity."""
    return Listed(
        id=nfc(entity.id),
        type=entity.type,
        name=entity.name,
        path=entity.path,
        revision=entity.revision,
        fields=as_json(entity.fields),
    )


def names_of(listed: Listed) -> tuple[str, ...]:
    """Return the names of an entity."""
    return (listed.id,) if listed.name is None else (listed.id, listed.name)
