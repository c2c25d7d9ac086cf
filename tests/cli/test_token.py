"""`loop token`: who may speak to a server, as a person or a script manages it."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from loop_cli.server.tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

N8N = ("n8n", "--actor", "api:n8n", "--source", "api", "--role", "write")
KIM = ("laptop", "--actor", "user:김은향", "--source", "ui", "--role", "read")


def file_of(loop: Loop) -> Path:
    return loop.home / "config" / "loop" / "tokens.json"


def test_the_secret_is_alone_on_stdout_and_in_no_file(loop: Loop) -> None:
    done = loop("token", "add", *N8N)

    assert done.code == 0
    assert "shown once" in done.err
    secret = done.out.removesuffix("\n")
    assert secret.startswith("loop_")
    assert secret not in file_of(loop).read_text()
    assert stat.S_IMODE(file_of(loop).stat().st_mode) == 0o600
    assert Tokens(str(file_of(loop))).find(secret)
    assert not [one for one in loop.vault.rglob("*") if one.is_file() and secret in one.read_text()]


def test_as_json(loop: Loop) -> None:
    added = loop("token", "add", *KIM, "--json").json

    token = {key: added[key] for key in ("name", "actor", "source", "role")}
    assert token == {"name": "laptop", "actor": "user:김은향", "source": "ui", "role": "read"}
    assert Tokens(str(file_of(loop))).find(added["secret"])
    listed = loop("token", "list", "--json").json
    assert listed["file"] == str(file_of(loop))
    assert listed["tokens"] == [{**token, "created": added["created"]}]
    assert loop("token", "revoke", "laptop", "--json").json == {"revoked": listed["tokens"][0]}
    assert loop("token", "list", "--json").json["tokens"] == []


def test_the_list_has_no_secret_and_no_hash(loop: Loop) -> None:
    secret = loop("token", "add", *N8N).out.strip()
    with open(file_of(loop)) as opened:
        digest = json.load(opened)["tokens"][0]["sha256"]

    for shown in (loop("token", "list").out, loop("token", "list", "--json").out):
        assert "api:n8n" in shown
        assert secret not in shown
        assert digest not in shown


def test_none_is_said_so(loop: Loop) -> None:
    assert loop("token", "list").out == "there are no tokens; loop token add NAME makes one\n"


def test_a_revoked_one_is_gone(loop: Loop) -> None:
    secret = loop("token", "add", *N8N).out.strip()

    assert loop("token", "revoke", "n8n").out == "revoked n8n: api:n8n through api\n"
    assert Tokens(str(file_of(loop))).find(secret) is None


def test_one_that_is_not_there_is_3_with_the_nearest(loop: Loop) -> None:
    loop("token", "add", *N8N)

    error = loop("token", "revoke", "n8m", "--json")
    assert error.code == 3
    assert error.error["nearest"] == ["n8n"]


def test_a_name_is_taken_once(loop: Loop) -> None:
    loop("token", "add", *N8N)

    again = loop("token", "add", *N8N)
    assert (again.code, again.out) == (2, "")
    assert "already" in again.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("x", "--actor", "n8n", "--source", "api", "--role", "read"), "user:NAME or api:NAME"),
        (("x", "--actor", "api:n", "--source", "web", "--role", "read"), "ui, api, script, cli"),
        (("x", "--actor", "api:n", "--source", "api", "--role", "root"), "read, write"),
        (("x", "--source", "api", "--role", "read"), "--actor"),
        (("", "--actor", "api:n", "--source", "api", "--role", "read"), "name"),
    ],
)
def test_what_can_not_be_is_2(loop: Loop, words: tuple[str, ...], said: str) -> None:
    done = loop("token", "add", *words)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert not file_of(loop).exists()


def test_two_that_are_added_at_once_are_both_there(loop: Loop) -> None:
    def add(name: str) -> int:
        return loop("token", "add", name, *N8N[1:]).code

    names = [f"number {number}" for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(add, names))

    assert codes == [0] * 6
    assert {one["name"] for one in loop("token", "list", "--json").json["tokens"]} == {*names}


def test_a_file_that_others_can_read_is_refused_in_words(loop: Loop) -> None:
    loop("token", "add", *N8N)
    file_of(loop).chmod(0o604)

    for words in (("list",), ("revoke", "n8n"), ("add", *KIM)):
        done = loop("token", *words)
        assert (done.code, done.out) == (1, "")
        assert "can be read or written by others" in done.err
        assert "hint: chmod 600" in done.err


def test_a_name_from_elsewhere_does_nothing_to_a_terminal(loop: Loop) -> None:
    """The file may be edited by hand, and a name there is refused as on the command line."""
    loop("token", "add", *N8N)
    file_of(loop).write_text(file_of(loop).read_text().replace('"n8n"', '"\\u001b[2J"'))

    shown = loop.on_terminal("token", "list")
    assert shown.code == 1
    assert "is damaged" in shown.text
    assert "\x1b[2J" not in shown.text


def test_no_vault_is_needed(loop: Loop) -> None:
    assert loop("token", "add", *N8N, env={"LOOP_VAULT": None}).code == 0
