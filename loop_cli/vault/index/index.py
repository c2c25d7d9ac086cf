"""The ids and fields of all entities in the cache.

So `find` reads one file, and a list reads only changed files. The files always decide. `candidates`
are paths to read and compare. `refresh` looks at every file, and reads those again with another
size, time or number. It also reads files again that were very new, because they may have changed
within a tick of the clock.
"""

from __future__ import annotations

import os
import unicodedata

from loop_cli.core.names import nfc
from loop_cli.lean import jsontext
from loop_cli.vault.files.walk import joined, stamps_in, stamps_of
from loop_cli.vault.index import cache as working
from loop_cli.vault.index.cache import folded_word, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Sequence

    from loop_cli.core.entity import FieldNames
    from loop_cli.vault.files.walk import Files, Walk
    from loop_cli.vault.index.cache import Cache
    from loop_cli.vault.index.news import News
    from loop_cli.vault.index.refresh import Look

YOUNG = 2 * 10**9  # nanoseconds
_ASKED = 100  # texts in one query
_REMEMBERED = 8  # folders between which a run of changes alternates
_CLAIMING = """
SELECT folder, name, modified, looked
FROM (
    SELECT folder, name FROM file WHERE id = ?1
    UNION ALL SELECT folder, name FROM claim JOIN file ON file = key WHERE word = ?1
) LEFT JOIN folder ON path = folder
"""
_ALIKE = """
SELECT folder, name FROM file WHERE id = ?1
UNION ALL SELECT folder, name FROM claim JOIN file ON file = key WHERE word = ?2
"""
_LISTING = "SELECT files FROM listing WHERE folder = ?"


