"""The sources of completions: the index, the end of the log, and a table of words.

The table of words is made from schema, members and settings. It names these files, and is made
again if one of them changes.
"""

from __future__ import annotations

import os
import stat
import time

from loop_cli.lean.basics import sha256_hex
from loop_cli.system import home
from loop_cli.system.folders import Folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Word = tuple[str, str]

MOST = 200
_LOG_END = 1 << 16  # bytes of the log that are searched for runs
_STEPS = 500_000  # instructions of SQLite; a search that takes more is stopped
_FRESH = 60.0  # seconds for which the words of a search may be used
_LARGE = 8 << 20  # from this size of an index on, a background process reads it
_MOST_KEPT = 1 << 28  # largest size of the words that are read
_FEW = 1 << 18  # largest size of the words that are searched in every way


class Vault:
    """The words of one vault."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._lines: list[list[str]] | None = None

    def words(self, kind: str, *keys: str) -> list[str]:
        """Return the words of a kind in the table, below some keys."""
        return [row[0] for row in self._rows(kind, *keys)]

    def views(self) -> list[str]:
        """The names of the views."""
        from loop_cli.cli.views import Views
        from loop_cli.config import Settings

        return sorted(Views(Settings(root=self._root, values={})).all())

    def ids_from(self, prefix: str) -> list[Word]:
        """Return the ids that begin with the text, with the names of their entities."""
        query = "SELECT id, title FROM file WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
        begin = prefix.encode("utf-8", "surrogatepass")
        return self._found(query, begin, begin + b"\xff", MOST)

    def ids_like(self, text: str) -> list[Word]:
        """Return the ids of entities with the text in the id or name, in any case.

        If there are not too many words, also ids that have its characters in that order.
        """
        words = self._all_words()
        folded, wanted = words.lower(), text.encode("utf-8", "surrogatepass").lower()
        found: dict[bytes, None] = {}
        place = folded.find(wanted)
        while place >= 0 and len(found) < MOST:
            begin, end = words.rfind(b"\n", 0, place) + 1, words.find(b"\n", place)
            found[words[begin:end]] = None
            place = folded.find(wanted, end)
        if not found and len(words) < _FEW:
            found = {line: None for line in words.splitlines() if _in_order(wanted, line)}
        parts = (line.decode("utf-8", "replace").partition("\t") for line in found)
        return [(entity_id, name) for entity_id, _tab, name in parts]

    def fields(self, entity_id: str, *, writable: bool) -> list[Word]:
        """Return the fields of an entity with their kinds: those of its type, then its other
        fields."""
        found = dict(self.fields_of(self._type_of(entity_id), writable=writable))
        if not found or not writable:
            for name in self._fields_in(entity_id):
                found.setdefault(name, "")
        return list(found.items())

    def fields_of(self, kind: str, *, writable: bool) -> list[Word]:
        """The fields of a type with their kinds."""
        rows = self._rows("field", kind)
        return [(name, about) for name, about, can in rows if can == "w" or not writable]

    def type_named(self, text: str) -> str:
        """The type as the schema writes it."""
        found = [one for one in self.words("type") if one.casefold() == text.casefold()]
        return found[0] if found else text

    def all_fields(self) -> list[Word]:
        """The fields of all types, with kinds, and what every entity has."""
        found = {name: about for _type, name, about, _can in self._rows("field")}
        own = ("entity_id", "entity_type", "path", "updated_at", "etag")
        return [*found.items(), *((name, "") for name in own if name not in found)]

    def all_values(self, field: str) -> list[Word]:
        """What a field takes in any type."""
        if field == "entity_type":
            return [(name, "") for name in self.words("type")]
        rows = [row for row in self._rows("choice") if row[1] == field]
        if rows:
            return [*{value: label for _type, _field, value, label in rows}.items()]
        return self.values("", field)

    def values(self, entity_id: str, field: str) -> list[Word]:
        """Return the values for a field of an entity: an enumeration with labels, or members."""
        return self.values_of(self._type_of(entity_id), field)

    def values_of(self, kind: str, field: str) -> list[Word]:
        """The same for a new entity of a type."""
        rows = self._rows("choice", kind, field) or self._rows("choice", "*", field)
        if rows:
            return [(row[0], row[1]) for row in rows]
        people = field in self.words("of_members")
        return [(name, "") for name in self.words("member")] if people else []

    def items(self, entity_id: str, field: str) -> list[Word]:
        """Return the items of a list of an entity."""
        query = "SELECT value FROM json_each(fields, ?)"
        quoted = field.replace('"', '\\"')
        return [(item, "") for item in self._json(entity_id, query, f'$."{quoted}"')]

    def runs(self) -> list[Word]:
        """Return the last runs, newest first, each with an entity that it changed."""
        try:
            lines = _end_of(self._root, "".join(self.words("log"))).split(b"\n")
        except OSError:
            return []
        return runs_in(reversed(lines))

    # -- the index ------------------------------------------------------------------------

    def _found(self, query: str, *values: Any) -> list[Word]:
        return [
            (bytes(entity_id).decode("utf-8", "replace"), title or "")
            for entity_id, title in dict.fromkeys(self._select(query, *values))
        ]

    def _type_of(self, entity_id: str) -> str:
        key = entity_id.encode("utf-8", "surrogatepass")
        for (kind,) in self._select("SELECT type FROM file WHERE id = ? LIMIT 1", key):
            return str(kind)
        return ""

    def _fields_in(self, entity_id: str) -> Iterable[str]:
        """Return the names of the fields of an entity."""
        return self._json(entity_id, "SELECT key FROM json_each(fields)")

    def _json(self, entity_id: str, inner: str, *values: Any) -> list[str]:
        """Return the texts in the fields of an entity."""
        key = entity_id.encode("utf-8", "surrogatepass")
        fields = "(SELECT fields FROM file WHERE id = ? LIMIT 1)"
        query = inner.replace("fields", fields)
        rows = self._select(query, key, *values)
        return [value for (value,) in rows if isinstance(value, str)]

    def _select(self, query: str, *values: Any, steps: int = _STEPS) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        (path, *_rest) = self.words("index") or [""]
        if not path or not _is_file(path):
            return rows
        from loop_cli.lean.sqlite import file_uri, sqlite3

        database = sqlite3.connect(f"{file_uri(path)}?mode=ro", uri=True, timeout=0.2)
        try:
            if steps:
                database.set_progress_handler(lambda: 1, steps)
            for row in database.execute(query, values):
                rows.append(row)
        except sqlite3.Error:  # too slow, or locked by another process: use what was found
            pass
        finally:
            database.close()
        return rows

    def _all_words(self) -> bytes:
        """Return every id, a tab and the name, one per line.

        They are kept in a file, because reading a hundred thousand of them from the index is too
        slow for a shell. In that case the next call gets the new ones.
        """
        path = _cached(self._root, "ids")
        words, age = _aged(path)
        if age < _FRESH:
            return words
        (index, *_rest) = self.words("index") or [""]
        if _is_file(index) and os.path.getsize(index) > _LARGE:
            _in_background(lambda: write(path, self._read_words()))
            return words
        words = self._read_words()
        write(path, words)
        return words

    def _read_words(self) -> bytes:
        rows = self._select("SELECT id, title FROM file WHERE id IS NOT NULL", steps=0)
        lines = dict.fromkeys(b"%b\t%b\n" % (key, (title or "").encode()) for key, title in rows)
        return b"".join(lines)

    # -- the table ------------------------------------------------------------------------

    def _rows(self, *keys: str) -> list[list[str]]:
        if self._lines is None:
            self._lines = [line.split("\t") for line in self._table().split("\n")]
        wanted = list(keys)
        return [row[len(wanted) :] for row in self._lines if row[: len(wanted)] == wanted]

    def _table(self) -> str:
        """Return the table, from its file if that is up to date."""
        from loop_cli import __version__

        head = f"{__version__}\n"
        path = _cached(self._root, "words")
        try:
            text = _aged(path)[0].decode()
            if text.startswith(head) and _is_fresh(text):
                return text[len(head) :]
        except ValueError:
            pass
        from loop_cli.cli.complete import words

        # The states are read first: if a file changes meanwhile, its state will differ.
        states = [f"from\t{one}\t{stamp(one) if one else ''}" for one in words.sources(self._root)]
        table = "\n".join((*states, words.make(self._root)))
        write(path, (head + table).encode())
        return table


def runs_in(lines: Iterable[bytes]) -> list[Word]:
    """Return the runs of some lines of the log, each with an entity that it changed."""
    found: dict[str, str] = {}
    for line in lines:
        run = _text_after(line, b'"run_id": "')
        if run and run not in found:
            found[run] = " ".join(
                part for key in (b'"timestamp": "', b'"entity_id": "', b'"action": "')
                if (part := _text_after(line, key))
            )  # fmt: skip
    return list(found.items())


def _cached(root: str, what: str) -> str | None:
    """Return the file for the words of a vault; None if there is no folder for it."""
    base = home.cache(os.environ)
    name = sha256_hex(os.fsencode(os.path.realpath(root)))[:32]
    return None if base is None else os.path.join(base, f"{what}-{name}.tsv")


def _is_fresh(table: str) -> bool:
    """Whether the files that a table was made from have not changed."""
    rows = (line.split("\t") for line in table.split("\n") if line.startswith("from\t"))
    return all(stamp(path) == then for _from, path, then in rows)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _end_of(root: str, path: str) -> bytes:
    """Return the last bytes of the log. Raises `OSError`, also if it is not an ordinary file."""
    with Folders(root) as opened:
        place = opened.slot(path)
        log = place.folder.open_plain(place.name)
    try:
        size = os.fstat(log).st_size
        return os.pread(log, _LOG_END, max(0, size - _LOG_END))
    finally:
        os.close(log)


def stamp(path: str) -> str:
    """Return the state of a file as a word."""
    try:
        status = os.stat(path)
    except OSError:
        return "-"
    return f"{status.st_mtime_ns}.{status.st_size}"


def _aged(path: str | None) -> tuple[bytes, float]:
    """Return the content of a file, and its age in seconds; endless if there is none.

    Only a file in a private folder of this user counts.
    """
    if path is None:
        return b"", float("inf")
    try:
        home.make_private(os.path.dirname(path))
        home.narrow(path)
        data, written = home.read(path, most=_MOST_KEPT)
    except OSError:
        return b"", float("inf")
    return data, time.time() - written


def _in_background(work: Callable[[], None]) -> None:
    """Do something in a process for which the answer does not wait.

    The process must not keep the shell's pipe open, because the shell would wait for it.
    """
    try:
        if os.fork():
            return
    except OSError:
        return
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nowhere, descriptor)
        os.setsid()
        work()
    finally:
        os._exit(0)


def _text_after(line: bytes, key: bytes) -> str:
    """Return the simple text of a key in a line of JSON."""
    _before, found, rest = line.partition(key)
    text = rest.partition(b'"')[0]
    return text.decode("utf-8", "replace") if found and b"\\" not in text else ""


def _in_order(wanted: bytes, line: bytes) -> bool:
    """Whether the id of a line has all the characters, in that order."""
    rest = iter(line.partition(b"\t")[0].lower())
    return all(one in rest for one in wanted)


def write(path: str | None, data: bytes) -> None:
    """Store something that can be made again, for this user only, if possible."""
    if path is None:
        return
    temporary = f"{path}.{os.urandom(4).hex()}"
    try:
        home.make_private(os.path.dirname(path))
        with open(home.create(temporary), "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        _remove(temporary)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:  # it does not exist
        return
