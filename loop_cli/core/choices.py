"""The decisions of a person about a conflict, field by field; asking is done elsewhere."""

from __future__ import annotations

from loop_cli.core.conflict import Resolution
from loop_cli.core.diff import MISSING
from loop_cli.core.merge import Merge, merge
from loop_cli.lean.plain import same
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from loop_cli.core.conflict import Conflict, ConflictField
    from loop_cli.core.merge import Side as MergeSide

    Kind = Literal["free", "same", "both", "merged", "clash"]
    Side = Literal["theirs", "mine", "value"]


class Choice(Struct):
    """One decision about a field: take one side, or a `value` (`MISSING`: remove the field).

    In a text of several lines, a side is taken only for the clashing lines; the rest is merged. The
    decision counts only as long as `current` and `requested` are the same.
    """

    side: Side
    current: Any
    requested: Any
    value: Any = MISSING

    def is_about(self, field: ConflictField) -> bool:
        """Whether the field is still the same as when this was decided."""
        return same(self.current, field.current) and same(self.requested, field.requested)


class Choices(Struct):
    """The decisions about one conflict so far, by field; `made` may contain outdated ones."""

    conflict: Conflict
    made: Mapping[str, Choice] = {}

    @property
    def wanted(self) -> tuple[ConflictField, ...]:
        """The fields that the change is about."""
        return tuple(field for field in self.conflict.fields if field.wanted)

    @property
    def clashes(self) -> tuple[ConflictField, ...]:
        """The fields that need a decision, whether it was made or not."""
        return tuple(field for field in self.conflict.fields if kind_of(field) == "clash")

    @property
    def open(self) -> tuple[ConflictField, ...]:
        """The fields that still need a decision."""
        return tuple(field for field in self.clashes if self.of(field) is None)

    def of(self, field: ConflictField) -> Choice | None:
        """Return the decision about a field, if there is one that still counts."""
        made = self.made.get(field.field)
        return made if made is not None and made.is_about(field) else None

    def take(self, field: ConflictField, side: Side, value: Any = MISSING) -> Choices:
        """Return the choices with one decision added or replaced."""
        one = Choice(side=side, current=field.current, requested=field.requested, value=value)
        return self.replace(made={**self.made, field.field: one})

    def take_all(self, side: Side) -> Choices:
        """Return the choices with one side taken for every field that needs a decision."""
        choices = self
        for field in self.clashes:
            choices = choices.take(field, side)
        return choices

    def about(self, conflict: Conflict) -> Choices:
        """Return the same decisions for another conflict of the entity."""
        return self.replace(conflict=conflict)

    def resolution(self) -> Resolution:
        """Return the resolution. Raises ValueError while a field needs a decision."""
        if self.open:
            raise ValueError(f"undecided: {', '.join(field.field for field in self.open)}")
        theirs: list[str] = []
        values: dict[str, Any] = {}
        for field in self.wanted:
            made, merged = self.of(field), merged_text(field)
            if made is not None and made.side == "value":
                values[field.field] = made.value
            elif merged is not None:
                side: MergeSide = "theirs" if made is not None and made.side == "theirs" else "mine"
                values[field.field] = merged.taking(side)
            elif made is not None and made.side == "theirs":
                theirs.append(field.field)
        return Resolution(apply=True, theirs=tuple(theirs), values=values, asked=True)


def kind_of(field: ConflictField) -> Kind:
    """Classify a field.

    `free`: the change does not want it, or nobody else changed it. `same`: it already has the
    wanted value. `both`: the wanted value contains all changes of the others. `merged`: both sides
    changed a text, in different lines. `clash`: one side's value would be lost.
    """
    if not field.overlap:
        return "free"
    if same(field.current, field.requested):
        return "same"
    if _holds_theirs(field):
        return "both"
    merged = merged_text(field)
    return "merged" if merged is not None and not merged.clashes else "clash"


def merged_text(field: ConflictField) -> Merge | None:
    """Merge a text of several lines that both sides changed; None if that is not the case."""
    texts = (field.current, field.requested)
    if not field.overlap or not all(isinstance(text, str) for text in texts):
        return None
    if not any("\n" in text for text in texts) or _holds_theirs(field):
        return None
    known = field.base_known and isinstance(field.base, str)
    # the wanted value is the base, so a merge would drop it
    if known and field.base == field.requested:
        return None
    return merge(field.base if known else None, *texts)


def _holds_theirs(field: ConflictField) -> bool:
    """Whether the wanted value is the current one with something added, as by `+=`.

    It must not bring back what others removed.
    """
    states: tuple[Any, ...] = (field.base, field.current, field.requested)
    if not field.base_known or len(set(map(type, states))) != 1:
        return False
    if isinstance(field.base, str) and "\n" in field.current:
        states = tuple(_lines(text) for text in states)
    base, current, wanted = states
    if not isinstance(base, list) or wanted[: len(current)] != current:
        return False
    gone = [item for item in base if item not in current]
    return not any(item in gone for item in wanted[len(current) :])


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")