class Index:
    """The index of the files that `walk` finds."""

    def __init__(self, cache: Cache, walk: Walk, names: FieldNames) -> None:
        self._cache = cache
        self._walk = walk
        self._names = names
        self._walked = False  # as far as was asked for
        self._no_news: dict[bytes, tuple[object, ...]] = {}  # how folders were that had none
        self.news: News | None = None  # what tells where to look, if something does

    def candidates(self, wanted: str) -> list[str]:
        """Return the files that may be meant by an id or alias in normal form, as far as is known.

        Their folders are checked for new files, because a copy often is beside its original.
        """
        return self._cache.run(lambda database: self._candidates(database, wanted))

    def alike(self, folded: str) -> list[str]:
        """Return the files that have an id that reads so without case, as far as is known."""
        words = (word(folded), folded_word(folded))
        rows = self._cache.run(lambda database: database.execute(_ALIKE, words).fetchall())
        return sorted({joined(os.fsdecode(one[0]), os.fsdecode(one[1])) for one in rows})

    def ids(self) -> list[str]:
        """Return all ids, for suggestions."""
        query = "SELECT DISTINCT id FROM file WHERE id IS NOT NULL"
        rows = self._cache.run(lambda database: database.execute(query).fetchall())
        return [_text(row[0]) for row in rows]

    def notes(self) -> int:
        """Count the files that can be read and are no entities, as far as is known."""
        query = "SELECT count(*) FROM file WHERE id IS NULL AND problem IS NULL"
        self.refresh_if_unknown()
        return int(self._cache.run(lambda database: database.execute(query).fetchone()[0]))

    def mentioning(self, texts: Sequence[str]) -> list[str]:
        """Yield the entities' files whose fields or path contain one of some texts, as far as is
        known.

        Both normal forms of the texts are searched.
        """
        found: set[str] = set()
        for start in range(0, len(texts), _ASKED):
            tests = [test for text in texts[start : start + _ASKED] for test in _tests(text)]
            conditions = " OR ".join(condition for condition, _value in tests)
            found.update(self._paths(f"({conditions})", [value for _condition, value in tests]))
        return sorted(found)

    def _paths(self, condition: str, values: Sequence[object]) -> list[str]:
        query = f"SELECT folder, name FROM file WHERE id IS NOT NULL AND {condition}"
        rows = self._cache.run(lambda database: database.execute(query, values).fetchall())
        return [joined(os.fsdecode(folder), os.fsdecode(name)) for folder, name in rows]

    def refresh_if_unknown(self) -> None:
        """Look at every file, if nobody ever has, or if no cache is kept."""
        if self._walked and self._cache.is_kept:
            return
        if not self._cache.is_kept or not self._cache.run(self._is_walked):
            self.refresh()
        self._walked = True

    def refresh(self, told: Callable[[int], None] | None = None) -> None:
        """Look at every file of the vault, and read the new and changed ones.

        `told` is called with the number of files looked at so far. Raises `UsageError`.
        """
        if told is not None:
            self._cache.run(lambda database: self._refresh(database, told))
            return
        with working.progress("looking at the files", unit="files") as shown:
            self._cache.run(lambda database: self._refresh(database, shown))

    def catch_up(self, told: Callable[[int], None] | None = None) -> None:
        """As `refresh`, but where `news` tells of changes only at those. Raises `UsageError`."""
        news = self.news
        if news is None:
            self.refresh(told)
            return
        with news.turn:
            folders = news.take()
            try:
                if folders is None or self._walk.unread or not self._cache.run(self._is_walked):
                    self.refresh(told)
                elif folders:
                    self._cache.run(lambda database: self._look_at(database, sorted(folders)))
            except BaseException:
                news.give_back(folders)
                raise

    def _look_at(self, database: sqlite3.Connection, folders: Sequence[str]) -> None:
        look = self._look(database)
        look.remember()
        for folder in folders:
            look.again(folder)
        look.keep()

    def _refresh(self, database: sqlite3.Connection, told: Callable[[int], None] | None) -> None:
        look = self._look(database)
        look.remember()
        for folder in self._walk.folders():
            look.at(*folder)
            if told is not None:
                told(look.count)
        look.finish(walked=self._places)

    def refresh_folders(self, *, besides: Collection[str] = ()) -> None:
        """Compare the times of all folders, and list the files of the changed ones.

        So all new and removed files are known. A folder in which only files `besides` have changed,
        which the caller reads itself, is left for the next look. Without a kept cache, every find
        looks at them anyway. Raises `UsageError`.
        """
        if self._cache.is_kept:
            self._cache.run(lambda database: self._refresh_folders(database, besides))
            self._walked = True

    def _refresh_folders(self, database: sqlite3.Connection, besides: Collection[str]) -> None:
        if not self._is_walked(database):
            self.refresh()
            return
        rows = database.execute("SELECT path, modified, looked FROM folder").fetchall()
        known = {row[0] for row in rows}
        changed = [
            os.fsdecode(path)
            for path, modified, looked in rows
            if looked - modified < YOUNG or self._walk.modified(path) != modified
        ]

        def is_known(folder: str) -> bool:
            return os.fsencode(folder) in known

        again, inside = [], list[str]()
        for folder in changed:
            files, folders = self._walk.content(folder)
            inside += [one for one in folders if not is_known(one)]
            if self._has_changes(database, folder, files, besides):
                again.append(folder)
        new = [found for one in inside for found in self._walk.below(one, is_known)]
        new += self._walk.folders(is_known)
        if not again and not new:
            return
        look = self._look(database)
        if new:
            look.remember()
        for folder in again:
            look.again(folder)
        for found in new:
            look.at(*found)
        look.keep()

    def _has_changes(
        self, database: sqlite3.Connection, folder: str, files: Files, besides: Collection[str]
    ) -> bool:
        """Whether a folder with these `files` has others than those known, or changed ones, but for
        some."""
        row = database.execute(_LISTING, (os.fsencode(folder),)).fetchone()
        if row is None or not besides:
            return True
        known = stamps_in(row[0])
        now = stamps_of(*files)
        return now.keys() != known.keys() or any(
            stamp != known[name] and joined(folder, name) not in besides
            for name, stamp in now.items()
        )

    def _candidates(self, database: sqlite3.Connection, wanted: str) -> list[str]:
        found = database.execute(_CLAIMING, (word(wanted),)).fetchall()
        if self._cache.is_kept:
            folders = {folder: looked for folder, _name, *looked in found}
            news = [
                one for one, looked in folders.items() if self._has_news(database, one, *looked)
            ]
            if news:
                look = self._look(database)
                for folder in news:
                    look.again(os.fsdecode(folder))
                look.keep()
                found = database.execute(_CLAIMING, (word(wanted),)).fetchall()
        return sorted({joined(os.fsdecode(one[0]), os.fsdecode(one[1])) for one in found})

    def _look(self, database: sqlite3.Connection) -> Look:
        from loop_cli.vault.index.refresh import (
            Look,  # a find that finds everything unchanged can skip this
        )

        return Look(database, self._walk, self._names, young=YOUNG)

    def _has_news(
        self, database: sqlite3.Connection, key: bytes, known: int | None, looked: int | None
    ) -> bool:
        """Whether a folder has other files than those known, by their names.

        It is compared with the time at which it was `looked` at.
        """
        if known is None or looked is None:
            return True
        if known == self._walk.modified(key) and looked - known >= YOUNG:
            return False
        folder = os.fsdecode(key)
        names = self._walk.names_in(folder)
        if names is None:
            return True
        if self._no_news.get(key) == (known, looked, names):
            return False
        row = database.execute(_LISTING, (key,)).fetchone()
        if row is None or not self._walk.are_only(names, stamps_in(row[0]), folder=folder):
            return True
        if len(self._no_news) == _REMEMBERED:
            self._no_news.clear()
        self._no_news[key] = (known, looked, names)
        return False

    def _is_walked(self, database: sqlite3.Connection) -> bool:
        row = database.execute("SELECT value FROM note WHERE name = 'walked'").fetchone()
        return row is not None and row[0] == self._places

    @property
    def _places(self) -> str:
        return f"every folder of {self._walk.places!r}"  # not only folders with files, as before


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _tests(text: str) -> list[tuple[str, object]]:
    """Return SQL tests, with values, for rows that contain a text.

    JSON has the characters themselves, but half characters as escapes.
    """
    found: list[tuple[str, object]] = []
    for form in dict.fromkeys((nfc(text), unicodedata.normalize("NFD", text))):
        escaped = jsontext.ascii_text(form)[1:-1]
        found.append(("instr(fields, ?)", escaped))
        try:
            plain, name = jsontext.dumps(form)[1:-1], os.fsencode(form)
            plain.encode()
        except UnicodeEncodeError:
            continue
        found += [("instr(folder, ?)", name), ("instr(name, ?)", name)]
        if plain != escaped:
            found.append(("instr(fields, ?)", plain))
    return found
