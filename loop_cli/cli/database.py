"""The vault in force where it is in PostgreSQL: its settings, its store, who writes there."""

from __future__ import annotations

import time
from importlib.util import find_spec

from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.config import Settings
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.whole import Whole
    from loop_cli.postgres.store import PostgresStore


def system_clock() -> int:
    """Return the system's clock in microseconds."""
    return time.time_ns() // 1000


def need_extra() -> None:
    """Raise `UsageError` where the extra is not installed."""
    if find_spec("psycopg") is None:
        raise UsageError(
            "a vault in PostgreSQL needs psycopg, which is not installed here",
            hint="pip install 'loop-cli[postgres]'",
        )


def settings_in(address: str) -> bytes | None:
    """Return the settings that a vault has. Raises `EntityNotFound` if there is none,
    `Unreachable`, `UsageError`."""
    need_extra()
    from loop_cli.postgres import opening

    return opening.settings_in(address)


def open_store(settings: Settings, *, clock: Callable[[], int] = system_clock) -> PostgresStore:
    """The vault in force as a store."""
    from loop_cli.postgres.store import PostgresStore

    assert settings.database is not None, "the caller knows that it is in a database"
    store = PostgresStore(
        settings.database,
        names=settings.names,
        clock=clock,
        lock_timeout=settings["lock_timeout"],
        private=settings["audit.private"],
        schema_at=settings["files.schema"],
        make=False,
    )
    store.handle.notice(settings.notices)
    return store


def shown(store: PostgresStore) -> str:
    """Return the address of a vault, without a password."""
    return store.handle.address.shown


def shown_address(address: str) -> str:
    """Return an address without a password. Raises `UsageError`."""
    from loop_cli.postgres.address import parse

    return parse(address).shown


def make(address: str) -> str:
    """Make an empty vault at an address, if there is none; return the address as it is shown.

    Raises what opening a vault raises.
    """
    need_extra()
    from loop_cli.core.entity import FieldNames
    from loop_cli.postgres.store import PostgresStore

    store = PostgresStore(address, names=FieldNames(), clock=system_clock)
    store.close()
    return shown(store)


def whole(address: str, settings: Settings, *, make: bool) -> Whole:
    """The vault at an address as a whole; if there is none, `make` it."""
    need_extra()
    from loop_cli.postgres import whole

    return whole.opened(
        address,
        names=settings.names,
        clock=system_clock,
        schema_at=settings["files.schema"],
        make=make,
    )


def actor_in(store: PostgresStore) -> str:
    """Who this is in records: the system's user, by the name that the vault has."""
    from loop_cli.planning import membership
    from loop_cli.system import platform

    return "user:" + membership.display_name(store.handle.members, platform.user_name())


def rules(settings: Settings) -> Rules:
    """The rules of the vault in force."""
    return open_store(settings).rules
