"""A server over a copy of the sample vault: in this process, or by itself on a free port of the
loopback. Skipped where the extra `serve` is not installed."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
pytest.importorskip("httpx2", reason="the extra 'dev' is not installed")

import httpx2
from starlette.testclient import TestClient

from loop_cli.server.options import Options
from tests.http import program
from tests.waiting import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = Path(__file__).parents[2]
TASK = "50_Projects/2026/prj-019_SSOT_규칙/Tasks/tsk-019-14.md"
ONE = "/api/tasks/tsk-019-14"
WRITER = {"Authorization": "Bearer writer"}
CONFLICT_KEYS = ("error", "current_updated_at", "expected_updated_at")


@dataclass
class Vault:
    """The files of a vault, and its log."""

    root: Path
    home: Path

    @property
    def task(self) -> Path:
        return self.root / TASK

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY),
            "HOME": str(self.home),
            "LOOP_VAULT": str(self.root),
        }

    def records(self) -> list[dict[str, Any]]:
        log = self.root / "_build/audit_log.jsonl"
        return [json.loads(line) for line in log.read_bytes().splitlines()] if log.exists() else []

    def bytes_of_all(self) -> dict[str, bytes]:
        """Of every Markdown file, and of the schema."""
        files = [*self.root.rglob("*.md"), *self.root.rglob("*.yaml")]
        return {str(path): path.read_bytes() for path in sorted(files)}

    def edit(self, old: str, new: str) -> None:
        """What an editor does that knows no lock."""
        text = self.task.read_text(encoding="utf-8")
        assert old in text
        self.task.write_text(text.replace(old, new, 1), encoding="utf-8")

    def command(self, *arguments: str) -> Any:
        """A run of the command line on the same vault; its JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "loop_cli", *arguments, "--json"],
            env=self.environment,
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
        )
        return json.loads(done.stdout or done.stderr)


@pytest.fixture
def vault(sample_vault: Path, tmp_path: Path) -> Vault:
    """A fresh copy of the sample vault, without a record."""
    home = tmp_path / "home"
    home.mkdir()
    return Vault(sample_vault, home)


@dataclass
class Client:
    """Sends requests as somebody, and reads JSON."""

    http: httpx2.Client
    headers: dict[str, str] = field(default_factory=lambda: dict(WRITER))

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        more: dict[str, Any] = {} if body is None else {"json": body}
        return self.http.request(method, path, headers={**self.headers, **given}, **more)

    def get(self, path: str, **headers: str) -> Any:
        answer = self("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, body: Any, *, path: str = ONE, **headers: str) -> httpx2.Response:
        return self("PUT", path, body, **headers)

    def task(self, path: str = ONE) -> dict[str, Any]:
        return dict(self.get(path)["task"])

    def update(self, body: dict[str, Any], *, path: str = ONE) -> httpx2.Response:
        """A PUT that has read the entity first."""
        return self.put({**body, "expected_updated_at": self.task(path)["updated"]}, path=path)


@pytest.fixture
def local(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Client]]:
    """Makes an application in this process, with some options."""
    for name, value in vault.environment.items():
        monkeypatch.setenv(name, value)
    opened = ExitStack()

    def make(*, settings: dict[str, Any] | None = None, **options: Any) -> Client:
        app = program.app_of(Options(**options), **(settings or {}))
        http = TestClient(app, base_url="http://localhost:8081", follow_redirects=False)
        return Client(opened.enter_context(http))

    with opened:
        yield make


@pytest.fixture
def client(local: Callable[..., Client]) -> Client:
    """An application in this process, as it is by default."""
    return local()


@dataclass
class Server:
    """A server in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, **more: Any) -> Client:
        return Client(httpx2.Client(base_url=self.url, timeout=TIMEOUT, **more))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(TIMEOUT)


@pytest.fixture
def serve(vault: Vault, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers, with some options; ends them."""
    running: list[Server] = []

    def start(**options: Any) -> Server:
        port = free_port()
        log = tmp_path / f"server-{len(running)}.log"
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.http.program", str(port), json.dumps(options)],
                env=vault.environment,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            )
        server = Server(process, port, log)
        running.append(server)
        _wait_for(server)
        return server

    yield start
    for server in running:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait()


def free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return int(some.getsockname()[1])


def _wait_for(server: Server) -> None:
    until = time.monotonic() + TIMEOUT
    while time.monotonic() < until:
        if server.process.poll() is not None:
            raise AssertionError(server.log.read_text())
        try:
            httpx2.get(f"{server.url}/health")
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the server did not begin: {server.log.read_text()}")


def timestamp(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text) is not None
