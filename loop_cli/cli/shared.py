"""The operations on one vault for the many callers of a server, who share a store."""

from __future__ import annotations

from loop_cli.cli import context
from loop_cli.operations.batcher import Batcher
from loop_cli.operations.local import LocalOperations
from loop_cli.vault.upkeep.served import ServedVault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.config import Settings
    from loop_cli.core.records.record import Origin
    from loop_cli.core.store import Store
    from loop_cli.operations.boundary import Operations


class SharedVault:
    """Gives each caller the operations on a vault, by its name; `store` gives its store. `close`
    ends what is open."""

    def __init__(self, store: Callable[[], Store], name: str, close: Callable[[], None]) -> None:
        self._store = store
        self._name = name
        self.close = close

    def __call__(self, origin: Origin) -> Operations:
        return LocalOperations(self._store(), origin=lambda: origin, vault=self._name)


def opener(
    settings: Settings,
    *,
    shared: Callable[[int], None] | None = None,
    warn: Callable[[str], None] = lambda _sentence: None,
) -> SharedVault:
    """Open the vault in force for many callers. `shared` is told how many calls share each commit,
    `warn` what the owner of the server should know.

    Raises what opening the vault raises.
    """
    if settings.database is not None:
        from loop_cli.cli import database

        store = context.open_database(settings)
        in_front = Batcher(store, shared=shared)
        return SharedVault(lambda: in_front, database.shown(store), store.close)
    root = context.folder_of(settings)
    served = ServedVault(
        lambda: context.open_store(settings),
        share=lambda store: Batcher(store, shared=shared),
        warn=warn,
    )
    served.store()  # what is wrong is said now
    return SharedVault(served.store, root, served.close)
