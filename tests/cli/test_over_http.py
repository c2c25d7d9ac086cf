"""What a person sees of a server that is asked and does not answer as hoped."""

from __future__ import annotations

import json
import signal
import threading
from typing import TYPE_CHECKING

from tests.cli.conftest import TIMEOUT
from tests.remote.canned import Asked, answer, serving

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

CHANGE = ("update", "tsk-019-14", "status=done", "--if-match", "9f2c51d0a7b3e4f8")


def test_ctrl_c_while_a_change_is_under_way_is_130_and_says_that_it_may_have_landed(
    loop: Loop,
) -> None:
    asked, ended = threading.Event(), threading.Event()

    def reply(_asked: Asked) -> bytes:
        asked.set()
        ended.wait(TIMEOUT)
        return answer("{}")

    with serving(reply) as server:
        loop.extra["LOOP_API_URL"] = server.url
        process = loop.start(*CHANGE, "--json")
        assert asked.wait(TIMEOUT)
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=TIMEOUT)
        ended.set()

        error = json.loads(err)
        assert process.returncode == 130
        assert error["code"] == "interrupted"
        assert "may have landed" in error["error"]
        assert error["run_id"] == server.asked[0].headers["x-run-id"]


def test_a_line_of_a_change_is_what_was_typed(loop: Loop) -> None:
    with serving(lambda _asked: b"") as server:
        loop.extra["LOOP_API_URL"] = server.url
        words = ("estimated_hours=1.10", "tags+=가", "notes=@@x", 'outer.inner:={"a": 1}', "due!")
        done = loop(*CHANGE, *words, "--append-body", "-", stdin="more\n")

    assert done.code == 1
    assert json.loads(server.asked[0].body) == {
        "changes": [
            "status=done",
            "estimated_hours=1.10",
            "tags+=가",
            "notes=@@x",
            'outer.inner:={"a": 1}',
            "due!",
        ],
        "append_body": "more\n",
        "if_match": "9f2c51d0a7b3e4f8",
    }
    assert server.asked[0].target == "/api/entities/tsk-019-14"


SCHEMA = answer(
    json.dumps(
        {
            "x-loop": {
                "vault": {"sections": {"entity_types": ["Task"]}, "shipped": False, "fields": {}}
            }
        }
    )
)


def test_a_key_that_no_header_carries_is_2_and_not_sent(loop: Loop) -> None:
    with serving(lambda _asked: SCHEMA) as server:
        loop.extra["LOOP_API_URL"] = server.url
        done = loop("create", "task", "--name", "x", "--idempotency-key", "a\nb")

    assert done.code == 2
    assert [asked.method for asked in server.asked] == ["GET"]


def test_a_key_that_is_not_ascii_is_sent_as_rfc_8187_has_it(loop: Loop) -> None:
    with serving(lambda _asked: SCHEMA) as server:
        loop.extra["LOOP_API_URL"] = server.url
        loop("create", "task", "--name", "x", "--idempotency-key", "일-7")

    headers = server.asked[1].headers
    assert headers["idempotency-key*"] == "UTF-8''%EC%9D%BC-7"
    assert "idempotency-key" not in headers


def test_get_loads_neither_the_vault_nor_what_is_slow(loop: Loop) -> None:
    import subprocess
    import sys

    program = (
        "import sys; from loop_cli.cli.start import run; code = run(sys.argv[1:]);"
        "print(sorted(sys.modules)); sys.exit(code)"
    )
    document = {
        "entity_id": "a", "entity_type": "Task", "path": "a.md", "etag": "9f2c51d0a7b3e4f8",
        "updated_at": "2026-01-09T14:35:10.123456Z", "fields": {}, "body": "",
    }  # fmt: skip
    with serving(lambda _asked: answer(json.dumps(document))) as server:
        done = subprocess.run(
            [sys.executable, "-c", program, "get", "a", "--json"],
            env={**loop.environment, "LOOP_API_URL": server.url},
            capture_output=True,
            text=True,
            check=True,
        )

    shown, loaded = done.stdout.splitlines()
    assert json.loads(shown)["entity_id"] == "a"
    modules = set(loaded.strip("[]").replace("'", "").split(", "))
    assert "loop_cli.lean.http" in modules
    slow = ("http.client", "email", "ssl", "socket", "urllib", "json", "re", "typer", "pydantic")
    assert [name for name in slow if name in modules] == []
    assert [name for name in modules if name.startswith("loop_cli.vault")] == []
