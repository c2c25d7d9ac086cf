"""`loop watch`: report the changes of a vault as they happen.

A change inside has a record, which is in the log before the file is new. A change outside is
visible only in the file. For every file the etag is known that it should have by the log, and a
digest of each field, so that an outside change can be reported by field names. A file with another
etag was edited outside, also right after a record: what the file has when it is read is never taken
for what the record left.
"""

from __future__ import annotations

import errno
from collections import OrderedDict

from loop_cli.core import timestamps
from loop_cli.core.names import ENDINGS
from loop_cli.core.upkeep import Happening
from loop_cli.planning.snapshot import MAX_FILE_BYTES
from loop_cli.system.folders import Folders
from loop_cli.vault import is_log, schema_file
from loop_cli.vault.find import recover_if_free
from loop_cli.vault.upkeep import file_state
from loop_cli.vault.upkeep.file_state import State, state_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.schema.paths import Places
    from loop_cli.vault.handle import Vault

_REMEMBERED = 20_000  # files; for others it reports that they changed, but not what
_NEWEST = 10_000  # records that are searched for new ones
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


class Watcher:
    """Describes the changes of files. It must be made before the events begin."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.places = schema_file.load_places(vault.layout)
        self._seen: OrderedDict[str, State] = OrderedDict()
        # The etags that a file may still have, None for no file: its records have not landed yet.
        self._before: dict[str, set[str | None]] = {}
        self._again: set[str] = set()  # files to look at again then
        self._begun = False  # before that, files may be newer than the records read so far
        self._knows_all = True  # whether a file that is not in `_seen` was not there
        self._last = next((record.digest for record in vault.log.records()), None)
        for path in vault.locator().paths():
            if len(self._seen) == _REMEMBERED:
                self._knows_all = False
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
        again, self._again = self._again, set()
        for path in sorted(again.union(paths)):
            if not self._is_log(path):
                yield from self._outside(path)
        if self._before and not self._vault.has_staged():
            self._before.clear()

    def _inside(self) -> Iterator[Happening]:
        """Return the changes with a new record, and those that such a record came upon."""
        new: list[AuditRecord] = []
        for count, record in enumerate(self._vault.log.records()):
            if record.digest == self._last or count == _NEWEST:
                break
            new.append(record)
        for record in reversed(new):
            self._last = record.digest
            happening = Happening.inside(record)
            if happening.path and not record.is_aside:
                old = self._expect(record, happening.path)
                if self._begun and record.is_own and _etag(old) != record.etag_before:
                    yield from self._came_upon(record, happening, old)
            yield happening
        self._begun = True

    def _came_upon(
        self, record: AuditRecord, happening: Happening, old: State | None
    ) -> Iterator[Happening]:
        """Return the change outside between the `old` state and a change of ours, where that can
        be told."""
        path = _path_before(record, happening.path)
        was_there = old is not None and old.etag
        came = old is None and self._knows_all and is_place(path, self.places)
        if record.etag_before is not None and (was_there or came):
            yield happening.replace(
                timestamp=timestamps.render(self._vault.clock()),
                action="update" if was_there else "create",
                path=path,
                record=None,
                etag=record.etag_before,
            )

    def _expect(self, record: AuditRecord, path: str) -> State | None:
        """Expect the file to be as the record says, whenever its event comes; return how it was
        expected to be before."""
        deleted = record.data.get("action") == "delete"
        if record.etag_after is None and not deleted:
            return None  # another program wrote the record
        before = _path_before(record, path)
        old = self._seen.pop(before, None)
        self._before.setdefault(before, set()).add(record.etag_before)
        if before != path:
            self._before.setdefault(path, set()).add(None)
        if record.etag_after is not None and not deleted:
            now = self._read(path)
            as_said = now is not None and now.etag == record.etag_after
            self._remember(
                path, now if as_said and now else file_state.after(record, old, self._vault.names)
            )
        return old

    def _outside(self, path: str) -> Iterator[Happening]:
        """Return the change of a file that no record explains, if there is one."""
        while True:
            unsettled = recover_if_free(self._vault)
            new = self._read(path)
            if self._is_expected(path, new):
                self._before.pop(path, None)
                return
            # A record is in the log before the file is new, so that of these bytes is there now.
            since = list(self._inside())
            yield from since
            if all(path != one.path for one in since):
                break
        if unsettled and _etag(new) in self._before.get(path, ()):
            self._again.add(path)  # the change of the last record is about to land
            return
        old = self._seen.pop(path, None)
        if new is not None:
            self._remember(path, new)
        known = new or old
        if known is None:
            return
        yield Happening(
            timestamp=timestamps.render(self._vault.clock()),
            action="delete" if new is None else "create" if old is None else "update",
            path=path,
            entity_id=known.entity_id,
            entity_type=known.entity_type,
            fields=file_state.changed(old, new),
            etag=None if new is None else new.etag or None,
        )

    def _is_expected(self, path: str, new: State | None) -> bool:
        return _etag(new) == _etag(self._seen.get(path))

    def _remember(self, path: str, state: State) -> None:
        self._seen[path] = state
        self._seen.move_to_end(path)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
            self._knows_all = False

    def _read(self, path: str) -> State | None:
        """Read the file as it is now; None if there is none, or if it is reached through a link."""
        try:
            with Folders(self._vault.root) as folders:
                data = folders.slot(path).read(MAX_FILE_BYTES)
        except OSError as error:
            return None if error.errno in _NOT_THERE else State(etag="")
        return state_of(data, path, self._vault.names)


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


def _path_before(record: AuditRecord, path: str) -> str:
    """Return where the file was before its change; `path` is where it is after it."""
    before = record.metadata.get("path_before")
    return before if isinstance(before, str) else path


def _etag(state: State | None) -> str | None:
    return None if state is None else state.etag
