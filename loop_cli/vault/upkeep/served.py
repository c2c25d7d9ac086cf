"""A vault that stays open: one store for all calls of a server, opened anew when the schema or the
list of members changes, and told by the system which folders to look at again.
"""

from __future__ import annotations

import os
import threading

from loop_cli.errors import LoopError
from loop_cli.lean.records import Struct
from loop_cli.planning import membership
from loop_cli.vault import schema_file
from loop_cli.vault.index.news import News
from loop_cli.vault.log.lasts import Lasts
from loop_cli.vault.upkeep import notify
from loop_cli.vault.upkeep.watch import is_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.core.schema.paths import Places
    from loop_cli.core.store import Store
    from loop_cli.vault.store import VaultStore


class Opened(Struct):
    """A store, as callers use it, and what decided how it was opened."""

    stamp: tuple[object, ...]
    inner: VaultStore
    shared: Store


class ServedVault:
    """Gives the store of a vault for as long as it is as it was opened.

    `open_store` opens it; `share` puts before it what its callers share. `warn` is told, once for
    each store, where the system can't watch the folders: then every list looks at every file.
    """

    def __init__(
        self,
        open_store: Callable[[], VaultStore],
        *,
        share: Callable[[VaultStore], Store],
        warn: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        self._open_store = open_store
        self._share = share
        self._warn = warn
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self._root: str | None = None
        self._schemas: tuple[str, ...] = ()

    def store(self) -> Store:
        """The store. Raises what opening it raises."""
        opened = self._opened
        if opened is None or self._stamp() != opened.stamp:
            opened = self._open()
        return opened.shared

    def close(self) -> None:
        """Have the system tell no more."""
        with self._lock:
            self._opened = None

    def _open(self) -> Opened:
        with self._lock:
            if self._opened is None or self._stamp() != self._opened.stamp:
                inner = self._open_store()
                self._root, self._schemas = inner.root, inner.handle.layout.schemas
                inner.handle.lasts = Lasts(inner.handle.log)
                stamp = self._stamp()  # of before it is read
                shared = self._share(inner)
                self._opened = Opened(stamp=stamp, inner=inner, shared=shared)
                self._watch(inner)
            return self._opened

    def _stamp(self) -> tuple[object, ...]:
        """Of the files that a store reads once."""
        names = (*self._schemas, membership.PATH)
        return tuple(_stamp_of(os.path.join(self._root or "", name)) for name in names)

    def _watch(self, inner: VaultStore) -> None:
        news = inner.locator().index.news = News()
        work = threading.Thread(
            target=self._follow, args=(inner, news), name="loop-folders", daemon=True
        )
        work.start()

    def _follow(self, inner: VaultStore, news: News) -> None:
        """Tell the index of news, as long as the store is the one in use."""
        try:
            places = _Watched(schema_file.load_places(inner.handle.layout))
            for number, paths in enumerate(notify.follow(inner.root, places)):
                if not number:
                    news.begin()
                news.note(paths)
                opened = self._opened
                if opened is None or opened.inner is not inner:
                    break
        except LoopError as error:
            self._warn(f"{error.message}; every list looks at every file")
        finally:
            news.end()


class _Watched:
    """The files of a vault that are watched: those that may be entities."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.own: tuple[str, ...] = ()

    def watches(self, path: str) -> bool:
        """Whether a file, relative to the vault, may be an entity."""
        return is_place(path, self.places)


def _stamp_of(path: str) -> object:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
