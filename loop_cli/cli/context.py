"""The context of a command: settings, operations on the vault, the actor. No Typer here.

Only this module opens a vault as a folder of files; no command does it itself.
"""

from __future__ import annotations

import os
import time

from loop_cli import config
from loop_cli.cli import output
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.config import Settings
    from loop_cli.core.records.record import Origin
    from loop_cli.operations.boundary import EntityOperations, Operations
    from loop_cli.postgres.store import PostgresStore
    from loop_cli.vault.store import VaultStore


given: dict[str, str] = {}
"""The options that every command on a vault has, by setting name: `--server`."""


def open_settings(
    options: dict[str, Any], *, need_vault: bool = True, remote: bool = True
) -> Settings:
    """The settings for one command; `options` by setting name, None where not given. If not
    `remote`, the command needs the vault's files, and no server counts."""
    if not remote and given:
        raise UsageError("this command works on the vault's files, so it takes no --server")
    settings = config.load(
        {**given, **options},
        environ=os.environ,
        cwd=_cwd(),
        need_vault=need_vault,
        remote=remote,
        read=_settings_in,
    )
    if settings["plain"]:
        output.be_plain()
    return settings


def _settings_in(address: str) -> bytes | None:
    """Return the settings that a vault in a database has."""
    from loop_cli.cli import database

    return database.settings_in(address)


def chosen_path(root: str, path: str | None) -> str | None:
    """Return the file of a `--path`, relative to the vault.

    It is relative to the vault or, if the working directory is in the vault, to that.
    """
    if not path or "\0" in path or os.path.lexists(os.path.join(root, path)):
        return path or None
    top, here = os.path.realpath(root), os.path.realpath(_cwd())
    there = os.path.join(here, path)
    if os.path.commonpath((top, here)) == top and os.path.lexists(there):
        return there
    return path


def named(
    settings: Settings, loop: EntityOperations, given: str, path: str | None, *, gone: bool = False
) -> tuple[str, str | None]:
    """Return the id, and the file of a `--path`, for what a person gives as an ID: the path of an
    entity's file means that entity, where it is no id itself.

    Raises `EntityNotFound` for a path without an entity; if it may be `gone`, the id is what it
    was. Also raises `AmbiguousId`, `InvalidFile`.
    """
    if path or not given.endswith((".md", ".markdown")):
        return given, chosen_path(loop.vault, path)
    from loop_cli.cli import paths

    chosen = chosen_path(loop.vault, given) or given
    return paths.named(loop, given, chosen, lambda: operations(settings), gone=gone)


def _cwd() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return "/"


def operations(settings: Settings) -> Operations:
    """The operations on the vault in force: on its files, or those of a server."""
    if settings["server"] is not None:
        from loop_cli.cli import there

        far = there.operations(settings, run_id=_same_run_id, agent=agent)
        _opened.append(far)
        return far
    from loop_cli.operations.local import LocalOperations

    if settings.database is not None:
        from loop_cli.cli import database

        store = open_database(settings)
        return LocalOperations(
            store,
            origin=lambda: _made(store),
            vault=database.shown(store),
        )
    root = _root(settings)
    return LocalOperations(open_store(settings), origin=lambda: _origin(root), vault=root)


def entity_operations(settings: Settings) -> EntityOperations:
    """Those on one entity, for which less is loaded."""
    if settings["server"] is not None:
        from loop_cli.cli import there

        one = there.entity_operations(settings, run_id=_same_run_id, agent=agent)
        _opened.append(one)
        return one
    if settings.database is not None:
        return operations(settings)
    from loop_cli.operations.update import LocalEntityOperations

    root = _root(settings)
    return LocalEntityOperations(open_store(settings), origin=lambda: _origin(root), vault=root)


_run_ids: list[str] = []


def _same_run_id() -> str:
    """The id of this run, the same at each call."""
    if not _run_ids:
        _run_ids.append(run_id())
    return _run_ids[0]


def _root(settings: Settings) -> str:
    return folder_of(settings)


def vault_name(settings: Settings) -> str:
    """Return the vault in force as people are shown it: its folder, or its address."""
    if settings.database is None:
        return folder_of(settings)
    from loop_cli.cli import database

    return database.shown_address(settings.database)


def open_database(settings: Settings) -> PostgresStore:
    """The vault in force, where it is in PostgreSQL, as a store."""
    from loop_cli.cli import database

    store = database.open_store(settings, clock=now)
    _opened.append(store)
    return store


def folder_of(settings: Settings) -> str:
    """Return the vault's folder. Raises `UsageError` where it is in a database."""
    if settings.database is not None:
        raise UsageError(
            "this works on the vault's files, and this vault is in a database: it needs a folder",
            hint="loop copy brings a vault from a database to a folder",
        )
    assert settings.root is not None, "load() raises where there is no vault"
    return settings.root


def open_store(settings: Settings) -> VaultStore:
    """The vault in force as a store."""
    from loop_cli.vault.index import cache as working
    from loop_cli.vault.store import VaultStore

    working.progress = output.progress
    assert settings.root is not None, "load() raises where there is no vault"
    cache, notices = working.in_use(settings.root, settings.names, os.environ)
    store = VaultStore(
        settings.root,
        names=settings.names,
        clock=now,
        lock_timeout=settings["lock_timeout"],
        private=settings["audit.private"],
        cache=cache,
        schema_at=settings["files.schema"],
        log_at=settings["files.log"],
    )
    store.handle.notice([*settings.notices, *notices])  # warnings of the store are added to these
    _opened.append(store)
    return store


_opened: list[Any] = []  # stores, or operations over a server, each with what has `landed`


def landed() -> list[str]:
    """Return the files that this command has changed, for an answer if something failed later."""
    return [paths for store in _opened for paths in store.landed]


_done: list[str] = []


def did(what: str) -> None:
    """Remember what this command has done besides changes of entities, as the end of a sentence:
    an error that comes after it, as where the result can't be printed, says so."""
    _done.append(what)


def done() -> list[str]:
    """What `did` was called with."""
    return list(_done)


def now() -> int:
    """Return the system's clock in microseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1000


def actor(settings: Settings) -> str:
    """Who this is in records: the system's user, by the name that the vault in force has."""
    if settings.database is not None:
        from loop_cli.cli import database

        return database.actor_in(open_database(settings))
    from loop_cli.cli import origins

    return origins.actor(settings.root)


def agent_origin(settings: Settings, agent: str | None) -> Origin:
    """Who an agent acts as on the vault in force: this user, through the door of programs. What
    LOOP_AGENT says of it counts, else what it says itself."""
    if settings.database is not None:
        origin = _made(open_database(settings))
    else:
        origin = _origin(_root(settings))
    return origin.replace(source="api", tty=False, agent=origin.agent or agent)


def agent() -> str | None:
    """What a program says of itself: `LOOP_AGENT`. Raises `UsageError`."""
    from loop_cli.cli import origins

    return origins.agent()


def run_id() -> str:
    """Return the id of this run: `LOOP_RUN_ID`, or a new UUID v4. Raises `UsageError`."""
    from loop_cli.cli import origins

    return origins.run_id()


def _origin(root: str) -> Origin:
    from loop_cli.cli import origins

    return origins.of_folder(root)


def _made(store: PostgresStore) -> Origin:
    from loop_cli.cli import database, origins

    return origins.made(database.actor_in(store))
