"""The schema, described for people who want to write: by type and field, or as JSON Schema."""

from __future__ import annotations

import re

from loop_cli.core import fields, timestamps
from loop_cli.core.check.places import file_name
from loop_cli.core.fields import TARGETS
from loop_cli.core.patterns import MAX_ID
from loop_cli.core.schema.names import MAX_NAME
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.core.fields import FieldSpec
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.schema.schema import FormRule

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    "time": {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"},
    "list": {"type": "array"},
    "mapping": {"type": "object"},
    "any": {},
}
_TIME = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$"}
_NAME = {
    "type": "string",
    "maxLength": MAX_NAME,
    "pattern": r"^[^\s\x00-\x1f]([^\x00-\x1f]*[^\s\x00-\x1f])?$",
}
# A field that must not be present may still be empty, in the form of its kind.
_EMPTY: dict[str, list[Any]] = {"text": [""], "list": [[]], "mapping": [{}], "any": ["", [], {}]}


class FieldView(Struct):
    """One field of a type.

    `when` are the conditions under which it is required, in words. `names` is the type of the
    entity that it refers to, empty for any. `words` describe the values if the kind does not.
    """

    name: str
    spec: FieldSpec
    required: bool
    writable: bool
    when: tuple[str, ...] = ()
    forms: tuple[FormRule, ...] = ()
    default: str | None = None
    names: str | None = None
    filled: bool = False
    computed: bool = False
    forbidden: bool = False
    words: str | None = None

    @property
    def takes(self) -> str:
        """The allowed values, in words."""
        if self.words is not None:
            return self.words
        words = [fields.allowed(self.spec), *(rule.words for rule in self.forms)]
        if self.names is not None:
            words.append(f"the id of a {self.names}" if self.names else "the id of an entity")
        return "; ".join(words[1:] if len(words) > 1 and self.spec.kind == "text" else words)


class TypeView(Struct):
    """One type: its fields in the schema's order, its ids, and the place of its files."""

    name: str
    fields: tuple[FieldView, ...]
    id_pattern: str | None
    place: str | None
    file: str | None
    parent: str | None


def describe(entity_type: str, rules: Rules) -> TypeView:
    """Describe a type."""
    required = rules.required(entity_type)
    place = rules.schema.locations.get(entity_type)
    names = (
        *rules.known(entity_type),
        *required,
        *rules.schema.derived.get(entity_type, ()),
    )
    return TypeView(
        name=entity_type,
        fields=tuple(_field(entity_type, name, rules) for name in dict.fromkeys(names)),
        id_pattern=None if rules.names.id_is_stem else rules.pattern(entity_type, ""),
        place=place,
        file=file_name(entity_type, "{id}", place or "") if rules.schema.locations else None,
        parent=rules.schema.parents.get(entity_type),
    )


def _field(entity_type: str, name: str, rules: Rules) -> FieldView:
    schema = rules.schema
    writable = schema.writable_fields(entity_type, {})
    kind = schema.parents.get(entity_type, "") if name == "parent_id" else TARGETS.get(name)
    return FieldView(
        name=name,
        spec=schema.spec(entity_type, (name,), {}),
        required=name in rules.required(entity_type),
        writable=name not in rules.names.read_only() and (writable is None or name in writable),
        when=tuple(
            rule.when for rule in schema.conditional.get(entity_type, ()) if rule.field == name
        ),
        forms=tuple(rule for rule in schema.forms.get(entity_type, ()) if rule.field == name),
        default=schema.default(entity_type, name),
        names=kind if rules.patterns else None,
        filled=name in schema.filled.get(entity_type, ()),
        computed=name in schema.derived.get(entity_type, ()),
        forbidden=name in schema.forbidden.get(entity_type, ()),
        words=_own_words(entity_type, name, rules.names),
    )


def _own_words(entity_type: str, name: str, own: FieldNames) -> str | None:
    """Describe the values of a field of identity or time; None for other fields."""
    time = f"a time such as {timestamps.EXAMPLE}"
    words = {own.name: "a line of text", own.created: time, own.updated: time}
    words |= {own.type: entity_type, own.id: "its id"}
    return words.get(name)


