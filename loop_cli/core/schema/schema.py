"""The vault's schema as data: types, fields, enumerations, ids, places and rules (SPEC §2).

`schema.read` makes it from the parsed file. `schema.rules` judges entities by it.
"""

from __future__ import annotations

from loop_cli.core.diff import value_at
from loop_cli.core.fields import KINDS, FieldSpec, kind_of
from loop_cli.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.schema.paths import Names, Places

ANY_TYPE = "*"
"""What stands for every type in the tables of enumerations."""

# The prefix of a type's ids, where the schema has a pattern for it.
PREFIXES = {
    "NorthStar": "ns",
    "MetaHypothesis": "mh",
    "Condition": "cond",
    "Track": "trk",
    "Program": "pgm",
    "Project": "prj",
    "Task": "tsk",
    "Hypothesis": "hyp",
    "Experiment": "exp",
    "Evidence": "ev",
    "Candidate": "cand",
    "TaskExecDetail": "txd",
    "Retrospective": "retro",
    "ProductLine": "pl",
    "PartnershipStage": "ps",
}


class ConditionalField(Struct):
    """A field that is required when another has one of some values."""

    field: str
    when: str
    other: str
    values: Names


class FormRule(Struct):
    """How the text of a field must look; `how` is `equals`, `starts`, `ends` or `contains`."""

    field: str
    how: str
    text: str

    def holds(self, value: Any) -> bool:
        """Whether the value is so. What is no text is for other rules to judge."""
        if not isinstance(value, str):
            return True
        return {
            "equals": value == self.text,
            "starts": value.startswith(self.text),
            "ends": value.rstrip().endswith(self.text),
            "contains": self.text in value,
        }[self.how]

    @property
    def words(self) -> str:
        """What is allowed, in words."""
        ways = {"equals": "", "starts": "a text that begins with ", "ends": "a text that ends in "}
        return ways.get(self.how, "a text that contains ") + repr(self.text)


class Schema(Struct):
    """What a vault's entities are made of. `shipped` tells the default schema.

    `id_patterns` are by prefix, as they are written; `locations` folders, or files, with
    placeholders; `parents` the type that `parent_id` names; `filled` lists that need an item;
    `renamed` gives old statuses their new name; `elsewhere` are the types that live in another
    vault.
    """

    types: Names
    required: dict[str, Names]
    known: dict[str, Names]
    writable: dict[str, Names]
    choices: dict[tuple[str, str], Names]
    labels: dict[tuple[str, str], dict[str, str]]
    colors: dict[tuple[str, str], dict[str, str]]
    conditional: dict[str, tuple[ConditionalField, ...]]
    places: Places
    id_patterns: dict[str, str]
    locations: dict[str, str]
    parents: dict[str, str]
    derived: dict[str, Names]
    forbidden: dict[str, Names]
    forms: dict[str, tuple[FormRule, ...]]
    filled: dict[str, Names]
    renamed: dict[str, str]
    defaults: dict[tuple[str, str], str]
    elsewhere: Names
    shipped: bool

    def knows_type(self, entity_type: str) -> bool:
        """Whether the schema says anything of the type."""
        return entity_type in self.types or entity_type in self.known

    def known_fields(self, entity_type: str) -> Names:
        """The fields of the type, in the schema's order."""
        fields = (*self.known.get("all", ()), *self.known.get(entity_type, ()))
        return tuple(dict.fromkeys(fields))

    def writable_fields(self, entity_type: str, present: Mapping[str, Any]) -> Names | None:
        """The fields that may be changed; None where any may.

        A type of its own that the schema is silent on has the common fields and those that
        the file has; in a vault without a schema such a type is free.
        """
        if entity_type in self.writable:
            return self.writable[entity_type]
        if self.knows_type(entity_type):
            return self.known_fields(entity_type)
        return None if self.shipped else (*self.known_fields(entity_type), *present)

    def required_fields(self, entity_type: str) -> Names:
        """The fields that an entity of the type can't be without."""
        return (*self.required.get("all", ()), *self.required.get(entity_type, ()))

    def spec(self, entity_type: str, path: tuple[str, ...], fields: Mapping[str, Any]) -> FieldSpec:
        """What the field takes: by the schema, by the table of known fields, by its value now."""
        found = kind_of(value_at(fields, path))
        if len(path) > 1:
            return FieldSpec(kind=found)
        (name,) = path
        choices = self.choices.get((entity_type, name)) or self.choices.get((ANY_TYPE, name), ())
        kind = KINDS.get(name, found)
        if choices and kind != "text":
            # An enumeration is of texts, whatever else the table says; a list is one of them.
            kind = "list" if "list" in (kind, found) else "text"
        return FieldSpec(kind=kind, choices=choices)

    def label(self, entity_type: str, field: str, value: Any) -> str | None:
        """How the schema calls a value of an enumeration."""
        return _of_value(self.labels, entity_type, field, value)

    def color(self, entity_type: str, field: str, value: Any) -> str | None:
        """The colour that the schema gives a value of an enumeration, such as `#16a34a`."""
        return _of_value(self.colors, entity_type, field, value)

    def unmet(self, entity_type: str, fields: Mapping[str, Any]) -> list[ConditionalField]:
        """The conditional fields that are required now and have no value."""
        return [
            rule
            for rule in self.conditional.get(entity_type, ())
            if fields.get(rule.other) in rule.values and fields.get(rule.field) in (None, "")
        ]


def _of_value(
    tables: Mapping[tuple[str, str], Mapping[str, str]], entity_type: str, field: str, value: Any
) -> str | None:
    table = tables.get((entity_type, field)) or tables.get((ANY_TYPE, field), {})
    said = table.get(value) if isinstance(value, str) else None
    return said if isinstance(said, str) else None
