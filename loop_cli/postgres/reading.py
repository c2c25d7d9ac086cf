"""Read many files: those with links, those that mention a text, all of them."""

from __future__ import annotations

import os
import unicodedata

from loop_cli.core.links import SOURCES, LinkSource
from loop_cli.core.names import nfc
from loop_cli.errors import InvalidFile
from loop_cli.lean.jsontext import as_json
from loop_cli.planning import snapshot
from loop_cli.postgres.projection import may_be_linked
from loop_cli.postgres.selecting import BASE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.entity import EntityFile, FieldNames
    from loop_cli.postgres.database import Connection

    Run = Callable[[Callable[[Connection], list[Sequence[Any]]]], list[Sequence[Any]]]
    Admits = Callable[[str, bytes], bool]

_PAGE = 200  # files
_PATHS = 10_000


class Reader:
    """Reads files; `run` gives the rows that a function reads with a connection."""

    def __init__(self, run: Run, names: FieldNames) -> None:
        self._run = run
        self._names = names

    def files(
        self, *, mentioning: Sequence[str] | None = None, where: Admits | None = None
    ) -> Iterator[EntityFile]:
        """Yield the entities, as `Store.files` says."""
        test, values = (BASE, ()) if mentioning is None else _mentioning(mentioning)
        for path, data in self._texts(test, values):
            if where is not None and not where(path, data):
                continue
            try:
                yield snapshot.parse(data, path, self._names).file
            except InvalidFile:
                continue

    def link_sources(self, where: Admits) -> Iterator[LinkSource]:
        """Yield all files that may have links, as `Store.link_sources` says."""
        endings = " OR ".join(
            f"substring(path from length(path) - {len(one) - 1}) = '{one}'::bytea"
            for one in SOURCES
        )
        for path, data in self._texts(f"({endings})", ()):
            if not may_be_linked(path) or not where(path, data):
                continue
            try:
                entity = snapshot.parse(data, path, self._names).file
            except InvalidFile:
                entity = None
            yield LinkSource(path=path, data=data, entity=entity)

    def paths(self) -> Iterator[str]:
        """Yield the paths of all files that a link may lead to."""
        after = b""
        while True:
            page = self._page("SELECT path FROM file WHERE path > %s", (after,), _PATHS)
            for (path,) in page:
                found = os.fsdecode(path)
                if may_be_linked(found):
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
        statement = f"{query} ORDER BY path LIMIT {size}".encode()
        return self._run(lambda connection: [*connection.execute(statement, values).fetchall()])


def _mentioning(texts: Sequence[str]) -> tuple[str, tuple[object, ...]]:
    """Return the test for entities whose fields or path contain one of some texts."""
    tests: list[str] = []
    values: list[object] = []
    for text in texts:
        for form in dict.fromkeys((nfc(text), unicodedata.normalize("NFD", text))):
            for spelled in dict.fromkeys((as_json(form)[1:-1], _ascii(form))):
                if _is_storable(spelled):
                    tests.append("position(%s in fields) > 0")
                    values.append(spelled)
            tests.append("position(%s::bytea in path) > 0")
            values.append(form.encode("utf-8", "surrogatepass"))
    return f"{BASE} AND ({' OR '.join(tests) or 'false'})", tuple(values)


def _ascii(text: str) -> str:
    from loop_cli.lean import jsontext

    return jsontext.ascii_text(text)[1:-1]


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