def json_schema(view: TypeView, rules: Rules) -> dict[str, Any]:
    """Return the frontmatter of a type as JSON Schema (2020-12).

    Fields that can't be written are `readOnly`. `x-loop` has the parts that JSON Schema can't
    express.
    """
    shown = {field.name: _property(field, view, rules) for field in view.fields}
    conditions = [
        _condition(rule.other, rule.values, rule.field, shown)
        for rule in rules.schema.conditional.get(view.name, ())
    ]
    return {
        "$schema": DRAFT,
        "title": view.name,
        "type": "object",
        "properties": shown,
        "required": [field.name for field in view.fields if field.required],
        "additionalProperties": rules.schema.is_open or not rules.schema.knows_type(view.name),
        **({"allOf": conditions} if conditions else {}),
        "x-loop": {
            "writable": [field.name for field in view.fields if field.writable] + ["body"],
            "required_when": {field.name: list(field.when) for field in view.fields if field.when},
            "id_pattern": view.id_pattern,
            "place": view.place,
            "file": view.file,
            "parent": view.parent,
        },
    }


def json_schema_of_all(types: tuple[str, ...], rules: Rules) -> dict[str, Any]:
    """Return the JSON Schema for entities of all types; each type has its schema in `$defs`."""
    definitions = {}
    for name in types:
        own = json_schema(describe(name, rules), rules)
        del own["$schema"]
        definitions[name] = own
    chosen = [
        {
            "if": {
                "properties": {rules.names.type: {"const": name}},
                "required": [rules.names.type],
            },
            "then": {"$ref": f"#/$defs/{_pointer(name)}"},
        }
        for name in types
    ]
    whole: dict[str, Any] = {"$schema": DRAFT, "type": "object", "$defs": definitions}
    if not rules.names.type_is_folder:
        whole["required"] = [rules.names.type]
        if chosen:
            whole["allOf"] = chosen
    return whole


def _property(field: FieldView, view: TypeView, rules: Rules) -> dict[str, Any]:
    shown: dict[str, Any] = dict(_KINDS[field.spec.kind])
    own = rules.names
    if field.name == own.id:
        shown = {"type": ["string", "integer"], "maxLength": MAX_ID}
        if view.id_pattern:
            shown["pattern"] = view.id_pattern
    elif field.name == own.type:
        shown = {"const": view.name}
    elif field.name == own.name:
        shown = dict(_NAME)
    elif field.name in (own.created, own.updated):
        shown = dict(_TIME)
    if field.spec.choices:
        choices = {"enum": list(field.spec.choices)}
        shown = {"type": "array", "items": choices} if field.spec.kind == "list" else choices
    if field.filled:
        shown["minItems"] = 1
    for rule in field.forms:
        shown = {"allOf": [shown, _form(rule)]} if "pattern" in shown else {**shown, **_form(rule)}
    if field.forbidden:
        shown = {"enum": [None, *_EMPTY.get(field.spec.kind, ())]}
    return _annotated(_nullable(shown, field), field)


def _nullable(shown: dict[str, Any], field: FieldView) -> dict[str, Any]:
    """Allow null, unless the field is required."""
    if field.required:
        return {**shown, "not": {"enum": [None, ""]}} if field.spec.kind != "any" else shown
    return {"anyOf": [shown, {"type": "null"}]} if shown and not field.forbidden else shown


def _annotated(shown: dict[str, Any], field: FieldView) -> dict[str, Any]:
    notes: dict[str, Any] = {}
    if not field.writable or field.computed:
        notes["readOnly"] = True
    if field.default is not None:
        notes["default"] = field.default
    words = [f"required when {when}" for when in field.when]
    words += ["computed, and not to be stored"] if field.computed else []
    words += ["must not be there"] if field.forbidden else []
    if field.names is not None:
        words.append(f"the id of a {field.names}" if field.names else "the id of an entity")
    if words:
        notes["description"] = "; ".join(words)
    return {**shown, **notes}


def _form(rule: FormRule) -> dict[str, Any]:
    if rule.how == "equals":
        return {"const": rule.text}
    text = re.sub(r"([^\w\s가-힣])", r"\\\1", rule.text)
    patterns = {"starts": f"^{text}", "ends": rf"{text}\s*$", "contains": text}
    return {"pattern": patterns[rule.how]}


def _condition(
    other: str, values: tuple[str, ...], field: str, properties: dict[str, Any]
) -> dict[str, Any]:
    then: dict[str, Any] = {"required": [field]}
    if field in properties:
        then["properties"] = {field: {"not": {"enum": [None, ""]}}}
    return {
        "if": {"properties": {other: {"enum": list(values)}}, "required": [other]},
        "then": then,
    }


def _pointer(name: str) -> str:
    """Escape a name for a JSON pointer in a URI fragment."""
    escaped = name.replace("~", "~0").replace("/", "~1")
    return re.sub(
        r"[^\w~-]", lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), escaped
    )
