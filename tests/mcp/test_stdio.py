"""`loop mcp` as a process: it ends with its client, and says what it can't do."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")

from tests.cli.conftest import Loop, new_loop

if TYPE_CHECKING:
    from pathlib import Path

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "x", "version": "1"},
    },
}


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    return new_loop(tmp_path)


def test_it_ends_when_its_client_does(loop: Loop) -> None:
    done = loop("mcp", stdin="")
    assert (done.code, done.stdout, done.stderr) == (0, b"", b"")


def test_what_is_no_message_is_passed_over(loop: Loop) -> None:
    done = loop("mcp", stdin="garbage\n" + json.dumps(HELLO) + "\n")
    assert done.code == 0
    answer = json.loads(done.lines[-1])
    assert answer["result"]["serverInfo"]["name"] == "loop"


@pytest.mark.parametrize("redirected", ["<&-", ">&-"])
def test_without_its_streams_it_says_so(loop: Loop, redirected: str) -> None:
    text = json.dumps(HELLO)
    done = subprocess.run(
        ["sh", "-c", f"echo '{text}' | \"$0\" -m loop_cli mcp {redirected}", sys.executable],
        env=loop.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "standard input or output can't be used" in done.stderr
    assert "internal" not in done.stderr


def test_without_a_vault_it_does_not_begin(loop: Loop) -> None:
    done = loop("mcp", stdin="", env={"LOOP_VAULT": None})
    assert (done.code, done.stdout) == (2, b"")
    assert "no vault" in done.err


def test_a_signal_ends_it(loop: Loop) -> None:
    process = loop.start("mcp", stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(HELLO).encode() + b"\n")
    process.stdin.flush()
    assert process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) != 0
    assert b"Traceback" not in process.communicate()[1]
