"""The rules about references: the other entities must exist, and have the right type.

`check` looks them up in a register of all entities. A write looks them up in the index, once for
each new reference.
"""

from __future__ import annotations

from loop_cli.core.fields import TARGETS
from loop_cli.core.names import nfc
from loop_cli.core.references import bare, is_reference, referred
from loop_cli.core.schema.problem import Problem, meant
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Protocol

    from loop_cli.core.entity import FieldNames
    from loop_cli.core.schema.rules import Case, Rules

    Place = tuple[str | int, ...]

    class Other(Protocol):
        """The entity at the other end of a reference, as far as the rules need it."""

        @property
        def id(self) -> str: ...
        @property
        def type(self) -> str: ...
        @property
        def fields(self) -> Mapping[str, Any]: ...

    class Others(Protocol):
        """The entities that a write may refer to."""

        def named(self, name: str) -> Sequence[Other]:
            """Return the entities that have the id, or if there are none, the alias."""

        def nearest(self, name: str) -> tuple[str, ...]:
            """Return the ids similar to a missing one."""


ANCESTORS = ("parent_id", "parent_hypothesis_id")
"""The fields that name an entity's parent."""
# Lists of mappings in which one key is a reference.
_INSIDE = {
    "outgoing_relations": ("target_id", ""),
    "condition_contributes": ("to", "Condition"),
    "track_contributes": ("to", "Track"),
}
_DEEPEST = 1000  # follow at most this many ancestors


class Reference(Struct):
    """A field that refers to another entity; `wanted` is the type, empty for any."""

    at: Place
    target: str
    wanted: str


def may_name(field: str, names: FieldNames) -> bool:
    """Whether a field may refer to another entity."""
    return field in TARGETS or field in _INSIDE or is_reference(field, names)


def references(fields: Mapping[str, Any], entity_type: str, rules: Rules) -> Iterator[Reference]:
    """Yield the references of an entity. There are none in a vault whose ids have no pattern."""
    if not rules.patterns:
        return
    for field, wanted in TARGETS.items():
        kind = rules.schema.parents.get(entity_type, "") if field == "parent_id" else wanted
        value = fields.get(field)
        if isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, str) and item:
                    yield Reference(at=(field, index), target=bare(item), wanted=kind)
        elif isinstance(value, str) and value:
            yield Reference(at=(field,), target=bare(value), wanted=kind)
    for field, (key, wanted) in _INSIDE.items():
        items = fields.get(field)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            target = item.get(key) if isinstance(item, dict) else None
            # `action:pmf_pivot` is an action, not an entity
            if isinstance(target, str) and target and ":" not in target:
                yield Reference(at=(field, index, key), target=bare(target), wanted=wanted)
    yield from _by_pattern(fields, rules)


def _by_pattern(fields: Mapping[str, Any], rules: Rules) -> Iterator[Reference]:
    """Yield values of other fields, such as `window_id`, that look like ids."""
    others = {
        field: value
        for field, value in fields.items()
        if isinstance(field, str) and field not in TARGETS and field not in _INSIDE
    }
    for path, text in referred(others, rules.names):
        pattern = rules.patterns.get(text.replace(":", "-").partition("-")[0])
        if pattern is not None:
            from loop_cli.core.patterns import is_whole

            if is_whole(pattern, text):
                yield Reference(at=path, target=text, wanted="")


def problems(case: Case, rules: Rules, others: Others) -> Iterator[Problem]:
    """Yield the problems of the references that are new in a case."""
    asked = {
        field: value
        for field, value in case.present()
        if may_name(field, rules.names) and not (value is None or value == "")
    }
    if not asked:
        return
    old = set()
    if case.before is not None:
        was = {field: case.before.get(field) for field in asked}
        old = {(one.at[0], one.target) for one in references(was, case.type, rules)}
    for one in references(asked, case.type, rules):
        if (one.at[0], one.target) in old:
            continue
        found = others.named(one.target)
        if not found and one.wanted not in rules.schema.elsewhere:
            yield dangling(one, others.nearest(one.target))
        elif found and one.wanted and all(other.type != one.wanted for other in found):
            yield wrong_type(one, found[0].type)
        elif found and len(one.at) == 1 and one.at[0] in ANCESTORS:
            yield from _circle(str(one.at[0]), case.id, found[0], others)


def _circle(field: str, entity_id: str, parent: Other, others: Others) -> Iterator[Problem]:
    """Return the circle of ancestors that a new parent would close."""
    way = [entity_id]
    for _step in range(_DEEPEST):
        if nfc(parent.id) == nfc(entity_id):
            yield circular(field, entity_id, way)
            return
        if nfc(parent.id) in map(nfc, way):
            return  # a circle without the entity
        way.append(parent.id)
        following = parent.fields.get(field)
        found = others.named(bare(following)) if isinstance(following, str) and following else ()
        if not found:
            return
        parent = found[0]


def dangling(one: Reference, close: tuple[str, ...]) -> Problem:
    """Return the problem that a field refers to a missing entity."""
    return Problem(
        rule="dangling-reference",
        field=str(one.at[0]),
        message=f"there is no {one.wanted or 'entity'} {one.target}{meant(close)}",
        at=one.at,
        value=one.target,
        allowed=f"the id of a {one.wanted}" if one.wanted else "the id of an entity",
        nearest=close,
    )


def wrong_type(one: Reference, found: str) -> Problem:
    """Return the problem that a field refers to an entity of the wrong type."""
    return Problem(
        rule="wrong-reference",
        field=str(one.at[0]),
        message=f"{one.target} is a {found}, not a {one.wanted}",
        at=one.at,
        value=one.target,
        allowed=f"the id of a {one.wanted}",
    )


def circular(field: str, entity_id: str, way: Sequence[str]) -> Problem:
    """Return the problem that an entity is its own ancestor, with the circle."""
    shown = " → ".join([*way, way[0]][:8]) + (" → …" if len(way) > 7 else "")
    return Problem(
        rule="circular-reference",
        field=field,
        message=f"{entity_id} is its own ancestor: {shown}",
        at=(field,),
    )
