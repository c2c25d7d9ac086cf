"""Find entities by id, alias or path, each with the newest lines of its history: in one statement,
and so as they were at one moment."""

from __future__ import annotations

import os

from loop_cli.core.names import is_hidden, nfc, one_name
from loop_cli.core.records.record import History
from loop_cli.errors import EntityNotFound, InvalidFile
from loop_cli.lean.records import Struct
from loop_cli.planning import resolution, snapshot
from loop_cli.planning.resolution import Broken, Located
from loop_cli.postgres import lines, mentions
from loop_cli.postgres.keys import word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.planning.snapshot import Snapshot
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.lines import Log

_COLUMNS = f"""
path, data, modified, id, claims, admitted, kind, (SELECT max(seq) FROM record
    WHERE entity = file.id), ARRAY(SELECT line FROM record WHERE entity = file.id
    ORDER BY seq DESC LIMIT {lines.FIRST})
"""
_MEANT = "path, data, modified, id, claims, admitted, kind, last, first"
_FIND = f"SELECT {_MEANT} FROM meant(%s)"
_AT = f"SELECT {_COLUMNS} FROM file WHERE path = ANY(%s)"
_ALIKE = """
SELECT id FROM file WHERE admitted AND kind = 3 AND id = ANY(%s)
UNION SELECT id FROM mention JOIN file USING (path) WHERE name = %s AND admitted AND kind = 3
"""
_EXCLUDED = "SELECT path FROM file WHERE id = %s AND kind = 3 AND NOT admitted LIMIT 1"
_IDS = "SELECT DISTINCT id FROM file WHERE admitted AND kind = 3 LIMIT 200000"


class Place(Struct):
    """A file as it was found, with the newest lines of its entity, and the place of the last."""

    path: str
    data: bytes
    modified: int
    names: tuple[bytes, ...]
    id: bytes | None
    admitted: bool
    kind: int
    last: int | None
    first: tuple[bytes, ...]


class Found(Struct):
    """A located entity with the place that it comes from."""

    located: Located
    place: Place


