"""The context of a command: settings, operations on the vault, the actor. No Typer here.

Only this module opens a vault as a folder of files; no command does it itself.
"""

from __future__ import annotations

import os
import time

from loop_cli import config
from loop_cli.cli import output
from loop_cli.errors import UsageError
from loop_cli.system import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.config import Settings
    from loop_cli.core.entity import FieldNames
    from loop_cli.core.records.record import Origin
    from loop_cli.operations.boundary import EntityOperations, Operations
    from loop_cli.vault.store import VaultStore


def open_settings(options: dict[str, Any], *, need_vault: bool = True) -> Settings:
    """Return the settings for one command; `options` by setting name, None if not given."""
    settings = config.load(options, environ=os.environ, cwd=_cwd(), need_vault=need_vault)
    if settings["plain"]:
        output.be_plain()
    return settings


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


def _cwd() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return "/"


def operations(settings: Settings) -> Operations:
    """Return the operations on the vault."""
    from loop_cli.operations.local import LocalOperations

    root = _root(settings)
    return LocalOperations(_open_store(settings), origin=lambda: _origin(root), vault=root)


def entity_operations(settings: Settings) -> EntityOperations:
    """Return the operations on one entity, which load less code."""
    from loop_cli.operations.update import LocalEntityOperations

    root = _root(settings)
    return LocalEntityOperations(_open_store(settings), origin=lambda: _origin(root), vault=root)


def _root(settings: Settings) -> str:
    assert settings.root is not None, "load() raises where there is no vault"
    return settings.root


def _open_store(settings: Settings) -> VaultStore:
    from loop_cli.vault.index import cache as working
    from loop_cli.vault.store import VaultStore

    working.progress = output.progress
    assert settings.root is not None, "load() raises where there is no vault"
    cache, notices = _cache_in_use(settings)
    store = VaultStore(
        settings.root,
        names=settings.names,
        clock=now,
        lock_timeout=settings["lock_timeout"],
        private=settings["audit.private"],
        cache=cache,
    )
    store.handle.notice([*settings.notices, *notices])  # warnings of the store are added to these
    _opened.append(store)
    return store


_opened: list[VaultStore] = []


def landed() -> list[str]:
    """Return the files that this command has changed, for an answer if something failed later."""
    return [paths for store in _opened for paths in store.landed]


def cache_folder(root: str, names: FieldNames) -> str | None:
    """Return the folder of the cache for the vault at `root`, which may be deleted at any time.

    None if there is no folder for one.
    """
    from loop_cli.lean.basics import sha256_hex

    base = home.cache(os.environ)
    identity = sha256_hex(os.fsencode(f"{os.path.realpath(root)}\0{names}"))[:32]
    return None if base is None else os.path.join(base, identity)


def _cache_in_use(settings: Settings) -> tuple[str | None, list[str]]:
    """Return the folder of the cache; or None, and a sentence that says why."""
    assert settings.root is not None, "load() raises where there is no vault"
    folder = cache_folder(settings.root, settings.names)
    if folder is None:
        return None, [f"no index is kept, so the whole vault is read: {home.NO_HOME}"]
    base = os.path.dirname(folder)
    try:
        home.make_private(base)
    except OSError as error:
        why = f"the index in {base} can't be used ({error.strerror}), so the whole vault is read"
        return None, [why]
    return folder, []


def now() -> int:
    """Return the system's clock in microseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1000


def _origin(root: str) -> Origin:
    """Return the actor and the source, from the system, never from an option or variable.

    See SPEC §6. `LOOP_RUN_ID` joins several commands in one run.
    """
    from loop_cli.core.records.record import Origin
    from loop_cli.system import platform
    from loop_cli.vault import members

    login = platform.user_name()
    return Origin(
        run_id=run_id(),
        actor="user:" + members.display_name(root, login),
        tty=output.can_ask(),
        invoked_by=platform.parent_name(),
    )


def run_id() -> str:
    """Return the id of this run: `LOOP_RUN_ID`, or a new UUID v4. Raises `UsageError`."""
    from loop_cli.core.records.record import RUN_ID
    from loop_cli.lean.basics import uuid4

    given = os.environ.get("LOOP_RUN_ID")
    if given:
        import re

        if re.fullmatch(RUN_ID, given, re.IGNORECASE | re.ASCII) is None:
            raise UsageError(
                f"LOOP_RUN_ID must be a UUID v4, not {given!r}",
                hint="export LOOP_RUN_ID=$(python3 -c 'import uuid; print(uuid.uuid4())')",
            )
        return given.lower()
    return uuid4()
