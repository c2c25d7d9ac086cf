"""The vault's schema: types, fields, what may be written, and the enumerations (SPEC §2).

`Schema` is built from the parsed mapping of `00_Meta/schema_constants.yaml`, or from the
default schema that ships with the package. Sections it does not know are left alone.
"""

from __future__ import annotations

from loop_cli.core.diff import value_at
from loop_cli.core.fields import KINDS, FieldSpec, kind_of
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Names = tuple[str, ...]

_ANY_TYPE = "*"
# Fields whose enumeration stands under another name than their own.
_CHOICES_ELSEWHERE = {
    "priority_flag": ("priority", "values"),
    "conditions_3y": ("condition_ids",),
    "program_type": ("program_types",),
    "tier": ("impact", "tiers"),
    "impact_magnitude": ("impact", "magnitudes"),
}
_PLURALS = {"types": "type", "target_projects": "target_project"}
_ONE_OF = "must be one of ["


class SchemaError(ValueError):
    """A section has the wrong shape; the message names the section and what it must be."""


class ConditionalField(Struct):
    """A field that is required when another has one of some values."""

    field: str
    when: str
    other: str
    values: Names


class Places(Struct):
    """Where the entities are: folders and file names of the schema's `paths`.

    The folders are relative to the vault, without `.`, `..` and doubled slashes; the vault
    itself is the empty name.
    """

    include: Names = ()
    exclude: Names = ()
    exclude_files: Names = ()


class Schema(Struct):
    """What a vault's entities are made of. `shipped` tells the default schema."""

    types: Names
    required: dict[str, Names]
    known: dict[str, Names]
    writable: dict[str, Names]
    choices: dict[tuple[str, str], Names]
    labels: dict[tuple[str, str], dict[str, str]]
    colors: dict[tuple[str, str], dict[str, str]]
    conditional: dict[str, tuple[ConditionalField, ...]]
    places: Places
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
        choices = self.choices.get((entity_type, name)) or self.choices.get((_ANY_TYPE, name), ())
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


def build_places(data: Mapping[str, Any]) -> Places:
    """The places in a parsed file, or in its section `paths` alone. Raises `SchemaError`."""
    paths = _mapping(data, "paths")
    include, exclude, files = (_names(paths, key, inside="paths.") for key in Places._fields)
    for name in include:
        hidden = any(part.startswith(".") for part in _plain(name).split("/"))
        if name.startswith("/") or hidden or "\0" in name:
            raise SchemaError(f"paths.include must be folders of the vault, not {name!r}")
    return Places(
        include=tuple(dict.fromkeys(map(_plain, include))),
        exclude=tuple(plain for plain in map(_plain, exclude) if plain),
        exclude_files=files,
    )


def _plain(folder: str) -> str:
    return "/".join(part for part in folder.split("/") if part not in ("", "."))


def build(data: Mapping[str, Any], *, shipped: bool = False) -> Schema:
    """The schema in a parsed file. Raises `SchemaError`."""
    types = _names(data, "entity_types")
    targets = _mapping(data, "write_targets")
    rules = _mapping(data, "validation_rules")
    return Schema(
        types=types,
        required=_by_type(data, "required_fields"),
        known=_by_type(data, "known_fields"),
        writable=_by_type(targets, "writable_fields", inside="write_targets."),
        choices=_choices(data, types, rules),
        labels=_tables(data, types, "labels"),
        colors=_tables(data, types, "colors"),
        conditional=_conditional(rules),
        places=build_places(data),
        shipped=shipped,
    )


def _names(data: Mapping[str, Any], key: str, *, inside: str = "") -> Names:
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SchemaError(f"{inside}{key} must be a list of names")
    return tuple(value)


def _mapping(data: Mapping[str, Any], key: str, *, inside: str = "") -> dict[str, Any]:
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SchemaError(f"{inside}{key} must be a mapping")
    return value


def _by_type(data: Mapping[str, Any], key: str, *, inside: str = "") -> dict[str, Names]:
    table = _mapping(data, key, inside=inside)
    return {name: _names(table, name, inside=f"{inside}{key}.") for name in table}


