"""`loop watch`: report the changes of a vault as they happen.

A change inside has a record, which is in the log before the file is new. A change outside is
visible only in the file. For every file the etag is known, and a digest of each field, so that an
outside change can be reported by field names.
"""

from __future__ import annotations

import errno
from collections import OrderedDict

from loop_cli.core import timestamps
from loop_cli.core.names import BODY, ENDINGS
from loop_cli.core.upkeep import Happening
from loop_cli.errors import LoopError
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.jsontext import as_json
from loop_cli.lean.records import Struct
from loop_cli.planning.snapshot import MAX_FILE_BYTES, etag_of, parse
from loop_cli.system.folders import Folders
from loop_cli.vault import is_log, schema_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.schema.paths import Places
    from loop_cli.vault.handle import Vault

_REMEMBERED = 20_000  # files; for others it reports that they changed, but not what
_NEWEST = 10_000  # records that are searched for new ones
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


class _State(Struct):
    """The remembered state of a file."""

    etag: str
    entity_id: str | None = None
    entity_type: str | None = None
    fields: dict[str, str] | None = None


class Watcher:
    """Describes the changes of files. It must be made before the events begin."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.places = schema_file.load_places(vault.layout)
        self._seen: OrderedDict[str, _State] = OrderedDict()
        self._last = next((record.digest for record in vault.log.records()), None)
        for path in vault.locator().paths():
            if len(self._seen) == _REMEMBERED:
                break
            state = self._read(path)
            if state is not None:
                self._seen[path] = state

    def watches(self, path: str) -> bool:
        """Whether a file, relative to the vault, is interesting."""
        return self._is_log(path) or is_place(path, self.places)

    @property
    def own(self) -> tuple[str, ...]:
        """The folders that are watched besides those of entities: that of the log."""
        return (self._vault.log.folder,)

    def _is_log(self, path: str) -> bool:
        folder, _slash, name = path.rpartition("/")
        return is_log(name) and folder == self._vault.log.folder

    def happenings(self, paths: Iterable[str]) -> Iterator[Happening]:
        """Return the changes, given the changed files; records of the log come first."""
        yield from self._inside()
        for path in sorted(set(paths)):
            if not self._is_log(path):
                yield from self._outside(path)

    def _inside(self) -> Iterator[Happening]:
        new: list[AuditRecord] = []
        for count, record in enumerate(self._vault.log.records()):
            if record.digest == self._last or count == _NEWEST:
                break
            new.append(record)
        for record in reversed(new):
            self._last = record.digest
            happening = Happening.inside(record)
            self._expect(record, happening.path)
            yield happening

    def _expect(self, record: AuditRecord, path: str) -> None:
        """Expect the file to be as the record says, whenever its event comes."""
        before = record.metadata.get("path_before")
        if isinstance(before, str):
            self._seen.pop(before, None)
        if record.etag_after is not None:
            self._remember(path, self._read(path) or _State(etag=record.etag_after))
        elif record.data.get("action") == "delete":
            self._seen.pop(path, None)

    def _outside(self, path: str) -> Iterator[Happening]:
        old, new = self._seen.get(path), self._read(path)
        if new is None:
            if old is None:
                return
            self._seen.pop(path)
        elif old is not None and old.etag == new.etag:
            return
        else:
            self._remember(path, new)
        known = new or old
        assert known is not None, "one of the two is there"
        yield Happening(
            timestamp=timestamps.render(self._vault.clock()),
            action="delete" if new is None else "create" if old is None else "update",
            path=path,
            entity_id=known.entity_id,
            entity_type=known.entity_type,
            fields=_changed(old, new),
            etag=None if new is None else new.etag or None,
        )

    def _remember(self, path: str, state: _State) -> None:
        self._seen[path] = state
        self._seen.move_to_end(path)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    def _read(self, path: str) -> _State | None:
        """Read the file as it is now; None if there is none, or if it is reached through a link."""
        try:
            with Folders(self._vault.root) as folders:
                data = folders.slot(path).read(MAX_FILE_BYTES)
        except OSError as error:
            return None if error.errno in _NOT_THERE else _State(etag="")
        try:
            parsed = parse(data, path, self._vault.names)
        except LoopError:
            return _State(etag=etag_of(data))
        digests = {name: _digest(value) for name, value in parsed.fields.items()}
        return _State(
            etag=etag_of(data),
            entity_id=parsed.id,
            entity_type=parsed.type,
            fields={**digests, BODY: _digest(parsed.document.body)},
        )


def is_place(path: str, places: Places) -> bool:
    """Whether a file, relative to the vault, is a Markdown file in a place for entities."""
    *folders, name = path.split("/")
    if not name.endswith(ENDINGS) or name in places.exclude_files:
        return False
    if any(part.startswith(".") for part in (*folders, name)):
        return False
    above = {"/".join(folders[:depth]) for depth in range(len(folders) + 1)}
    included = not places.include or not above.isdisjoint(places.include)
    return included and above.isdisjoint(places.exclude)


def _changed(old: _State | None, new: _State | None) -> tuple[str, ...] | None:
    """Return the names of the changed fields; None if they are unknown for one state."""
    if old is None or new is None or old.fields is None or new.fields is None:
        return None
    names = dict.fromkeys((*old.fields, *new.fields))
    return tuple(name for name in names if old.fields.get(name) != new.fields.get(name))


def _digest(value: Any) -> str:
    try:
        return sha256_hex(as_json(value).encode("utf-8", "surrogatepass"))[:16]
    except (TypeError, ValueError):  # JSON has no such key
        return sha256_hex(repr(value).encode("utf-8", "surrogatepass"))[:16]
