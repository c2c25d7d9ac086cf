"""Search: the cache has the grams of every entity's names and body, and gives candidates.

Every file that is shown was read again. SQLite's full-text index stores the grams, without the
texts. If `index` reads a file again, its grams are removed in the same transaction, and a file
without grams is always a candidate. So an incomplete index costs time, but misses nothing.
"""

from __future__ import annotations

import os
import unicodedata

from loop_cli.core.evaluate import admits, evaluate
from loop_cli.core.listed import Hit, list_entity, names_of
from loop_cli.core.wanted import Wanted, grams_of
from loop_cli.errors import EntityNotFound, LoopError
from loop_cli.markdown import document
from loop_cli.planning.hits import hit_of
from loop_cli.planning.snapshot import etag_of
from loop_cli.vault.files import reading as files
from loop_cli.vault.files.walk import joined
from loop_cli.vault.find import find
from loop_cli.vault.index.cache import transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from loop_cli.core.listed import Listed
    from loop_cli.core.query import Query
    from loop_cli.vault.handle import Vault
    from loop_cli.vault.index.listing import Listing
    from loop_cli.vault.index.statement import Statement

    Text = tuple[int, str, str, str]

_FORM = f"1 {unicodedata.unidata_version}"  # version of the grams
_BATCH = 500  # files that are written to the cache at once
_STALE = 1_000  # outdated entries allowed, besides twice the number of current ones
_MAKE = """
CREATE VIRTUAL TABLE text USING fts5
(names, body, content='', detail=column, columnsize=0, tokenize='ascii')
"""
# Many are added at once: merge them less often than usual.
_SELDOM = "INSERT INTO text (text, rank) VALUES ('automerge', 16)"
_MISSING = """
SELECT key FROM file INDEXED BY file_by_id
WHERE id IS NOT NULL AND key NOT IN (SELECT file FROM searched)
"""
_ETAGS = """
SELECT key, etag FROM file WHERE key IN ({}) AND key NOT IN (SELECT file FROM searched)
"""
_LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'searched'"
_ALL = "SELECT DISTINCT file.id FROM file"
_MAY = """
(file.key IN (SELECT file FROM searched WHERE doc IN (SELECT rowid FROM text WHERE text MATCH ?))
 OR file.key NOT IN (SELECT file FROM searched))
"""


class Texts:
    """Searches the entities of `listing`. `told` is called with the number of texts read so far."""

    def __init__(
        self, vault: Vault, listing: Listing, told: Callable[[int], None] | None = None
    ) -> None:
        self._vault = vault
        self._listing = listing
        self._told = told

    def hits(self, query: Query) -> Iterator[Hit]:
        """Yield the hits, as `Store.search` says."""
        wanted = Wanted(query.text or "")
        return evaluate(self._hits(query, wanted), query, self._vault.schema)

    def _hits(self, query: Query, wanted: Wanted) -> Iterator[Hit]:
        """Yield the hits that fulfil all conditions of the query."""
        self._complete()
        statement = self._listing.statement(query)
        shown: set[tuple[str, str]] = set()  # of the first pass: names may change before the second
        for in_names in (True, False):
            ids = self._candidates(wanted, statement, in_names=in_names)
            for listed in self._listing.of(ids):
                if (listed.id, listed.path) in shown or not admits(query, listed):
                    continue  # it was shown already, or has the id of one that was requested
                if in_names and not wanted.are_in_names(names_of(listed)):
                    continue
                hit = self._read(listed, wanted)
                if hit is not None:
                    if in_names:
                        shown.add((hit.id, hit.path))
                    yield hit

    def _read(self, listed: Listed, wanted: Wanted) -> Hit | None:
        """Return the hit in an entity as it is now."""
        path: str | None = listed.path
        try:
            data = self._data(listed.path)
            if etag_of(data) == listed.revision.etag:
                return hit_of(listed, data, wanted)
        except EntityNotFound:  # it has just moved; other files with its id have their own entries
            if self._listing.is_shared(listed.id):
                return None
            path = None
        except LoopError:
            return None
        try:
            entity = find(self._vault, listed.id, path=path)
        except LoopError:
            return None
        return hit_of(list_entity(entity), entity.raw, wanted)

    def _data(self, path: str) -> bytes:
        return files.read_stable(os.path.join(self._vault.root, path), path)[0]

    def _candidates(self, wanted: Wanted, statement: Statement, *, in_names: bool) -> list[bytes]:
        """Yield the ids, in order, of entities that may have the words.

        The key of a file can change, if another process has indexed it again.
        """

        def find(database: sqlite3.Connection) -> list[bytes]:
            statement.prepare(database)
            tests, words = ["file.id IS NOT NULL", *statement.tests], []
            if _is_made(database):
                tests.append(_MAY)
                words.append(_expression(wanted, in_names=in_names))
            query = f"{_ALL} {statement.join} WHERE {' AND '.join(tests)} ORDER BY file.id"
            return [entity_id for (entity_id,) in statement.rows(database, query, words)]

        return self._listing.run(find)

    def _complete(self) -> None:
        """Bring the index up to date, a batch at a time."""
        if not self._vault.cache.is_kept or not self._listing.run(_made):
            return
        keys = [key for (key,) in self._listing.query(_MISSING)]
        for start in range(0, len(keys), _BATCH):
            texts = self._texts(keys[start : start + _BATCH])
            self._listing.run(lambda database, texts=texts: _keep(database, texts))  # type: ignore[misc]
            if self._told is not None:
                self._told(start + len(texts))

    def _texts(self, keys: Sequence[int]) -> list[Text]:
        """Yield each file's key, etag and grams, whether it has changed or not."""
        places = f"SELECT key, id, title, folder, name FROM file WHERE key IN ({_marks(keys)})"
        found = []
        for key, entity_id, title, folder, name in self._listing.query(places, keys):
            try:
                data = self._data(joined(os.fsdecode(folder), os.fsdecode(name)))
                body = document.split(data.decode()).body
            except (LoopError, UnicodeDecodeError, document.FrontmatterError):
                continue
            names = f"{entity_id.decode(errors='replace')} {title or ''}"
            found.append((key, etag_of(data), _joined(names), _joined(body)))
        return found


