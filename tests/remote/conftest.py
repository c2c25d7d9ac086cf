"""The real `loop serve`, and the command line over it beside the command line on the files."""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import REPOSITORY, TIMEOUT, Loop, new_loop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MISSING = [
    name
    for name in ("fastapi", "uvicorn", "loop_cli.server.app")
    if importlib.util.find_spec(name) is None
]


@dataclass
class Served:
    """A vault behind a server: `loop` asks the server, `files` works on the files."""

    loop: Loop
    files: Loop
    url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End the server."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(TIMEOUT)


def serve(folder: Path, *options: str, role: str = "write") -> Served:
    """Start a server on a fresh copy of the sample vault."""
    return serve_on(new_loop(folder), folder, *options, role=role)


def serve_on(files: Loop, folder: Path, *options: str, role: str = "write") -> Served:
    """Start a server on a vault."""
    actor = ("--actor", "user:김은향", "--source", "script", "--role", role)
    token = files("token", "add", "tests", *actor).out.strip()
    process = subprocess.Popen(
        [sys.executable, "-m", "loop_cli", "serve", "--port", "0", *options],
        env=files.environment,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    found = re.fullmatch(r"serving \S+ at (http://\S+)\n", line)
    assert found is not None, f"the server did not start: {line!r}"
    home = folder / "elsewhere"
    home.mkdir()
    loop = Loop(
        vault=files.vault,
        home=home,
        extra={"LOOP_API_URL": found[1], "LOOP_API_TOKEN": token, "LOOP_VAULT": ""},
    )
    return Served(loop=loop, files=files, url=found[1], process=process)


def _skip_without_the_server() -> None:
    if MISSING:
        pytest.skip(f"not installed here: {', '.join(MISSING)}")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server of this test's own."""
    _skip_without_the_server()
    found = serve(tmp_path)
    yield found
    found.process.kill()
    found.process.communicate()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that the tests of a module share, and whose vault they do not change."""
    _skip_without_the_server()
    found = serve(tmp_path_factory.mktemp("shared"))
    yield found
    found.process.kill()
    found.process.communicate()
