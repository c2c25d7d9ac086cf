"""All entities as the index has them, each with the revision that `get` would report.

The index is refreshed first, so every revision was checked by a look at its file. What the files
say and what the log says is of one moment where no record of the entity came meanwhile; another
one is read again, as `get` does, so that every revision that is given was that of the file.
"""

from __future__ import annotations

import os

from loop_cli.core import timestamps
from loop_cli.core.entity import OWN, Revision
from loop_cli.core.store import Listed, list_entity
from loop_cli.errors import EntityNotFound, LoopError
from loop_cli.lean import jsontext
from loop_cli.planning.snapshot import reported
from loop_cli.vault.files.walk import joined
from loop_cli.vault.find import find
from loop_cli.vault.index.cache import word
from loop_cli.vault.index.entry import whole
from loop_cli.vault.log.appended import Appended

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, TypeVar

    from loop_cli.vault.handle import Vault

    T = TypeVar("T")

PAGE = 200  # rows; no statement stays open, so that what comes between may write
_COLUMNS = """
file.id, CAST(head || fields || '}' AS BLOB), flat, etag_after,
CASE WHEN head IS NULL THEN folder END, CASE WHEN head IS NULL THEN name END,
modified, etag_before, updated, own
"""
_FILES = """
FROM file LEFT JOIN last ON entity = file.id AND path = x''
WHERE file.id IS NOT NULL
"""
_WHOLE = """
SELECT type, title, folder, name, modified, etag, fields FROM file WHERE id = ?
ORDER BY folder = ? AND name = ? DESC LIMIT 1
"""
_LAST_AT = "SELECT etag_after, etag_before, updated, own FROM last WHERE entity = ? AND path = ?"
_SHARED = "SELECT id FROM file WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1"
_UNREADABLE = "SELECT count(*) FROM file WHERE problem IS NOT NULL"
_COUNT = 10
_IN_ORDER = "ORDER BY file.id, folder, name"
_HOLDS = "fields GLOB ?"  # faster than instr(), but for texts that make no pattern
_LONG = 1_000
# What stands in a line before the values that it is cut at; no text in it holds these, since a
# quote in one is escaped.
_UPDATED, _ETAG, _FIELDS = b', "updated_at": "', b', "etag": "', b', "fields": '
_INSTANT = len(timestamps.EXAMPLE)


