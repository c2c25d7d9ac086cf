"""Propose a schema from the frontmatter of a folder of Markdown files.

`Tally` counts file after file and keeps only the counts; `propose` decides. Each proposal has a
share: how many of the files support it.
"""

from __future__ import annotations

import re
from collections import Counter

from loop_cli.core import course, timestamps
from loop_cli.core.entity import PLACES_AS_ID, FieldNames
from loop_cli.core.fields import KINDS, kind_of
from loop_cli.core.names import nfc
from loop_cli.core.schema.rules import Rules
from loop_cli.core.schema.schema import build
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ROOT_TYPE = "Note"  # the type of files without a folder or a type
CANDIDATES = {
    "id": ("entity_id", "id", "uid", "uuid", "zettel_id"),
    "type": ("entity_type", "type", "kind"),
    "name": ("entity_name", "title", "name"),
    "created": ("created", "created_at", "date created", "creation date"),
    "updated": (
        "updated",
        "lastmod",
        "last_modified_at",
        "modified",
        "updated_at",
        "date modified",
        "date updated",
        "updatedDate",
    ),
}
_SOURCES = ("@folder", *CANDIDATES["type"])
_MOST = 0.95  # the least share of a proposed rule
_MANY = 0.5
_RARE = 0.02
_FEW = 3
_ENOUGH = 20  # files of a type, before a field that all have is one that a new one needs
_TWO = 2  # the least files that say what a field holds
_DAY = re.compile(r"\d{4}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])", re.ASCII)
_COMPARED = 5  # the least files of a folder in which a rare name may be a slip
_LETTERS = 5  # the least letters of a name that others may be slips of
_MOST_BESIDE = 100  # fields of a file that are remembered as beside each other
_MAX_CHOICES = 12
_MAX_VALUES = 400
_LONGEST_CHOICE = 40
_NOT_CLOSED = re.compile(r"\d|\n|[.!?]$|://")  # a date, a number, a sentence, an address
# Sections of a schema; a field with such a name gets no enumeration of its own.
_SECTIONS = {
    "paths", "entity_types", "id_patterns", "required_fields", "known_fields", "write_targets",
    "file_locations", "validation_rules", "condition_ids", "condition_labels", "program_types",
    "impact", "status_mapping", "cross_vault", "field_types",
}  # fmt: skip


class Share(Struct):
    """`count` of `of` files support something."""

    count: int
    of: int

    @property
    def part(self) -> float:
        """The share from 0 to 1."""
        return self.count / self.of if self.of else 0.0


