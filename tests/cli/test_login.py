"""`loop login`, `logout` and `whoami`, and which server the settings name."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from tests.remote.canned import Asked, answer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Loop
    from tests.remote.canned import Canned

TOKEN = "loop_abc"
UNKNOWN = json.dumps({"error": "who are you?", "code": "unauthorized", "retryable": False})


def reply(asked: Asked) -> bytes:
    if asked.target == "/health":
        return answer('{"status": "ok"}')
    if asked.headers.get("authorization") != f"Bearer {TOKEN}":
        return answer(UNKNOWN, status="401 Unauthorized")
    if asked.target == "/api/whoami":
        return answer('{"name": "n", "actor": "user:김은향", "source": "ui", "role": "read"}')
    return answer("{}", status="404 Not Found")


@pytest.fixture
def server() -> Iterator[Canned]:
    with serving(reply) as found:
        yield found


def file_of(loop: Loop) -> Path:
    return loop.home / "config" / "loop" / "credentials.json"


class TestLogin:
    def test_a_token_on_stdin_is_checked_and_kept_for_its_user_alone(
        self, loop: Loop, server: Canned
    ) -> None:
        done = loop("login", server.url + "/", stdin=TOKEN + "\n")

        assert (done.code, done.out) == (
            0,
            f"signed in to {server.url} as user:김은향, who may read\n",
        )
        assert f"LOOP_API_URL={server.url}" in done.err
        assert [asked.target for asked in server.asked] == ["/health", "/api/whoami"]
        assert "authorization" in server.asked[1].headers
        assert stat.S_IMODE(file_of(loop).stat().st_mode) == 0o600
        assert json.loads(file_of(loop).read_text()) == {"servers": {server.url: {"token": TOKEN}}}

    def test_at_a_terminal_it_is_asked_for_and_not_shown(self, loop: Loop, server: Canned) -> None:
        screen = loop.on_terminal(
            "login", server.url, replies=((f"Token for {server.url}: ", TOKEN + "\n"),)
        )

        assert screen.code == 0
        assert TOKEN not in screen.text
        assert "signed in" in screen.text

    def test_as_json(self, loop: Loop, server: Canned) -> None:
        done = loop("login", server.url, "--json", stdin=TOKEN)

        assert done.json == {
            "server": server.url,
            "file": str(file_of(loop)),
            "actor": "user:김은향",
            "source": "ui",
            "role": "read",
        }

    def test_a_token_that_the_server_does_not_know_is_not_kept(
        self, loop: Loop, server: Canned
    ) -> None:
        done = loop("login", server.url, stdin="other")

        assert (done.code, done.out) == (1, "")
        assert "does not know the token" in done.err
        assert not file_of(loop).exists()

    @pytest.mark.parametrize("given", ["", "two words", "비밀"])
    def test_what_is_no_token_is_2_and_not_sent(
        self, loop: Loop, server: Canned, given: str
    ) -> None:
        done = loop("login", server.url, stdin=given)

        assert done.code == 2
        assert server.asked == []

    def test_what_is_no_server_of_loop(self, loop: Loop) -> None:
        with serving(lambda _asked: answer("<html>", status="404 Not Found")) as other:
            done = loop("login", other.url, stdin=TOKEN)

        assert done.code == 1
        assert "is no server of loop" in done.err
        assert not any("authorization" in asked.headers for asked in other.asked)

    def test_http_to_another_machine_is_2_unless_the_configuration_allows_it(
        self, loop: Loop
    ) -> None:
        refused = loop("login", "http://192.0.2.1", stdin=TOKEN)
        assert refused.code == 2
        assert "not encrypted" in refused.err
        assert "allow_http = true" in refused.err

    def test_allowed_by_the_configuration(self, loop: Loop, server: Canned) -> None:
        url = server.url.replace("127.0.0.1", "0.0.0.0")  # this machine by another name

        assert loop("login", url, stdin=TOKEN).code == 2
        assert loop("login", url, stdin=TOKEN, env={"LOOP_ALLOW_HTTP": "true"}).code == 0


class TestLogout:
    def test_of_one_server_or_of_all(self, loop: Loop, server: Canned) -> None:
        loop("login", server.url, stdin=TOKEN)

        assert loop("logout", "https://other.example").out == (
            "no token was kept for https://other.example\n"
        )
        assert loop("logout", server.url).out == f"signed out of {server.url}\n"
        assert loop("logout", "--json").json == {"forgotten": []}

    def test_of_the_server_in_force(self, loop: Loop, server: Canned) -> None:
        loop("login", server.url, stdin=TOKEN)

        env = {"LOOP_API_URL": server.url}
        assert loop("logout", "--json", env=env).json == {"forgotten": [server.url]}


class TestWhoami:
    def test_here(self, loop: Loop) -> None:
        said = loop("whoami", "--json").json

        assert said["door"] == "local"
        assert said["actor"].startswith("user:")
        assert (said["source"], said["role"]) == ("cli", "write")
        assert said["vault"] == loop.shown
        loop("update", "tsk-019-14", "status=doing", "--force")
        assert loop.records[-1]["actor"] == said["actor"]

    def test_without_a_vault(self, loop: Loop) -> None:
        assert loop("whoami", "--json", env={"LOOP_VAULT": None}).json["vault"] is None

    def test_there(self, loop: Loop, server: Canned) -> None:
        loop("login", server.url, stdin=TOKEN)

        assert loop("whoami", "--json", "--server", server.url).json == {
            "door": "remote",
            "actor": "user:김은향",
            "source": "ui",
            "role": "read",
            "vault": None,
            "server": server.url,
            "token": str(file_of(loop)),
        }

    def test_with_the_token_of_the_environment(self, loop: Loop, server: Canned) -> None:
        env = {"LOOP_API_URL": server.url, "LOOP_API_TOKEN": TOKEN}

        assert loop("whoami", "--json", env=env).json["token"] == "LOOP_API_TOKEN"

    def test_without_a_token(self, loop: Loop, server: Canned) -> None:
        done = loop("whoami", "--server", server.url)

        assert done.code == 1
        assert "hint: loop login URL" in done.err


class TestWhichServer:
    """A folder that is named at least as near as the server is comes first."""

    def config(self, loop: Loop, *options: str, **env: str | None) -> dict[str, object]:
        listed = loop("config", "--json", *options, env=env).json["settings"]
        return {one["name"]: one["value"] for one in listed}

    URL = "https://notes.example"

    def test_the_option_before_the_environment(self, loop: Loop) -> None:
        found = self.config(loop, "--server", "https://b.example/", LOOP_API_URL=self.URL)

        assert (found["server"], found["vault"]) == ("https://b.example", None)

    def test_the_environment_before_the_folder_that_it_names(self, loop: Loop) -> None:
        assert self.config(loop, LOOP_API_URL=self.URL)["server"] == self.URL

    def test_a_folder_that_an_option_names_before_the_environment(self, loop: Loop) -> None:
        found = self.config(loop, "--vault", str(loop.vault), LOOP_API_URL=self.URL)

        assert (found["server"], found["vault"]) == (None, str(loop.vault))

    def test_a_folder_of_the_environment_before_the_file(self, loop: Loop) -> None:
        file = loop.home / "config" / "loop" / "config.toml"
        file.parent.mkdir(parents=True)
        file.write_text(f'server = "{self.URL}"\n')

        assert self.config(loop)["server"] is None
        found = self.config(loop, LOOP_VAULT=None)
        assert (found["server"], found["vault"]) == (self.URL, None)

    def test_both_as_options_are_2(self, loop: Loop) -> None:
        done = loop("get", "x", "--server", self.URL, "--vault", str(loop.vault))

        assert done.code == 2
        assert "either behind a server or a folder" in done.err

    @pytest.mark.parametrize("key", ["server = 'https://evil.example'", "allow_http = true"])
    def test_a_vault_has_no_say(self, loop: Loop, key: str) -> None:
        loop.write(".loop/config.toml", key + "\n")

        done = loop("get", "tsk-019-14")
        assert done.code == 2
        assert "a vault may not set" in done.err

    @pytest.mark.parametrize("url", ["notes.example", "ftp://a", "https://u:p@a.example"])
    def test_what_is_no_address_is_2(self, loop: Loop, url: str) -> None:
        done = loop("get", "tsk-019-14", env={"LOOP_API_URL": url})

        assert done.code == 2
        assert "LOOP_API_URL: server must be an address" in done.err
