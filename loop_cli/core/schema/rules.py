"""The one set of rules for the entities of a vault.

Create, update, apply, edit, bulk, check, init and schema all use it, so each rule has one function
and one message. A `Case` is what the rules judge: a whole entity, or a change.
`field_rules.problems` has the rules about fields, `references.problems` the rules that need other
entities.
"""

from __future__ import annotations

from loop_cli.core.entity import OWN, FieldNames
from loop_cli.core.names import NAME
from loop_cli.core.schema.problem import read_only, unknown_field
from loop_cli.core.schema.schema import PREFIXES
from loop_cli.lean.plain import key_text, same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from loop_cli.core.schema.problem import Problem
    from loop_cli.core.schema.schema import ConditionalField, Schema

_DEFAULTS = FieldNames()


class Case:
    """The fields to judge, and what was there before.

    `before` are the fields before a change, None for an entity as it is. In a change, only the
    changed fields are judged, and in lists only new items: old mistakes do not stop a change.
    `is_new` means a new entity. `given` limits the case to some fields, `passed` leaves some out.
    """

    def __init__(
        self,
        fields: Mapping[str, Any],
        entity_type: str,
        entity_id: str = "",
        *,
        before: Mapping[str, Any] | None = None,
        is_new: bool = False,
        given: frozenset[str] | None = None,
        passed: frozenset[str] = frozenset(),
    ) -> None:
        self.fields = {key_text(key): value for key, value in fields.items()}
        self.type = entity_type
        self.id = entity_id
        self.before = before
        self.is_new = is_new
        self.given = given
        self._passed = passed
        self._known: dict[str, bool] = {}

    def asks(self, field: str) -> bool:
        """Whether the rules should judge a field."""
        if field not in self._known:
            of_change = self.given is None or field in self.given
            self._known[field] = of_change and field not in self._passed and self._differs(field)
        return self._known[field]

    def present(self) -> Iterator[tuple[str, Any]]:
        """The fields to judge that are present, with their values."""
        for field, value in self.fields.items():
            if self.asks(field):
                yield field, value

    def new(self, field: str) -> Any:
        """Return the value of a field; for a list that was there before, only the new items."""
        value = self.fields.get(field)
        old = None if self.before is None else self.before.get(field)
        if isinstance(value, list) and isinstance(old, list):
            return [item for item in value if not any(same(item, one) for one in old)]
        return value

    def _differs(self, field: str) -> bool:
        if self.before is None:
            return True
        there = field in self.fields
        return there != (field in self.before) or (
            there and not same(self.fields[field], self.before[field])
        )


