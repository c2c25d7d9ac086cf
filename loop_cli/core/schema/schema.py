"""The vault's schema as data: types, fields, enumerations, ids, places and rules (SPEC §2).

`build` makes it from the parsed file. The sections of types and fields must have their shape. Other
rules in unknown words are ignored.
"""

from __future__ import annotations

from loop_cli.core.diff import value_at
from loop_cli.core.fields import KINDS, KINDS_OF_FIELDS, FieldSpec, kind_of
from loop_cli.core.schema.paths import SchemaError, build_places, mapping, names
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.schema.paths import Names, Places

ANY_TYPE = "*"
"""The name for "every type" in the tables of enumerations."""

# Fields whose enumeration has another name.
_CHOICES_ELSEWHERE = {
    "priority_flag": ("priority", "values"),
    "conditions_3y": ("condition_ids",),
    "program_type": ("program_types",),
    "tier": ("impact", "tiers"),
    "impact_magnitude": ("impact", "magnitudes"),
}
_LOOKS_ELSEWHERE = {"priority_flag": "priority"}  # its labels and colours belong to another field
_PLURALS = {"types": "type", "target_projects": "target_project"}
_ONE_OF = "must be one of ["
# The words of `format_rules` about a text; the text itself follows in quotes.
_FORMS = (
    ("must be ", "equals"),
    ("always ", "equals"),
    ("must end with ", "ends"),
    ("must start with ", "starts"),
    ("must begin with ", "starts"),
    ("must contain ", "contains"),
)


# The prefix of a type's ids, if the schema has a pattern for it.
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
    """A field that is required if another field has one of some values."""

    field: str
    when: str
    other: str
    values: Names


class FormRule(Struct):
    """The form of a field's text; `how` is `equals`, `starts`, `ends` or `contains`."""

    field: str
    how: str
    text: str

    def holds(self, value: Any) -> bool:
        """Whether the value has this form. Values that are not texts are left to other rules."""
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
        """The allowed form, in words."""
        ways = {"equals": "", "starts": "a text that begins with ", "ends": "a text that ends in "}
        return ways.get(self.how, "a text that contains ") + repr(self.text)


