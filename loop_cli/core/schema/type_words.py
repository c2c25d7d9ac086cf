"""The words for a type: `Task`, `task` and `tasks` mean the same, also for a type `Tasks`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def meant_type(word: str, types: Iterable[str]) -> str | None:
    """The type that a word means; None if it is none of them. An exact name goes first, then other
    letters, then the plural of a type, then the singular."""
    known = tuple(types)
    if word in known:
        return word
    folded = word.casefold()
    tests = (
        lambda name: name.casefold() == folded,
        lambda name: folded in _plurals(name),
        lambda name: name.casefold() in _plurals(word),
    )
    found = (name for test in tests for name in known if test(name))
    return next(found, None)


def plural_of(entity_type: str) -> str:
    """How a type is called in the plural, in small letters: `tasks`, `hypotheses`, `strategies`."""
    word = entity_type.casefold()
    if word.endswith("y"):
        return word[:-1] + "ies"
    if word.endswith("is"):
        return word[:-2] + "es"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def _plurals(entity_type: str) -> tuple[str, ...]:
    word = entity_type.casefold()
    return (plural_of(word), word + "s", word + "es")
