"""What is wrong with one field, and the words for it: one form for every command."""

from __future__ import annotations

from loop_cli.core.diff import MISSING
from loop_cli.core.names import nearest
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
"""What the errors of a write call the rules."""
_SHOWN = 60  # characters of a value in a message
_LONGEST = 200  # characters of a value beside it


class Problem(Struct):
    """One thing that is wrong with one field.

    `rule` is the name that `check` has for it. `message` goes on after the field's name and is
    the same wherever it is said. `at` is the place in the frontmatter, empty for the whole file.
    `repair` are the changes that put it right, where there is one right answer; `needs` the id
    and the type of an entity that has to be there for that. `unknown_of` is the type that does not
    have the field.
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

    @property
    def sentence(self) -> str:
        """What is wrong, with the field."""
        return f"{self.field}: {self.message}"

    def as_dict(self) -> dict[str, Any]:
        """An entry of `InvalidChange.problems`."""
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
    """The end of a message that names the nearest match."""
    return f"; did you mean {close[0]}?" if close else ""


def shown(value: Any) -> str:
    """A value in a message."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def cut(value: Any) -> Any:
    """A value beside a message: a long text is cut."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return value[:_LONGEST] + "…"
    return value


def unknown_field(field: str, entity_type: str, known: tuple[str, ...]) -> Problem:
    """That a type has no such field."""
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
    """That no change may name a field."""
    return Problem(rule="read-only", field=field, message=message, at=(field,), allowed=choices)