class Schema(Struct):
    """The parts of a schema.

    `shipped` means the default schema. `sections` is the whole file, for the few commands that need
    it. `id_patterns` are by prefix, as written. `locations` are folders or files with placeholders.
    `parents` has the type of `parent_id`. `filled` are lists that need an item. `renamed` maps old
    statuses to new ones. `elsewhere` are the types that live in another vault.
    """

    types: Names
    required: dict[str, Names]
    known: dict[str, Names]
    writable: dict[str, Names]
    choices: dict[tuple[str, str], Names]
    sections: Mapping[str, Any]
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
    elsewhere: Names
    shipped: bool
    kinds: dict[str, str] = {}  # noqa: RUF012  a Struct's default

    @property
    def is_open(self) -> bool:
        """Whether a type may have fields that the schema does not know."""
        return self.sections.get("open") is True

    def knows_type(self, entity_type: str) -> bool:
        """Whether the schema mentions the type."""
        return entity_type in self.types or entity_type in self.known

    def known_fields(self, entity_type: str) -> Names:
        """Return the fields of the type, in the schema's order."""
        fields = (*self.known.get("all", ()), *self.known.get(entity_type, ()))
        return tuple(dict.fromkeys(fields))

    def writable_fields(self, entity_type: str, present: Mapping[str, Any]) -> Names | None:
        """Return the fields that may be changed; None if all may.

        An unknown type has the common fields and those in its file. In a vault without a schema it
        is free.
        """
        if entity_type in self.writable:
            return self.writable[entity_type]
        if self.knows_type(entity_type):
            return self.known_fields(entity_type)
        return None if self.shipped else (*self.known_fields(entity_type), *present)

    def required_fields(self, entity_type: str) -> Names:
        """Return the required fields of the type."""
        return (*self.required.get("all", ()), *self.required.get(entity_type, ()))

    def spec(self, entity_type: str, path: tuple[str, ...], fields: Mapping[str, Any]) -> FieldSpec:
        """Return the kind of a field: by the schema, the table of known fields, or its current
        value."""
        found = kind_of(value_at(fields, path))
        if len(path) > 1:
            return FieldSpec(kind=found, inferred=True)
        (name,) = path
        choices = self.choices.get((entity_type, name)) or self.choices.get((ANY_TYPE, name), ())
        told = self.kinds.get(name) or KINDS.get(name)
        kind = told or found
        if choices and kind != "text":
            # An enumeration has texts, whatever the table says; a list may have one for its items.
            kind = "list" if "list" in (kind, found) else "text"
        return FieldSpec(kind=kind, choices=choices, inferred=told is None and not choices)

    def label(self, entity_type: str, field: str, value: Any) -> str | None:
        """Return the schema's label for a value of an enumeration."""
        return self._of_value("labels", entity_type, field, value)

    def color(self, entity_type: str, field: str, value: Any) -> str | None:
        """Return the schema's colour for a value of an enumeration, such as `#16a34a`."""
        return self._of_value("colors", entity_type, field, value)

    def default(self, entity_type: str, field: str) -> str | None:
        """Return the default value of a new entity."""
        own = _dict(self.sections.get(entity_type.lower())).get(f"{field}_default")
        value = own if isinstance(own, str) and own else None
        if value is None:
            value = _dict(self.sections.get(field)).get("default")
        return value if isinstance(value, str) else None

    def _of_value(self, what: str, entity_type: str, field: str, value: Any) -> str | None:
        """Return what the schema says of a value of an enumeration: its label or its colour."""
        table = None
        if entity_type in self.types:
            table = _section(self.sections, entity_type).get(f"{field}_{what}")
        if not isinstance(table, dict) or not table:
            table = _dict(self.sections.get(_LOOKS_ELSEWHERE.get(field, field))).get(what)
            if field == "conditions_3y":
                table = self.sections.get(f"condition_{what}")
        said = _dict(table).get(value) if isinstance(value, str) else None
        return said if isinstance(said, str) else None

    def unmet(self, entity_type: str, fields: Mapping[str, Any]) -> list[ConditionalField]:
        """Return the conditional fields that are required now and have no value."""
        return [
            rule
            for rule in self.conditional.get(entity_type, ())
            if fields.get(rule.other) in rule.values and fields.get(rule.field) in (None, "")
        ]


def build(data: Mapping[str, Any], *, shipped: bool = False) -> Schema:
    """Build the schema from a parsed file. Raises `SchemaError`."""
    types = names(data, "entity_types")
    targets = mapping(data, "write_targets")
    rules = mapping(data, "validation_rules")
    parents = _texts(rules.get("parent_references"))
    forms, filled = _forms(rules, parents)
    return Schema(
        types=types,
        required=_by_type(data, "required_fields"),
        known=_by_type(data, "known_fields"),
        writable=_by_type(targets, "writable_fields", inside="write_targets."),
        choices=_choices(data, types, rules),
        sections=data,
        conditional=_conditional(rules),
        places=build_places(data),
        id_patterns=_texts(data.get("id_patterns")),
        locations=_texts(data.get("file_locations")),
        parents=parents,
        derived=_lists(rules.get("derived_fields")),
        forbidden=_lists(rules.get("forbidden")),
        forms=forms,
        filled=filled,
        renamed=_texts(data.get("status_mapping")),
        elsewhere=_some_names(_dict(data.get("cross_vault")).get("exec_only")),
        shipped=shipped,
        kinds=_kinds(data),
    )


def _kinds(data: Mapping[str, Any]) -> dict[str, str]:
    """Read the kinds of fields in `field_types`. Raises `SchemaError`."""
    found = mapping(data, "field_types")
    for name, kind in found.items():
        if kind not in KINDS_OF_FIELDS:
            raise SchemaError(f"field_types.{name} must be one of {', '.join(KINDS_OF_FIELDS)}")
    return found


def _by_type(data: Mapping[str, Any], key: str, *, inside: str = "") -> dict[str, Names]:
    table = mapping(data, key, inside=inside)
    return {name: names(table, name, inside=f"{inside}{key}.") for name in table}


