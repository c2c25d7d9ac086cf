"""The handle of one vault: it opens the lock, the log and so on, each at most once.

The facade `VaultStore` makes it. Modules below take the handle, and never the facade.
"""

from __future__ import annotations

import _thread
import os

from loop_cli.core.records.record import History
from loop_cli.errors import StorageError
from loop_cli.planning.snapshot import etag_of, observe
from loop_cli.system.folders import open_folder
from loop_cli.vault import ENDINGS, LOOP, STAGED, VaultLayout, schema_file
from loop_cli.vault.index.cache import Cache
from loop_cli.vault.index.locate import Locator
from loop_cli.vault.log.log import AuditLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.schema.schema import Schema
    from loop_cli.planning.resolution import Located
    from loop_cli.planning.snapshot import Snapshot
    from loop_cli.vault.files.lock import VaultLock
    from loop_cli.vault.log.lasts import Lasts


class Vault:
    """The vault at `root`.

    `lock_timeout` is in seconds; `clock` gives microseconds; `private` names the fields that are
    recorded as hashes; `cache` is the folder of the cache; `schema_at` and `log_at` are
    the places that the settings name.
    Raises `StorageError` if a folder of loop's own is a link.
    """

    def __init__(
        self,
        root: str,
        *,
        names: FieldNames,
        clock: Callable[[], int],
        lock_timeout: float,
        private: tuple[str, ...],
        cache: str | None,
        schema_at: str | None = None,
        log_at: str | None = None,
    ) -> None:
        self.root = root
        self.layout = VaultLayout(root, schema=schema_at, log=log_at)
        for name in (LOOP, self.layout.log):
            _refuse_link(root, name)
        self.names = names
        self.clock = clock
        self.private = private
        self.cache = Cache(cache)
        self.log = AuditLog(self.layout, cache=self.cache)
        self.lasts: Lasts | None = None  # what a server remembers of the log
        self._noticed = _Noticed()
        self.counts: dict[Any, Any] = {}  # of queries, as long as the index is as it was
        self._lock_timeout = lock_timeout
        self._schema: Schema | None = None
        self._locator: Locator | None = None
        self._rules: Rules | None = None

    @property
    def schema(self) -> Schema:
        """As in `Store.schema`."""
        if self._schema is None:
            self._schema = schema_file.load(self.layout, cache=self.cache)
        return self._schema

    @property
    def rules(self) -> Rules:
        """As in `Store.rules`."""
        if self._rules is None:
            from loop_cli.core.schema.rules import Rules

            self._rules = Rules(self.schema, self.names, self._members)
        return self._rules

    def listed_members(self) -> dict[str, Any]:
        """Who is listed as a member, as the file has it."""
        from loop_cli.vault import members

        return members.listed(self.root)

    def _members(self) -> tuple[str, ...] | None:
        from loop_cli.vault import members

        return members.names(self.root)

    def locator(self) -> Locator:
        """The object that finds and reads the files of this vault."""
        if self._locator is None:
            schema = self._schema
            places = schema.places if schema else schema_file.load_places(self.layout)
            self._locator = Locator(self.root, places, self.names, cache=self.cache)
        return self._locator

    def observe(self, place: Located, *, unsettled: bool = False) -> Snapshot:
        """Return the entity in a file, with the data of the log.

        `unsettled` means that a writer is active: then a record that starts from these bytes does
        not count yet.
        """
        parsed = place.parsed
        path = parsed.path if place.shared else None
        if self.lasts is not None and not unsettled:
            history = self.lasts.history(parsed.id, path=path)
        else:
            history = History(self.log.records_of(parsed.id, path=path))
        last = history.last if unsettled else None
        if last is not None and last.etag_before == etag_of(parsed.data):
            history = History([record for record in history.records if record is not last])
        return observe(parsed, modified=place.modified, history=history, names=self.names)

    def is_told_of(self, place: Located) -> bool:
        """Whether the last record of the id, if any, is about this file, and not about a copy."""
        last = History(self.log.records_of(place.parsed.id, path=None)).last
        return last is None or last.metadata.get("path") == place.parsed.path

    def lock(self, *, wait: float | None = None) -> VaultLock:
        """Return the vault's lock as a context manager; `wait` is in seconds."""
        from loop_cli.vault.files.lock import VaultLock

        patience = self._lock_timeout if wait is None else wait
        return VaultLock(self.root, wait=patience, clock=self.clock)

    def has_staged(self) -> bool:
        """Whether a change is staged: a writer is active, or has crashed."""
        try:
            with open_folder(self.root, STAGED) as folder:
                names = folder.names()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # not visible for us: a writer may be active
            return True
        return any(name.endswith(ENDINGS) for name in names)

    def notice(self, sentences: Iterable[str]) -> None:
        """Add warnings for this thread, each once."""
        known = self._noticed.sentences
        known += [one for one in sentences if one not in known]

    def take_notices(self) -> list[str]:
        """Return the new warnings of this thread, and those about the index."""
        taken, self._noticed.sentences = self._noticed.sentences, []
        count, self.log.unreadable = self.log.unreadable, 0
        if count:
            lines = "a line" if count == 1 else f"{count} lines"
            taken.append(f"{lines} of the audit log can't be read; passed over")
        return [*taken, *self.cache.take_notices()]


class _Noticed(_thread._local):
    """Warnings for the user; each thread has its own."""

    def __init__(self) -> None:
        self.sentences: list[str] = []


def _refuse_link(root: str, name: str) -> None:
    """Raise `StorageError` if a folder of loop is a link, because loop never opens one through a
    link."""
    if os.path.islink(os.path.join(root, name)):
        raise StorageError(
            f"{name} is a link, so loop does not use it",
            hint="put a folder in its place, or name the vault that it leads to",
        )