class Listing:
    """The entities of a vault. `told` is given the number of files looked at so far; `unreadable`
    counts those whose frontmatter can't be read."""

    def __init__(self, vault: Vault, *, told: Callable[[int], None] | None = None) -> None:
        self._vault = vault
        self._told = told
        self._filled: sqlite3.Connection | None = None
        self._appended = Appended(vault.log)
        self._shared = {row[0] for row in self.query(_SHARED)}
        ((self.unreadable,),) = self.query(_UNREADABLE)

    def rows(self, types: Sequence[str], needles: Sequence[Sequence[str]]) -> Iterator[Listed]:
        """As `Store.scan` says."""
        # Where no id is shared, it is enough to tell the rows of a page from the later ones.
        beside = ", folder, name" if self._shared else ""
        query, values = f"SELECT {_COLUMNS}{beside} {_FILES}", list(types)
        if types:
            query += f" AND type IN ({_marks(types)})"
        for texts in needles:
            tests = ["instr(fields, ?)" if len(one) > _LONG else _HOLDS for one in texts]
            query += f" AND ({' OR '.join(tests)})"
            values += [one if len(one) > _LONG else _holding(one) for one in texts]
        ordered = f"ORDER BY file.id{beside} LIMIT {PAGE}"
        page = self.query(f"{query} {ordered}", values)
        while page:
            yield from self._listed(page)
            last = (page[-1][0], *page[-1][_COUNT:])
            later = f"AND (file.id{beside}) > ({_marks(last)})"
            page = self.query(f"{query} {later} {ordered}", [*values, *last])

    def of(self, ids: Sequence[bytes]) -> Iterator[Listed]:
        """The entities with some ids, in the order of `rows` where the ids are."""
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            query = f"SELECT {_COLUMNS} {_FILES} AND file.id IN ({_marks(page)}) {_IN_ORDER}"
            yield from self._listed(self.query(query, page))

    def is_shared(self, entity_id: str) -> bool:
        """Whether several files had an id when the index was filled."""
        return word(entity_id) in self._shared

    def query(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows of the index as it was filled."""
        return self.run(lambda database: database.execute(query, values).fetchall())

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` makes of the index as it was filled: where that had to be made anew
        since, it is filled again first."""
        while True:
            database, made = self._vault.cache.run(lambda database: (database, work(database)))
            if database is self._filled:
                return made
            self._fill()

    def _fill(self) -> None:
        """Look at all files and all of the log, with one database from beginning to end."""
        vault = self._vault
        database = None
        while database is None or database is not self._filled:
            self._filled = vault.cache.run(lambda database: database)
            vault.locator().index.refresh(self._told)
            vault.log.cover(vault.cache)
            database = vault.cache.run(lambda database: database)

    def _listed(self, page: Sequence[Sequence[Any]]) -> Iterator[Listed]:
        """The entities of rows; most are as their line in the cache says."""
        name, shared = self._vault.names.name, self._shared
        self._appended.read()
        appended = self._appended if self._appended else None
        for row in page:
            entity_id, line, flat, after = row[:4]
            if appended is not None and appended.is_of(entity_id) and line is not None:
                yield from self._again(_Row(line, flat, name))
            elif line is None:
                yield from self._without_line(entity_id, row[4], row[5])
            elif after is None and entity_id not in shared:
                yield _Row(line, flat, name)
            else:
                modified, *last = row[6:_COUNT]
                listed = _Row(line, flat, name)
                yield from self._recorded(listed, entity_id, modified, after, *last)

    def _without_line(self, entity_id: bytes, *place: bytes) -> Iterator[Listed]:
        """The entity of a file whose line is not printed as it is; nothing if it is gone."""
        for entity_type, title, folder, name, modified, etag, fields in self.query(
            _WHOLE, (entity_id, *place)
        ):
            if (folder, name) != place and entity_id in self._shared:  # that is a row by itself
                continue
            listed = Listed(
                id=entity_id.decode("utf-8", "surrogatepass"),
                type=entity_type,
                name=title,
                path=joined(os.fsdecode(folder), os.fsdecode(name)),
                revision=Revision(updated_at="", etag=etag),
                fields=fields,
            )
            found = self.query(_LAST_AT, (entity_id, b""))
            last = found[0] if found else [None] * 4
            yield from self._recorded(listed, entity_id, modified, *last)

    def _recorded(
        self, listed: Listed, entity_id: bytes, modified: int, *last: Any
    ) -> Iterator[Listed]:
        """The entity with the revision that its last record gives it; nothing if it is gone."""
        if entity_id in self._shared:
            found = self.query(_LAST_AT, (entity_id, word(listed.path)))
            last = found[0] if found else (None,) * 4
        after, before, updated, own = last
        etag = listed.etag
        # The change of a record that starts from these bytes may not have landed yet.
        if before == etag or self._appended.is_of(entity_id):
            yield from self._again(listed)
            return
        holds = bool(own) and after == etag
        instant = reported(etag=etag, modified=modified, recorded=updated, holds=holds)
        yield listed.dated(timestamps.render(instant))

    def _again(self, listed: Listed) -> Iterator[Listed]:
        """The entity as it is now, wherever it is; nothing if it is gone."""
        try:
            yield list_entity(find(self._vault, listed.id, path=listed.path))
        except EntityNotFound:  # another of those that share the id is a row by itself
            if not self.is_shared(listed.id):
                yield from self._anywhere(listed.id)
        except LoopError:
            return

    def _anywhere(self, entity_id: str) -> Iterator[Listed]:
        try:
            yield list_entity(find(self._vault, entity_id))
        except LoopError:
            return


class _Row(Listed):
    """An entity as its line says, which is taken apart where more is asked for than that."""

    def __init__(self, line: bytes, flat: int, name_field: str) -> None:
        self.__dict__["_kept"] = (line, flat, name_field)

    @property
    def json(self) -> bytes:
        return self.__dict__["_kept"][0]  # type: ignore[no-any-return]

    @property
    def flat(self) -> bool:
        return bool(self.__dict__["_kept"][1])

    @property
    def etag(self) -> str:
        line = self.json
        at = line.index(_ETAG) + len(_ETAG)
        return line[at : line.index(b'"', at)].decode()

    def dated(self, updated_at: str) -> _Row:
        line = self.json
        at = line.index(_UPDATED) + len(_UPDATED)
        dated = b"".join((line[:at], updated_at.encode(), line[at + _INSTANT :]))
        return _Row(dated, *self.__dict__["_kept"][1:])

    def __getattr__(self, name: str) -> Any:
        """A value that was not asked for yet."""
        if name not in self._fields:
            raise AttributeError(name)
        line = self.json
        at = line.index(_FIELDS)
        self.__dict__["fields"] = fields = line[at + len(_FIELDS) : -1].decode()
        if name != "fields":
            own = jsontext.loads(line[:at] + b"}")
            entity_id, kind, path, updated_at, etag = (own[one] for one in OWN)
            title = jsontext.loads(fields).get(self.__dict__["_kept"][2])
            self.__dict__.update(
                id=entity_id,
                type=kind,
                name=whole(title) if isinstance(title, str) else None,
                path=path,
                revision=Revision(updated_at=updated_at, etag=etag),
            )
        return self.__dict__[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Row) and (self.json, self.name) == (other.json, other.name)

    def __hash__(self) -> int:
        return hash(self.json)


def _holding(text: str) -> str:
    """The pattern of what holds a text."""
    return f"*{''.join(f'[{sign}]' if sign in '*?[' else sign for sign in text)}*"


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