class Locator:
    """Finds entities over one connection."""

    def __init__(self, connection: Connection, names: FieldNames, log: Log) -> None:
        self._connection = connection
        self._names = names
        self._log = log
        self._known: dict[bytes, list[Place]] = {}

    def prepare(self, entity_ids: Iterable[str]) -> None:
        """Look for many ids in one statement; `find` then need not ask again."""
        wanted = sorted({word(nfc(one)) for one in entity_ids} - self._known.keys())
        if wanted:
            self._learn(wanted, self._places(_FIND, (wanted,)))

    def prepare_with(self, head: Sequence[str], entity_ids: Iterable[str]) -> tuple[Any, ...]:
        """Do the same, and return columns of the head of the log, as of the same moment."""
        wanted = sorted({word(nfc(one)) for one in entity_ids})
        query = f"SELECT {', '.join(head)}, {_MEANT} FROM head LEFT JOIN meant(%s) ON true"
        found = self._connection.execute(query.encode(), (wanted,)).fetchall()
        size = len(head)
        self._learn(wanted, [_place(row[size:]) for row in found if row[size] is not None])
        return found[0][:size]

    def _learn(self, wanted: Sequence[bytes], places: Sequence[Place]) -> None:
        for one in wanted:
            self._known[one] = []
        for place in places:
            for name in {place.id, *place.names}:
                if name is not None and name in self._known:
                    self._known[name].append(place)

    def find(self, entity_id: str, path: str | None = None) -> Found:
        """Find as `Store.find` says. Raises what it raises."""
        if path is not None:
            return self._at(entity_id, path)
        places, found, broken = self._candidates(nfc(entity_id))
        match = resolution.choose(entity_id, found, broken)
        if match is None:
            raise self._nowhere(entity_id)
        own = nfc(match.parsed.id)
        if own != nfc(entity_id):  # by an alias: another file may have its id
            match = match.replace(shared=len(self.carriers(own)) > 1)
        place = next(one for one in places if one.path == match.parsed.path)
        return Found(located=match, place=place)

    def note(self, path: str) -> Found:
        """Find a file that is no entity. Raises `EntityNotFound`, `InvalidFile`."""
        resolution.refuse_no_note(path)
        place = self._place_at(path)
        parsed = snapshot.parse_note(place.data, path, self._names)
        return Found(
            located=Located(parsed=parsed, modified=place.modified, note=True), place=place
        )

    def carriers(self, entity_id: str) -> list[Found]:
        """Return all that have the id, by path."""
        wanted = nfc(entity_id)
        return [one for one in self._found(wanted) if nfc(one.located.parsed.id) == wanted]

    def alike(self, entity_id: str) -> list[Found]:
        """Return all that have the id, or one that differs only by case."""
        own, folded = nfc(entity_id), one_name(entity_id)
        words = [word(own), word(folded)]
        rows = self._connection.execute(_ALIKE, (words, mentions.folded(folded))).fetchall()
        ids = [row[0].decode("utf-8", "surrogatepass") for row in rows]
        return [found for one in ids for found in self.carriers(one)]

    def named(self, name: str) -> list[Found]:
        """Return all that have the id, or if there are none, the alias."""
        wanted = nfc(name)
        found = self._found(wanted)
        by_id = [one for one in found if nfc(one.located.parsed.id) == wanted]
        return by_id or [one for one in found if resolution.is_meant(one.located, wanted)]

    def ids(self) -> list[str]:
        """Return ids, for suggestions."""
        rows = self._connection.execute(_IDS).fetchall()
        return [row[0].decode("utf-8", "surrogatepass") for row in rows]

    def observe(self, found: Found) -> Snapshot:
        """Return the entity with its history."""
        located, place = found.located, found.place
        path = place.path if located.shared else None
        entity_id = located.parsed.id
        if located.note or place.id is None:
            history = History(self._log.records_of(entity_id, path))
        else:
            history = lines.history_of(self._log, place.first, place.id, entity_id, path)
        return snapshot.observe(
            located.parsed, modified=located.modified, history=history, names=self._names
        )

    def places_at(self, paths: Sequence[str]) -> list[Place]:
        """Return the files at some paths."""
        return self._places(_AT, ([os.fsencode(path) for path in paths],))

    def _found(self, wanted: str) -> list[Found]:
        places, found, _broken = self._candidates(wanted)
        by_path = {one.path: one for one in places}
        return [Found(located=one, place=by_path[one.parsed.path]) for one in found]

    def _candidates(self, wanted: str) -> tuple[list[Place], list[Located], list[Broken]]:
        key = word(wanted)
        if key not in self._known:
            self.prepare((wanted,))
        places = sorted({one.path: one for one in self._known[key]}.values(), key=_by_path)
        found: list[Located] = []
        broken: list[Broken] = []
        for place in places:
            try:
                found.append(self._located(place))
            except InvalidFile as error:
                certain = resolution.claims(place.data, place.path, wanted, self._names)
                if certain or resolution.is_named(place.path, wanted):
                    broken.append(Broken(error=error, claims=certain))
        ids = [nfc(one.parsed.id) for one in found]
        found = [one.replace(shared=ids.count(nfc(one.parsed.id)) > 1) for one in found]
        return places, found, broken

    def _at(self, entity_id: str, path: str) -> Found:
        place = self._place_at(_inside(path))
        located = self._located(place)
        if not resolution.is_meant(located, nfc(entity_id)):
            raise resolution.wrong_file(entity_id, located)
        others = [one for one in self.carriers(located.parsed.id) if one.place.path != place.path]
        return Found(located=located.replace(shared=bool(others)), place=place)

    def _place_at(self, path: str) -> Place:
        found = self.places_at((path,))
        if not found:
            raise EntityNotFound(f"{path} is not there")
        return found[0]

    def _located(self, place: Place) -> Located:
        notes = self._names.id_is_stem
        parsed = snapshot.parse(place.data, place.path, self._names, notes=notes)
        return Located(parsed=parsed, modified=place.modified)

    def _nowhere(self, entity_id: str) -> EntityNotFound:
        row = self._connection.execute(_EXCLUDED, (word(nfc(entity_id)),)).fetchone()
        if row is not None:
            return resolution.excluded(entity_id, os.fsdecode(row[0]))
        return resolution.no_such_entity(entity_id, self.ids())

    def _places(self, query: str, values: tuple[object, ...]) -> list[Place]:
        return [*map(_place, self._connection.execute(query.encode(), values).fetchall())]


def _inside(path: str) -> str:
    """Return the path of a file that is named relative to the vault. Raises `InvalidFile`."""
    if "\0" in path:
        raise InvalidFile(path, "is not a path of a file")
    plain = os.path.normpath(path)
    if plain.startswith("/") or plain.split("/")[0] == "..":
        raise InvalidFile(path, "leads out of the vault")
    if is_hidden(plain):
        raise resolution.not_a_place(path)
    return plain


def _place(row: Sequence[Any]) -> Place:
    path, data, modified, entity_id, claims, admitted, kind, last, first = row
    return Place(
        path=os.fsdecode(path),
        data=data,
        modified=modified,
        id=entity_id,
        names=tuple(claims),
        admitted=admitted,
        kind=kind,
        last=last,
        first=tuple(first),
    )


def _by_path(place: Place) -> str:
    return place.path