def _section(data: Mapping[str, Any], entity_type: str) -> dict[str, Any]:
    value = data.get(entity_type.lower())
    return value if isinstance(value, dict) else {}


def _choices(
    data: Mapping[str, Any], types: Names, rules: Mapping[str, Any]
) -> dict[tuple[str, str], Names]:
    found: dict[tuple[str, str], Names] = {}
    for name, section in data.items():
        if isinstance(section, dict) and _is_names(section.get("values")):
            found[ANY_TYPE, name] = tuple(section["values"])
    for field, place in _CHOICES_ELSEWHERE.items():
        value = value_at(data, place)
        if _is_names(value):
            found[ANY_TYPE, field] = tuple(value)
    for entity_type in types:
        for key, value in _section(data, entity_type).items():
            if _is_names(value):
                found[entity_type, _PLURALS.get(key, key)] = tuple(value)
    return {**found, **_choices_in_words(rules)}


def _choices_in_words(rules: Mapping[str, Any]) -> dict[tuple[str, str], Names]:
    """Read the enumerations in `format_rules`: `must be one of [a, b]`."""
    found: dict[tuple[str, str], Names] = {}
    for entity_type, formats in mapping(rules, "format_rules", inside="validation_rules.").items():
        for field, rule in (formats if isinstance(formats, dict) else {}).items():
            if isinstance(rule, str) and rule.startswith(_ONE_OF):
                values, bracket, _rest = rule.removeprefix(_ONE_OF).rpartition("]")
                if bracket:
                    found[entity_type, field] = _split(values)
    return found


def _conditional(rules: Mapping[str, Any]) -> dict[str, tuple[ConditionalField, ...]]:
    found: dict[str, tuple[ConditionalField, ...]] = {}
    for entity_type, entries in mapping(
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
    """Parse `status = done` or `type in [dev, bug]` into a field and its values; else None.

    It uses no regular expression, which would cost every update a third of an interpreter.
    """
    field, *rest = text.split(None, 1) or [""]
    if not rest or not _is_word(field):
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


def _forms(
    rules: Mapping[str, Any], parents: Mapping[str, str]
) -> tuple[dict[str, tuple[FormRule, ...]], dict[str, Names]]:
    """Read the forms of texts, and the lists that need an item, from `format_rules` and
    `guardrails`."""
    forms: dict[str, tuple[FormRule, ...]] = {}
    filled: dict[str, Names] = {}
    for kind, sayings in _dict(rules.get("format_rules")).items():
        found = [_form(name, words) for name, words in _texts(sayings).items()]
        forms[kind] = tuple(rule for rule in found if rule is not None)
    for guard in _dict(rules.get("guardrails")).values():
        entity_type, check = _dict(guard).get("entity"), _dict(guard).get("check")
        if not isinstance(entity_type, str) or not isinstance(check, str):
            continue
        field, asks, rest = check.partition(" is not empty list")
        if asks and not rest and _is_word(field):
            filled[entity_type] = (*filled.get(entity_type, ()), field)
        field, _asks, rest = check.partition(".startswith('")
        text, end, more = rest.partition("'")
        of_parent = field == "parent_id" and entity_type in parents
        if end and more == ")" and _is_word(field) and not of_parent:
            rule = FormRule(field=field, how="starts", text=text)
            forms[entity_type] = (*forms.get(entity_type, ()), rule)
    return forms, filled


def _form(field: str, words: str) -> FormRule | None:
    """Parse words such as `must end with '?'`, without regular expressions, as `_condition`
    does."""
    for start, how in _FORMS:
        if words.startswith(start + "'"):
            inner, end, _rest = words[len(start) + 1 :].partition("'")
            return FormRule(field=field, how=how, text=inner) if end else None
    return None


def _is_word(text: str) -> bool:
    return text.replace("_", "x").isalnum()


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> dict[str, str]:
    pairs = _dict(value).items()
    return {key: item for key, item in pairs if isinstance(key, str) and isinstance(item, str)}


def _some_names(value: Any) -> Names:
    items = value if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str))


def _lists(value: Any) -> dict[str, Names]:
    return {key: _some_names(item) for key, item in _dict(value).items() if isinstance(key, str)}