class FieldProposal(Struct):
    """A field: how many files have it, and its values.

    `types` are the types that have it; `required` are the types in which almost every file has it.
    `choices` is its enumeration, which `chosen` of its values support. `typed` is the kind that all
    its values have, if the schema must say it, since the field's name alone does not.
    """

    name: str
    share: Share
    kind: str
    types: tuple[str, ...]
    required: tuple[str, ...]
    choices: tuple[str, ...] = ()
    chosen: Share | None = None
    typed: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return one entry of `fields` in the JSON of `loop init`."""
        data = {
            "field": self.name,
            "share": self.share.__dict__,
            "kind": self.kind,
            "types": list(self.types),
            "required_for": list(self.required),
        }
        if self.chosen is None:
            return data
        return {**data, "choices": list(self.choices), "chosen": self.chosen.__dict__}


class Proposal(Struct):
    """The fields of identity and time with their shares, the types with their files, the fields.

    `left_out` are names that look like misspellings of other names.
    """

    names: FieldNames
    backing: dict[str, Share]
    types: dict[str, int]
    fields: tuple[FieldProposal, ...]
    left_out: dict[str, str]
    files: int

    def schema(self) -> dict[str, Any]:
        """Return the sections of the schema file."""
        own = [name for name in self.names.__dict__.values() if not name.startswith("@")]
        everywhere = [one.name for one in self.fields if self._is_common(one)]
        known = {"all": list(dict.fromkeys([*own, *everywhere]))}
        always = [one.name for one in self.fields if len(one.required) == len(self.types)]
        required = {"all": always if self.types else []}
        for entity_type in self.types:
            required[entity_type] = [
                one.name
                for one in self.fields
                if entity_type in one.required and one.name not in required["all"]
            ]
            known[entity_type] = [
                one.name
                for one in self.fields
                if entity_type in one.types and one.name not in known["all"]
            ]
        data: dict[str, Any] = {
            "open": True,
            "entity_types": list(self.types),
            "paths": {
                "include": [],
                "exclude": list(EXCLUDED),
                "exclude_files": list(EXCLUDED_FILES),
            },
            "required_fields": required,
            "known_fields": known,
        }
        kinds = {one.name: one.typed for one in self.fields if one.typed is not None}
        if kinds:
            data["field_types"] = kinds
        for one in self.fields:
            if one.choices:
                data[one.name] = {"values": list(one.choices)}
        return data

    def _is_common(self, field: FieldProposal) -> bool:
        """Whether most types have a field. An enumeration gives a new entity its first value, so
        all types must have it."""
        if field.choices:
            return len(field.types) == len(self.types)
        return len(field.types) * 2 > len(self.types)

    def rules(self) -> Rules:
        """The rules that the proposal would give."""
        return Rules(build(self.schema()), self.names)


EXCLUDED = (
    "00_Meta/_TEMPLATES", "90_Archive", "node_modules", "public", "themes", "vendor", "_site",
)  # fmt: skip
EXCLUDED_FILES = ("README.md", "CLAUDE.md", "CHANGELOG.md", "LICENSE.md")


class _Field:
    """The counts of one field; `has` and `filled` are by source of types and by type."""

    def __init__(self) -> None:
        self.count = self.filled = self.placeholders = 0
        self.days = self.times = self.begins_as_time = 0
        self.kinds: Counter[str] = Counter()
        self.values: Counter[str] = Counter()
        self.beside: set[str] = set()  # fields that a file has, too
        self.by_type: dict[str, Counter[str]] = {source: Counter() for source in _SOURCES}
        self.filled_by_type: dict[str, Counter[str]] = {source: Counter() for source in _SOURCES}

    def add(self, value: Any, types: dict[str, str]) -> None:
        self.count += 1
        for source, entity_type in types.items():
            self.by_type[source][entity_type] += 1
        if value in (None, "", [], {}):
            return
        self.filled += 1
        for source, entity_type in types.items():
            self.filled_by_type[source][entity_type] += 1
        self.kinds[kind_of(value)] += 1
        if isinstance(value, str):
            self.placeholders += value.startswith(("<%", "{{"))
            self.days += _DAY.fullmatch(value) is not None
            self.times += timestamps.parse(value) is not None
            self.begins_as_time += re.match(r"\d{4}-\d\d-\d\d", value) is not None
            if value in self.values or len(self.values) < _MAX_VALUES:
                self.values[value] += 1


class Tally:
    """Counts what the files have. Files without frontmatter do not count."""

    def __init__(self) -> None:
        self.files = 0
        self.fields: dict[str, _Field] = {}
        self.types: dict[str, Counter[str]] = {source: Counter() for source in _SOURCES}
        self._ids: dict[str, set[str]] = {name: set() for name in CANDIDATES["id"]}
        self.twice: set[str] = set()
        self.pages = 0  # of page bundles
        self._places: dict[str, set[str]] = {name: set() for name in PLACES_AS_ID}

    def add(self, path: str, fields: dict[str, Any]) -> None:
        """Count the frontmatter of the file at `path`."""
        self.files += 1
        types = {source: type_by(source, path, fields) for source in _SOURCES}
        for source, entity_type in types.items():
            self.types[source][entity_type] += 1
        for name, value in fields.items():
            counts = self.fields.setdefault(name, _Field())
            counts.add(value, types)
            if len(fields) <= _MOST_BESIDE:
                counts.beside.update(fields)
        self.pages += FieldNames(id="@folder-stem").id_of(path) != FieldNames(id="@stem").id_of(
            path
        )
        for name, seen in self._places.items():
            place = nfc(FieldNames(id=name).id_of(path))
            self.twice.update([name] if place in seen else [])
            seen.add(place)
        for name, seen in self._ids.items():
            value = fields.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool):
                text = nfc(str(value))
                self.twice.update([name] if text in seen else [])
                seen.add(text)


def type_by(source: str, path: str, fields: dict[str, Any]) -> str:
    """Return the type of a file, if types come from `source`: a field, or `@folder`."""
    if source == "@folder":
        return path.partition("/")[0] if "/" in path else ROOT_TYPE
    value = fields.get(source)
    return value if isinstance(value, str) and value else ROOT_TYPE


def propose(tally: Tally) -> Proposal:
    """Propose the schema that the counts support."""
    names, backing = _names(tally)
    known = sorted(tally.fields, key=lambda name: -tally.fields[name].count)
    left_out = _slips(tally, known, names)
    types = tally.types[names.type]
    own = set(names.__dict__.values())
    fields = tuple(
        _field(name, tally, names, is_own=name in own) for name in known if name not in left_out
    )
    return Proposal(
        names=names,
        backing=backing,
        types=dict(types.most_common()),
        fields=fields,
        left_out=left_out,
        files=tally.files,
    )


def _names(tally: Tally) -> tuple[FieldNames, dict[str, Share]]:
    """Propose the fields of identity and time, each with the files that have it."""
    chosen = {"id": _first(tally, "id", _MOST, unique=True) or _place(tally)}
    enough = _MANY if chosen["id"] in PLACES_AS_ID else _MOST
    by_type = _first(tally, "type", enough)
    chosen["type"] = by_type if by_type and _is_closed(tally, by_type) else "@folder"
    chosen["name"] = _first(tally, "name", _MANY) or "title"
    chosen["created"] = _first(tally, "created", 0.0, times="begins_as_time") or _free(
        tally, "created"
    )
    chosen["updated"] = _first(tally, "updated", 0.0, times="times") or _free(tally, "updated")
    whole = Share(count=tally.files, of=tally.files)
    backing = {
        key: whole if name.startswith("@") else _share(tally, name) for key, name in chosen.items()
    }
    return FieldNames(**chosen), backing


def _place(tally: Tally) -> str:
    """The place that tells the files apart: their names; where bundles have pages of one name, the
    folders' names, or the paths."""
    for place in ("@stem", "@folder-stem"):
        if place not in tally.twice:
            return place
    return "@stem" if tally.pages < _FEW else "@path"


