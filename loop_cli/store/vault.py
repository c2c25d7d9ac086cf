"""The Markdown vault: entities are files, found and read here; `store.commit` writes them.

A read takes no lock and never waits for one: the exchange of SPEC §6 shows it the old file
or the new one. What a crash left is recovered by whoever next finds the lock free.
"""

from __future__ import annotations

import os

from loop_cli.core.audit import History
from loop_cli.errors import LoopError, StorageError, VaultLocked
from loop_cli.store import files, schema_file, staging
from loop_cli.store.base import Store, passed_over
from loop_cli.store.cache import Cache
from loop_cli.store.digest import sha256_hex
from loop_cli.store.folders import LOOP, Folders, open_folder
from loop_cli.store.lines import FOLDER
from loop_cli.store.locate import Locator
from loop_cli.store.log import AuditLog
from loop_cli.store.snapshot import MAX_FILE_BYTES, etag_of, observe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from loop_cli.core.audit import AuditRecord, Origin
    from loop_cli.core.creation import Law
    from loop_cli.core.entity import Entity, EntityFile, FieldNames
    from loop_cli.core.query import Query
    from loop_cli.core.schema import Schema
    from loop_cli.store.base import AnyChange, CommitResult, Hit, Listed
    from loop_cli.store.commit import Commit
    from loop_cli.store.locate import Located
    from loop_cli.store.lock import VaultLock
    from loop_cli.store.recovery import Recovery
    from loop_cli.store.snapshot import Snapshot


_TRIES = 20


