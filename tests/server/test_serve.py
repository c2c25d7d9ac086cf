"""`loop serve`: what it checks before it serves, what it says, how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import new_loop
from tests.server.standin import STAND_IN, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Loop
    from tests.server.standin import Running

    Serve = Callable[..., Running]

ACTOR = ("--actor", "api:n8n", "--source", "api", "--role", "write")


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    """`loop` on a fresh copy of the sample vault."""
    return new_loop(tmp_path)


@pytest.fixture
def serve(loop: Loop) -> Iterator[Serve]:
    """Starts `loop serve` with an application that says what it was given."""
    with serving(loop) as start:
        yield start


def ask(url: str, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        return json.load(answer)


def test_who_has_a_token_is_its_actor_on_the_vault(loop: Loop, serve: Serve) -> None:
    secret = loop("token", "add", "n8n", *ACTOR).out.strip()
    running = serve()

    said = ask(running.url + "/", secret)

    assert said["who"] == ["api:n8n", "api", "write"]
    assert said["etag"] == loop.etag()
    assert ask(running.url + "/", "other")["who"] is None


def test_tokens_that_come_and_go_count_at_once(loop: Loop, serve: Serve) -> None:
    running = serve()
    secret = loop("token", "add", "n8n", *ACTOR).out.strip()
    assert ask(running.url, secret)["who"]

    assert loop("token", "revoke", "n8n").code == 0

    assert ask(running.url, secret)["who"] is None


def test_the_token_of_its_environment(serve: Serve) -> None:
    running = serve(env={"LOOP_API_TOKEN": "a-secret-of-the-environment"})

    assert ask(running.url, "a-secret-of-the-environment")["who"] == ["api:token", "api", "write"]


def test_a_guessable_token_in_its_environment_is_warned_of(serve: Serve) -> None:
    running = serve(env={"LOOP_API_TOKEN": "short"})
    ask(running.url)

    assert b"it can be guessed" in running.end()[1]


def test_its_options(serve: Serve) -> None:
    running = serve(
        "--read-only", "--allow-unconditional", "--no-dashboard", "--log-level", "error",
        "--cors-origin", "https://App.example/", "--cors-origin", "http://localhost:3000",
        "--name", "notes.example", "--proxy", "10.0.0.1",
    )  # fmt: skip

    said = ask(running.url)["options"]
    assert said["port"] == int(running.url.rpartition(":")[2])
    first = ("read_only", "unconditional", "sign_in_link", "log_level")
    chosen = (*first, "origins", "names", "proxies")
    assert [said[name] for name in chosen] == [
        True, True, False, "error", ["https://app.example", "http://localhost:3000"],
        ["notes.example"], ["10.0.0.1"],
    ]  # fmt: skip


def test_it_listens_for_this_machine_alone_unless_asked(serve: Serve) -> None:
    running = serve()

    said = ask(running.url)["options"]
    assert (said["host"], said["read_only"], said["unconditional"]) == ("127.0.0.1", False, False)


def test_a_host_for_others_is_warned_of(serve: Serve) -> None:
    running = serve("--host", "0.0.0.0")

    assert ask(running.url)["options"]["host"] == "0.0.0.0"
    assert b"can be reached from other machines" in running.end()[1]


def test_without_a_terminal_no_link_is_printed(serve: Serve) -> None:
    running = serve()
    ask(running.url)

    _code, err = running.end()
    assert b"key=" not in err
    assert b"there are no tokens" in err


def test_on_a_terminal_a_link_signs_one_browser_in(loop: Loop, tmp_path: Path) -> None:
    program = tmp_path / "serve.py"
    program.write_text(STAND_IN)
    code = (
        "import os, pty, re, signal, sys, urllib.request\n"
        "pid, terminal = pty.fork()\n"
        "if pid == 0:\n"
        "    os.execv(sys.executable, [sys.executable, sys.argv[1], 'serve', '--port', '0'])\n"
        "seen = b''\n"
        "while not (found := re.search(rb'open (http://\\S+)', seen)):\n"
        "    seen += os.read(terminal, 4096)\n"
        "for _one in range(2):\n"
        "    print(urllib.request.urlopen(found[1].decode()).read().decode())\n"
        "os.kill(pid, signal.SIGTERM)\n"
        "os.waitpid(pid, 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(program)],
        env={**loop.environment, "COLUMNS": "60"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    first, second = map(json.loads, done.stdout.splitlines())
    assert first["who"][1:] == ["ui", "write"]
    assert first["who"][0] == json.loads(loop("whoami", "--json").out)["actor"]
    assert second["who"] is None


class TestRefused:
    def test_a_port_in_use(self, loop: Loop) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = _run(loop, "--port", str(port))

        assert done.returncode == 1
        assert done.stdout == ""
        assert f"port {port} of 127.0.0.1 is in use" in done.stderr
        assert "--port 0" in done.stderr

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--port", "70000"), "65535"),
            (("--host", "no.such.host.invalid"), "no address of this machine"),
            (("--host", "192.0.2.1"), "no address of this machine"),
            (("--log-level", "loud"), "debug, info, warning, error"),
            (("--cors-origin", "*"), "a site such as"),
            (("--cors-origin", "app.example"), "a site such as"),
            (("--cors-origin", "https://app.example/path"), "a site such as"),
            (("--server", "http://localhost:1"), "takes no --server"),
        ],
    )
    def test_what_can_not_be(self, loop: Loop, options: tuple[str, ...], words: str) -> None:
        done = _run(loop, *options)

        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr

    def test_tokens_that_others_can_read(self, loop: Loop) -> None:
        loop("token", "add", "n8n", *ACTOR)
        file = loop.home / "config" / "loop" / "tokens.json"
        file.chmod(0o644)

        done = _run(loop)

        assert (done.returncode, done.stdout) == (1, "")
        assert f"{file} can be read or written by others" in done.stderr
        assert f"chmod 600 {file}" in done.stderr

    def test_no_vault(self, loop: Loop) -> None:
        done = _run(loop, env={"LOOP_VAULT": ""})

        assert (done.returncode, done.stdout) == (2, "")
        assert "no vault" in done.stderr

    def test_without_the_extra_it_says_how_to_get_it(self, loop: Loop, tmp_path: Path) -> None:
        hidden = tmp_path / "sitecustomize.py"
        hidden.write_text(
            "from importlib.machinery import PathFinder\n"
            "real = PathFinder.find_spec.__func__\n"
            "def find_spec(cls, name, path=None, target=None):\n"
            "    return None if name in ('fastapi', 'uvicorn') else real(cls, name, path, target)\n"
            "PathFinder.find_spec = classmethod(find_spec)\n"
        )
        search = os.pathsep.join((str(tmp_path), loop.environment["PYTHONPATH"]))

        done = loop("serve", env={"PYTHONPATH": search})

        assert (done.code, done.out) == (2, "")
        assert "loop serve needs fastapi, uvicorn, not installed here" in done.err
        assert "pip install 'loop-cli[serve]'" in done.err


class TestEnd:
    def test_what_was_accepted_is_answered_before_it_ends(self, serve: Serve) -> None:
        running = serve()
        answers: list[Any] = []
        asking = threading.Thread(target=lambda: answers.append(ask(running.url + "/slow")))
        asking.start()
        assert running.process.stderr is not None
        while b"begun" not in running.process.stderr.readline():
            pass

        code, err = running.end()
        asking.join()

        assert code == 0, err.decode()
        assert b"vault closed" in err
        assert answers[0]["path"] == "/slow"
        with pytest.raises(OSError):
            ask(running.url)

    def test_ctrl_c_is_exit_130(self, serve: Serve) -> None:
        code, err = serve().end(signal.SIGINT)

        assert code == 130
        assert b"Traceback" not in err

    def test_a_signal_as_it_starts_is_heeded(self, serve: Serve) -> None:
        """At different moments of the start; before it serves, the signal may just end it."""
        for pause in (0.0, 0.02, 0.05, 0.1, 0.2):
            running = serve()
            time.sleep(pause)
            assert running.end()[0] in (0, -signal.SIGTERM)

    def test_the_port_is_free_again(self, loop: Loop, serve: Serve) -> None:
        running = serve()
        ask(running.url)
        running.end()
        port = running.url.rpartition(":")[2]

        again = serve("--port", port)

        assert again.url == running.url


def _run(loop: Loop, *options: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """A server that does not come to serve."""
    return subprocess.run(
        [sys.executable, "-c", STAND_IN, "serve", *options],
        env={**loop.environment, **more.get("env", {})},
        cwd=loop.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_help_names_no_secret(loop: Loop) -> None:
    assert re.search(r"--cors-origin +URL", loop("serve", "--help").out)
