"""Read many files: those that refer or link to others, and all of them."""

from __future__ import annotations

import os

from loop_cli.core.links import SOURCES, AskedFiles, LinkSource, may_link
from loop_cli.errors import InvalidFile
from loop_cli.lean.jsontext import as_json
from loop_cli.planning import snapshot
from loop_cli.postgres import mentions
from loop_cli.postgres.keys import name_of, word
from loop_cli.postgres.selecting import BASE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from typing import Any

    from loop_cli.core.entity import EntityFile, FieldNames
    from loop_cli.core.links import Files
    from loop_cli.postgres.database import Connection

    Run = Callable[[Callable[[Connection], list[Sequence[Any]]]], list[Sequence[Any]]]
    Admits = Callable[[str, bytes], bool]

_PAGE = 200  # files
_PATHS = 10_000
AT = "SELECT path, data FROM file WHERE {test} AND path = ANY(%s)"
_HAS = f"SELECT 1 FROM file WHERE {BASE} AND keys @> %s::jsonb LIMIT 1"
CALLED = "SELECT path FROM file WHERE stem = %s"
MENTIONING = "SELECT DISTINCT path FROM mention WHERE name = ANY(%s)"


class Reader:
    """Reads files; `run` gives the rows that a function reads with a connection."""

    def __init__(self, run: Run, names: FieldNames) -> None:
        self._run = run
        self._names = names

    def files(self, *, referring_to: Sequence[str] | None = None) -> Iterator[EntityFile]:
        """Yield the entities, as `Store.files` says."""
        if referring_to is None:
            texts = self._texts(BASE, ())
        else:
            texts = self._at(self._mentioning(mentions.of_ids(referring_to)), BASE)
        for path, data in texts:
            try:
                yield snapshot.parse(data, path, self._names).file
            except InvalidFile:
                continue

    def has_field(self, name: str) -> bool:
        """Whether any entity has a field."""
        wanted = as_json({name_of((name,)): ["t"]})
        return bool(self._rows(_HAS, (wanted,)))

    def link_sources(self, where: Admits) -> Iterator[LinkSource]:
        """Yield all files that may have links, if `where` accepts path and bytes."""
        endings = " OR ".join(
            f"substring(path from length(path) - {len(one) - 1}) = '{one}'::bytea"
            for one in SOURCES
        )
        for path, data in self._texts(f"({endings})", ()):
            if mentions.may_be_linked(path) and where(path, data):
                yield self._source(path, data)

    def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]:
        """Yield files with links, as `Store.links_to` says."""
        own = {os.fsencode(path) for path in paths if path.endswith(SOURCES)}
        may = may_link(paths)
        for path, data in self._at(own | self._mentioning(mentions.of_files(paths))):
            if mentions.may_be_linked(path) and may(path, data):
                yield self._source(path, data)

    def link_targets(self) -> Files:
        """Return the files that a link may lead to."""

        def ask(stem: str) -> list[str]:
            return [os.fsdecode(path) for (path,) in self._rows(CALLED, (word(stem),))]

        return AskedFiles(ask)

    def _source(self, path: str, data: bytes) -> LinkSource:
        try:
            entity = snapshot.parse(data, path, self._names).file
        except InvalidFile:
            entity = None
        return LinkSource(path=path, data=data, entity=entity)

    def _mentioning(self, names: Sequence[bytes]) -> set[bytes]:
        return {path for (path,) in self._rows(MENTIONING, (names,))}

    def _at(self, paths: Collection[bytes], test: str = "true") -> Iterator[tuple[str, bytes]]:
        """Yield path and bytes of the files at some paths, by path."""
        wanted = sorted(paths)
        query = AT.format(test=test)
        for start in range(0, len(wanted), _PAGE):
            for path, data in self._page(query, (wanted[start : start + _PAGE],), _PAGE):
                yield os.fsdecode(path), data

    def paths(self) -> Iterator[str]:
        """Yield the paths of all files that a link may lead to."""
        after = b""
        while True:
            page = self._page("SELECT path FROM file WHERE path > %s", (after,), _PATHS)
            for (path,) in page:
                found = os.fsdecode(path)
                if mentions.may_be_linked(found):
                    yield found
            if len(page) < _PATHS:
                return
            after = page[-1][0]

    def everything(self) -> Iterator[tuple[str, bytes, int]]:
        """Yield path, bytes and time of every file, by path."""
        after = b""
        while True:
            query = "SELECT path, data, modified FROM file WHERE path > %s"
            page = self._page(query, (after,), _PAGE)
            for path, data, modified in page:
                yield os.fsdecode(path), data, modified
            if len(page) < _PAGE:
                return
            after = page[-1][0]

    def _texts(self, test: str, values: tuple[object, ...]) -> Iterator[tuple[str, bytes]]:
        after = b""
        while True:
            query = f"SELECT path, data FROM file WHERE {test} AND path > %s"
            page = self._page(query, (*values, after), _PAGE)
            for path, data in page:
                yield os.fsdecode(path), data
            if len(page) < _PAGE:
                return
            after = page[-1][0]

    def _page(self, query: str, values: tuple[object, ...], size: int) -> list[Sequence[Any]]:
        return self._rows(f"{query} ORDER BY path LIMIT {size}", values)

    def _rows(self, query: str, values: tuple[object, ...]) -> list[Sequence[Any]]:
        statement = query.encode()
        return self._run(lambda connection: [*connection.execute(statement, values).fetchall()])