def _free(tally: Tally, key: str) -> str:
    """The candidate for a field of time that no file uses for what loop can't read as a time, such
    as milliseconds: what other programs wrote there is theirs."""
    used = {
        name
        for name, counts in tally.fields.items()
        if 2 * counts.begins_as_time < counts.filled - counts.placeholders
    }
    names = CANDIDATES[key]
    return next((name for name in names if name not in used), names[0])


def _first(
    tally: Tally, key: str, enough: float, *, unique: bool = False, times: str | None = None
) -> str | None:
    """Return the candidate that most files have, if they are enough."""
    found = []
    for name in CANDIDATES[key]:
        counts = tally.fields.get(name)
        if counts is None or not counts.filled or counts.filled < enough * tally.files:
            continue
        if unique and name in tally.twice:
            continue
        if times is not None and getattr(counts, times) < _MOST * counts.filled:
            continue
        found.append(name)
    return max(found, key=lambda name: tally.fields[name].filled) if found else None


def _is_closed(tally: Tally, name: str) -> bool:
    """Whether the values of a field can be types: texts, and few different ones."""
    counts = tally.fields[name]
    return set(counts.kinds) == {"text"} and len(counts.values) <= max(_MAX_CHOICES, 1)


def _share(tally: Tally, name: str) -> Share:
    counts = tally.fields.get(name)
    return Share(count=counts.filled if counts else 0, of=tally.files)


def _slips(tally: Tally, known: list[str], names: FieldNames) -> dict[str, str]:
    """Find fields of very few files whose names are slips of the pen for fields of many files."""
    if tally.files < _COMPARED:
        return {}
    own = names.__dict__.values()
    common = [name for name in known if tally.fields[name].count >= _MANY * tally.files]
    found = {}
    for name in known:
        rare = tally.fields[name].count <= max(1, _RARE * tally.files)
        if not rare or name in own or name in KINDS:
            continue
        meant = [one for one in common if _is_slip(name, one, tally)]
        if meant:
            found[name] = meant[0]
    return found


