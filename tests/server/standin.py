"""A server in a subprocess: the real command, and an application that says what it was given."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.cli.conftest import REPOSITORY, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Loop

# An application that takes the place of ours: it answers what it was made with, and who calls.
STAND_IN = textwrap.dedent(
    """
    import asyncio, json, sys, types

    def create_app(open_operations, tokens, options, metrics, on_end, agents):
        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                while True:
                    message = await receive()
                    if message["type"] == "lifespan.shutdown":
                        on_end()
                    await send({"type": message["type"] + ".complete"})
                    if message["type"] == "lifespan.shutdown":
                        return
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            secret = headers.get("authorization", "").removeprefix("Bearer ")
            query = scope["query_string"].decode()
            said = {"options": options.__dict__, "who": None, "path": scope["path"]}
            if scope["path"] == "/slow":
                print("begun", file=sys.stderr, flush=True)
                await asyncio.sleep(1)
            if scope["path"] == "/sign-in":
                value = tokens.sign_in(query.removeprefix("key="))
                token = None if value is None else tokens.of_session(value)
            else:
                token = tokens.find(secret)
            if token is not None:
                from loop_cli.core.records.record import Origin
                run = "5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f"
                loop = open_operations(Origin(run_id=run, actor=token.actor, source=token.source))
                said["who"] = [token.actor, token.source, token.role]
                said["etag"] = loop.get("tsk-019-14").revision.etag
            body = json.dumps(said).encode()
            head = [(b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await send({"type": "http.response.body", "body": body})
        return app

    def opener(settings, shared, warn):
        from loop_cli.cli import context
        from loop_cli.operations.local import LocalOperations
        store = context.open_store(settings)
        class Opened:
            def __call__(self, origin):
                return LocalOperations(store, origin=lambda: origin, vault=settings.root)
            def close(self):
                print("vault closed", file=sys.stderr)
        return Opened()

    stand_ins = {
        "server.app": {"create_app": create_app},
        "server.metrics": {"Metrics": lambda: types.SimpleNamespace(shared=print)},
        "cli.shared": {"opener": opener},
    }
    for name, functions in stand_ins.items():
        module = sys.modules[f"loop_cli.{name}"] = types.ModuleType(name)
        vars(module).update(functions)
    from loop_cli.cli.start import main
    main()
    """
)


@dataclass
class Running:
    """A server that runs, and where."""

    process: subprocess.Popen[bytes]
    url: str

    def end(self, number: int = signal.SIGTERM) -> tuple[int, bytes]:
        """Ask it to end; its exit code and what it wrote to stderr."""
        self.process.send_signal(number)
        _out, err = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, err


@contextmanager
def serving(loop: Loop) -> Iterator[Callable[..., Running]]:
    """What starts `loop serve` with the stand-in on a free port."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str, **more: Any) -> Running:
        process = subprocess.Popen(
            [sys.executable, "-c", STAND_IN, "serve", "--port", "0", *options],
            env={**loop.environment, **more.pop("env", {})},
            cwd=loop.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_heed,  # noqa: PLW1509
            **more,
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        found = re.fullmatch(r"serving (\S+) at (http://\S+)\n", line)
        if found is None:
            process.kill()
            _out, err = process.communicate()
            raise AssertionError(line + err.decode())
        assert found[1] == str(loop.vault)
        return Running(process, found[2])

    try:
        yield start
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
            process.communicate()


def _heed() -> None:
    os.chdir(REPOSITORY)
    signal.signal(signal.SIGINT, signal.default_int_handler)
