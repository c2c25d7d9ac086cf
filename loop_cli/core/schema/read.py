"""From a parsed schema file to the `Schema`.

Sections of types and fields must have their shape; what the rules beyond them say in words
that are not known here is left alone.
"""

from __future__ import annotations

from loop_cli.core.diff import value_at
from loop_cli.core.schema.paths import build_places, mapping, names
from loop_cli.core.schema.schema import ANY_TYPE, ConditionalField, FormRule, Schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from loop_cli.core.schema.paths import Names

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
# How `format_rules` say in words what a text must be; the text itself follows in quotes.
_FORMS = (
    ("must be ", "equals"),
    ("always ", "equals"),
    ("must end with ", "ends"),
    ("must start with ", "starts"),
    ("must begin with ", "starts"),
    ("must contain ", "contains"),
)


def build(data: Mapping[str, Any], *, shipped: bool = False) -> Schema:
    """The schema in a parsed file. Raises `SchemaError`."""
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
        labels=_tables(data, types, "labels"),
        colors=_tables(data, types, "colors"),
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
        defaults=dict(_defaults(data)),
        elsewhere=_some_names(_dict(data.get("cross_vault")).get("exec_only")),
        shipped=shipped,
    )


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
    """The enumerations that `format_rules` spell out: `must be one of [a, b]`."""
    found: dict[tuple[str, str], Names] = {}
    for entity_type, formats in mapping(rules, "format_rules", inside="validation_rules.").items():
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
            found[ANY_TYPE, name] = section[what]
    conditions = data.get(f"condition_{what}")
    if isinstance(conditions, dict):
        found[ANY_TYPE, "conditions_3y"] = conditions
    if (ANY_TYPE, "priority") in found:
        found[ANY_TYPE, "priority_flag"] = found[ANY_TYPE, "priority"]
    for entity_type in types:
        for key, value in _section(data, entity_type).items():
            if key.endswith(f"_{what}") and isinstance(value, dict):
                found[entity_type, key.removesuffix(f"_{what}")] = value
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
    """The field and its values in `status = done` or `type in [dev, bug]`; None for other words.

    By hand, since a regular expression would cost every update a third of an interpreter.
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
    """The forms of texts, and the lists that need an item, of `format_rules` and `guardrails`."""
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
    """The rule in words such as `must end with '?'`, by hand as `_condition` is."""
    for start, how in _FORMS:
        if words.startswith(start + "'"):
            inner, end, _rest = words[len(start) + 1 :].partition("'")
            return FormRule(field=field, how=how, text=inner) if end else None
    return None


def _defaults(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """The schema's defaults by section and field: `task.status_default`, `priority.default`."""
    for section, content in data.items():
        for key, value in _texts(content).items():
            if key == "default":
                yield ("*", section), value
            elif key.endswith("_default"):
                yield (section, key.removesuffix("_default")), value


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
