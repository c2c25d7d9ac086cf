"""The rules between entities: ids, references, ancestors.

`Register` is given each entity in turn. It keeps what these rules need: id, type, file and
references.
"""

from __future__ import annotations

from loop_cli.core.check.finding import Found, as_found, is_template
from loop_cli.core.names import nearest, nfc, one_name
from loop_cli.core.schema.references import ANCESTORS, circular, dangling, references, wrong_type
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from loop_cli.core.check.finding import Subject
    from loop_cli.core.schema.references import Reference
    from loop_cli.core.schema.rules import Rules

    Wanted = Callable[["Who"], bool]

_COMPARED = 10_000_000  # search for similar ids only if at most this many ids are missing


class Who(Struct):
    """An entity of the register; `aliases` are in normal form."""

    id: str
    type: str
    path: str
    aliases: tuple[str, ...]
    references: tuple[Reference, ...]


class Register:
    """All entities of a vault, and the problems between them."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.everybody: list[Who] = []
        self._by_id: dict[str, list[Who]] = {}
        self._alike: dict[str, list[Who]] = {}
        self._by_alias: dict[str, list[Who]] = {}
        self._nearest: dict[str, tuple[str, ...]] = {}
        self._compared = 0

    def add(self, subject: Subject) -> None:
        """Add the next entity. A template is skipped: nothing may refer to it."""
        if is_template(subject.id):
            return
        who = Who(
            id=subject.id,
            type=subject.type,
            path=subject.path,
            aliases=tuple(_aliases(subject.fields)),
            references=tuple(references(subject.fields, subject.type, self._rules)),
        )
        self.everybody.append(who)
        self._by_id.setdefault(nfc(who.id), []).append(who)
        self._alike.setdefault(one_name(who.id), []).append(who)
        for alias in who.aliases:
            self._by_alias.setdefault(alias, []).append(who)

    def named(self, name: str) -> list[Who]:
        """Return the entities that have the id, or if there are none, the alias."""
        return self.with_id(name) or self.with_alias(name)

    def with_id(self, name: str) -> list[Who]:
        """Return the entities that have the id."""
        return self._by_id.get(nfc(name), [])

    def alike(self, name: str) -> list[Who]:
        """Return the entities whose ids differ from it only by case."""
        found = self._alike.get(one_name(name), [])
        return [who for who in found if nfc(who.id) != nfc(name)] if len(found) > 1 else []

    def with_alias(self, name: str) -> list[Who]:
        """Return the entities that have the alias."""
        return self._by_alias.get(nfc(name), [])

    def ids(self) -> list[str]:
        """All ids."""
        return [who.id for who in self.everybody]

    def has(self, entity_id: str, entity_type: str) -> bool:
        """Whether an entity of this type has the id."""
        return any(who.type == entity_type for who in self.named(entity_id))

    def nearest(self, target: str) -> tuple[str, ...]:
        """Return the id most similar to an unknown one.

        Only a limited number of unknown ids is looked up, because each is compared with every id.
        """
        if target not in self._nearest:
            self._compared += len(self.everybody)
            close = nearest(target, self.ids(), count=1) if self._compared <= _COMPARED else ()
            self._nearest[target] = tuple(close)
        return self._nearest[target]

    def findings(
        self, wanted: Callable[[Who], bool] = lambda _who: True
    ) -> Iterator[tuple[Who, Found]]:
        """Yield the problems between entities, each with its entity, if that entity is `wanted`."""
        for rule in _RULES:
            yield from rule(self, self._rules, wanted)


def duplicate_ids(register: Register, rules: Rules, wanted: Wanted) -> Iterator[tuple[Who, Found]]:
    """Find files that share an id; each is reported with the others. Ids that differ only by case
    can be told apart, so they only warn."""
    at = () if rules.names.id_is_stem else (rules.names.id,)
    for who in filter(wanted, register.everybody):
        others = sorted(one.path for one in register.with_id(who.id) if one.path != who.path)
        if others:
            message = f"the id {who.id} is carried by {', '.join(others)} too"
            yield who, Found(rule="duplicate-id", message=message, at=at)
        alike = sorted(f"{one.id} of {one.path}" for one in register.alike(who.id))
        if alike:
            message = f"the id {who.id} differs only by case from {', '.join(alike)}"
            yield who, Found(rule="duplicate-id", message=message, at=at, only_warns=True)


def duplicate_aliases(
    register: Register, _rules: Rules, wanted: Wanted
) -> Iterator[tuple[Who, Found]]:
    """Find aliases that are also the id or an alias of another entity."""
    for who in filter(wanted, register.everybody):
        own = nfc(who.id)
        for alias in dict.fromkeys(who.aliases):
            if alias == own:
                continue
            owners = register.with_id(alias)
            others = {one.id for one in register.with_alias(alias) if nfc(one.id) != own}
            if owners:
                yield who, _alias(f"the alias {alias} is the id of {owners[0].path}")
            elif others:
                named = ", ".join(sorted(others))
                yield who, _alias(f"the alias {alias} is one of {named} too")


def dangling_references(
    register: Register, rules: Rules, wanted: Wanted
) -> Iterator[tuple[Who, Found]]:
    """Find fields that refer to a missing entity, or to one of the wrong type."""
    for who in filter(wanted, register.everybody):
        for one in who.references:
            found = register.named(one.target)
            if not found and one.wanted not in rules.schema.elsewhere:
                yield who, as_found(dangling(one, register.nearest(one.target)))
            elif found and one.wanted and all(other.type != one.wanted for other in found):
                yield who, as_found(wrong_type(one, found[0].type))


def circular_references(
    register: Register, _rules: Rules, wanted: Wanted
) -> Iterator[tuple[Who, Found]]:
    """Find entities that are their own ancestors, each with the circle."""
    for field in ANCESTORS:
        parents = {
            nfc(who.id): nfc(found[0].id)
            for who in register.everybody
            for one in who.references
            if one.at == (field,) and (found := register.named(one.target))
        }
        for start in _on_circles(parents):
            way = [start]
            while (following := parents[way[-1]]) != start:
                way.append(following)
            for who in filter(wanted, register.named(start)):
                yield who, as_found(circular(field, who.id, way))


def _on_circles(parents: Mapping[str, str]) -> Iterator[str]:
    """Return the ids that are met again when one follows the parents."""
    done: set[str] = set()
    for start in parents:
        way: dict[str, None] = {}
        current = start
        while current in parents and current not in done and current not in way:
            way[current] = None
            current = parents[current]
        if current in way:
            names = list(way)
            yield from names[names.index(current) :]
        done.update(way)


def _alias(message: str) -> Found:
    return Found(rule="duplicate-alias", message=message, at=("aliases",))


def _aliases(fields: Mapping[str, Any]) -> Iterator[str]:
    value = fields.get("aliases")
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield nfc(item)


_RULES: tuple[Callable[[Register, Rules, Wanted], Iterator[tuple[Who, Found]]], ...] = (
    duplicate_ids,
    duplicate_aliases,
    dangling_references,
    circular_references,
)