class Rules:
    """The demands of a vault on its entities. `members` returns its members, if it lists them."""

    def __init__(
        self,
        schema: Schema,
        names: FieldNames,
        members: Callable[[], tuple[str, ...] | None] = lambda: None,
    ) -> None:
        self.schema = schema
        self.names = names
        self._list_members = members
        self._members: tuple[str, ...] | None = None
        self._patterns: tuple[dict[str, str], dict[str, str]] | None = None

    @property
    def members(self) -> tuple[str, ...]:
        """The members of the vault; none if it does not list them."""
        if self._members is None:
            self._members = self._list_members() or ()
        return self._members

    @property
    def patterns(self) -> dict[str, str]:
        """The usable patterns of ids, by prefix."""
        return self._checked()[0]

    @property
    def unusable(self) -> dict[str, str]:
        """The prefixes with an unusable pattern, and the reasons."""
        return self._checked()[1]

    def pattern(self, entity_type: str, entity_id: str) -> str | None:
        """Return the pattern for ids of the type; None if the schema has none."""
        prefix = PREFIXES.get(entity_type)
        if prefix is not None and (prefix in self.patterns or prefix in self.unusable):
            return self.patterns.get(prefix)
        return self.patterns.get(entity_id.replace(":", "-").partition("-")[0])

    def governs(self, entity_type: str) -> bool:
        """Whether the schema has rules for the type; the default schema is silent on other
        types."""
        return not self.schema.shipped or self.schema.knows_type(entity_type)

    def required(self, entity_type: str) -> tuple[str, ...]:
        """Return the required fields of the type.

        Identity and time have the names that this vault gives them.
        """
        if not self.governs(entity_type):
            return ()
        schema = self.schema
        found = (*schema.required_fields(entity_type), *schema.filled.get(entity_type, ()))
        return tuple(dict.fromkeys(name for name in found if not self._is_elsewhere(name)))

    def known(self, entity_type: str) -> tuple[str, ...]:
        """Return the fields that the type may have."""
        own = (name for name in self.names.__dict__.values() if not name.startswith("@"))
        return tuple(dict.fromkeys((*self.schema.known_fields(entity_type), *own)))

    def has_field(self, entity_type: str, field: str) -> bool:
        """Whether the schema mentions a field of the type anywhere."""
        schema = self.schema
        return (
            field in schema.writable.get(entity_type, ())
            or field in self.known(entity_type)
            or field in schema.derived.get(entity_type, ())
            or field in self.required(entity_type)
        )

    def spelling(self, entity_type: str) -> str:
        """Return the schema's spelling of a type; an unknown type is returned as given."""
        from loop_cli.core.schema.type_words import meant_type

        known = (one for one in self.schema.known if one != "all")
        return meant_type(entity_type, (*self.schema.types, *known)) or entity_type

    def unwritable(
        self, field: str, entity_type: str, present: Mapping[str, Any]
    ) -> Problem | None:
        """Return why no change may name a field; None if a change may."""
        names, schema = self.names, self.schema
        if field in names.read_only():
            what = (
                "tells which entity it is" if field in (names.id, names.type) else "is set by loop"
            )
            return read_only(field, f"{what} and can't be changed")
        if (problem := self.no_field(field, entity_type, present)) is not None:
            return problem
        writable = schema.writable_fields(entity_type, present)
        if writable is None or field in writable:
            return None
        choices = [name for name in writable if name not in names.read_only()]
        if self.has_field(entity_type, field):
            message = f"is read-only for {entity_type} (write_targets.writable_fields)"
            return read_only(field, message, choices)
        if schema.is_open:
            return None
        known = self.known(entity_type) if schema.knows_type(entity_type) else tuple(writable)
        return unknown_field(field, entity_type, known).replace(allowed=choices)

    def no_field(self, field: str, entity_type: str, present: Mapping[str, Any]) -> Problem | None:
        """Return why nothing can be written to what every entity has, whatever its fields are:
        `path`, `entity_name` and others. None for a field of that name which the schema knows, or
        which is there."""
        if field not in (*OWN, NAME) or field in self.names.__dict__.values() or field in present:
            return None
        if not self.schema.shipped and self.has_field(entity_type, field):
            return None
        if field == NAME:
            message = f"is no field here: this vault's names are in {self.names.name!r}"
            return read_only(field, message).replace(nearest=(self.names.name,))
        return read_only(field, "is no field: it is what loop says of every entity")

    def unmet(self, case: Case) -> list[ConditionalField]:
        """Return the conditional fields that are required now and have no value."""
        return self.schema.unmet(case.type, case.fields)

    def dates_due(self, case: Case, now: int) -> dict[str, str]:
        """Return the dates that a change requires and that have no value, set to the day of
        `now`."""
        due = [
            rule.field
            for rule in self.unmet(case)
            if case.asks(rule.other) and self.is_date(case.type, rule.field)
        ]
        if not due:
            return {}
        from loop_cli.core import days

        return dict.fromkeys(due, days.local_day(now))

    def is_date(self, entity_type: str, field: str) -> bool:
        """Whether it is a field of the type, for dates."""
        kind = self.schema.spec(entity_type, (field,), {}).kind
        return kind == "date" and self.has_field(entity_type, field)

    def _checked(self) -> tuple[dict[str, str], dict[str, str]]:
        if self._patterns is None:
            self._patterns = _checked(self.schema.id_patterns)
        return self._patterns

    def _is_elsewhere(self, name: str) -> bool:
        """Whether it is a default name for identity or time that this vault does not use."""
        return name in _DEFAULTS.__dict__.values() and name not in self.names.__dict__.values()


def _checked(patterns: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the usable patterns, and the unusable ones with the reason, by prefix."""
    from loop_cli.core.patterns import MAX_PATTERNS, Unusable, check

    usable: dict[str, str] = {}
    unusable: dict[str, str] = {}
    for number, (prefix, pattern) in enumerate(patterns.items()):
        try:
            if number >= MAX_PATTERNS:
                raise Unusable(f"is one pattern too many; loop uses the first {MAX_PATTERNS}")
            check(pattern)
        except Unusable as error:
            unusable[prefix] = str(error)
        else:
            usable[prefix] = pattern
    return usable, unusable