def _section(data: Mapping[str, Any], entity_type: str) -> dict[str, Any]:
    value = data.get(entity_type.lower())
    return value if isinstance(value, dict) else {}


def _choices(
    data: Mapping[str, Any], types: Names, rules: Mapping[str, Any]
) -> dict[tuple[str, str], Names]:
    found: dict[tuple[str, str], Names] = {}
    for name, section in data.items():
        if isinstance(section, dict) and _is_names(section.get("values")):
            found[_ANY_TYPE, name] = tuple(section["values"])
    for field, place in _CHOICES_ELSEWHERE.items():
        value = value_at(data, place)
        if _is_names(value):
            found[_ANY_TYPE, field] = tuple(value)
    for entity_type in types:
        for key, value in _section(data, entity_type).items():
            if _is_names(value):
                found[entity_type, _PLURALS.get(key, key)] = tuple(value)
    return {**found, **_choices_in_words(rules)}


def _choices_in_words(rules: Mapping[str, Any]) -> dict[tuple[str, str], Names]:
    """The enumerations that `format_rules` spell out: `must be one of [a, b]`."""
    found: dict[tuple[str, str], Names] = {}
    for entity_type, formats in _mapping(rules, "format_rules", inside="validation_rules.").items():
        for field, rule in (formats if isinstance(formats, dict) else {}).items():
            if isinstance(rule, str) and rule.startswith(_ONE_OF):
                values, bracket, _rest = rule.removeprefix(_ONE_OF).rpartition("]")
                if bracket:
                    found[entity_type, field] = _split(values)
    return found


def _tables(
    data: Mapping[str, Any], types: Names, what: str
) -> dict[tuple[str, str], dict[str, str]]:
    """What the schema says of the values of enumerations: their `labels`, their `colors`."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name, section in data.items():
        if isinstance(section, dict) and isinstance(section.get(what), dict):
            found[_ANY_TYPE, name] = section[what]
    conditions = data.get(f"condition_{what}")
    if isinstance(conditions, dict):
        found[_ANY_TYPE, "conditions_3y"] = conditions
    if (_ANY_TYPE, "priority") in found:
        found[_ANY_TYPE, "priority_flag"] = found[_ANY_TYPE, "priority"]
    for entity_type in types:
        for key, value in _section(data, entity_type).items():
            if key.endswith(f"_{what}") and isinstance(value, dict):
                found[entity_type, key.removesuffix(f"_{what}")] = value
    return found


def _of_value(
    tables: Mapping[tuple[str, str], Mapping[str, str]], entity_type: str, field: str, value: Any
) -> str | None:
    table = tables.get((entity_type, field)) or tables.get((_ANY_TYPE, field), {})
    said = table.get(value) if isinstance(value, str) else None
    return said if isinstance(said, str) else None


def _conditional(rules: Mapping[str, Any]) -> dict[str, tuple[ConditionalField, ...]]:
    found: dict[str, tuple[ConditionalField, ...]] = {}
    for entity_type, entries in _mapping(
        rules, "conditional_required", inside="validation_rules."
    ).items():
        parsed = []
        for entry in entries if isinstance(entries, list) else []:
            if not isinstance(entry, dict):
                continue
            field, when = entry.get("field"), entry.get("when")
            if not isinstance(field, str) or not isinstance(when, str):
                continue
            condition = _condition(when)
            if condition is not None:
                other, values = condition
                parsed.append(ConditionalField(field=field, when=when, other=other, values=values))
        found[entity_type] = tuple(parsed)
    return found


def _condition(text: str) -> tuple[str, Names] | None:
    """The field and its values in `status = done` or `type in [dev, bug]`; None for other words.

    By hand, since a regular expression would cost every update a third of an interpreter.
    """
    field, *rest = text.split(None, 1) or [""]
    if not rest or not field.replace("_", "x").isalnum():
        return None
    if rest[0].startswith("="):
        value = rest[0][1:].strip()
        return (field, (value,)) if value and len(value.split()) == 1 else None
    values = rest[0].removeprefix("in").strip()
    if not rest[0].startswith("in") or values[:1] + values[-1:] != "[]":
        return None
    return field, _split(values[1:-1])


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _split(text: str) -> Names:
    return tuple(item.strip() for item in text.split(",") if item.strip())