def _is_slip(name: str, other: str, tally: Tally) -> bool:
    """Whether a name is `other` with a letter too many, left out, replaced or swapped with the
    next one. It is none where a file has both, and where the two hold different kinds of
    values."""
    one, two = tally.fields[name], tally.fields[other]
    if name == other or other in one.beside or _usual_kind(one) != _usual_kind(two):
        return False
    written, meant = nfc(name).casefold(), nfc(other).casefold()
    return written == meant or (len(meant) >= _LETTERS and _is_one_letter_off(written, meant))


def _is_one_letter_off(one: str, two: str) -> bool:
    """Whether one letter tells two names apart. A digit is no slip (`title2`), nor is the `s` at
    the end of a word for many (`authors`)."""
    start = 0
    while start < min(len(one), len(two)) and one[start] == two[start]:
        start += 1
    end = 0
    while end < min(len(one), len(two)) - start and one[-1 - end] == two[-1 - end]:
        end += 1
    here, there = one[start : len(one) - end], two[start : len(two) - end]
    swapped = len(here) == _TWO and here == there[::-1]
    if not swapped and (len(here) > 1 or len(there) > 1):
        return False
    is_plural = end == 0 and {here, there} == {"", "s"}
    return (here + there).isalpha() and not is_plural


def _usual_kind(counts: _Field) -> str | None:
    """Return the kind that most values have; None if there are no values."""
    if not counts.kinds:
        return None
    return "date" if counts.days * 2 > counts.filled else counts.kinds.most_common(1)[0][0]


def _field(name: str, tally: Tally, names: FieldNames, *, is_own: bool) -> FieldProposal:
    counts = tally.fields[name]
    choices, chosen = ((), None) if is_own else _choices(name, counts)
    types, filled = tally.types[names.type], counts.filled_by_type[names.type]
    required = [one for one, count in types.items() if filled[one] >= _MOST * count]
    few = _FEW if is_own else _ENOUGH  # what a few files happen to have is no rule for the next
    if not any(types[one] >= few for one in required):
        required = []
    return FieldProposal(
        name=name,
        share=Share(count=counts.count, of=tally.files),
        kind=_kind(counts) or (counts.kinds.most_common(1)[0][0] if counts.kinds else "any"),
        types=tuple(one for one in types if counts.by_type[names.type][one]),
        required=() if name == names.updated else tuple(required),
        choices=choices,
        chosen=chosen,
        typed=None if is_own or choices else _typed(name, counts),
    )


def _kind(counts: _Field) -> str | None:
    """Return the kind that all values have."""
    if len(counts.kinds) != 1:
        return None
    if counts.filled == counts.days:
        return "date"
    return next(iter(counts.kinds))


def _typed(name: str, counts: _Field) -> str | None:
    """Return that kind, unless loop's own table gives it already, or a single file has it."""
    kind = _kind(counts)
    return None if counts.filled < _TWO or kind == KINDS.get(name, "text") else kind


def _choices(name: str, counts: _Field) -> tuple[tuple[str, ...], Share | None]:
    """Return the enumeration of a field: few values, each in several files, and almost no others.

    They are in the order of the course of work, the frequent ones first: a new entity gets the
    first status, and should not be born finished.
    """
    texts = set(counts.kinds) == {"text"} and name not in _SECTIONS
    often = [value for value, count in counts.values.most_common() if count > 1]
    few = 1 < len(often) <= _MAX_CHOICES and len(often) * 3 <= counts.filled
    if not texts or not few or any(map(_is_open, often)):
        return (), None
    backed = sum(counts.values[value] for value in often)
    if backed < _MOST * counts.filled:
        return (), None
    return tuple(sorted(often, key=course.place)), Share(count=backed, of=counts.filled)


def _is_open(value: str) -> bool:
    return len(value) > _LONGEST_CHOICE or _NOT_CLOSED.search(value) is not None
