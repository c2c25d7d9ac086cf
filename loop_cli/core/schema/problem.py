"""A problem with one field, and its words: the same for every command."""

from __future__ import annotations

from loop_cli.core.diff import MISSING
from loop_cli.core.names import is_field_name, nearest
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.changes import Change

CODES = {
    "unknown-type": "unknown_type",
    "unknown-field": "unknown_field",
    "read-only": "read_only",
    "missing-field": "required",
    "missing-conditional": "required",
    "wrong-type": "wrong_type",
    "not-in-enumeration": "not_in_enumeration",
    "wrong-form": "form",
    "name-form": "name",
    "unknown-member": "no_member",
    "id-pattern": "id_form",
    "derived-field": "derived",
    "forbidden-field": "forbidden",
    "dangling-reference": "dangling",
    "wrong-reference": "wrong_reference",
    "circular-reference": "circular",
}
"""The names of the rules in the errors of a write."""
_SHOWN = 60  # characters of a value in a message
_LONGEST = 200  # characters of a value next to a message


class Problem(Struct):
    """One problem with one field.

    `rule` is its name in `check`. `message` follows the field's name, and is the same everywhere.
    `at` is the place in the frontmatter, empty for the whole file. `repair` are the changes that
    repair it, if there is one right answer; `needs` is the id and the type of an entity that must
    exist for that. `unknown_of` is the type that does not have the field. `only_warns` means: a
    warning in `check`, whatever its rule usually is.
    """

    rule: str
    field: str
    message: str
    at: tuple[str | int, ...] = ()
    value: Any = MISSING
    allowed: str | list[str] | None = None
    nearest: tuple[str, ...] = ()
    repair: tuple[Change, ...] = ()
    needs: tuple[str, str] | None = None
    unknown_of: str | None = None
    only_warns: bool = False

    @property
    def sentence(self) -> str:
        """The problem as a sentence with the field."""
        return f"{field_label(self.field)}: {self.message}"

    def as_dict(self) -> dict[str, Any]:
        """Return an entry of `InvalidChange.problems`."""
        entry: dict[str, Any] = {"field": self.field}
        if self.value is not MISSING:
            entry["value"] = cut(self.value)
        entry |= {"problem": CODES[self.rule], "rule": self.rule, "message": self.message}
        if self.allowed is not None:
            entry["allowed"] = self.allowed
        if self.nearest:
            entry["nearest"] = list(self.nearest)
        if self.unknown_of is not None:
            entry["entity_type"] = self.unknown_of
        return entry


def meant(close: tuple[str, ...]) -> str:
    """Return the end of a message that suggests the nearest match."""
    return f"; did you mean {close[0]}?" if close else ""


def shown(value: Any) -> str:
    """Return a value for a message."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def field_label(field: str) -> str:
    """Return the name of a field for a message; in quotes where it would not be seen as one."""
    return field if is_field_name(field) else repr(field)


def cut(value: Any) -> Any:
    """Return a value to put next to a message; a long text is cut."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return value[:_LONGEST] + "…"
    return value


def unknown_field(field: str, entity_type: str, known: tuple[str, ...]) -> Problem:
    """Return the problem that a type has no such field."""
    close = tuple(nearest(field, known))
    message = f"is not a field of {entity_type}{meant(close)}"
    return Problem(
        rule="unknown-field",
        field=field,
        message=message,
        at=(field,),
        allowed=list(known),
        nearest=close,
        unknown_of=entity_type,
    )


def read_only(field: str, message: str, choices: list[str] | None = None) -> Problem:
    """Return the problem that no change may name a field."""
    return Problem(rule="read-only", field=field, message=message, at=(field,), allowed=choices)