class VaultStore(Store):
    """The vault at `root`. `lock_timeout` is in seconds, `clock` gives microseconds;
    `private` names the fields that are recorded as hashes, `cache` the folder of the cache."""

    def __init__(
        self,
        root: str,
        *,
        names: FieldNames,
        clock: Callable[[], int],
        lock_timeout: float = 10.0,
        private: tuple[str, ...] = (),
        cache: str | None = None,
    ) -> None:
        for name in (LOOP, FOLDER):
            _refuse_link(root, name)
        self.root = root
        self.names = names
        self.clock = clock
        self.private = private
        self.cache = Cache(cache)
        self.log = AuditLog(root, cache=self.cache)
        self._lock_timeout = lock_timeout
        self._schema: Schema | None = None
        self._locator: Locator | None = None
        self._law: Law | None = None
        self._commit: Commit | None = None
        self._notices: list[str] = []
        self._passed_over = 0

    @property
    def schema(self) -> Schema:
        if self._schema is None:
            self._schema = schema_file.load(self.root, cache=self.cache)
        return self._schema

    @property
    def law(self) -> Law:
        if self._law is None:
            from loop_cli.core.creation import Law
            from loop_cli.store import members

            self._law = Law(
                schema=self.schema,
                book=schema_file.load_rulebook(self.root, cache=self.cache),
                names=self.names,
                members=members.names(self.root),
            )
        return self._law

    @property
    def warnings(self) -> list[str]:
        count = self.log.unreadable
        lines = "a line" if count == 1 else f"{count} lines"
        found = [f"{lines} of the audit log can't be read; passed over"] if count else []
        return [*self._notices, *self.cache.notices, *passed_over(self._passed_over), *found]

    def find(self, entity_id: str, *, path: str | None = None) -> Entity:
        for _attempt in range(_TRIES):
            unsettled = self.recover_if_free()
            located = self.locator().find(entity_id, path=path)
            snapshot = self.observe(located, unsettled=unsettled)
            if not snapshot.edited_outside or self._is_of_one_moment(located, snapshot, unsettled):
                break
        entity = snapshot.entity
        return entity.replace(warnings=(*located.warnings, *entity.warnings))

    def refresh(self) -> None:
        self.locator().index.refresh_folders()

    def scan(
        self, query: Query | None = None, *, told: Callable[[int], None] | None = None
    ) -> Iterator[Listed]:
        from loop_cli.core.query import Query
        from loop_cli.store.listing import Listing

        self.recover_if_free()
        listing = Listing(self, told=told)
        self._passed_over = listing.unreadable
        return listing.rows(query or Query())

    def search(self, query: Query, *, told: Callable[[int], None] | None = None) -> Iterator[Hit]:
        from loop_cli.store.listing import Listing
        from loop_cli.store.texts import Texts

        self.recover_if_free()
        listing = Listing(self, told=told)
        self._passed_over = listing.unreadable
        return Texts(self, listing, told).hits(query)

    def files(
        self,
        *,
        mentioning: Sequence[str] | None = None,
        where: Callable[[str, bytes], bool] | None = None,
    ) -> Iterator[EntityFile]:
        self.recover_if_free()
        locator = self.locator()
        if mentioning is None:
            return locator.files(locator.paths(), where)
        locator.index.refresh()
        return locator.files(locator.index.mentioning(mentioning), where)

    def paths(self) -> Iterator[str]:
        return self.locator().paths()

    def records(self, entity_id: str | None = None) -> Iterator[AuditRecord]:
        self.recover_if_free()
        if entity_id is None:
            return self.log.records()
        return self.log.records_of(entity_id, path=None)

    def records_of_run(self, run_id: str) -> Iterator[AuditRecord]:
        self.recover_if_free()
        return self.log.records_holding(run_id.encode(), b'"redacted"')

    def kept(self, sha256: str) -> bytes | None:
        if len(sha256) != 64 or not sha256.isalnum():  # of a line that others wrote
            return None
        try:
            with open_folder(self.root, f"{LOOP}/kept") as folder:
                data = folder.read(sha256, MAX_FILE_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StorageError(f"what was kept can't be read: {error.strerror}") from error
        return data if sha256_hex(data) == sha256 else None

    def commit(
        self,
        changes: Sequence[AnyChange],
        *,
        origin: Origin,
        atomic: bool = False,
        dry_run: bool = False,
    ) -> list[CommitResult | LoopError]:
        from loop_cli.store.commit import Commit

        commit = self._commit = Commit(self, origin)
        return commit.run(changes, atomic=atomic, dry_run=dry_run)

    @property
    def landed(self) -> list[str]:
        """The files that the last commit has changed, whatever came after that: for an answer
        where something else failed."""
        begun = [] if self._commit is None else self._commit.begun
        return [staged.paths for staged in begun if staged.has_landed]

    # -- for the modules of this store ----------------------------------------------------

    def locator(self) -> Locator:
        """What finds and reads the files of this vault."""
        if self._locator is None:
            schema = self._schema
            places = schema.places if schema else schema_file.load_places(self.root)
            self._locator = Locator(self.root, places, self.names, cache=self.cache)
        return self._locator

    def observe(self, place: Located, *, unsettled: bool = False) -> Snapshot:
        """The entity in a file, with what the log says of it.

        `unsettled` tells that a writer is at work: a record that starts from these very
        bytes is then not yet there.
        """
        parsed = place.parsed
        records = self.log.records_of(parsed.id, path=parsed.path if place.shared else None)
        history = History(records)
        last = history.last if unsettled else None
        if last is not None and last.etag_before == etag_of(parsed.data):
            history = History([record for record in history.records if record is not last])
        return observe(parsed, modified=place.modified, history=history, names=self.names)

    def is_told_of(self, place: Located) -> bool:
        """Whether the last record of the id, if any, is of this file and not of a copy."""
        last = History(self.log.records_of(place.parsed.id, path=None)).last
        return last is None or last.metadata.get("path") == place.parsed.path

    def lock(self, *, wait: float | None = None) -> VaultLock:
        """The vault's lock, to be entered; `wait` is in seconds."""
        from loop_cli.store.lock import VaultLock

        patience = self._lock_timeout if wait is None else wait
        return VaultLock(self.root, wait=patience, clock=self.clock)

    def recover(self) -> None:
        """Under the lock: finish or undo what a crash left. Raises `StorageError`."""
        if not self._has_staged():
            return
        from loop_cli.store.recovery import Recovery

        with Folders(self.root) as folders:
            found = Recovery(self, folders)
            try:
                found.run()
            except OSError as error:
                words = f"what was staged can't be put right: {error}"
                raise StorageError(words, hint="loop check") from error
            finally:
                self.notice(found)

    def notice(self, found: Recovery) -> None:
        """Have the warnings name what a recovery kept, and what it left as it is."""
        notices = [f"text found in no record was kept in {path}" for path in found.kept]
        if found.left:
            name, reason = next(iter(found.left.items()))
            more = f" and {len(found.left) - 1} more" if len(found.left) > 1 else ""
            notices.append(
                f"{staging.FOLDER}/{name}{more} is no change that loop can finish ({reason}); "
                "it is left there: 'loop check' lists it, 'loop kept --aside' takes it aside"
            )
        self._notices += [one for one in notices if one not in self._notices]

    def recover_if_free(self) -> bool:
        """Recover without waiting; True where a writer is at work instead."""
        if not self._has_staged():
            return False
        try:
            with self.lock(wait=0):
                self.recover()
        except (VaultLocked, StorageError):
            return True
        return False

    def _is_of_one_moment(self, located: Located, seen: Snapshot, unsettled: bool) -> bool:
        """Whether the file was as it was read when its records were, and none of these is of a
        change that was still to land."""
        last = seen.history.last
        starts_here = last is not None and last.etag_before == seen.entity.revision.etag
        if starts_here and not unsettled and self._has_staged():
            return False
        path = located.parsed.path
        try:  # last, so that whatever landed meanwhile is seen; two changes may share a time
            now = files.read_stable(os.path.join(self.root, path), path)
        except LoopError:
            return False
        return now == (located.parsed.data, located.modified)

    def _has_staged(self) -> bool:
        try:
            with open_folder(self.root, staging.FOLDER) as folder:
                names = folder.names()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # not ours to see: a writer may be at work
            return True
        return any(name.endswith(staging.ENDINGS) for name in names)


def _refuse_link(root: str, name: str) -> None:
    """Raise `StorageError` where a folder of ours is a link: none of ours is opened through one."""
    if os.path.islink(os.path.join(root, name)):
        raise StorageError(
            f"{name} is a link, so loop does not use it",
            hint="put a folder in its place, or name the vault that it leads to",
        )
