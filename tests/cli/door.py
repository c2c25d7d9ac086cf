"""The second run of these tests: the same commands over HTTP (`LOOP_TEST_DOOR=http`).

One server in a thread serves every vault of a process, each under a path of its own, so a test only
sets the address. It opens a vault as `loop serve` does, but watches no files: a list then looks at
every file, and a test need not wait for file-system events. `tests/http` has those.

Where a command says that it needs the files, `files_needed` skips the rest of the test. It must be
one of `NEEDS_FILES`: any other command that says so fails. `door_differs` names the tests that
can't be the same over HTTP, each with its reason.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from loop_cli.core.records.record import Origin
    from tests.cli.conftest import Loop

OVER_HTTP = os.environ.get("LOOP_TEST_DOOR") == "http"
TOKEN = "door"
SAYS_SO = b"needs the vault's files, and a server is asked here"
_TIMEOUT = 30

NEEDS_FILES: tuple[tuple[str, ...], ...] = (
    ("audit", "verify"),  # it reads the lines of the log byte for byte
    ("audit", "rotate"),
    ("audit", "redact"),
    ("audit", "migrate"),
    ("check",),  # of a file by its path, and with --fix
    ("kept", "--aside"),
)


class _Caller:
    """Who runs the commands: the user of the system, as the command line on the files has it."""

    name, source, role = TOKEN, "cli", "write"

    def __init__(self, actor: str) -> None:
        self.actor = actor


class _Tokens:
    """One token."""

    def __init__(self, actor: str) -> None:
        self._caller = _Caller(actor)

    def find(self, secret: str) -> _Caller | None:
        return self._caller if secret == TOKEN else None

    def of_session(self, value: str) -> None:
        return None

    def sign_in(self, key: str) -> None:
        return None

    def sign_in_with(self, secret: str) -> None:
        return None

    def sign_out(self, value: str) -> None:
        return None


class _Served:
    """The application over one vault."""

    def __init__(self, root: str, environ: Mapping[str, str]) -> None:
        from loop_cli import config
        from loop_cli.cli import origins
        from loop_cli.cli.context import now
        from loop_cli.operations.batcher import Batcher
        from loop_cli.operations.local import LocalOperations
        from loop_cli.server.app import create_app
        from loop_cli.server.options import Options
        from loop_cli.vault.index import cache as working
        from loop_cli.vault.store import VaultStore
        from loop_cli.vault.upkeep.served import ServedVault

        class Unwatched(ServedVault):
            """Nobody tells what changes, so every list looks at every file."""

            def _watch(self, inner: VaultStore) -> None:
                del inner

        def opened() -> VaultStore:
            settings = config.load({"vault": root}, environ=environ, cwd="/", remote=False)
            assert settings.root is not None
            cache, _notices = working.in_use(settings.root, settings.names, environ)
            return VaultStore(
                settings.root,
                names=settings.names,
                clock=now,
                lock_timeout=settings["lock_timeout"],
                private=settings["audit.private"],
                cache=cache,
            )

        def operations(origin: Origin) -> LocalOperations:
            return LocalOperations(self._vault.store(), origin=lambda: origin, vault=root)

        self._vault = Unwatched(opened, share=Batcher)
        actor = origins.actor(root)
        options = Options(unconditional=True, log_level="error")
        self.app = create_app(operations, _Tokens(actor), options)

    def close(self) -> None:
        self.app.state.hub.stop()
        self._vault.close()


class Door:
    """Serves vaults until it is closed."""

    def __init__(self) -> None:
        import uvicorn

        self._known: dict[str, tuple[str, Mapping[str, str]]] = {}
        self._served: dict[str, _Served] = {}
        self._lock = threading.Lock()
        config = uvicorn.Config(
            self._dispatch,
            port=0,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="door", daemon=True)
        self._thread.start()
        from tests.waiting import wait_until

        wait_until(lambda: self._server.started)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def url_of(self, vault: Path, environ: Mapping[str, str]) -> str:
        """The address of a vault, which is opened at the first request."""
        root = str(vault)
        with self._lock:
            names = {known: name for name, (known, _environ) in self._known.items()}
            name = names.get(root) or f"v{len(self._known) + 1}"
            self._known[name] = (root, environ)
        return f"http://127.0.0.1:{self.port}/{name}"

    def forget(self, vault: Path) -> None:
        """Close a vault, and those below it."""
        with self._lock:
            gone = [name for name, (root, _environ) in self._known.items() if root == str(vault)]
            closing = [self._served.pop(name) for name in gone if name in self._served]
        for one in closing:
            one.close()

    def close(self) -> None:
        for one in self._served.values():
            one.close()
        self._server.should_exit = True
        self._thread.join(_TIMEOUT)
        assert not self._thread.is_alive()

    async def _dispatch(self, scope: Any, receive: Any, send: Any) -> None:
        _slash, name, rest = scope["path"].split("/", 2)
        with self._lock:
            served = self._served.get(name)
            if served is None:
                served = self._served[name] = _Served(*self._known[name])
        raw = scope["raw_path"].split(b"/", 2)[2]
        inner = {**scope, "path": f"/{rest}", "raw_path": b"/" + raw}
        await served.app(inner, receive, send)


def files_needed(arguments: Sequence[str | bytes], code: int | None, said: bytes) -> None:
    """Skip the test where a command says that it needs the files, if it is one that may."""
    if not OVER_HTTP or code != 2 or SAYS_SO not in said:
        return
    words = [one.decode(errors="replace") if isinstance(one, bytes) else one for one in arguments]
    for known in NEEDS_FILES:
        if all(word in words for word in known):
            pytest.skip(f"says that it needs the files: loop {' '.join(known)}")
    raise AssertionError(f"loop {' '.join(words)} says that it needs the files")


def arranged(
    items: list[pytest.Item], differs: Mapping[str, tuple[str, ...]], where: str
) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The tests of another run, and those that have no part in it. Those that `differs` names
    can't be the same, and are skipped, with the reason."""
    chosen: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        (chosen if fixtures & {"loop", "read_only"} else left).append(item)
    for item in chosen:
        reason = _reason(item, differs)
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=f"not the same {where}: {reason}"))
    return chosen, left


def _reason(item: pytest.Item, differs: Mapping[str, tuple[str, ...]]) -> str | None:
    names = names_of(item.nodeid)
    return next((reason for reason, tests in differs.items() if names & {*tests}), None)


def names_of(test: str) -> set[str]:
    """The names by which an entry may mean a test: of its module, its class, itself, its case."""
    module, _colons, rest = test.rpartition("tests/cli/")[2].partition("::")
    name = rest.partition("[")[0]
    return {module, *(f"{module}::{one}" for one in (name.partition("::")[0], name, rest) if one)}


def environment(door: Door | None, loop: Loop, own: dict[str, str]) -> dict[str, str]:
    """What leads commands on the vault of `loop` to the server."""
    if door is None:
        return {}
    return {"LOOP_API_URL": door.url_of(loop.vault, own), "LOOP_API_TOKEN": TOKEN}
