"""The schema's rules about whole entities: ids, places, parents, forms (SPEC §2).

Apart from `core.schema`, which every update reads: only `check`, `schema` and their like need
these sections. What a section says in words that are not known here is left alone.
"""

from __future__ import annotations

import re

from loop_cli.core.patterns import MAX_PATTERNS, Unusable, check
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    Names = tuple[str, ...]

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
_FORMS = (
    ("equals", re.compile(r"(?:must be|always) '([^']*)'")),
    ("ends", re.compile(r"must end with '([^']*)'")),
    ("starts", re.compile(r"must (?:start|begin) with '([^']*)'")),
    ("contains", re.compile(r"must contain '([^']*)'")),
)
_STARTS = re.compile(r"(\w+)\.startswith\('([^']*)'\)")
_FILLED = re.compile(r"(\w+) is not empty list")


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


class Rulebook(Struct):
    """What the schema says beyond fields and values, by type.

    `patterns` are of ids, by prefix; `unusable` the prefixes whose pattern can't be used, with
    the reason; `places` are folders, or files, with placeholders; `parents` is the type that
    `parent_id` names; `filled` are lists that need an item; `renamed` gives old statuses
    their new name; `elsewhere` are the types that live in another vault.
    """

    patterns: dict[str, str]
    unusable: dict[str, str]
    places: dict[str, str]
    parents: dict[str, str]
    derived: dict[str, Names]
    forbidden: dict[str, Names]
    forms: dict[str, tuple[FormRule, ...]]
    filled: dict[str, Names]
    renamed: dict[str, str]
    defaults: dict[tuple[str, str], str]
    elsewhere: Names

    def pattern(self, entity_type: str, entity_id: str) -> str | None:
        """The pattern that an id of the type must match; None where the schema has none."""
        prefix = PREFIXES.get(entity_type)
        if prefix is not None and (prefix in self.patterns or prefix in self.unusable):
            return self.patterns.get(prefix)
        return self.patterns.get(re.split("[-:]", entity_id, maxsplit=1)[0])


def build(data: Mapping[str, Any]) -> Rulebook:
    """The rules in a parsed schema file; sections of another shape say nothing."""
    rules = _mapping(data.get("validation_rules"))
    patterns, unusable = _patterns(data)
    parents = _texts(rules.get("parent_references"))
    forms = _forms(_mapping(rules.get("format_rules")))
    filled: dict[str, Names] = {}
    for guard in _mapping(rules.get("guardrails")).values():
        _add_guard(_mapping(guard), forms, filled, parents)
    return Rulebook(
        patterns=patterns,
        unusable=unusable,
        places=_texts(data.get("file_locations")),
        parents=parents,
        derived=_lists(rules.get("derived_fields")),
        forbidden=_lists(rules.get("forbidden")),
        forms=forms,
        filled=filled,
        renamed=_texts(data.get("status_mapping")),
        defaults=dict(_defaults(data)),
        elsewhere=_names(_mapping(data.get("cross_vault")).get("exec_only")),
    )


def _patterns(data: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    usable: dict[str, str] = {}
    unusable: dict[str, str] = {}
    for number, (prefix, pattern) in enumerate(_texts(data.get("id_patterns")).items()):
        try:
            if number >= MAX_PATTERNS:
                raise Unusable(f"is one pattern too many; loop uses the first {MAX_PATTERNS}")
            check(pattern)
        except Unusable as error:
            unusable[prefix] = str(error)
        else:
            usable[prefix] = pattern
    return usable, unusable


def _forms(section: Mapping[str, Any]) -> dict[str, tuple[FormRule, ...]]:
    found: dict[str, tuple[FormRule, ...]] = {}
    for entity_type, rules in section.items():
        parsed = []
        for field, words in _texts(rules).items():
            for how, pattern in _FORMS:
                match = pattern.match(words)
                if match:
                    parsed.append(FormRule(field=field, how=how, text=match[1]))
        found[entity_type] = tuple(parsed)
    return found


def _add_guard(
    guard: Mapping[str, Any],
    forms: dict[str, tuple[FormRule, ...]],
    filled: dict[str, Names],
    parents: Mapping[str, str],
) -> None:
    entity_type, check = guard.get("entity"), guard.get("check")
    if not isinstance(entity_type, str) or not isinstance(check, str):
        return
    starts, full = _STARTS.fullmatch(check), _FILLED.fullmatch(check)
    if starts and not (starts[1] == "parent_id" and entity_type in parents):
        rule = FormRule(field=starts[1], how="starts", text=starts[2])
        forms[entity_type] = (*forms.get(entity_type, ()), rule)
    if full:
        filled[entity_type] = (*filled.get(entity_type, ()), full[1])


def _defaults(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """The schema's defaults by section and field: `task.status_default`, `priority.default`."""
    for section, content in data.items():
        for key, value in _texts(content).items():
            if key == "default":
                yield ("*", section), value
            elif key.endswith("_default"):
                yield (section, key.removesuffix("_default")), value


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> dict[str, str]:
    pairs = _mapping(value).items()
    return {key: item for key, item in pairs if isinstance(key, str) and isinstance(item, str)}


def _names(value: Any) -> Names:
    items = value if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str))


def _lists(value: Any) -> dict[str, Names]:
    return {key: _names(item) for key, item in _mapping(value).items() if isinstance(key, str)}
