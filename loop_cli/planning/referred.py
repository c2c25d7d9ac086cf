"""Find the entities that refer or link to an entity; they can stop its deletion."""

from __future__ import annotations

from loop_cli.core.links import Backlink
from loop_cli.core.names import join_dotted, nfc
from loop_cli.core.references import Referrer, referred, referrers
from loop_cli.errors import Action
from loop_cli.failures import StillReferred
from loop_cli.planning import link_places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Any, Protocol

    from loop_cli.core.commits import Delete, Move
    from loop_cli.core.entity import Entity, EntityFile, FieldNames
    from loop_cli.core.links import Files, LinkSource

    class Sources(Protocol):
        """Gives files with links: a store, or a plan's view of one."""

        def link_targets(self) -> Files: ...
        def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]: ...

    class Around(Sources, Protocol):
        """Gives files with links, and the entities that refer to another."""

        def referring_to(self, entity_id: str) -> Iterator[EntityFile]: ...


_SHOWN = 20


class Referred:
    """Answers for entities that are deleted together; `going` are all of a group. `changed` are the
    entities that changes before in the group leave, by the paths that they had, and `made` those
    that they make."""

    def __init__(
        self,
        around: Around,
        names: FieldNames,
        going: Sequence[Delete | Move],
        changed: Mapping[str, Entity],
        made: Sequence[Entity] = (),
    ) -> None:
        self._around = around
        self._changed = changed
        self._made = made
        self._known = (0, 0)
        self._names = names
        self._leaving = {nfc(one.entity_id) for one in going}
        self._paths = {one.path for one in going if one.path is not None}
        self._links: dict[str, list[Backlink]] = {}

    def refuse(self, entity: Entity, *, cascade: bool) -> tuple[str, ...]:
        """Raise `StillReferred` if other entities refer to an entity, or (without `cascade`) link
        to it.

        It is allowed if another file has the same id. Returns sentences about links that will lead
        nowhere.
        """
        wanted = nfc(entity.id)
        others: list[Any] = [
            self._changed.get(one.path, one) for one in self._around.referring_to(entity.id)
        ]
        if any(nfc(one.id) == wanted and one.path != entity.path for one in others):
            return ()
        found = [
            one
            for one in referrers(others, entity.id, self._names)
            if nfc(one.entity_id) not in self._leaving
        ]
        links = [
            one
            for one in self._links_to(entity.path)
            if one.entity_id is None or nfc(one.entity_id) not in self._leaving
        ]
        if found or (links and not cascade):
            raise refusal(entity, found, links)
        return warnings(entity, links)

    def _links_to(self, path: str) -> list[Backlink]:
        """Return the links to a file; the links to all files of the group are searched at once."""
        known = (len(self._changed), len(self._made))
        if path not in self._links or self._known != known:
            self._known = known
            leaving = {*self._paths, path}
            self._links = {one: [] for one in leaving}
            for target, one in backlinks(self._later(), leaving):
                self._links[target].append(one)
        return self._links[path]

    def _later(self) -> _Later:
        return _Later(self._around, self._changed, [one.path for one in self._made])


class _Later:
    """The files with links as they will be."""

    def __init__(self, around: Around, changed: Mapping[str, Entity], made: Sequence[str]) -> None:
        self._around = around
        self._changed = changed
        self._made = made

    def link_targets(self) -> Files:
        there = self._around.link_targets()
        return there.moved({path: path for path in self._made}) if self._made else there

    def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]:
        for one in self._around.links_to(paths):
            after = self._changed.get(one.path)
            yield one if after is None else one.replace(path=after.path, data=after.raw)


def backlinks(sources: Sources, paths: Collection[str]) -> Iterator[tuple[str, Backlink]]:
    """Yield the links to some files, each with its target, by file and line."""
    there = sorted(sources.links_to(paths), key=lambda one: one.path)
    found = link_places.leading_to(there, paths, sources.link_targets())
    for source, one, target in found:
        entity = source.entity
        yield (
            target,
            Backlink(
                path=source.path,
                line=one.line,
                kind=one.link.kind,
                text=one.shown,
                field=one.field,
                entity_id=None if entity is None else entity.id,
                entity_type=None if entity is None else entity.type,
            ),
        )


def names_of(entity: Entity) -> list[str]:
    """Return the texts by which a field may refer to an entity: its id, or an alias."""
    value = entity.fields.get("aliases")
    items = value if isinstance(value, list) else [value]
    return [entity.id, *(item for item in items if isinstance(item, str))]


def by_field(files: Iterable[EntityFile], entity: Entity, names: FieldNames) -> Iterator[Backlink]:
    """Yield the fields of other entities that refer to an entity, each once."""
    wanted = set(map(nfc, names_of(entity)))
    for file in files:
        if file.path == entity.path:
            continue
        named = {path: text for path, text in referred(file.fields, names) if text in wanted}
        for path, line in link_places.lines_of(file.raw, list(named)):
            yield Backlink(
                path=file.path,
                line=line,
                kind="reference",
                text=named[path],
                field=join_dotted(path),
                entity_id=file.id,
                entity_type=file.type,
            )


def refusal(entity: Entity, found: Sequence[Referrer], links: Sequence[Backlink]) -> StillReferred:
    """Make the error that an entity stays because others refer or link to it."""
    referrers = _with_linking(found, links)
    notes = {one.path for one in links if one.entity_id is None}
    others = " and ".join(
        _counted(count, singular, several)
        for count, singular, several in (
            (len(referrers), "1 entity", "entities"),
            (len(notes), "1 note", "notes"),
        )
        if count
    )
    alone = len(referrers) + len(notes) == 1
    words = f"{others} {'refers' if alone else 'refer'} to it"
    lines = [f"  {one.entity_id}  ({', '.join(one.fields)})" for one in found]
    lines += [f"  {_where(one)}" for one in links]
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"  and {len(lines) - _SHOWN} more"]
    return StillReferred(
        f"{entity.id}: {words}\n" + "\n".join(lines),
        entity_id=entity.id,
        problems=[{"field": "entity_id", "problem": "still_referred", "message": words}],
        referrers=[one.as_dict() for one in referrers],
        links=[one.as_dict() for one in links],
        hint=Action("cascade_or_orphan", entity_id=entity.id) if found else Action("orphan"),
    )


def warnings(entity: Entity, links: Sequence[Backlink]) -> tuple[str, ...]:
    """Return sentences about the links that lead nowhere after a deletion."""
    said = [f"{_where(one)} leads nowhere once {entity.id} is gone" for one in links[:_SHOWN]]
    if len(links) > _SHOWN:
        said.append(f"{len(links) - _SHOWN} more links lead nowhere once {entity.id} is gone")
    return tuple(said)


def _with_linking(found: Sequence[Referrer], links: Sequence[Backlink]) -> list[Referrer]:
    """Return the entities that refer, with the linking fields; and those that only link."""
    fields = {(one.entity_id, one.path): list(one.fields) for one in found}
    for link in links:
        if link.entity_id is not None:
            known = fields.setdefault((link.entity_id, link.path), [])
            if link.field is not None and link.field not in known:
                known.append(link.field)
    return [
        Referrer(entity_id=entity_id, path=path, fields=tuple(names))
        for (entity_id, path), names in sorted(fields.items())
    ]


def _where(link: Backlink) -> str:
    return f"{link.path}:{link.line}: {link.text}"


def _counted(count: int, one: str, several: str) -> str:
    return one if count == 1 else f"{count} {several}"
