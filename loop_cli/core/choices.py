"""What a person decides about a conflict, field by field; the questions are somebody else's."""

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
    """One decision: for a side, or for a `value` of its own (`MISSING`: removed). Of a text of
    several lines a side has only the places that clash; the rest is merged.

    It was made about `current` and `requested` and is worth nothing about others.
    """

    side: Side
    current: Any
    requested: Any
    value: Any = MISSING

    def is_about(self, field: ConflictField) -> bool:
        """Whether the field is still as it was when this was decided."""
        return same(self.current, field.current) and same(self.requested, field.requested)


class Choices(Struct):
    """The decisions about one conflict so far, by field; `made` may hold some about another."""

    conflict: Conflict
    made: Mapping[str, Choice] = {}

    @property
    def wanted(self) -> tuple[ConflictField, ...]:
        """The fields that the change is about."""
        return tuple(field for field in self.conflict.fields if field.wanted)

    @property
    def clashes(self) -> tuple[ConflictField, ...]:
        """The fields that call for a decision, whether it was made or not."""
        return tuple(field for field in self.conflict.fields if kind_of(field) == "clash")

    @property
    def open(self) -> tuple[ConflictField, ...]:
        """The fields that still call for one."""
        return tuple(field for field in self.clashes if self.of(field) is None)

    def of(self, field: ConflictField) -> Choice | None:
        """The decision about a field, if there is one that still counts."""
        made = self.made.get(field.field)
        return made if made is not None and made.is_about(field) else None

    def take(self, field: ConflictField, side: Side, value: Any = MISSING) -> Choices:
        """The same with one more decision, or another one."""
        one = Choice(side=side, current=field.current, requested=field.requested, value=value)
        return self.replace(made={**self.made, field.field: one})

    def take_all(self, side: Side) -> Choices:
        """The same with one side for every field that calls for a decision."""
        choices = self
        for field in self.clashes:
            choices = choices.take(field, side)
        return choices

    def about(self, conflict: Conflict) -> Choices:
        """The same decisions about another conflict of the entity; those that count still do."""
        return self.replace(conflict=conflict)

    def resolution(self) -> Resolution:
        """What is to be done. Raises ValueError while a field calls for a decision."""
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
    """What the change means for a field.

    `free`: it is not wanted, or nobody else changed it; `same`: it is now what is wanted;
    `both`: the value wanted holds all that others changed; `merged`: both changed a text, in
    different lines; `clash`: one side's value would go.
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
    """A text of several lines that both sides changed, merged by lines; else None."""
    texts = (field.current, field.requested)
    if not field.overlap or not all(isinstance(text, str) for text in texts):
        return None
    if not any("\n" in text for text in texts) or _holds_theirs(field):
        return None
    known = field.base_known and isinstance(field.base, str)
    if known and field.base == field.requested:  # wanted as it was, so a merge would refuse it
        return None
    return merge(field.base if known else None, *texts)


def _holds_theirs(field: ConflictField) -> bool:
    """Whether the value wanted is the value now with something added, as `+=` makes it, and
    brings nothing back that others removed."""
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