def _keep(database: sqlite3.Connection, texts: Sequence[Text]) -> None:
    """Store those that have not changed since, and that no other process has stored."""
    if not _is_made(database):  # another table, made meanwhile
        return
    keys = [text[0] for text in texts]
    with transaction(database):
        known = dict(database.execute(_ETAGS.format(_marks(keys)), keys))
        last = database.execute(_LAST).fetchone()
        current = (text for text in texts if known.get(text[0]) == text[1])
        entries = list(enumerate(current, start=1 if last is None else last[0] + 1))
        searched = ((doc, key) for doc, (key, *_text) in entries)
        database.executemany("INSERT INTO searched (doc, file) VALUES (?, ?)", searched)
        grams = ((doc, names, body) for doc, (_key, _etag, names, body) in entries)
        database.executemany("INSERT INTO text (rowid, names, body) VALUES (?, ?, ?)", grams)


def _made(database: sqlite3.Connection) -> bool:
    """Make a table for the grams, if there is none, or it has another form, or is mostly outdated.

    Returns False if SQLite has no full-text index.
    """
    if not database.execute("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'").fetchone():
        return False
    if _is_in_order(database):
        return True
    with transaction(database):
        if not _is_in_order(database):  # and no other process has just done it
            database.execute("DROP TABLE IF EXISTS text")
            database.execute("DELETE FROM searched")
            database.execute("DELETE FROM sqlite_sequence WHERE name = 'searched'")
            database.execute(_MAKE)
            database.execute(_SELDOM)
            database.execute("INSERT OR REPLACE INTO note VALUES ('grams', ?)", (_FORM,))
    return True


def _is_in_order(database: sqlite3.Connection) -> bool:
    return _is_made(database) and not _is_stale(database)


def _is_stale(database: sqlite3.Connection) -> bool:
    """Whether two in three entries, and many, are outdated."""
    ever = database.execute(_LAST).fetchone()
    (current,) = database.execute("SELECT count(*) FROM file WHERE id IS NOT NULL").fetchone()
    return ever is not None and ever[0] > 3 * current + _STALE


def _is_made(database: sqlite3.Connection) -> bool:
    form = database.execute("SELECT value FROM note WHERE name = 'grams'").fetchone()
    return form is not None and form[0] == _FORM


def _expression(wanted: Wanted, *, in_names: bool) -> str:
    """Return the query for texts that have all grams; grams have no quotes."""
    exact, beginnings = wanted.grams()
    parts = [f'"{gram}"' for gram in exact] + [f'"{gram}" *' for gram in beginnings]
    every = " AND ".join(parts)
    return f"names : ({every})" if in_names else every


def _joined(text: str) -> str:
    return " ".join(grams_of(text))


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
