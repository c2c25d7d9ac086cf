"""What the rules judge, and by what."""

from __future__ import annotations

from loop_cli.core.entity import FieldNames
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.rulebook import Rulebook
    from loop_cli.core.schema import Schema

_DEFAULTS = FieldNames()


class Subject(Struct):
    """One entity as a rule sees it; `fields` are its frontmatter."""

    id: str
    type: str
    name: str | None
    path: str
    fields: dict[str, Any]


class Law(Struct):
    """The schema in force, its rules, and the fields that carry identity and time; `members`
    are the people that the vault lists, if it does."""

    schema: Schema
    book: Rulebook
    names: FieldNames
    members: tuple[str, ...] | None = None

    def governs(self, entity_type: str) -> bool:
        """Whether the schema says anything of entities of the type: the one that ships with
        loop is silent on types of others."""
        return not self.schema.shipped or self.schema.knows_type(entity_type)

    def required(self, entity_type: str) -> tuple[str, ...]:
        """The fields that an entity of the type can't be without.

        Identity and time count under the names that this vault has for them.
        """
        if not self.governs(entity_type):
            return ()
        found = (*self.schema.required_fields(entity_type), *self.book.filled.get(entity_type, ()))
        return tuple(dict.fromkeys(name for name in found if not self._is_elsewhere(name)))

    def known(self, entity_type: str) -> tuple[str, ...]:
        """The fields that an entity of the type may have."""
        own = (name for name in self.names.__dict__.values() if not name.startswith("@"))
        return tuple(dict.fromkeys((*self.schema.known_fields(entity_type), *own)))

    def _is_elsewhere(self, name: str) -> bool:
        """Whether it is a default name of identity or time that this vault does not use."""
        return name in _DEFAULTS.__dict__.values() and name not in self.names.__dict__.values()


def is_empty(value: Any) -> bool:
    """Whether a field says nothing, though it may be there."""
    return value is None or value in ("", [], {})


def is_template(entity_id: str) -> bool:
    """Whether an id has a placeholder in braces: nothing a real entity is called by."""
    return "{" in entity_id and "}" in entity_id
